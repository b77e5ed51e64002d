"""The page, served on this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from twinlens.errors import ArgumentError
from twinlens.play.html import STYLE
from twinlens.play.needs import gradio
from twinlens.play.page import page
from twinlens.play.pictures import MAX_BYTES

if TYPE_CHECKING:
    from twinlens.play.editor import Editor

__all__ = ["serve"]

_SESSIONS = 20  # whose pictures are kept in memory


def serve(editor: Editor, host: str, port: int, *, browser: bool = False) -> tuple[Any, str]:
    """Starts the server; returns the gradio.Blocks, which `close()` ends, and the address. Nothing is asked of the
    network. ArgumentError where the port is taken, or the host is none of this machine.

    port: 0 for a free one. browser: opens one.
    """
    gr = gradio()
    port = _free(host, port)
    blocks = page(editor)
    blocks.queue(default_concurrency_limit=1)
    _, address, _ = blocks.launch(
        server_name=host,
        server_port=port,
        inbrowser=browser,
        share=False,
        quiet=True,
        ssr_mode=False,
        prevent_thread_lock=True,
        max_file_size=MAX_BYTES,
        state_session_capacity=_SESSIONS,
        footer_links=[],
        theme=_theme(gr),
        css=STYLE,
    )
    return blocks, str(address)


def _free(host: str, port: int) -> int:
    """The port, or a free one for 0; Gradio would take another one, or say nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], found[1]) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(found[4])
            return int(tried.getsockname()[1])
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ArgumentError(f"--host {host} --port {port}: {why}") from None


def _theme(gr: Any) -> Any:
    """Fonts that are on the machine."""
    font, mono = ["system-ui", "sans-serif"], ["ui-monospace", "monospace"]
    return gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=font, font_mono=mono, radius_size="sm")
