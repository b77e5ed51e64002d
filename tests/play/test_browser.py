"""The page in a browser without a screen: upload, add, set, look, copy, run."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

import twinlens
from images import picture
from twinlens.cli.app import invoke
from twinlens.play.editor import Editor

CHROMIUM = os.environ.get("TWINLENS_CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
HW = (90, 120)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH or in TWINLENS_CHROMIUM"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # the browser's sockets
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("gradio", reason="no gradio: pip install twinlens[play]", exc_type=ImportError)
    from twinlens.play.serve import serve

    blocks, found = serve(Editor(), "127.0.0.1", 0)
    yield found
    blocks.close(verbose=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api", reason="no playwright", exc_type=ImportError)
    with sync.sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


class Page:
    """What somebody does and sees."""

    def __init__(self, page: Any, address: str) -> None:
        self._page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", lambda got: self.errors.append(f"{got.status} {got.url}") if got.status >= 400 else None)
        page.goto(address)
        self.find("#after img").wait_for()

    def find(self, selector: str) -> Any:
        return self._page.locator(selector)

    def upload(self, path: Path, where: str = "#file") -> None:
        self.find(f"{where} input[type=file]").set_input_files(str(path))

    def add(self, name: str) -> None:
        self.find("#add input").click()
        self.find("#add input").press_sequentially(name)
        self._page.get_by_role("option", name=name, exact=True).click()
        self.text("#steps", name)

    def tab(self, name: str) -> None:
        self._page.get_by_role("tab", name=name).click()

    def picture(self, where: str) -> np.ndarray[Any, Any]:
        """The pixels of #before or #after."""
        source = self.find(f"{where} img").get_attribute("src")
        body = self._page.request.get(source).body()
        return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))

    def text(self, where: str, *said: str) -> str:
        """Of an element, as soon as all of this is in it."""
        for words in said:
            try:
                self.find(where).filter(has_text=words).wait_for()
            except Exception as error:
                tabs = [tab.inner_text() for tab in self._page.locator("[role=tab][aria-selected=true]").all()]
                seen = f"{where} has {self.find(where).all_inner_texts()}; tabs: {tabs}; refused: {self.errors}"
                raise AssertionError(f"no {words!r}: {seen}; last asked for: {self.requests[-8:]}") from error
        return str(self.find(where).inner_text())

    @contextmanager
    def late(self) -> Iterator[None]:
        """What the server says about the new cards does not arrive within."""
        held: list[Any] = []
        streams = 0

        def stream(route: Any) -> None:
            nonlocal streams
            streams += 1
            (held.append if streams > 1 else lambda each: each.continue_())(route)  # the first brings the new state

        self._page.route("**/queue/data*", stream)
        yield
        assert held
        for route in held:
            route.continue_()
        self._page.unroute("**/queue/data*")

    def wait(self, ms: int) -> None:
        self._page.wait_for_timeout(ms)

    def file(self, where: str) -> Path:
        """Which holds the picture, on the server's side."""
        return Path(unquote(self.find(f"{where} img").get_attribute("src").partition("file=")[2]))

    def code(self, where: str) -> str:
        """What the copy button puts on the clipboard."""
        self._page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.find(f"{where} button[aria-label*=opy], {where} button[title*=opy]").first.click()
        return str(self._page.evaluate("navigator.clipboard.readText()"))


@pytest.fixture
def page(address: str, browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(30_000)
    yield Page(context.new_page(), address)
    context.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    Image.fromarray(picture(*HW, 3, kind="gradient", seed=4)).save(path)
    return path


def changed(page: Page, before: str) -> None:
    """Waits for another result."""
    page.find(f'#after img:not([src="{before}"])').wait_for()


def test_upload_add_slide_copy_run(page: Page, photo: Path, tmp_path: Path) -> None:
    page.upload(photo)
    page.text("#before-words", "120 x 90 x 3, uint8")
    np.testing.assert_array_equal(page.picture("#before"), np.asarray(Image.open(photo)))
    page.add("CLAHE")
    slider = page.find("[id^=step-][id$=-clip_limit] input[type=range]")
    slider.wait_for()
    page.text("#yaml", "clip_limit: 2.0")
    first, source = page.picture("#after"), page.find("#after img").get_attribute("src")
    assert (first != page.picture("#before")).any()
    slider.focus()
    slider.press("End")
    page.text("#yaml", "clip_limit: 8")
    changed(page, source)
    second = page.picture("#after")
    assert (second != first).any()

    pipe = tmp_path / "pipe.yaml"
    pipe.write_text(page.code("#yaml"))
    loaded = twinlens.load(pipe)
    image = np.asarray(Image.open(photo))
    np.testing.assert_array_equal(loaded(image, key=twinlens.key(0, 0, 0)), second)
    page.tab("Python")
    names: dict[str, Any] = {}
    exec(page.code("#python"), names)
    assert names["pipe"] == loaded
    run = ["run", str(photo.parent), "--pipeline", str(pipe), "--out", str(tmp_path / "out"), "--sink", "files"]
    assert invoke([*run, "--format", "png", "--workers", "1"]) == 0
    (written,) = (tmp_path / "out").rglob("*.png")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), second)


