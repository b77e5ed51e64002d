"""Images in Parquet files: those of `twinlens run`, of Hugging Face, and any with a column of encoded images."""

from __future__ import annotations

import json
import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinlens.data import tensors
from twinlens.data.arrow import arrow
from twinlens.data.encoding import Encoded, restore
from twinlens.data.names import distinct
from twinlens.data.sources.companions import LABELS, label_in
from twinlens.data.sources.locations import AHEAD, Location
from twinlens.errors import ArgumentError, DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Table"]

_OURS = ("encoding", "dtype", "layout", "shape")


class _Pixels(NamedTuple):
    """An image of a column of arrays."""

    pixels: NDArray[Any]
    layout: str


class Table:
    """Rows of Parquet files, in order; a few row groups are in memory at a time.

    The image is the column "image", or the only one of bytes or arrays: encoded, a struct with "bytes" as Hugging Face
    has it, or Arrow's arrays of one shape.
    The label is the column "label", by its name where a class has one; the name is "path", or the file's with the row's
    number.
    """

    def __init__(self, files: list[Location]) -> None:
        self._parquet = arrow()[1]
        self._unlock()
        self.held = 4  # row groups in memory
        self._cache: OrderedDict[int, list[Any]] = OrderedDict()
        self._groups: list[tuple[Location, int]] = []
        self.starts = [0]
        self._names: list[str] = []
        self._labels: list[str] = []
        self._bgr: dict[str, bool] = {}
        self._column, self._ours = "", False
        for file in files:
            self._open(file)
        if not self._names:
            raise ArgumentError(f"{files[0].name}: no row in it")
        self._names = distinct(self._names)

    def _open(self, file: Location) -> None:
        try:
            with file.open(block_size=AHEAD) as handle, self._parquet.ParquetFile(handle) as table:
                schema = table.schema_arrow
                column = _image_column(schema, file.name)
                if self._column and column != self._column:
                    raise ArgumentError(f"{file.name}: its images are in {column!r}, those before in {self._column!r}")
                self._column, self._ours = column, set(_OURS) <= set(schema.names)
                self._bgr[file.path] = (schema.metadata or {}).get(b"twinlens.color") == b"bgr"
                self._list(table, file, schema)
        except FileNotFoundError:
            raise ArgumentError(f"{file.name}: no such file") from None
        except (OSError, ValueError) as error:
            if isinstance(error, ArgumentError):
                raise
            raise ArgumentError(f"{file.name}: cannot be read as Parquet: {error}") from None

    def _list(self, table: Any, file: Location, schema: Any) -> None:
        """Names and labels of all rows; the images stay where they are."""
        label = next((name for name in LABELS if name in schema.names), None)
        small = [name for name in ("path", label) if name is not None and name in schema.names]
        rows = table.read(columns=small).to_pylist() if small else [{}] * table.metadata.num_rows
        classes = _class_names(schema, label)
        for i, row in enumerate(rows):
            named_here = row.get("path")
            self._names.append(f"{file.path.rpartition('/')[2]}#{i}" if named_here in (None, "") else str(named_here))
            value = row.get(label)
            named = classes is not None and isinstance(value, int) and 0 <= value < len(classes)
            self._labels.append(classes[value] if named and classes else label_in({"label": value}) or "")
        for group in range(table.metadata.num_row_groups):
            self._groups.append((file, group))
            self.starts.append(self.starts[-1] + table.metadata.row_group(group).num_rows)

    def _unlock(self) -> None:
        self._lock, self._process = threading.Lock(), os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_parquet": None, "_lock": None, "_cache": OrderedDict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _parquet=arrow()[1])
        self._unlock()

    def __len__(self) -> int:
        return len(self._names)

    def path(self, index: int) -> str:
        """The row's name."""
        return self._names[index]

    def label(self, index: int) -> str:
        """The row's label."""
        return self._labels[index]

    def read(self, index: int) -> bytes | NDArray[Any]:
        """The encoded image; pixels where the column holds them raw."""
        group = bisect_right(self.starts, index) - 1
        row = self._rows(group)[index - self.starts[group]]
        held = row[self._column]
        bgr = self._bgr[self._groups[group][0].path]
        if isinstance(held, _Pixels):
            return _upright(np.array(held.pixels), held.layout, bgr)
        data = held.get("bytes") if isinstance(held, dict) else held
        if not isinstance(data, bytes):
            raise DecodeError(f"{self._names[index]}: its image has no bytes")
        if self._ours and row["encoding"] == "raw":
            encoded = Encoded(data, "raw", row["dtype"], row["layout"], tuple(row["shape"]))
            return _upright(restore(encoded), row["layout"], bgr)
        return data

    def value(self, name: str, index: int) -> Any:
        """What another column says of an image. ArgumentError where there is none of that name."""
        group = bisect_right(self.starts, index) - 1
        file, number = self._groups[group]
        with file.open(block_size=AHEAD) as handle, self._parquet.ParquetFile(handle) as table:
            if name not in table.schema_arrow.names:
                raise ArgumentError(f"{file.name}: no column {name!r}, only {', '.join(table.schema_arrow.names)}")
            return table.read_row_group(number, columns=[name])[name][index - self.starts[group]].as_py()

    def _rows(self, group: int) -> list[Any]:
        if self._process != os.getpid():
            self._unlock()  # a thread of the parent held it when it forked
        with self._lock:
            if group not in self._cache:
                file, number = self._groups[group]
                columns = [self._column, *(_OURS if self._ours else ())]
                with file.open(block_size=AHEAD) as handle, self._parquet.ParquetFile(handle) as table:
                    self._cache[group] = _rows_of(table.read_row_group(number, columns=columns), self._column)
                while len(self._cache) > self.held:
                    self._cache.popitem(last=False)
            self._cache.move_to_end(group)
            return self._cache[group]


def _rows_of(table: Any, column: str) -> list[Any]:
    """Rows as dicts; an image of a column of arrays with its layout."""
    kind = table.schema.field(column).type
    if not tensors.is_tensor(kind):
        return list(table.to_pylist())
    layout = tensors.layout_of(kind)
    images = tensors.arrays(table[column])
    return [{column: None if image is None else _Pixels(image, layout)} for image in images]


def _upright(pixels: NDArray[Any], layout: str, bgr: bool) -> NDArray[Any]:
    """(H, W, C) with red first."""
    pixels = pixels.transpose(1, 2, 0) if layout == "CHW" else pixels
    return pixels[..., ::-1] if bgr and layout == "HWC" and pixels.shape[2] == 3 else pixels


def _image_column(schema: Any, name: str) -> str:
    pa, _ = arrow()

    def holds(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return "bytes" in [kind.field(i).name for i in range(kind.num_fields)]
        if tensors.is_tensor(kind):
            return len(kind.shape) in (2, 3)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    found = [field.name for field in schema if holds(field.type)]
    if "image" in found:
        return "image"
    if len(found) != 1:
        raise ArgumentError(f"{name}: wants a column 'image', or one of bytes or arrays, got {', '.join(schema.names)}")
    return str(found[0])


def _class_names(schema: Any, label: str | None) -> list[str] | None:
    """Of a label that Hugging Face keeps as a number."""
    try:
        told = json.loads((schema.metadata or {})[b"huggingface"])
        return [str(name) for name in told["info"]["features"][label]["names"]]
    except (KeyError, TypeError, ValueError):
        return None
