"""Notebooks without Jupyter: run the cells, store what they show, write the whole as Markdown.

    python -m website.notebook FILE.ipynb      (in docs/) runs it and stores its outputs

A cell shows what it prints, and the value of its last line: a PIL image as a PNG, anything else by its repr.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

__all__ = ["executed", "images", "to_markdown"]

Notebook = dict[str, Any]


def executed(notebook: Notebook) -> Notebook:
    """A copy whose code cells have run in order, sharing their names, with what they show as outputs."""
    names: dict[str, Any] = {"__name__": "__main__"}
    numbers = count(1)
    cells = [_run(cell, names, next(numbers)) if cell["cell_type"] == "code" else cell for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def _run(cell: dict[str, Any], names: dict[str, Any], number: int) -> dict[str, Any]:
    return {**cell, "execution_count": number, "outputs": _outputs("".join(cell["source"]), names, number)}


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    end = tree.body[-1] if tree.body else None
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    if last is not None:
        del tree.body[-1]
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"<cell {number}>", "exec", dont_inherit=True), names)
        if last is not None:
            value = eval(compile(last, f"<cell {number}>", "eval", dont_inherit=True), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        data = _data(value)
        outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data})
    return outputs


def _data(value: Any) -> dict[str, Any]:
    if not hasattr(value, "_repr_png_"):
        return {"text/plain": repr(value).splitlines(keepends=True)}
    buffer = io.BytesIO()
    value.save(buffer, "PNG", optimize=True)
    return {"image/png": base64.b64encode(buffer.getvalue()).decode()}


def images(notebook: Notebook) -> list[bytes]:
    """The PNG files among the outputs, in order."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [base64.b64decode(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]


def to_markdown(notebook: Notebook, name: str) -> str:
    """Cells in order: text as it is, code and output as fenced blocks, image i of `images` as the file `name-i.png`."""
    numbers = count()
    return "\n\n".join(part for cell in notebook["cells"] for part in _parts(cell, name, numbers)) + "\n"


def _parts(cell: dict[str, Any], name: str, numbers: Iterator[int]) -> list[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    return [f"```python\n{source}\n```", *(_shown(output, name, numbers) for output in cell["outputs"])]


def _shown(output: dict[str, Any], name: str, numbers: Iterator[int]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![What the cell shows]({name}-{next(numbers)}.png)"
    text = "".join(output["text"] if output["output_type"] == "stream" else data["text/plain"])
    return f"```text\n{text.rstrip()}\n```"


def main(path: Path) -> None:
    """Runs the notebook and stores it with its outputs."""
    notebook = executed(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
