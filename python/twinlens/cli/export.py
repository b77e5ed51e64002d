"""`twinlens export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from onnx import ValueInfoProto

__all__ = ["export"]


def export(
    pipeline: Annotated[Path, typer.Argument(help="Pipeline file, YAML or JSON.", show_default=False)],
    out: Annotated[Path, typer.Argument(help="The .onnx file to write.", show_default=False)],
    layout: Annotated[
        Literal["hwc", "chw"], typer.Option(help="Of the uint8 images that go in: N, H, W, C or N, C, H, W.")
    ] = "hwc",
    channels: Annotated[int, typer.Option(help="Of the images that go in.", min=1)] = 3,
    opset: Annotated[
        int | None,
        typer.Option(help="Of the graph; 12, or what it needs, if not given; with --model, the model's.", min=1),
    ] = None,
    input_name: Annotated[str, typer.Option(help="Name of the input.")] = "image",
    output_name: Annotated[
        str | None, typer.Option(help="Name of the output; 'output', or the model's, if not given.", show_default=False)
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="An .onnx file that the pipeline is put in front of.", show_default=False)
    ] = None,
    model_input: Annotated[
        str | None,
        typer.Option(help="Which of the model's inputs takes the image, if it has several.", show_default=False),
    ] = None,
) -> None:
    """Write a deterministic pipeline as an ONNX model, which gives the same pixels for images of any size.

    Exits with 1, naming every transform that cannot be exported, before anything is written.
    """
    import twinlens
    from twinlens import export as exporting
    from twinlens.errors import ArgumentError
    from twinlens.export.loading import opset_of

    if model is None and model_input is not None:
        raise ArgumentError("--model-input goes with --model")
    pipe = twinlens.load(pipeline)
    if model is None:
        made = exporting.onnx(
            pipe, out, layout=layout, channels=channels, opset=opset, input_name=input_name,
            output_name="output" if output_name is None else output_name,
        )  # fmt: skip
    else:
        made = exporting.prepend(
            model, pipe, out, model_input=model_input, layout=layout, channels=channels, opset=opset,
            input_name=input_name, output_name=output_name,
        )  # fmt: skip
    held = {tensor.name for tensor in made.graph.initializer}
    taken = ", ".join(_shown(info) for info in made.graph.input if info.name not in held)
    given = ", ".join(_shown(info) for info in made.graph.output)
    typer.echo(f"{out}: {taken} -> {given}, opset {opset_of(made)}, {out.stat().st_size:,} bytes")


def _shown(info: ValueInfoProto) -> str:
    from onnx import helper

    tensor = info.type.tensor_type
    dims = ", ".join(str(side.dim_value or side.dim_param or "?") for side in tensor.shape.dim)
    return f"{info.name} {helper.tensor_dtype_to_np_dtype(tensor.elem_type)} ({dims})"
