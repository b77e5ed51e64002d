"""Threads and processes that make a job's results: the same bytes, whatever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from run_directory import contents

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.data.encoding import Encoded
from twinlens.data.usage import Usage, bytes_of, resident
from twinlens.data.workers.arena import Arena
from twinlens.data.workers.ordered import Limits, Ordered, Stopped
from twinlens.data.workers.transport import pack, unpack
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip()])
FLOAT = T.Compose([T.RandomResizedCrop(12), T.ToTensor()])


def deadly(image: Any) -> Any:
    """Ends the process that works on an image of 29 columns."""
    if image.shape[1] == 29:
        os.kill(os.getpid(), signal.SIGKILL)
    return image


def deadly_once(image: Any) -> Any:
    """As `deadly`, the first time."""
    mark = Path(os.environ["TWINLENS_TEST_MARK"])
    if image.shape[1] == 29 and not mark.exists():
        mark.touch()
        os._exit(3)
    return image


def slow(image: Any) -> Any:
    time.sleep(0.02)
    return image


def workers() -> list[psutil.Process]:
    """The processes that work: children of the one that they are forked from."""
    return [grandchild for child in psutil.Process().children() for grandchild in child.children()]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes find the functions of this file."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    places = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))


@pytest.mark.parametrize("pipe", [PIPE, FLOAT], ids=["uint8", "float"])
def test_processes_give_the_bytes_of_threads(tmp_path: Path, pipe: T.Compose) -> None:
    write_folder(tmp_path / "src", 20)
    write_broken(tmp_path / "src")
    for executor in ("threads", "processes"):
        out = tmp_path / executor
        data.run(tmp_path / "src", pipe, out, workers=2, batch_size=3, shard_size=6, executor=executor, copies=2)
    assert contents(tmp_path / "threads") == contents(tmp_path / "processes")
    told = json.loads((tmp_path / "processes/run.json").read_text())["measured"]
    assert (told["workers"], told["executor"]) == (2, "processes")
    assert told["peak_memory"] > 2 * 50_000_000  # of two processes with torch
    assert not workers()


def test_pixels_of_a_list_reach_processes_and_come_back() -> None:
    rng = np.random.default_rng(0)
    items: list[Any] = [rng.integers(0, 256, (40 + i, 30, 3), np.uint8) for i in range(9)]
    items += [Image.fromarray(items[0]), items[1].astype(np.float32) / 255, b"no image", items[2][:, ::-1]]
    for pipe in (T.Compose([T.RandomCrop(20)]), T.Compose([T.RandomCrop(20), T.ToTensor()]), T.Compose([])):
        one, two = (
            list(data.map(items, pipe, workers=2, chunk_size=2, executor=executor, seed=3))
            for executor in ("threads", "processes")
        )
        assert [type(a) for a in one] == [type(b) for b in two]
        for a, b in zip(one, two, strict=True):
            assert (a.index, a.path) == (b.index, b.path)
            if isinstance(a, data.Mapped) and isinstance(b, data.Mapped):
                assert type(a.image) is type(b.image)
                np.testing.assert_array_equal(np.asarray(a.image), np.asarray(b.image))
                assert np.asarray(a.image).flags.writeable == np.asarray(b.image).flags.writeable


@pytest.mark.usefixtures("here")
def test_an_image_that_ends_processes_is_one_failure(tmp_path: Path) -> None:
    names = write_folder(tmp_path / "src", 12)
    Image.new("RGB", (29, 20)).save(tmp_path / "src" / "005 deadly.png")
    pipe = T.Compose([T.Lambda(deadly), T.Resize(8)])
    summary = data.run(tmp_path / "src", pipe, tmp_path / "out", workers=2, batch_size=8, executor="processes")
    assert (summary.written, summary.failed) == (12, 1)
    told = json.loads((tmp_path / "out/errors.jsonl").read_text())
    assert (told["path"], told["stage"]) == ("005 deadly.png", "worker")
    assert told["reason"] == "the process that worked on it died, killed by signal 9, 2 times"
    assert [record.path for record in data.read(tmp_path / "out")] == names


@pytest.mark.usefixtures("here")
def test_a_process_that_dies_once_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINLENS_TEST_MARK", str(tmp_path / "mark"))
    write_folder(tmp_path / "src", 12)
    Image.new("RGB", (29, 20)).save(tmp_path / "src" / "005 deadly.png")
    pipe = T.Compose([T.Lambda(deadly_once), T.Resize(8)])
    data.run(tmp_path / "src", pipe, tmp_path / "one", workers=2, batch_size=8, executor="processes")
    assert (tmp_path / "mark").exists()
    data.run(tmp_path / "src", pipe, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.usefixtures("here")
def test_processes_killed_from_outside_are_replaced(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 60)
    pipe = T.Compose([T.Lambda(slow), T.RandomResizedCrop(9)])
    data.run(tmp_path / "src", pipe, tmp_path / "whole", shard_size=9)
    killed: list[int] = []

    def kill(written: int, *_: int) -> None:
        if written in (4, 20):
            child = next(process for process in workers() if process.pid not in killed)
            killed.append(child.pid)
            child.kill()

    data.run(
        tmp_path / "src", pipe, tmp_path / "out", shard_size=9, batch_size=4, executor="processes", workers=2,
        progress=kill,
    )  # fmt: skip
    assert len(killed) == 2
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.usefixtures("here")
def test_stopping_early_ends_the_processes(tmp_path: Path) -> None:
    write_folder(tmp_path, 40)
    results = data.map(tmp_path, T.Compose([T.Lambda(slow)]), chunk_size=2, workers=2, executor="processes")
    next(results)
    assert len(workers()) == 2
    results.close()  # type: ignore[attr-defined]
    assert not workers()
    assert not any(thread.name.startswith("twinlens-map") for thread in threading.enumerate())


def test_what_cannot_be_pickled_needs_threads() -> None:
    pipe = T.Compose([T.Lambda(lambda image: image)])
    with pytest.raises(ArgumentError, match="wants a source and a pipeline that can be pickled"):
        list(data.map([np.zeros((4, 4, 3), np.uint8)], pipe, executor="processes"))


def test_the_engine_that_was_asked_for_is_the_processes_too() -> None:
    items = [np.random.default_rng(i).integers(0, 256, (20, 20, 3), np.uint8) for i in range(3)]
    pipe = T.Compose([T.Lambda(engine_of)])
    with twinlens.use_engine("kornia"):
        for executor in ("threads", "processes"):
            found = list(data.map(items, pipe, executor=executor, workers=1))
            assert [one.image for one in found] == ["kornia"] * 3  # type: ignore[union-attr]


def engine_of(image: Any) -> Any:
    del image
    return twinlens.engines.forced()


def test_settings_are_checked() -> None:
    for given, message in (
        ({"executor": "fibers"}, "run: executor='fibers' must be 'threads' or 'processes'"),
        ({"threads": 0}, "run: threads=0 must be a positive integer"),
        ({"copies": 0}, "run: copies=0 must be a positive integer"),
        ({"memory": "much"}, "run: memory='much' must be a number of bytes, such as 4G or 512M"),
        ({"memory": -1}, "run: memory=-1"),
        ({"copies": 2, "name": "{stem}"}, "must hold {copy}, of which there are 2"),
        ({"name": "{stem}{size}"}, "no field {size}; there are path, folder"),
        ({"name": "{stem.real}"}, "no field {stem.real}"),
        ({"name": "{copy:q}"}, "Unknown format code"),
        ({"name": "{"}, "'{'"),
    ):
        with pytest.raises(ArgumentError) as told:
            data.run("nowhere", PIPE, "never", **given)  # type: ignore[arg-type]
        assert message in str(told.value)
    assert not Path("never").exists()


@pytest.mark.parametrize(("text", "size"), [("4G", 4 << 30), ("1.5 MB", 3 << 19), ("10kib", 10240), (7, 7)])
def test_amounts_of_memory(text: Any, size: int) -> None:
    assert bytes_of("memory", text) == size


# Copies and names.


@pytest.mark.parametrize("sink", ["parquet", "files", "webdataset", "memmap"])
def test_copies_are_what_a_loader_gives_in_these_epochs(tmp_path: Path, sink: str) -> None:
    paths = write_folder(tmp_path / "src", 5)
    data.run(tmp_path / "src", PIPE, tmp_path / "rows", copies=3, seed=4)
    records = list(data.read(tmp_path / "rows"))
    assert len(records) == 15
    for i, record in enumerate(records):
        index, copy = divmod(i, 3)
        assert (record.index, record.copy, record.key) == (index, copy, twinlens.key(4, copy, index))
        stem, dot, suffix = paths[index].rpartition(".")
        assert record.path == f"{stem}-{copy}{dot}{suffix}"
        image = data.decode(tmp_path / "src" / paths[index])
        np.testing.assert_array_equal(record.image, PIPE(image, key=twinlens.key(4, copy, index)))
    summary = data.run(tmp_path / "src", PIPE, tmp_path / "out", copies=3, seed=4, sink=sink)
    assert (summary.files, summary.written) == (15, 15)
    before = contents(tmp_path / "out")
    assert data.run(tmp_path / "src", PIPE, tmp_path / "out", copies=3, seed=4, sink=sink, resume=True).resumed == 15
    assert contents(tmp_path / "out") == before


def test_names_by_a_template(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 3)
    name = "{label}/{index:03d}-{copy}{suffix}"
    data.run(tmp_path / "src", PIPE, tmp_path / "out", sink="files", copies=2, name=name)
    found = sorted(path.relative_to(tmp_path / "out/images").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert found == ["000-0.png", "000-1.png", "cats/001-0.png", "cats/001-1.png", "日本/002-0.png", "日本/002-1.png"]
    with pytest.raises(ArgumentError, match="--name differs"):
        data.run(tmp_path / "src", PIPE, tmp_path / "out", sink="files", copies=2, resume=True)
    with pytest.raises(ArgumentError, match=r"would both have the name '-0'"):
        data.run(tmp_path / "src", PIPE, tmp_path / "other", copies=2, name="-{copy}")
    assert not (tmp_path / "other").exists()


def test_every_copy_of_a_broken_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/bad.jpg").write_bytes(b"\xff\xd8\xff")
    summary = data.run(tmp_path / "src", PIPE, tmp_path / "out", copies=2)
    assert (summary.files, summary.failed) == (2, 2)
    lines = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text().splitlines()]
    assert [line["path"] for line in lines] == ["bad-0.jpg", "bad-1.jpg"]
    assert all(line["reason"].startswith("bad.jpg: JPEG") for line in lines)


# Memory.


def test_an_image_above_the_memory_is_a_failure_and_large_ones_take_turns(tmp_path: Path) -> None:
    src = tmp_path / "src"
    src.mkdir()
    for i in range(6):
        Image.new("RGB", (3000 + i, 2000), (i, 0, 0)).save(src / f"{i}.jpg")
    Image.new("RGB", (12000, 9000)).save(src / "huge.jpg")
    pipe = T.Compose([T.Resize(32), T.ToTensor()])
    free = resident() + (256 << 20) + (200 << 20)
    found = data.run(src, pipe, tmp_path / "out", workers=2, memory=free)
    assert (found.written, found.failed) == (6, 1)
    assert "12000x9000 pixels need about" in (tmp_path / "out/errors.jsonl").read_text()
    data.run(src, pipe, tmp_path / "whole", workers=2, max_pixels=10_000_000)
    one, two = contents(tmp_path / "out"), contents(tmp_path / "whole")
    assert one["part-00000.parquet"] == two["part-00000.parquet"]


def test_too_little_memory_is_told_before_the_first_image(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 1)
    with pytest.raises(ArgumentError, match=r"memory=100 MB: .* are in use before the first image"):
        data.run(tmp_path / "src", PIPE, tmp_path / "out", memory="100M")
    assert not (tmp_path / "out").exists()
    near = resident() + (256 << 20) + (129 << 20)
    with pytest.raises(ArgumentError, match="are in use before the first image"):  # processes hold more
        data.run(tmp_path / "src", PIPE, tmp_path / "out", memory=near, workers=2, executor="processes")


def test_usage_sees_what_is_taken() -> None:
    with Usage() as usage:
        before = usage.now
        held = np.ones(200 << 17)  # 200 MB
        deadline = time.monotonic() + 30
        while usage.now < before + (190 << 20):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        del held
    assert usage.peak >= before + (190 << 20)


# The parts.


def test_ordered_hands_on_in_order_and_holds_back_what_is_ahead() -> None:
    ordered = Ordered(Limits(waiting=10))
    log: list[str] = []

    def later() -> None:
        for i in range(4):
            ordered.put(1, [f"b{i}"], 4)
            log.append(f"b{i}")
        ordered.end(1)

    thread = threading.Thread(target=later)
    thread.start()
    time.sleep(0.2)
    assert log == ["b0", "b1"]  # the third would be above 10 bytes
    ordered.put(0, ["a0"], 100)  # the head's always find room
    ordered.end(0)
    ordered.close(2)
    assert [one for piece in ordered for one in piece] == ["a0", "b0", "b1", "b2", "b3"]
    thread.join()


def test_ordered_gives_large_images_their_turns() -> None:
    ordered = Ordered(Limits(large=100))
    ordered.acquire(3, 50)
    entered: list[int] = []

    def take(chunk: int, size: int) -> None:
        with ordered.large(chunk, size):
            entered.append(chunk)

    threads = [threading.Thread(target=take, args=args) for args in ((2, 30), (0, 90))]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert entered == []  # 80 of 100 is too much but for the head, and 140 for it too
    ordered.release(50)
    for thread in threads:
        thread.join(10)
    assert sorted(entered) == [0, 2]


def test_ordered_ends_its_workers() -> None:
    ordered = Ordered(Limits(waiting=1))
    ordered.put(1, ["x"], 1)
    ended = threading.Event()

    def put() -> None:
        with pytest.raises(Stopped):
            ordered.put(1, ["y"], 1)
        ended.set()

    threading.Thread(target=put).start()
    ordered.stop()
    assert ended.wait(10)
    with pytest.raises(Stopped):
        ordered.check()


def test_an_error_of_a_worker_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a fault of ours")
        yield

    monkeypatch.setattr("twinlens.data.work.Work.pieces", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        list(data.map([np.zeros((4, 4, 3), np.uint8)], PIPE))


def test_objects_go_through_shared_memory() -> None:
    arena, other = Arena(), None
    array = np.arange(60, dtype=np.float64).reshape(3, 4, 5)
    tensor = torch.arange(10, dtype=torch.bfloat16).reshape(2, 5)
    sent = {
        "array": array, "order": array.T, "strided": array[:, ::2], "empty": np.zeros((0, 3)), "tensor": tensor,
        "part": tensor[:, 1:], "row": Encoded(b"bytes" * 100, "raw", "uint8", "HWC", (1, 2, 3)),
        "scalar": torch.tensor(3),
    }  # fmt: skip
    for _ in range(2):
        parcel = pack(sent, arena)
        assert len(parcel.pickled) < 2000
        found = unpack(parcel, other or arena)
        pack({"over": np.full(2000, 255, np.uint8)}, arena)  # what was there before is gone, the copies are not
        for name in ("array", "order", "strided", "empty"):
            np.testing.assert_array_equal(found[name], sent[name])
            assert found[name].flags.writeable
        for name in ("tensor", "part", "scalar"):
            assert torch.equal(found[name], sent[name])  # type: ignore[arg-type]
            assert found[name].dtype == sent[name].dtype  # type: ignore[union-attr]
        assert found["row"] == sent["row"]
        assert type(found["row"].data) is bytes
    arena.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        arena.of(1)
