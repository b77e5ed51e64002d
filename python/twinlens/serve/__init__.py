"""A pipeline that answers: a queue for asyncio, an HTTP server on it, and a client. `pip install "twinlens[serve]"`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinlens.serve.application import app
    from twinlens.serve.augmenter import Augmenter
    from twinlens.serve.client import Client
    from twinlens.serve.limits import Limits

__all__ = ["Augmenter", "Client", "Limits", "app"]

_HOMES = {"Augmenter": "augmenter", "Client": "client", "Limits": "limits", "app": "application"}


def __getattr__(name: str) -> Any:
    """Loaded by use: the queue needs nothing that the library does not, the rest needs the extra."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
