"""What is measured, and what twinlens is to reach: two workers, every file in the page cache."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.targets import Over, Share

__all__ = ["ROWS", "SUBJECT", "TARGETS", "TITLE", "Row"]

SUBJECT = "job"
TITLE = "A folder of JPEG files, resize 256, crop 224, to a Parquet column of raw pixels"
OURS = "twinlens run, threads"
CEILING = "decode only, threads"
EXECUTOR = "OpenCV, Albumentations: ProcessPoolExecutor, a file a task"
CHUNKED = "OpenCV, Albumentations: ProcessPoolExecutor, chunks"
IMAP = "OpenCV, Albumentations: Pool.imap"
TORCHVISION = "torchvision on PIL: DataLoader"


@dataclass(frozen=True)
class Row:
    """A script. `job`: module:function below benchmarks.jobs. writes: there is a table to compare; exact: with the
    pixels of the first row.
    """

    name: str
    library: str
    job: str
    writes: bool = True
    exact: bool = False


ROWS = (
    Row(OURS, "twinlens", "ours:command", exact=True),
    Row("twinlens run, processes", "twinlens", "ours:processes", exact=True),
    Row("data.run, threads", "twinlens", "ours:function", exact=True),
    Row(CEILING, "simplejpeg", "ceiling:job", writes=False),
    Row(EXECUTOR, "albumentations", "executor:job"),
    Row(CHUNKED, "albumentations", "chunked:job"),
    Row(IMAP, "albumentations", "imap:job"),
    Row(TORCHVISION, "torchvision", "torchvision_pil:job", exact=True),
)

TARGETS: tuple[Over, ...] = (
    Share(SUBJECT, OURS, 0.85, (CEILING,)),
    Over(SUBJECT, EXECUTOR, 1.3),
    Over(SUBJECT, CHUNKED, 1.3),
    Over(SUBJECT, IMAP, 1.3),
    Over(SUBJECT, TORCHVISION, 3.0),
)
