"""The typer application, and how its errors are shown."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import Annotated, Any

import typer

from twinlens.cli.bench.command import bench
from twinlens.cli.demo.command import demo
from twinlens.cli.export import export
from twinlens.cli.ingest import ingest
from twinlens.cli.parity.command import parity
from twinlens.cli.play import play
from twinlens.cli.plugins import plugins_app
from twinlens.cli.run import run
from twinlens.cli.serve import serve
from twinlens.cli.show.command import show
from twinlens.cli.stats.command import stats
from twinlens.errors import TwinlensError

__all__ = ["app", "invoke"]

_INTERRUPTED = 130  # what shells report for a process that Ctrl-C ended

app = typer.Typer(
    name="twinlens",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens demo\n\n"
        "twinlens run photos --pipeline pipe.yaml --out shards\n\n"
        "twinlens stats photos\n\n"
        "twinlens show photos --pipeline pipe.yaml\n\n"
        "twinlens parity photos --pipeline pipe.yaml\n\n"
        "twinlens bench photos --out measured\n\n"
        "twinlens export pipe.yaml pipe.onnx\n\n"
        "twinlens serve pipe.yaml\n\n"
        "twinlens play --open\n\n"
        "twinlens plugins"
    ),
)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens run photos --pipeline pipe.yaml --out shards\n\n"
        "twinlens run photos --pipeline pipe.yaml --out shards --resume\n\n"
        "twinlens run photos --pipeline pipe.yaml --out shards --workers 8 --seed 7 --format jpeg\n\n"
        "twinlens run photos --pipeline pipe.yaml --out augmented --sink files --copies 5 --memory 4G\n\n"
        "twinlens run s3://bucket/photos --pipeline pipe.yaml --out s3://bucket/shards --ray auto --format array"
    )
)(run)
app.command(epilog="[bold]Examples[/bold]\n\ntwinlens demo\n\ntwinlens demo --out pictures")(demo)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens show photos --pipeline pipe.yaml\n\n"
        "twinlens show photos --pipeline pipe.yaml --steps --draws 3 --out sheet.html\n\n"
        "twinlens show val2017 --boxes annotations/instances_val2017.json\n\n"
        "twinlens show xrays --masks masks --pipeline pipe.yaml\n\n"
        "twinlens show pipe.yaml --size 480x640"
    )
)(show)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens parity photos --pipeline pipe.yaml\n\n"
        "twinlens parity photos --pipeline pipe.yaml --against pillow,albumentations --out compared"
    )
)(parity)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens ingest photos.tar.gz s3://bucket/photos --workers 16\n\n"
        "twinlens ingest https://host/train.zip photos --flatten --label '^([^/]+)/'"
    )
)(ingest)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens stats photos\n\n"
        "twinlens stats photos --json stats.json --png stats.png\n\n"
        "twinlens stats photos --pipeline pipe.yaml --write pipe.yaml"
    )
)(stats)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens bench photos --out measured\n\n"
        "twinlens bench photos --only '^(resize|eval)' --rounds 9\n\n"
        "twinlens bench one.jpg two.jpg --only batch --threads 4\n\n"
        "twinlens bench photos --strategies --pipeline pipe.yaml --workers 8 --out measured"
    )
)(bench)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens export pipe.yaml pipe.onnx\n\n"
        "twinlens export pipe.yaml pipe.onnx --layout chw --opset 17 --input-name pixels --output-name prepared\n\n"
        "twinlens export pipe.yaml served.onnx --model classifier.onnx"
    )
)(export)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens serve pipe.yaml\n\n"
        "twinlens serve pipe.yaml --model classifier.onnx --port 8080 --workers 4\n\n"
        "TWINLENS_API_KEY=$(cat key) twinlens serve pipe.yaml --host 0.0.0.0\n\n"
        "curl --data-binary @photo.jpg 'http://127.0.0.1:8000/v1/transform?format=png' --output seen.png"
    )
)(serve)
app.command(
    epilog=(
        "[bold]Examples[/bold]\n\n"
        "twinlens play --open\n\n"
        "twinlens play --pipeline pipe.yaml\n\n"
        "twinlens play --pipeline pipe.yaml --port 8000"
    )
)(play)
app.add_typer(plugins_app, name="plugins")


def _print_version(asked: bool) -> None:
    if asked:
        import twinlens

        typer.echo(f"twinlens {twinlens.__version__} (semantics {twinlens.SEMANTICS}, kernels {twinlens.isa()})")
        raise typer.Exit


@app.callback()
def twinlens_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """One image-transform pipeline: the same pixels on every engine."""
    del version


def invoke(arguments: list[str]) -> int:
    """Runs the command line and returns its exit code; every expected error is one line on stderr."""
    warnings.filterwarnings("ignore", module=r"PIL\.")  # notes on odd metadata would tear the progress bar
    try:
        code = _command().main(_with_address(arguments), prog_name="twinlens", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except TwinlensError as error:
        return _fail(str(error), 1)
    except OSError as error:  # a full disk, a folder that cannot be written
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    except Exception as error:
        # Usage errors: their class is click's, or that of the copy of click that newer typers carry.
        if not hasattr(error, "format_message"):
            raise
        return _fail(f"{error.format_message()} (see --help)" if str(error) else "missing a command (see --help)", 1)
    if code == _INTERRUPTED:
        hint = "; `twinlens run` goes on with --resume" if arguments[:1] == ["run"] else ""
        return _fail(f"interrupted{hint}", _INTERRUPTED)
    return code if isinstance(code, int) else 0


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def _with_address(arguments: list[str]) -> list[str]:
    """`--ray` may stand without an address, which typer's options cannot."""
    pairs = zip(arguments, [*arguments[1:], "-"], strict=False)
    return ["--ray=" if one == "--ray" and after.startswith("-") else one for one, after in pairs]


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"twinlens: {' '.join(message.split())}\n")
    return code
