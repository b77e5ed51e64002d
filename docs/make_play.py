"""Takes the pictures of docs/play.md: the playground in a browser without a screen.

python docs/make_play.py [CHROMIUM]      writes docs/play/*.webp
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from twinlens.play.editor import Editor
from twinlens.play.serve import serve

HERE = Path(__file__).parent / "play"
STEPS = ("RandomResizedCrop", "CLAHE", "RandomHorizontalFlip", "ToTensor", "Normalize")
WIDTH = 1440


def pipeline() -> Editor:
    """With the second step chosen."""
    editor = Editor()
    for name in STEPS:
        editor.add(name)
    editor.choose(editor.steps[1].number)
    return editor


def save(page: Any, name: str, left: int = 0, top: int = 0, height: int = 1200) -> None:
    """The page to the right of `left`, from `top` on."""
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    shot.crop((left, top, WIDTH, min(top + height, shot.height))).save(HERE / name, "WEBP", quality=80, method=6)


def main() -> None:
    """Of a pipeline beside itself, and beside OpenCV."""
    HERE.mkdir(exist_ok=True)
    blocks, address = serve(pipeline(), "127.0.0.1", 0)
    with sync_playwright() as play:
        chromium = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.goto(address)
        page.locator("#panel img").nth(5).wait_for()
        page.locator("#step-2-clip_limit").wait_for()
        save(page, "page.webp")
        page.get_by_role("tab", name="Engines").click()
        page.locator("#against input").click()
        page.get_by_role("option", name="opencv").click()
        page.locator("#panel").filter(has_text="OpenCV").wait_for()
        corner = page.locator("#tabs").bounding_box()
        save(page, "engines.webp", round(corner["x"]) - 8, round(corner["y"]) - 8, 900)
        browser.close()
    blocks.close(verbose=False)


if __name__ == "__main__":
    main()
