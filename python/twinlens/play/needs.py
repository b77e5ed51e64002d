"""Gradio, where it is installed."""

from __future__ import annotations

import os
from typing import Any

from twinlens.errors import TwinlensError

__all__ = ["gradio"]


def gradio() -> Any:
    """The package, told to send nothing home; or how to get it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import gradio as gr
    except ImportError:
        raise TwinlensError("the playground needs Gradio: pip install twinlens[play]") from None
    return gr
