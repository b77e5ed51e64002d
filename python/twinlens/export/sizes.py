"""Heights and widths that are not known yet: arrays that remember how they were computed.

A transform works out its steps from `spec.h` and `spec.w` with NumPy. Given a `Sized` array it does the same, and what
comes out carries the expression that the graph has to compute. The array holds the numbers of one example too, so that
checks work; what forgets its expression on the way differs from one example to the next, and is found by that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expression", "Expressions", "SizeDependent", "Sized", "checking"]

#: NumPy's functions of one element that a graph can compute
_ELEMENTWISE = frozenset(
    {
        "add", "subtract", "multiply", "floor_divide", "divide", "remainder", "negative", "absolute",
        "minimum", "maximum", "rint", "floor", "ceil",
        "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
        "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert",
    }
)  # fmt: skip

#: whether numbers are looked at to be checked, by a step, and not to choose steps, by a transform
_checking: ContextVar[bool] = ContextVar("twinlens_export_checking", default=False)


class SizeDependent(Exception):
    """A decision, or a computation, that would need the size itself."""


@dataclass(frozen=True, slots=True)
class Expression:
    """`name` of its arguments, which are numbers of expressions; of a constant its value, of an input its name."""

    name: str
    arguments: tuple[Any, ...]
    dtype: str


@dataclass
class Expressions:
    """All that were met, each one once: equal numbers are equal expressions."""

    all: list[Expression] = field(default_factory=list)
    _numbers: dict[Expression, int] = field(default_factory=dict)

    def number(self, name: str, arguments: tuple[Any, ...], dtype: Any) -> int:
        """Of an expression, which is added where it is new."""
        expression = Expression(name, arguments, np.dtype(dtype).name)
        if expression not in self._numbers:
            self._numbers[expression] = len(self.all)
            self.all.append(expression)
        return self._numbers[expression]

    def constant(self, value: NDArray[Any]) -> int:
        """Of one number."""
        if value.size != 1:
            raise SizeDependent(f"{value.size} numbers are computed from the size at once")
        return self.number("constant", (value.reshape(-1)[0].item(),), value.dtype)

    def input(self, name: str, example: int) -> Sized:
        """A side of the image, as it is for the example."""
        sized = np.array([example], np.int64).view(Sized)
        sized.expression, sized.table = self.number("input", (name,), np.int64), self
        return sized


@contextmanager
def checking() -> Iterator[None]:
    """Inside, arrays answer for their example."""
    token = _checking.set(True)
    try:
        yield
    finally:
        _checking.reset(token)


class Sized(np.ndarray[Any, Any]):
    """(1,): one number that follows from the size of the image."""

    expression: int | None = None
    table: Expressions | None = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        known = method == "__call__" and ufunc.__name__ in _ELEMENTWISE and not options
        return self._computed(ufunc.__name__, getattr(ufunc, method), inputs, options, known)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        del types
        if function is np.atleast_1d and len(args) == 1:
            return self
        if function is np.clip and len(args) == 3 and not kwargs:
            return np.minimum(np.maximum(args[0], args[1]), args[2])
        if function is np.full_like and isinstance(args[0], Sized) and len(args) == 2 and not kwargs:
            return np.full(1, _plain(args[1]), args[0].dtype)
        return self._computed(function.__name__, function, args, kwargs, function is np.where and len(args) == 3)

    def _computed(self, name: str, function: Any, args: Any, kwargs: Any, known: bool) -> Any:
        if not known and not _checking.get():
            raise SizeDependent(f"{name} of the size")
        value = np.asarray(function(*(_plain(a) for a in args), **{k: _plain(v) for k, v in kwargs.items()}))
        if not known or value.shape != (1,):
            return value
        table = next(a.table for a in args if isinstance(a, Sized) and a.table is not None)
        out = value.view(Sized)
        out.table = table
        out.expression = table.number(name, tuple(_number(a, table) for a in args), value.dtype)
        return out

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Cut off where integers are asked for."""
        value = _plain(self).astype(dtype, *args, **kwargs)
        if self.expression is None or self.table is None:
            return value
        out = value.view(Sized)
        out.table, out.expression = self.table, self.table.number("astype", (self.expression,), value.dtype)
        return out

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """Of a batch that holds images of all sizes, outside of checks: some would need it."""
        return _plain(self).any(*args, **kwargs) if _checking.get() or self.expression is None else True

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Of a batch that holds images of all sizes, outside of checks: some would not."""
        return _plain(self).all(*args, **kwargs) if _checking.get() or self.expression is None else False

    def _example(self, what: str) -> NDArray[Any]:
        if not _checking.get() and self.expression is not None:
            raise SizeDependent(f"{what} of the size")
        plain: NDArray[Any] = _plain(self)
        return plain

    def __bool__(self) -> bool:
        return bool(self._example("a decision"))

    def __int__(self) -> int:
        return int(self._example("the value")[0])

    def __float__(self) -> float:
        return float(self._example("the value")[0])

    def __index__(self) -> int:
        return int(self._example("the value")[0])

    def __getitem__(self, key: Any) -> Any:
        return self._example("the value")[key]

    def item(self, *args: Any) -> Any:
        """The example's."""
        return self._example("the value").item(*args)

    def tolist(self) -> Any:
        """The example's."""
        return self._example("the value").tolist()


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.view(np.ndarray) if isinstance(value, Sized) else value


def _number(value: Any, table: Expressions) -> int:
    if isinstance(value, Sized) and value.expression is not None:
        return value.expression
    return table.constant(np.asarray(_plain(value)))
