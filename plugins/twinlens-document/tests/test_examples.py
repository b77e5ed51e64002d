"""The examples of the docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest
import twinlens_document as document


@pytest.mark.parametrize("name", [kind.__name__ for kind in document.TRANSFORMS])
def test_examples(name: str) -> None:
    kind = getattr(document, name)
    module = importlib.import_module(kind.__module__)
    examples = doctest.DocTestFinder(recurse=False).find(kind, name, module=module)
    results = [doctest.DocTestRunner().run(example) for example in examples]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0
