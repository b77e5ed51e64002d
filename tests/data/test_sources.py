"""Sources: the same images, names and labels from folders, archives, manifests, tables, buckets and web servers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archives import encoded, pack

from twinlens import data
from twinlens import transforms as T
from twinlens.data import decode, stats
from twinlens.data.sources import Source, open_source
from twinlens.errors import ArgumentError, DecodeError

SUFFIXES = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"]


IMAGES = {
    f"{label}/{i:02d}.png": encoded(i) for i, label in enumerate(["birds", "cats", "cats", "cats", "dogs", "dogs"])
}
JUNK = {"README.txt": b"words", "cats/._00.png": b"a system's own", "__MACOSX/x.png": b"too", "dogs/notes.md": b"#"}


def fill(where: Path) -> Path:
    for name, content in {**IMAGES, **JUNK}.items():
        if not name.startswith(("__MACOSX", "cats/._")):
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(content)
    return where


def assert_holds(source: Source, images: dict[str, bytes] | None = None, *, before: str = "") -> None:
    images = IMAGES if images is None else images
    assert [source.path(i) for i in range(len(source))] == [before + name for name in sorted(images)]
    assert [source.label(i) for i in range(len(source))] == [name.partition("/")[0] for name in sorted(images)]
    order = np.random.default_rng(0).permutation(len(source)).tolist()
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(order, pool.map(source.read, order), strict=True))
    for i, name in enumerate(sorted(images)):
        content = found[i] if isinstance(found[i], bytes) else Path(found[i]).read_bytes()
        assert content == images[name]


def test_folder(tmp_path: Path) -> None:
    assert_holds(open_source(fill(tmp_path)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_archives(suffix: str, tmp_path: Path) -> None:
    path = pack(tmp_path / f"photos{suffix}", {**IMAGES, **JUNK})
    source = open_source(path)
    assert_holds(source)
    assert_holds(source)  # once more from the start
    assert stats(path).images == len(IMAGES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_archives(suffix: str, tmp_path: Path) -> None:
    whole = pack(tmp_path / f"photos{suffix}", IMAGES).read_bytes()
    for name, content in {"empty": b"", "text": b"not an archive " * 100, "cut": whole[: len(whole) // 3]}.items():
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match=f"{name}{suffix}: (cannot be read as an archive|no image in it)"):
            open_source(path)


def test_a_member_that_is_damaged_is_one_failure(tmp_path: Path) -> None:
    path = pack(tmp_path / "photos.zip", IMAGES)
    content = bytearray(path.read_bytes())
    at = content.index(b"cats/01.png") + 200
    content[at : at + 20] = bytes(20)
    path.write_bytes(content)
    found = stats(path)
    assert (found.images, len(found.failures)) == (5, 1)
    assert "cats/01.png" in found.failures[0][0]


def test_names_do_not_climb(tmp_path: Path) -> None:
    names = ["../../etc/a.png", "/abs/b.png", "./c/d.png", "e\\f.png"]
    path = pack(tmp_path / "evil.tar", {name: encoded(i) for i, name in enumerate(names)})
    source = open_source(path)
    assert [source.path(i) for i in range(len(source))] == ["abs/b.png", "c/d.png", "e/f.png", "etc/a.png"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_webdataset_shards(suffix: str, tmp_path: Path) -> None:
    for shard in range(3):
        files: dict[str, bytes] = {}
        for i in range(4):
            files[f"{i:04d}.png"] = encoded(10 * shard + i)
            files[f"{i:04d}.cls"] = f"{(shard + i) % 3}\n".encode()
            files[f"{i:04d}.json"] = json.dumps({"label": "of the json", "caption": "c"}).encode()
        if shard == 2:
            del files["0001.cls"]
        pack(tmp_path / "shards" / f"train-{shard:03d}{suffix}", files)
    for pattern in (f"train-{{000..002}}{suffix}", f"train-*{suffix}", f"train-{{000,001,002}}{suffix}"):
        source = open_source(str(tmp_path / "shards" / pattern))
        assert len(source) == 12
        assert source.path(5) == f"train-001{suffix}/0001.png"
        assert source.read(5) == encoded(11)
        assert [source.label(i) for i in (0, 1, 5, 9)] == ["0", "1", "2", "of the json"]
    with pytest.raises(ArgumentError, match="no file matches"):
        open_source(str(tmp_path / "shards" / "test-*.tar"))


def test_manifests(tmp_path: Path) -> None:
    fill(tmp_path / "photos")
    rows = [(f"photos/{name}", name.partition("/")[0]) for name in reversed(IMAGES)]
    (tmp_path / "a.csv").write_text("Path,label,score\n" + "".join(f'"{p}",{c},1\n' for p, c in rows), "utf-8-sig")
    lines = [json.dumps({"file_name": p, "class": c}) for p, c in rows]
    (tmp_path / "b.jsonl").write_text("\n\n".join(lines))
    for name in ("a.csv", "b.jsonl"):
        source = open_source(tmp_path / name)
        assert [(source.path(i), source.label(i)) for i in range(len(source))] == rows
        assert [Path(source.read(i)).read_bytes() for i in range(6)] == [IMAGES[n] for n in reversed(IMAGES)]
    twice = tmp_path / "c.csv"
    twice.write_text(
        f"image\n{tmp_path}/photos/birds/00.png\n" + f"{(tmp_path / 'photos/birds/00.png').as_uri()}\n" * 2
    )
    source = open_source(twice)
    assert source.path(2).endswith("00.png#2")
    assert {decode(source.read(i)).shape for i in range(3)} == {(12, 17, 3)}
    assert source.label(0) == ""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "label\n3\n", "a.csv, line 2: no path; wants an entry path, file_name"),
        ("a.csv", "path\n", "a.csv: lists no image"),
        ("a.jsonl", '{"path": "x"}\n{"path"', "a.jsonl, line 2: "),
        ("a.jsonl", "[3]", "a.jsonl, line 1: got list, wants an object"),
    ],
)
def test_manifests_that_will_not_do(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError, match=message):
        open_source(tmp_path / name)


@pytest.mark.parametrize("format", ["png", "raw"])
def test_tables_of_our_own(format: str, tmp_path: Path) -> None:
    fill(tmp_path / "photos")
    for color in ("rgb", "bgr"):
        out = tmp_path / color
        data.run(tmp_path / "photos", T.Compose([T.Resize((8, 9))]), out, format=format, shard_size=4, color=color)
        source = open_source(out)
        assert [source.path(i) for i in range(6)] == sorted(IMAGES)
        assert [source.label(i) for i in range(6)] == [name.partition("/")[0] for name in sorted(IMAGES)]
        for i, name in enumerate(sorted(IMAGES)):
            held = source.read(i)
            pixels = held if isinstance(held, np.ndarray) else decode(held)
            np.testing.assert_array_equal(pixels, T.Resize((8, 9))(decode(IMAGES[name])))


def test_tables_of_others(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    contents = [IMAGES[name] for name in sorted(IMAGES)]
    features = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": [{"bytes": c, "path": None} for c in contents], "label": [0, 1, 0, 1, 0, 1]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, tmp_path / "hf.parquet", row_group_size=2)
    source = open_source(tmp_path / "hf.parquet")
    assert [source.read(i) for i in (5, 0, 3)] == [contents[i] for i in (5, 0, 3)]
    assert [source.label(i) for i in range(3)] == ["cat", "dog", "cat"]
    assert source.path(4) == "hf.parquet#4"
    pq.write_table(pa.table({"jpg": contents, "path": ["a"] * 6}), tmp_path / "other.parquet")
    source = open_source(str(tmp_path / "oth*.parquet"))
    assert [source.path(i) for i in range(3)] == ["a", "a#2", "a#3"]
    assert source.read(2) == contents[2]
    with pytest.raises(ArgumentError, match="its images are in 'jpg', those before in 'image'"):
        open_source(tmp_path)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "none.parquet")
    with pytest.raises(ArgumentError, match="wants a column 'image', or one of bytes or arrays, got a"):
        open_source(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ArgumentError, match="cannot be read as Parquet"):
        open_source(tmp_path / "bad.parquet")


def test_what_is_no_source(tmp_path: Path) -> None:
    for where, message in {
        str(tmp_path / "none.tar"): "none.tar: no such file",
        str(tmp_path / "none"): "no such folder",
        "nothing://x/y": "nothing",
    }.items():
        with pytest.raises((ArgumentError, Exception), match=message):
            open_source(where)
    with pytest.raises(ArgumentError, match="source=int must be a folder"):
        open_source(3)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".zip"])
def test_archives_on_the_web(suffix: str, web: tuple[str, Path]) -> None:
    address, root = web
    pack(root / f"photos{suffix}", IMAGES)
    assert_holds(open_source(f"{address}/photos{suffix}"))
    with pytest.raises(ArgumentError, match=f"none{suffix}: no such file"):
        open_source(f"{address}/none{suffix}")


def test_a_manifest_and_an_image_on_the_web(web: tuple[str, Path]) -> None:
    address, root = web
    fill(root / "photos")
    (root / "list.csv").write_text(
        "path,label\n" + "".join(f"photos/{n},{n.partition('/')[0]}\n" for n in sorted(IMAGES))
    )
    assert_holds(open_source(f"{address}/list.csv"), before="photos/")
    one = open_source(f"{address}/photos/birds/00.png")
    assert (len(one), one.path(0), one.read(0)) == (1, "00.png", IMAGES["birds/00.png"])


def test_a_bucket(bucket: str, objects: Any, tmp_path: Path) -> None:
    for name, content in {**IMAGES, "notes.txt": b"words"}.items():
        objects.pipe_file(f"pictures/raw/{name}", content)
    assert_holds(open_source(f"{bucket}/raw"))
    assert_holds(open_source(f"{bucket}/raw/"))
    with pytest.raises(ArgumentError, match="no image in it"):
        open_source(f"{bucket}/nothing")
    found = stats(f"{bucket}/raw")
    assert found.mean == stats(fill(tmp_path)).mean
    images, labels = next(iter(data.Loader(f"{bucket}/raw", T.Compose([T.Resize((8, 8)), T.ToTensor()]), batch_size=6)))
    assert images.shape == (6, 3, 8, 8)
    assert labels.tolist() == [0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_archives_and_tables_in_a_bucket(suffix: str, bucket: str, objects: Any, tmp_path: Path) -> None:
    objects.put_file(str(pack(tmp_path / f"a{suffix}", IMAGES)), f"pictures/packed/a{suffix}")
    assert_holds(open_source(f"{bucket}/packed/a{suffix}"))
    assert len(open_source(f"{bucket}/packed/*{suffix}")) == 6
    out = tmp_path / "shards"
    data.run(fill(tmp_path / "photos"), T.Compose([T.Resize((8, 9))]), out, shard_size=4)
    objects.put(str(out), f"pictures/shards{suffix}", recursive=True)
    source = open_source(f"{bucket}/shards{suffix}/*.parquet")
    assert [source.path(i) for i in range(6)] == sorted(IMAGES)
    assert decode(source.read(4)).shape == (8, 9, 3)


def test_a_network_that_fails_now_and_then(bucket: str, objects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from twinlens.data.sources import patience

    objects.pipe_file("pictures/flaky/a/0.png", encoded(0))
    source = open_source(f"{bucket}/flaky")
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.0)
    fails = iter([True, True, False])
    whole = objects.cat_file

    def sometimes(*given: Any, **named: Any) -> Any:
        if next(fails):
            raise OSError("SlowDown")
        return whole(*given, **named)

    monkeypatch.setattr(objects, "cat_file", sometimes)
    assert source.read(0) == encoded(0)
    assert next(fails, None) is None

    def never(*_: Any, **__: Any) -> Any:
        raise OSError("SlowDown")

    monkeypatch.setattr(objects, "cat_file", never)
    assert "SlowDown" in stats(source).failures[0][1]


def test_a_source_by_itself(tmp_path: Path) -> None:
    source = open_source(fill(tmp_path))
    assert open_source(source) is source
    with pytest.raises(DecodeError):
        decode(open_source(pack(tmp_path / "x.tar", {"a.png": b"no picture"})).read(0))


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_a_run_from_an_archive(suffix: str, tmp_path: Path) -> None:
    pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
    data.run(fill(tmp_path / "photos"), pipe, tmp_path / "plain", seed=3)
    data.run(pack(tmp_path / f"photos{suffix}", IMAGES), pipe, tmp_path / "packed", seed=3, workers=3)
    plain, packed = (list(data.read(tmp_path / name)) for name in ("plain", "packed"))
    assert [r.path for r in plain] == [r.path for r in packed] == sorted(IMAGES)
    for one, other in zip(plain, packed, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_one_image(tmp_path: Path) -> None:
    fill(tmp_path)
    source = open_source(tmp_path / "cats/01.png")
    assert (len(source), source.path(0), source.label(0)) == (1, "01.png", "")
    assert source.read(0) == IMAGES["cats/01.png"]
    assert stats(tmp_path / "cats/01.png").images == 1
    with pytest.raises(ArgumentError, match="not a folder"):
        open_source(tmp_path / "README.txt")
