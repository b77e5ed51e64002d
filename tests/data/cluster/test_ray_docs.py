"""The snippets of docs/ray.md, on a cluster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nodes import Cluster

PAGE = Path(__file__).parents[3] / "docs/ray.md"

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")]


def test_the_snippets_run(two_nodes: Cluster) -> None:
    """Blocks share their names; line numbers in a traceback are those of the file."""
    del two_nodes
    text = PAGE.read_text("utf-8")
    blocks = list(re.finditer(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) == 3
    names: dict[str, object] = {"__name__": "docs_ray"}
    for block in blocks:
        lines = text.count("\n", 0, block.start(1))
        exec(compile("\n" * lines + block[1], str(PAGE), "exec", dont_inherit=True), names)
