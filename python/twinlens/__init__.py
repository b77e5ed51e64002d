"""One image-transform pipeline: per image on CPU, batched on CUDA, the same pixels and the same random draws."""

from __future__ import annotations

try:
    from twinlens import _native
except ImportError as error:
    raise ImportError(
        "twinlens has no compiled core (twinlens._native) for this Python: did you forget to build it? "
        "Run `pip install .` in a checkout, with a C++17 compiler, or `pip install twinlens` for a wheel. "
        f"The import said: {error}"
    ) from error

from pathlib import Path

from twinlens.engines import get_num_threads, set_num_threads, use_engine
from twinlens.random import Key, key
from twinlens.targets import Boxes, Keypoints

from twinlens import transforms  # isort: skip - the transforms stand on everything above
from twinlens.pipeline.files import SEMANTICS, from_dict, load, save, to_dict  # isort: skip
from twinlens.registry import get, names, plugins  # isort: skip

__version__: str = _native.__version__


def get_include() -> str:
    """The folder with twinlens/kernel.h, for plugins that bring a native kernel of their own."""
    return str(Path(__file__).parent / "include")


def isa() -> str:
    """The instruction set whose kernels run: baseline, avx2 or avx512."""
    return _native.isa()


def set_isa(name: str) -> None:
    """Chooses the kernels of another instruction set, of those in `supported_isas()`; so does TWINLENS_ISA at start."""
    _native.set_isa(name)


def supported_isas() -> list[str]:
    """What this build has and this CPU can run, slowest first. All of them give the same bits."""
    return _native.supported_isas()


__all__ = [
    "SEMANTICS",
    "Boxes",
    "Key",
    "Keypoints",
    "__version__",
    "from_dict",
    "get",
    "get_include",
    "get_num_threads",
    "isa",
    "key",
    "load",
    "names",
    "plugins",
    "save",
    "set_isa",
    "set_num_threads",
    "supported_isas",
    "to_dict",
    "transforms",
    "use_engine",
]
