"""Samples with their files decoded, and what went wrong with those that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinlens.data.decoding import Mode, decode_bytes, jpeg_hw, read_bytes
from twinlens.data.loading.source import Source, is_file
from twinlens.data.parts import decode_part
from twinlens.errors import DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.data.loading.scaling import Scaling
    from twinlens.transforms import Transform

__all__ = ["Fault", "Reader", "are_labels"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A sample without a result. stage: read, decode or transform."""

    index: int
    name: str
    stage: str
    error: BaseException

    def raised(self) -> BaseException:
        """What the consumer gets: the error itself, which says where it comes from."""
        if self.stage == "decode" and isinstance(self.error, DecodeError):
            reason = str(self.error)
            return DecodeError(reason if reason.startswith(self.name) else f"{self.name}: {reason}")
        if isinstance(self.error, StopIteration):  # it would end the consumer's loop
            error: BaseException = RuntimeError(f"{self.name}: StopIteration")
            error.__cause__ = self.error
            return error
        note = f"twinlens.data.Loader: {self.name}, {self.stage}"
        if note not in getattr(self.error, "__notes__", ()):
            self.error.add_note(note)
        return self.error


@dataclass(frozen=True)
class Reader:
    """What decides the pixels before the pipeline sees them. pipe: set where images may be decoded in part, as far as
    this pipeline reads them.
    """

    source: Source
    mode: Mode
    scaling: Scaling | None
    max_pixels: int
    pipe: Transform | None = None

    def read(self, index: int, key: int) -> Any:
        """The sample with its file decoded, or a fault."""
        stage = "read"
        try:
            sample = self.source[index]
            stage = "decode"
            return self._with_pixels(sample, key)
        except BaseException as error:  # a dataset may raise anything; the consumer gets it
            return self.fault(index, stage, error)

    def fault(self, index: int, stage: str, error: BaseException) -> Fault:
        """This went wrong with sample `index`."""
        return Fault(index, self.source.name(index), stage, error)

    def _with_pixels(self, sample: Any, key: int) -> Any:
        """A file is the sample itself, the first of a tuple, or the entry "image"."""
        if is_file(sample):
            return self._decoded(sample, key, self.pipe)
        if type(sample) in (tuple, list) and sample and is_file(sample[0]):
            pipe = self.pipe if are_labels(sample[1:]) else None
            return (self._decoded(sample[0], key, pipe), *sample[1:])
        if isinstance(sample, Mapping) and is_file(sample.get("image")):
            return {**sample, "image": self._decoded(sample["image"], key, None)}
        return sample

    def _decoded(self, file: Any, key: int, pipe: Transform | None) -> NDArray[Any]:
        data = file if isinstance(file, bytes) else read_bytes(file)
        if pipe is not None:
            part = decode_part(data, 1 if self.mode == "gray" else 3, self.max_pixels, pipe, key)
            if part is not None:
                return part
        hw = None if self.scaling is None else jpeg_hw(data)
        size = None if self.scaling is None or hw is None else self.scaling.size(*hw, key)
        return decode_bytes(data, self.mode, size, self.max_pixels)


def are_labels(values: Sequence[Any]) -> bool:
    """Whether none of them can be an image or move with one; told without a walk."""
    return all(type(value) in (int, float, str) for value in values)
