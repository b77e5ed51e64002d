"""Batches belong to the consumer, and memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import torch
from loading import PIPE, alone, files, numbered

from image_files import encoded
from twinlens.data import Loader
from twinlens.data.loading.memory import BatchMemory


def test_batches_that_are_kept_do_not_change(tmp_path: Path) -> None:
    paths = files(tmp_path, 12)
    source = [(path, i) for i, path in enumerate(paths)] * 8
    loader = Loader(source, PIPE, 4, 2)
    kept, copies, views = [], [], []
    for number, (images, _) in enumerate(loader):
        if number % 3 == 0:
            kept.append(images)
            copies.append(images.clone())
        elif number % 3 == 1:
            views.append((images[1, :, 3:5].numpy(), images[1, :, 3:5].clone()))
    assert len(kept) == 8
    assert all(torch.equal(a, b) for a, b in zip(kept, copies, strict=True))
    assert all((a == b.numpy()).all() for a, b in views)
    assert torch.equal(torch.cat(kept[:3]), torch.cat([alone(paths * 8)[12 * i : 12 * i + 4] for i in range(3)]))


def test_memory_serves_again_only_when_nobody_holds_it() -> None:
    memory = BatchMemory(2, pinned=False)
    first = memory.empty((4, 5), torch.float32)
    where = first.data_ptr()
    view = first[1:].numpy()
    del first
    second = memory.empty((4, 5), torch.float32)
    assert second.data_ptr() != where
    del view
    third = memory.empty((2, 10), torch.float32)
    assert third.data_ptr() == where
    assert third.is_contiguous()
    assert memory.empty((4, 5), torch.bfloat16).dtype == torch.bfloat16
    assert memory.empty((0, 5), torch.float32).shape == (0, 5)
    del memory
    third.fill_(1)
    assert third.sum() == 20


def test_a_batch_may_be_let_go_while_another_is_handed_out() -> None:
    """The garbage collector does so, in the thread that has the lock."""
    memory = BatchMemory(2, pinned=False)
    batches = [memory.empty((4, 5), torch.uint8)]
    where = batches[0].data_ptr()

    def let_go() -> None:
        with memory._lock:
            batches.clear()

    thread = threading.Thread(target=let_go, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert memory.empty((4, 5), torch.uint8).data_ptr() == where


def test_few_blocks_serve_many_batches() -> None:
    loader = Loader(numbered(200), PIPE, 2, 2, prefetch=2)
    places = {images.data_ptr() for images, _ in loader}
    assert len(places) < 20


def test_memory_stays_flat(tmp_path: Path) -> None:
    """The peak after 60 batches of photos is that after 20: a batch is 2.4 MB, decoded photos as much again."""
    for i in range(16):
        (tmp_path / f"{i}.jpg").write_bytes(encoded("JPEG", 120 + i, 160, seed=i))
    code = f"""
import resource
from pathlib import Path
from twinlens import transforms as T
from twinlens.data import Loader
pipe = T.Compose([T.RandomResizedCrop(112), T.ToTensor()])
loader = Loader(sorted(Path({str(tmp_path)!r}).iterdir()) * 60, pipe, 16, 2)
for number, batch in enumerate(loader):
    if number == 20:
        early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert int(done.stdout) < 12_000  # KiB; 40 batches are 96 MB
