"""Pictures in a row, times as bars, and what is wrong, as HTML. All words are escaped; nothing is loaded."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from twinlens.cli.show.layout import Cell
    from twinlens.play.timing import Timed

__all__ = ["STYLE", "bars", "faults", "figures", "words"]

#: of the whole page
STYLE = """
.gradio-container { max-width: 1560px !important; }
.tl-head { display: flex; align-items: baseline; gap: 14px; margin: 2px 0 0; }
.tl-head b { font-size: 22px; letter-spacing: -0.01em; } .tl-head span { color: var(--body-text-color-subdued); }
.tl-figures { display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; padding: 4px 0; }
.tl-figures figure { margin: 0; max-width: 100%; }
.tl-figures img { display: block; max-width: 100%; border-radius: 4px; }
.tl-figures figcaption { font-size: 12px; color: var(--body-text-color-subdued); margin-top: 4px; max-width: 230px; }
.tl-figures figcaption b { color: var(--body-text-color); font-weight: 600; }
.tl-figures .wide figcaption { max-width: none; }
.tl-fault, .tl-fault * { color: #b04a24 !important; } .dark .tl-fault, .dark .tl-fault * { color: #ff9d73 !important; }
.tl-blank { width: 224px; padding: 24px 12px; border: 1px dashed #cc5c3a; border-radius: 4px; font-size: 13px; }
.tl-faults { border-left: 3px solid #cc5c3a; padding: 4px 10px; font-size: 14px; overflow-wrap: anywhere; }
.tl-words { font-size: 12px; color: var(--body-text-color-subdued); min-height: 18px; }
table.tl-bars, table.tl-bars * { border: 0 !important; }
table.tl-bars { border-collapse: collapse; width: 100%; max-width: 720px; font-size: 14px; }
table.tl-bars td { padding: 4px 10px 4px 0 !important; } table.tl-bars td:nth-child(2) { width: 60%; }
table.tl-bars td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.tl-bars i { display: block; height: 12px; border-radius: 2px; background: #1769aa; min-width: 1px; }
table.tl-bars tr.all td { font-weight: 600; padding-top: 10px !important; }
table.tl-bars tr.all i { background: #6e737c; }
#steps, #steps > div, #steps .column { gap: 6px !important; }
#faults:not(:has(.tl-faults)) { display: none; } .tl-picture { gap: 4px !important; }
.tl-step { align-items: center; gap: 4px !important; flex-wrap: nowrap !important; }
.tl-step button.tl-name { justify-content: flex-start; text-align: left; overflow: hidden; white-space: nowrap; }
.tl-step button.tl-small { min-width: 30px !important; padding: 4px 0 !important; }
.tl-step .tl-on { min-width: 22px !important; flex: 0 0 22px; border: 0; padding: 0 !important; }
.tl-step .tl-on label { padding: 0; gap: 0; } .tl-step .tl-on label span { display: none; }
.tl-step .tl-on input { flex: none; }
.tl-off button.tl-name { text-decoration: line-through; opacity: 0.6; }
.tl-wrong button.tl-name { box-shadow: inset 4px 0 #cc5c3a; }
.tl-about, .tl-about .html-container { padding: 2px 4px !important; background: var(--block-background-fill); }
.tl-bad .info-text { color: #b04a24 !important; } .dark .tl-bad .info-text { color: #ff9d73 !important; }
.tl-bad input, .tl-bad textarea { border-color: #cc5c3a !important; }
"""


def figures(cells: Sequence[Cell]) -> str:
    """A picture each, with its caption, of which the first line is bold; or why there is none."""
    return f'<div class="tl-figures">{"".join(_figure(cell) for cell in cells)}</div>'


def bars(rows: Sequence[Timed]) -> str:
    """A line each, the last one apart if it is that of the whole."""
    most = max((row.milliseconds for row in rows), default=0.0) or 1.0
    lines = []
    for row in rows:
        whole = ' class="all"' if row is rows[-1] and len(rows) > 2 else ""
        bar = f'<i style="width:{100 * row.milliseconds / most:.1f}%"></i>'
        time = f'<td class="n">{row.milliseconds:.3g} ms</td>'
        lines.append(f'<tr{whole} title="{row.calls} calls"><td>{escape(row.name)}</td><td>{bar}</td>{time}</tr>')
    return f'<table class="tl-bars">{"".join(lines)}</table>'


def faults(lines: Sequence[str]) -> str:
    """What is wrong, a line each; empty where nothing is."""
    said = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return f'<div class="tl-faults tl-fault" role="alert">{said}</div>' if said else ""


def words(text: str) -> str:
    """Small and gray."""
    return f'<div class="tl-words">{escape(text)}</div>'


def _figure(cell: Cell) -> str:
    head, _, rest = cell.caption.partition("\n")
    said = "".join(f"<div>{escape(line)}</div>" for line in rest.splitlines())
    caption = f"<figcaption><b>{escape(head)}</b>{said}</figcaption>"
    if cell.picture is None:
        return f'<figure><div class="tl-blank tl-fault">{escape(cell.fault)}</div>{caption}</figure>'
    w, h = cell.picture.size
    wide = ' class="wide"' if w > 400 else ""
    source = _embedded(cell.picture)
    return f'<figure{wide}><img width="{w}" height="{h}" alt="{escape(head)}" src="{source}">{caption}</figure>'


def _embedded(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
