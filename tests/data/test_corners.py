"""Names that collide, climb or are no text, archives with damage and links, state taken at odd moments."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archives import encoded, pack
from PIL import Image

from image_files import write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.data import ParquetDataset, stats
from twinlens.data.names import distinct
from twinlens.data.sources import archives, open_source
from twinlens.errors import ArgumentError

CROP = T.Compose([T.Resize((4, 4))])


@pytest.mark.parametrize("label", [r"^(.+?)_", r"(\.\.)"])
def test_labels_do_not_climb(label: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"ok/.._rev_1.png": encoded(0)})
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr(".._rev_2.png", encoded(1))
    done = data.ingest(archive, tmp_path / "out" / "deep", label=label)
    assert {path.parent.parent.name for path in (tmp_path / "out").rglob("*.png")} <= {"deep"}
    assert any("is no name of a folder" in reason for _, reason in done.failures)


def test_second_names_keep_their_folder(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"v1.0/a/README": b"a", "v1.0/b/README": b"b", "x.png": encoded(0)})
    data.ingest(archive, tmp_path / "out", pattern="*README", flatten=True, label="^([^/]+)/")
    assert {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()} == {
        "v1.0/README",
        "v1.0/README-2",
    }


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.tar", {f"{i}.png": encoded(i) for i in range(5)})
    content = bytearray(whole.read_bytes())
    at = content.index(b"2.png") + 150  # its checksum
    content[at] ^= 1
    whole.write_bytes(content)
    with pytest.raises(ArgumentError, match="a header is damaged"):
        open_source(whole)
    done = data.ingest(whole, tmp_path / "out")
    assert done.failures[-1][0] == "the archive"


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_hard_links_and_files_of_one_name(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    with tarfile.open(path, "w:gz" if suffix.endswith("gz") else "w") as tar:
        for i, name in enumerate(["a.png", "b.png", "a.png"]):
            member = tarfile.TarInfo(name)
            member.size = len(encoded(i))
            tar.addfile(member, io.BytesIO(encoded(i)))
        link = tarfile.TarInfo("c.png")
        link.type, link.linkname = tarfile.LNKTYPE, "b.png"
        tar.addfile(link)
    source = open_source(path)
    wanted = {"a.png": encoded(2), "b.png": encoded(1), "c.png": encoded(1)}
    for _ in range(3):
        assert {source.path(i): source.read(i) for i in range(len(source))} == wanted
    done = data.ingest(path, tmp_path / "out")
    assert done.failures == [("c.png", "a hard link to another member")]


def test_a_compressed_tar_keeps_its_order(tmp_path: Path) -> None:
    names = ["d.png", "a.png", "c.png", "b.png"]
    packed = open_source(pack(tmp_path / "a.tgz", {name: encoded(i) for i, name in enumerate(names)}))
    assert [packed.path(i) for i in range(4)] == names


def test_what_a_compressed_tar_runs_past_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = {f"{i}.png": encoded(i) for i in range(8)}
    most = len(encoded(99))  # the largest in it
    monkeypatch.setattr(archives, "_PASSED", most)
    source = open_source(pack(tmp_path / "a.tgz", images))
    stream = source._stream
    for i in [7, 2, 6, 5, 0, 1, 7, 3, 4]:
        assert source.read(i) == images[source.path(i)]
        assert stream._held == sum(map(len, stream._passed.values())) <= most


def test_a_name_that_comes_often_costs_no_search() -> None:
    names = distinct(["a"] * 50_000)
    assert (names[0], names[1], names[-1], len(set(names))) == ("a", "a#2", "a#50000", 50_000)


def test_names_are_distinct(tmp_path: Path) -> None:
    assert distinct(["a", "a#2", "a", "b", "a"]) == ["a", "a#2", "a#3", "b", "a#4"]
    for folder in ("x", "y"):
        pack(tmp_path / folder / "part.zip", {"0.png": encoded(0)})
    source = open_source(str(tmp_path / "*" / "part.zip"))
    assert [source.path(i) for i in range(2)] == ["x/part.zip/0.png", "y/part.zip/0.png"]
    assert stats([tmp_path / "x/part.zip", "none"]).images == 0
    picture = tmp_path / "0.png"
    picture.write_bytes(encoded(0))
    assert len(stats([picture, picture]).duplicates()) == 1


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_archives_are_pickled_and_forked(suffix: str, tmp_path: Path) -> None:
    images = {f"{i}.png": encoded(i) for i in range(6)}
    source = open_source(pack(tmp_path / f"a{suffix}", images))
    again = pickle.loads(pickle.dumps(source))
    assert again.read(3) == images["3.png"]
    del again
    assert source.read(3) == images["3.png"]
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            right = all(source.read(i % 6) == images[f"{i % 6}.png"] for i in range(60))
            os._exit(0 if right else 3)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 3)
    Path(os.fsdecode(os.fsencode(tmp_path / "src") + b"/\xff.png")).symlink_to("/nowhere/at/all")
    for sink in ("parquet", "files"):
        summary = data.run(tmp_path / "src", CROP, tmp_path / sink, sink=sink)
        assert (summary.written, summary.failed) == (3, 1)
        assert data.run(tmp_path / "src", CROP, tmp_path / sink, sink=sink, resume=True).resumed == 4
    assert json.dumps(stats(tmp_path / "src").to_dict()).encode("utf-8")


def test_checksums_cut_within_a_letter(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    src.mkdir()
    for name in ("a.png", "ü.png"):
        (src / name).write_bytes(encoded(0))
    data.run(src, CROP, out, sink="files")
    whole = (out / "SHA256SUMS").read_bytes()
    (out / "SHA256SUMS").write_bytes(whole[: whole.index("ü".encode()) + 1])
    data.run(src, CROP, out, sink="files", resume=True)
    assert (out / "SHA256SUMS").read_bytes() == whole


def test_checksums_of_names_with_line_breaks(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    src.mkdir()
    for i, name in enumerate(["a\nb.png", "c\\d.png", "e\rf\n\n.png", "n\\n.png", "plain.png"]):
        (src / name).write_bytes(encoded(i))
    data.run(src, CROP, out, sink="files")
    whole = (out / "SHA256SUMS").read_bytes()
    assert len(whole.splitlines()) == 5
    (out / "SHA256SUMS").write_bytes(whole[:-20])
    data.run(src, CROP, out, sink="files", resume=True)
    assert sorted((out / "SHA256SUMS").read_bytes().splitlines()) == sorted(whole.splitlines())
    data.run(src, CROP, out, sink="files", resume=True)
    assert len((out / "SHA256SUMS").read_bytes().splitlines()) == 5
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum")
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=out, check=False).returncode == 0
    names = [path.relative_to(out).as_posix() for path in (out / "images").iterdir()]
    theirs = subprocess.run(["sha256sum", *names], cwd=out, check=True, capture_output=True).stdout
    assert sorted(theirs.splitlines()) == sorted(whole.splitlines())


def test_files_beside_folders_of_their_name_and_long_names(tmp_path: Path) -> None:
    images = {
        "a.jpg": encoded(0),
        "a.png/b.png": encoded(1),
        "x" * 240 + ".png": encoded(2),
        "x" * 241 + ".png": encoded(3),
    }
    archive = pack(tmp_path / "a.zip", images)
    summary = data.run(archive, CROP, tmp_path / "out", sink="files")
    assert (summary.written, summary.failed) == (4, 0)
    files = [json.loads(line)["file"] for line in (tmp_path / "out/index.jsonl").read_text().splitlines()]
    assert len(set(files)) == 4
    assert all((tmp_path / "out" / file).is_file() for file in files)


def test_an_array_takes_what_failed_before(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    write_folder(src, 3)
    (src / "zz.png").write_bytes(b"no")
    data.run(src, CROP, out, sink="memmap")
    (src / "zz.png").write_bytes(encoded(0))
    (out / "errors.jsonl").unlink()
    (out / "SHA256SUMS").unlink()  # a kill between the array and its line
    data.run(src, CROP, out, sink="memmap", resume=True)
    assert np.load(out / "images.npy").shape[0] == len((out / "index.jsonl").read_text().splitlines()) == 4
    assert len((out / "SHA256SUMS").read_text().splitlines()) == 1


@pytest.mark.parametrize("format", ["png", "raw"])
def test_arrays_are_red_first(format: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    Image.new("RGB", (8, 8), (250, 0, 10)).save(tmp_path / "src" / "a.png")
    for color in ("rgb", "bgr"):
        out = tmp_path / color
        data.run(tmp_path / "src", CROP, out, sink="memmap", format=format, color=color)
        assert np.load(out / "images.npy")[0, 0, 0].tolist() == [250, 0, 10]


@pytest.mark.parametrize("pipe", [T.MixUp(), T.Compose([T.RandomApply([T.MixUp()], 0.5)])], ids=["bare", "within"])
def test_what_mixes_is_for_training(pipe: Any, tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 3)
    for call in (lambda: data.run(tmp_path / "src", pipe, tmp_path / "out"), lambda: data.map(tmp_path / "src", pipe)):
        with pytest.raises(ArgumentError, match="the pipeline mixes the images of a batch"):
            call()
    assert not (tmp_path / "out").exists()


def test_state_of_a_stream_at_odd_moments(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 8)
    data.run(tmp_path / "src", CROP, tmp_path / "out")
    stream = ParquetDataset(tmp_path / "out").stream(shuffle=False)
    stream.load_state_dict({"epoch": 0, "done": 5})
    assert stream.state_dict() == {"epoch": 0, "done": 5}
    assert len(list(stream)) == 3
    stream.set_epoch(1)
    assert stream.state_dict() == {"epoch": 1, "done": 0}
    assert len(list(stream)) == 8


def test_pictures_of_other_modes_have_the_colours_of_their_files() -> None:
    palette = Image.new("RGB", (8, 8), (10, 200, 90)).convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG")
    found = list(data.map([palette, file.getvalue()], CROP))
    np.testing.assert_array_equal(found[0].image, found[1].image)  # type: ignore[union-attr]
    assert list(stats([palette]).pixels) == ["uint8 x 3"]


def test_values_that_are_not_finite_are_failures() -> None:
    found = stats([np.full((2, 2, 1), np.nan, np.float32), np.ones((2, 2, 1), np.float32)])
    assert (found.images, found.mean) == (1, [1.0])
    assert "not finite" in found.failures[0][1]


def test_labels_that_are_numbers(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"image": [encoded(0)] * 2, "label": [1.0, 2.5], "path": [7, 8]}), tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert [(source.path(i), source.label(i)) for i in range(2)] == [("7", "1.0"), ("8", "2.5")]


def test_words_on_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="map: images=generator must be"):
        data.map((x for x in ()), CROP)
    with pytest.raises(ArgumentError, match=r"^[^:]*e\.zip: no image in it$"):
        open_source(pack(tmp_path / "e.zip", {"a.png": b""}) and _without_images(tmp_path / "e.zip"))
    (tmp_path / "l.csv").write_bytes("path\nmüll.png\n".encode("latin-1"))
    with pytest.raises(ArgumentError, match=r"l\.csv: wants UTF-8"):
        open_source(tmp_path / "l.csv")
    (tmp_path / "u.jsonl").write_text('{"path": "a\u2028b.png"}\n', encoding="utf-8")
    assert len(open_source(tmp_path / "u.jsonl")) == 1


def _without_images(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", b"words")
    return path


class Both:
    """A source that is a dataset too."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return {"image": np.zeros((4, 4, 3), np.uint8), "metadata": index}

    def path(self, index: int) -> str:
        return str(index)

    def label(self, index: int) -> str:
        return str(index)

    def read(self, index: int) -> Any:
        return np.full((4, 4, 3), index, np.uint8)


def test_a_dataset_that_is_a_source_too() -> None:
    batch = next(iter(data.Loader(Both(), CROP, batch_size=2)))
    assert batch["metadata"].tolist() == [0, 1]
    assert [one.image.max() for one in data.map(Both(), CROP)] == [0, 1]  # type: ignore[union-attr]
