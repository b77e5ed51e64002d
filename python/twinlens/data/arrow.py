"""pyarrow, where it is installed."""

from __future__ import annotations

from typing import Any

from twinlens.errors import TwinlensError

__all__ = ["arrow"]


def arrow() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet, or how to get them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise TwinlensError("Parquet needs pyarrow: pip install twinlens[data]") from None
    return pyarrow, pyarrow.parquet
