"""Web servers that fail: what passes is tried again, what stays is listed, and nothing waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import encoded, pack
from faults import Faulty, Rule, faulty
from fsspec.implementations import http

from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data import stats
from twinlens.data.sources import open_source, patience
from twinlens.errors import ArgumentError

IMAGES = {f"{'cats' if i % 2 else 'dogs'}/{i}.png": encoded(i) for i in range(6)}
PIPE = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
FAULTS = ["500", "503", "SlowDown", "429", "reset", "lost", "cut"]


@pytest.fixture
def shaky_web(web: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Faulty, Path]]:
    """A faulty server before one of files, and the folder of those."""
    address, root = web
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.0)
    monkeypatch.setattr(http, "DEFAULT_BLOCK_SIZE", 1000)  # without ranges only the first block is to be had
    http.HTTPFileSystem.clear_instance_cache()
    for name, content in IMAGES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    (root / "list.csv").write_text("\n".join(["path", *sorted(IMAGES)]))
    for suffix in (".tar", ".tgz", ".zip"):
        pack(root / f"a{suffix}", IMAGES)
    with faulty(address) as server:
        yield server, root
    http.HTTPFileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        *(("list.csv", fault) for fault in FAULTS),
        *((f"a{suffix}", fault) for suffix in (".tar", ".tgz", ".zip") for fault in ("503", "cut")),
    ],
)
def test_the_web_is_read_again(source: str, fault: str, shaky_web: tuple[Faulty, Path]) -> None:
    server, root = shaky_web
    server.rules = [Rule(fault, times=2)]
    found = stats(f"{server.address}/{source}", workers=6)
    wanted = stats(root / source)
    assert (found.images, found.mean, found.failures) == (6, wanted.mean, [])
    assert max(server.seen.values()) >= 2


@pytest.mark.parametrize("suffix", [".tar", ".tgz"])
def test_a_stream_that_breaks_between_images(suffix: str, shaky_web: tuple[Faulty, Path]) -> None:
    server, _ = shaky_web
    source = open_source(f"{server.address}/a{suffix}")
    server.rules = [Rule("cut", times=3)]
    assert {source.path(i): source.read(i) for i in range(len(source))} == IMAGES
    assert server.rules[0].met


@pytest.mark.parametrize(
    ("fault", "reason", "tries"),
    [
        ("503", "503, message='Service Unavailable'", 5),
        ("cut", "ConnectionError: ClientPayloadError: ", 5),
        ("denied", "403, message='Forbidden'", 1),
    ],
)
def test_what_the_web_does_not_give(fault: str, reason: str, tries: int, shaky_web: tuple[Faulty, Path]) -> None:
    server, _ = shaky_web
    server.rules = [Rule(fault, path="/cats/3.png")]
    found = stats(f"{server.address}/list.csv", workers=6)
    assert (found.images, [name for name, _ in found.failures]) == (5, ["cats/3.png"])
    assert reason in found.failures[0][1]
    assert server.seen["GET", "/cats/3.png", ""] in (tries, 2 * tries)


@pytest.mark.usefixtures("hasty")
def test_a_silent_web_server(shaky_web: tuple[Faulty, Path]) -> None:
    server, _ = shaky_web
    server.rules = [Rule("silence", path="/cats/3.png"), Rule("silence", times=1)]
    for source, images in (("list.csv", 5), ("a.tgz", 6), ("a.zip", 6)):
        found = stats(f"{server.address}/{source}", workers=6)
        assert (found.images, [name for name, _ in found.failures]) == (images, ["cats/3.png"] * (6 - images))
        assert all("timeout" in reason.lower() for _, reason in found.failures)
    assert server.seen["GET", "/cats/3.png", ""] == 5


@pytest.mark.parametrize("source", ["a.tar", "a.tgz", "a.zip", "list.csv", "cats/1.png"])
@pytest.mark.parametrize("fault", ["503", "reset", "denied"])
def test_a_web_server_that_is_down(
    source: str, fault: str, shaky_web: tuple[Faulty, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    server, _ = shaky_web
    server.rules = [Rule(fault)]
    assert invoke(["stats", f"{server.address}/{source}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("twinlens: ")
    assert said.count("\n") == 1
    assert "no such file" not in said


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_an_archive_that_breaks_off_goes_on(suffix: str, shaky_web: tuple[Faulty, Path], tmp_path: Path) -> None:
    server, root = shaky_web
    address, near, far = f"{server.address}/a{suffix}", tmp_path / "near", tmp_path / "far"
    server.rules = [Rule("cut", times=1, method="GET", path="/a")]
    try:
        first = data.ingest(address, far)
        assert (first.failures == []) == (suffix == ".zip")  # which is fetched again before anything is written
    except ArgumentError as error:  # before the first member was there
        assert "Not enough data" in str(error)  # noqa: PT017
    assert data.ingest(address, far).failures == []
    data.ingest(root / f"a{suffix}", near)
    assert {path.relative_to(far): path.read_bytes() for path in far.rglob("*.png")} == {
        path.relative_to(near): path.read_bytes() for path in near.rglob("*.png")
    }
