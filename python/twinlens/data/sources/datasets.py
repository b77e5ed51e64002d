"""Hugging Face's `datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinlens.data.decoding import as_array
from twinlens.errors import ArgumentError, DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HuggingFace", "is_hugging_face"]


def is_hugging_face(value: Any) -> bool:
    """Whether it is a map-style dataset of that library, which need not be imported to tell."""
    return type(value).__module__.partition(".")[0] == "datasets" and hasattr(value, "features")


class HuggingFace:
    """A map-style dataset with a column of images; "label" by its name. Images come encoded where they are."""

    def __init__(self, dataset: Any) -> None:
        columns = [name for name, feature in dataset.features.items() if type(feature).__name__ == "Image"]
        if len(columns) != 1 and "image" not in columns:
            raise ArgumentError(f"dataset: wants one column of images, or 'image', got {', '.join(dataset.features)}")
        self._column = "image" if "image" in columns else columns[0]
        feature = dataset.features[self._column]
        self._rows = dataset.cast_column(self._column, type(feature)(decode=False))
        names = getattr(dataset.features.get("label"), "names", None)
        labels = dataset["label"] if "label" in dataset.features else [""] * len(dataset)
        self._labels = [str(names[value]) if names and isinstance(value, int) else str(value) for value in labels]

    def __len__(self) -> int:
        return len(self._rows)

    def path(self, index: int) -> str:
        """The row's number."""
        return f"{index:08d}"

    def label(self, index: int) -> str:
        """The name of its class."""
        return self._labels[index]

    def read(self, index: int) -> bytes | Path | NDArray[Any]:
        """The image's bytes, its file, or its pixels."""
        held = self._rows[index][self._column]
        if isinstance(held, dict):
            if held.get("bytes") is not None:
                return bytes(held["bytes"])
            if held.get("path"):
                return Path(held["path"])
        if held is None or isinstance(held, dict):
            raise DecodeError(f"{self.path(index)}: no image")
        return as_array(held)