def test_errors_are_said_in_place_and_the_page_goes_on(page: Page, photo: Path, tmp_path: Path) -> None:
    page.add("CLAHE")
    box = page.find("[id^=step-][id$=-tile_grid_size] textarea")
    box.fill("[0, 8]")
    box.press("Enter")
    page.text("[id^=step-][id$=-tile_grid_size]", "CLAHE: tile_grid_size=[0, 8] must be positive")
    page.text("#faults", "1. CLAHE: tile_grid_size=[0, 8] must be positive")
    box = page.find("[id^=step-][id$=-tile_grid_size] textarea")
    assert box.input_value() == "[0, 8]", "what was written stays"
    box.fill("[2, 2]")
    box.press("Enter")
    page.text("#yaml", "tile_grid_size: [2, 2]")
    (tmp_path / "words.png").write_text("no image")
    page.upload(tmp_path / "words.png")
    page.text("#faults", "image: ")
    page.find("#file button[aria-label=Clear]").first.click()
    page.text("#before-words", "480 x 360")
    page.upload(photo)
    page.text("#before-words", "120 x 90 x 3, uint8")
    assert page.find("#faults .tl-fault").count() == 0


def test_steps_move_switch_off_and_go(page: Page) -> None:
    page.add("Resize")
    page.add("ToGray")
    page.text("#steps", "1. Resize", "2. ToGray")
    page.find("[id^=step-][id$=-up]").nth(1).click()
    page.text("#steps", "1. ToGray", "2. Resize")
    page.find("#steps input[type=checkbox]").first.uncheck()
    assert "Identity" in page.text("#yaml", "Identity")
    page.find("[id^=step-][id$=-remove]").first.click()
    page.text("#steps", "1. Resize")
    assert "ToGray" not in page.text("#steps")


def test_a_click_on_a_card_that_is_being_placed_anew(page: Page) -> None:
    page.add("Resize")
    page.add("ToGray")
    page.text("#steps", "1. Resize", "2. ToGray")
    with page.late():
        page.find("#steps input[type=checkbox]").first.uncheck()
        page.text("#yaml", "Identity")
        page.wait(1000)  # the server has placed the cards anew
        page.find("[id^=step-][id$=-remove]").first.click()
        page.wait(200)
    page.text("#steps", "1. ToGray")
    assert "Identity" not in page.text("#yaml", "ToGray")
    assert page.errors == []


def test_pictures_that_the_browser_has_are_not_written_again(page: Page) -> None:
    page.add("ToGray")
    page.text("#panel", "draw 0")
    files = [page.file(where) for where in ("#before", "#after")]
    written = [file.stat().st_mtime_ns for file in files]
    page.tab("Steps")
    page.text("#panel", "1. ToGray")
    assert [file.stat().st_mtime_ns for file in files] == written
    assert [page.file(where) for where in ("#before", "#after")] == files


def test_every_tab_and_nothing_from_elsewhere(page: Page, address: str) -> None:
    page.add("RandomResizedCrop")
    page.text("#panel", "draw 5")
    page.tab("Steps")
    page.text("#panel", "original", "1. RandomResizedCrop")
    page.tab("Engines")
    page.text("#panel", "batched engine", "CPU", "0 of 150,528 values differ")
    page.tab("Time")
    page.text("#panel", "RandomResizedCrop", " ms")
    elsewhere = [url for url in page.requests if not url.startswith((address, "data:", "blob:"))]
    assert elsewhere == []
