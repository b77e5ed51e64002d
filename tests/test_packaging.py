"""What is installed: the type stub tells the truth about the compiled core, the package says that it is typed."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import re
from pathlib import Path
from typing import Any

import twinlens
from twinlens import _native

PACKAGE = Path(twinlens.__file__).parent
#: how pybind11's docstrings spell what the stub says shorter
SPELLINGS = (
    (r"typing\.Annotated\[numpy\.typing\.ArrayLike, numpy\.\w+\]", "ArrayLike"),
    (r"numpy\.ndarray\b(?!\[)", "NDArray[Any]"),
    (r"numpy\.dtype\b(?!\[)", "np.dtype[Any]"),
    (r"numpy\.typing\.", ""),
    (r"numpy\.", "np."),
    (r"typing\.|collections\.abc\.", ""),
)


def built_functions() -> dict[str, ast.FunctionDef]:
    """The signatures that pybind11 writes into the docstrings, parsed."""
    found = {}
    for name, value in vars(_native).items():
        if not inspect.isbuiltin(value):
            continue
        assert value.__doc__ is not None
        text = value.__doc__.splitlines()[0]
        for pattern, replacement in SPELLINGS:
            text = re.sub(pattern, replacement, text)
        (function,) = ast.parse(f"def {text}: ...").body
        assert isinstance(function, ast.FunctionDef)
        found[name] = function
    return found


def stub_functions() -> dict[str, ast.FunctionDef]:
    """The functions of `_native.pyi`."""
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def text_of(node: Any) -> str:
    """Arguments as `name: type = default`."""
    return ast.unparse(node.args)


class TestStub:
    def test_names_every_function_of_the_core(self) -> None:
        assert sorted(stub_functions()) == sorted(built_functions())

    def test_arguments_are_those_of_the_core(self) -> None:
        stub = stub_functions()
        for name, built in built_functions().items():
            assert text_of(stub[name]) == text_of(built), name

    def test_results_are_those_of_the_core(self) -> None:
        stub = stub_functions()
        for name, built in built_functions().items():
            assert built.returns is not None
            returns = stub[name].returns
            assert returns is not None
            told = ast.unparse(returns)
            result = ast.unparse(built.returns)
            if result in ("tuple", "list"):  # the core does not say of what
                assert told.startswith(f"{result}["), name
            else:
                assert told == result, name


class TestPackage:
    def test_is_marked_as_typed(self) -> None:
        assert (PACKAGE / "py.typed").is_file()

    def test_versions_agree(self) -> None:
        assert twinlens.__version__ == _native.__version__ == importlib.metadata.version("twinlens")

    def test_ships_no_sources_of_the_core(self) -> None:
        files = importlib.metadata.files("twinlens") or []
        assert not [f for f in files if f.suffix in (".cpp", ".hpp") or f.name == "CMakeLists.txt"]

    def test_command_line_is_registered(self) -> None:
        (script,) = importlib.metadata.entry_points(group="console_scripts", name="twinlens")
        assert script.value == "twinlens.cli:main"
