"""A column of arrays that have one shape: Arrow's own `arrow.fixed_shape_tensor`, which other readers know too."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.rows import Failure, Row
from twinlens.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.data.encoding import Encoded

__all__ = ["Form", "arrays", "check", "first_form", "is_tensor", "layout_of", "nulls", "numpy_dtype"]

#: numbers in an array: a page of Parquet has less than 2 GiB, and each of them up to 8 bytes
_MOST = (1 << 28) - 64

#: what Arrow calls otherwise than NumPy
_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}


@dataclass(frozen=True, slots=True)
class Form:
    """What the results of a run have in common. layout: HWC, CHW, HW or none."""

    shape: tuple[int, ...]
    dtype: str
    layout: str

    @classmethod
    def of(cls, image: Encoded) -> Form:
        """That of a raw result. InputError for what the column cannot hold."""
        if image.dtype in ("bfloat16", "bool") or not image.shape or not 0 < math.prod(image.shape) <= _MOST:
            raise InputError(f"format=array cannot hold a result of {_words(image)}")
        return cls(tuple(image.shape), image.dtype, image.layout)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Form:
        """As a manifest has it."""
        return cls(tuple(told["shape"]), told["dtype"], told["layout"])

    def arrow(self) -> Any:
        """The column's type."""
        import pyarrow as pa

        names = list(self.layout) if len(self.layout) == len(self.shape) else None
        return pa.fixed_shape_tensor(pa.from_numpy_dtype(np.dtype(self.dtype)), self.shape, dim_names=names)


def check(image: Encoded, form: Form | None) -> None:
    """InputError for a result that is not like the first one."""
    if form is None:
        raise InputError("no image could be read when the shape of the results was looked for; run again")
    if Form.of(image) != form:
        raise InputError(
            f"its result is {_words(image)}, the first one's {_words(form)}; format=array wants one shape and dtype"
        )


def first_form(results: Iterable[Row | Failure]) -> Form | None:
    """That of the first result which a column can hold: with it all others have to agree. None where there is none."""
    for result in results:
        if isinstance(result, Row):
            try:
                return Form.of(result.image)
            except InputError:
                continue
    return None


def nulls(kind: Any, rows: int) -> Any:
    """A column without an array."""
    import pyarrow as pa

    return pa.ExtensionArray.from_storage(kind, pa.nulls(rows, kind.storage_type))


def is_tensor(kind: Any) -> bool:
    """Whether an Arrow type is that of images of one shape."""
    import pyarrow as pa

    return isinstance(kind, pa.FixedShapeTensorType)


def arrays(column: Any) -> list[NDArray[Any] | None]:
    """The arrays of a column, which share its memory; None for a null."""
    import pyarrow as pa

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found = iter(whole.drop_null().to_numpy_ndarray())
    return [next(found) if there else None for there in whole.is_valid().to_pylist()]


def numpy_dtype(kind: Any) -> np.dtype[Any]:
    """Of a type of Arrow's numbers; older Arrows ask pandas for it."""
    return np.dtype(_NAMES.get(str(kind), str(kind)))


def layout_of(kind: Any) -> str:
    """HWC, CHW or HW; pixels with their channels last where the type does not say."""
    names = "".join(kind.dim_names or ())
    return names if names in ("HWC", "CHW", "HW") else {2: "HW", 3: "HWC"}.get(len(kind.shape), "")


def _words(image: Encoded | Form) -> str:
    return f"{tuple(image.shape)} {image.dtype}"
