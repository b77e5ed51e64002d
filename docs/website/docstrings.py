"""For mkdocstrings: examples in docstrings become blocks of code; in Markdown `>>>` is a quotation."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Examples", "fenced"]

_EXAMPLE = re.compile(r"^(?P<indent>[ ]*)>>> .*(?:\n(?P=indent)\S.*|\n(?P=indent) +\S.*)*", re.MULTILINE)


def fenced(text: str) -> str:
    """Every example, up to the next empty line, in a fence of its own."""

    def block(match: re.Match[str]) -> str:
        lines = [line.removeprefix(match["indent"]) for line in match[0].splitlines()]
        return "\n".join(["```pycon", *lines, "```"])

    return _EXAMPLE.sub(block, text)


class Examples(griffe.Extension):
    """Does so to every docstring that is read."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """griffe's hook for every object."""
        del kwargs
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
