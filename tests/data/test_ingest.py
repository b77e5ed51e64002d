"""twinlens ingest: what is in an archive is in the target, whole and once; later calls take what is missing."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from archives import encoded, pack

from twinlens import data
from twinlens.cli.app import invoke
from twinlens.data import ingest as ingest_function
from twinlens.data.sources import patience
from twinlens.errors import ArgumentError

SUFFIXES = [".tar", ".tgz", ".zip"]
IMAGES = {f"{'cats' if i % 2 else 'dogs'}/{i % 5}.png": encoded(i) for i in range(10)}
OTHERS = {"notes.txt": b"words", "__MACOSX/cats/._1.png": b"no", "cats/list.csv": b"a,b"}


def held(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("workers", [1, 6])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_into_a_folder(suffix: str, workers: int, tmp_path: Path) -> None:
    archive, seen = pack(tmp_path / f"a{suffix}", {**IMAGES, **OTHERS}), []
    done = data.ingest(archive, tmp_path / "out", workers=workers, progress=lambda *counts: seen.append(counts))
    whole = sum(map(len, IMAGES.values()))
    # A tar's first member is there twice: the second of a name has a number.
    extra = 1 if suffix != ".zip" else 0
    found = held(tmp_path / "out")
    assert {name: content for name, content in found.items() if "-2" not in name} == _first_wins(archive)
    assert (done.written, done.skipped, done.failures) == (10 + extra, 0, [])
    assert done.bytes == whole + extra * len(encoded(99))
    assert max(counts[0] for counts in seen) == done.written
    again = data.ingest(archive, tmp_path / "out")
    assert (again.written, again.skipped, again.bytes) == (0, 10 + extra, 0)


def _first_wins(archive: Path) -> dict[str, bytes]:
    if archive.suffix == ".zip":
        return IMAGES
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isreg() and member.name in IMAGES:
                found.setdefault(member.name, tar.extractfile(member).read())  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_into_a_bucket_from_a_bucket(suffix: str, bucket: str, objects: Any, tmp_path: Path) -> None:
    objects.put_file(str(pack(tmp_path / f"a{suffix}", IMAGES)), f"pictures/in/a{suffix}")
    target = f"{bucket}/out_{suffix[1:]}"
    done = data.ingest(f"{bucket}/in/a{suffix}", target, pattern="cats/*.png")
    assert done.written == 5
    found = {
        path.partition(f"out_{suffix[1:]}/")[2]: objects.cat_file(path)
        for path in objects.find(f"pictures/out_{suffix[1:]}")
    }
    assert {n: c for n, c in found.items() if "-2" not in n} == {
        n: c for n, c in IMAGES.items() if n.startswith("cats")
    }
    assert data.stats(target).images == 5
    assert data.ingest(f"{bucket}/in/a{suffix}", target, pattern="cats/*.png").skipped == 5


def test_from_the_web(web: tuple[str, Path], tmp_path: Path) -> None:
    address, root = web
    for suffix in SUFFIXES:
        pack(root / f"a{suffix}", IMAGES)
        assert data.ingest(f"{address}/a{suffix}", tmp_path / suffix[1:]).written >= 10
        assert held(tmp_path / suffix[1:])["cats/3.png"] == IMAGES["cats/3.png"]


def test_flat_names_and_labels(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", IMAGES)
    data.ingest(archive, tmp_path / "flat", flatten=True)
    assert sorted(held(tmp_path / "flat")) == sorted(f"{i}{again}.png" for i in range(5) for again in ("", "-2"))
    assert sorted(held(tmp_path / "flat").values()) == sorted(IMAGES.values())
    data.ingest(archive, tmp_path / "labelled", label=r"/(\d)\.")
    assert sorted({name.partition("/")[0] for name in held(tmp_path / "labelled")}) == list("01234")
    done = data.ingest(archive, tmp_path / "some", label="(dog)")
    assert done.written == 5
    assert len(done.failures) == 5
    assert "the label '(dog)' is not in its name" in done.failures[0][1]


def test_what_was_cut_short_goes_on(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar", IMAGES)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    first = data.ingest(archive, tmp_path / "out")
    assert first.failures[0][0] in ("the archive", *IMAGES)
    assert 0 < first.written < 11
    archive.write_bytes(whole)
    second = data.ingest(archive, tmp_path / "out")
    assert (second.skipped, second.written + second.skipped, second.failures) == (first.written, 11, [])
    assert not list((tmp_path / "out").rglob(".*"))


def test_a_half_file_is_written_again(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", IMAGES)
    data.ingest(archive, tmp_path / "out")
    (tmp_path / "out/cats/1.png").write_bytes(b"half")
    assert data.ingest(archive, tmp_path / "out").written == 1
    assert held(tmp_path / "out") == IMAGES


def test_large_members_are_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("sys").modules[ingest_function.__module__]
    monkeypatch.setattr(module, "_LARGE", 400)
    monkeypatch.setattr(module, "_PIECE", 64)
    assert max(map(len, IMAGES.values())) > 400
    data.ingest(pack(tmp_path / "a.tgz", dict(sorted(IMAGES.items()))), tmp_path / "out")
    found = held(tmp_path / "out")
    assert all(found[name] == content for name, content in list(sorted(IMAGES.items()))[1:])


def test_few_bytes_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("sys").modules[ingest_function.__module__]
    monkeypatch.setattr(module, "_WAITING", 1)  # one member at a time
    data.ingest(pack(tmp_path / "a.zip", IMAGES), tmp_path / "out", workers=4)
    assert held(tmp_path / "out") == IMAGES


def test_a_network_that_fails(bucket: str, objects: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(tmp_path / "a.zip", IMAGES)
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.0)
    tries: dict[str, int] = {}
    whole = objects.pipe_file

    def sometimes(path: str, content: bytes, **more: Any) -> Any:
        tries[path] = tries.get(path, 0) + 1
        if tries[path] < 3 or path.endswith("cats/3.png"):
            raise OSError("503 SlowDown")
        return whole(path, content, **more)

    monkeypatch.setattr(objects, "pipe_file", sometimes)
    done = data.ingest(archive, f"{bucket}/flaky", workers=3)
    assert done.written == 9
    assert done.failures == [("cats/3.png", "OSError: 503 SlowDown")]
    assert set(tries.values()) == {3, 5}
    monkeypatch.undo()
    again = data.ingest(archive, f"{bucket}/flaky")
    assert (again.written, again.skipped) == (1, 9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": 0}, "workers=0 must be a positive integer"),
        ({"label": "("}, "label='\\(' is no regular expression"),
        ({"label": "x"}, "must have a group"),
        ({"pattern": "*.xyz"}, "nothing to take in the archive: no \\*.xyz"),
    ],
)
def test_refusals(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=message):
        data.ingest(pack(tmp_path / "a.zip", IMAGES), tmp_path / "out", **given)
    assert not held(tmp_path / "out")


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"nothing " * 400)
    for name, message in {
        "a.tar": "cannot be read as an archive",
        "b.zip": "no such file",
        "c.rar": "wants a .zip",
    }.items():
        with pytest.raises(ArgumentError, match=message):
            data.ingest(tmp_path / name, tmp_path / "out")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive, out = pack(tmp_path / "a.zip", IMAGES), str(tmp_path / "out")
    assert invoke(["ingest", str(archive), out]) == 0
    assert "10 written, 0 there before" in capsys.readouterr().out
    assert invoke(["ingest", str(archive), out]) == 0
    assert "0 written, 10 there before" in capsys.readouterr().out
    assert invoke(["ingest", str(archive), str(tmp_path / "x"), "--label", "(dog)"]) == 1
    said = capsys.readouterr()
    assert "cats/1.png: the label '(dog)' is not in its name" in said.out
    assert "5 of the members could not be taken" in said.err
