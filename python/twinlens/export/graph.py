"""Nodes, constants and names of a graph that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinlens.export.picture import NeedsOpset, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from onnx import NodeProto, TensorProto, ValueInfoProto

    from twinlens.export.sizes import Expressions

__all__ = ["Graph"]

_COMPARED = {
    "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual",
    "equal": "Equal",
}  # fmt: skip
_ARITHMETIC = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "minimum": "Min", "maximum": "Max",
    "negative": "Neg", "absolute": "Abs", "rint": "Round", "floor": "Floor", "ceil": "Ceil", "remainder": "Mod",
}  # fmt: skip
_LOGICAL = {
    "logical_and": "And", "bitwise_and": "And", "logical_or": "Or", "bitwise_or": "Or", "logical_not": "Not",
    "invert": "Not",
}  # fmt: skip


class Graph:
    """Methods are named after what they compute and give the name of the result. All names begin with `prefix`."""

    def __init__(self, opset: int, prefix: str, sizes: Expressions, inputs: dict[str, str]) -> None:
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self._prefix = prefix
        self._count = 0
        self._constants: dict[tuple[Any, ...], str] = {}
        self._sizes, self._inputs = sizes, inputs
        self._numbers: dict[int, str] = {}

    def name(self, hint: str) -> str:
        """One that nothing else has."""
        self._count += 1
        return f"{self._prefix}{hint}_{self._count}"

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """A node with one result."""
        from onnx import helper

        out = out or self.name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=out, **attributes))
        return out

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A tensor of given numbers; equal ones are kept once."""
        from onnx import numpy_helper

        array: NDArray[Any] = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.name("constant")
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape),
                                                             self._constants[key]))  # fmt: skip
        return self._constants[key]

    def cast(self, x: str, dtype: Any) -> str:
        """To a dtype of NumPy's name."""
        from onnx import helper

        return self.op("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, x: str, *shape: int) -> str:
        """No numbers: a scalar."""
        return self.op("Reshape", x, self.constant(list(shape), np.int64))

    def range(self, count: str, dtype: Any) -> str:
        """0 .. count - 1; count: (1,) int64."""
        zero, one = self.constant(0, np.int64), self.constant(1, np.int64)
        steps = self.op("Range", zero, self.reshape(count), one)
        return steps if np.dtype(dtype) == np.int64 else self.cast(steps, dtype)

    def join(self, *parts: str) -> str:
        """Several (n,) one after the other."""
        return self.op("Concat", *parts, axis=0)

    def shift_right(self, x: str, bits: int) -> str:
        """x >> bits of int32 of either sign."""
        width = self.constant(1 << bits, np.int32)
        return self.op("Div", self.op("Sub", x, self.op("Mod", x, width)), width)

    def by_inverse(self, x: str, divisor: str, dtype: Any) -> str:
        """x * (1 / divisor), rounded twice: as half of x * (2 / divisor), since ONNX Runtime would make x / divisor
        of the other.
        """
        twice = self.op("Div", self.constant(2.0, dtype), divisor)
        return self.op("Mul", self.op("Mul", x, twice), self.constant(0.5, dtype))

    def sum(self, x: str, *axes: int) -> str:
        """Over axes, which stay as 1."""
        if self.opset < 13:
            return self.op("ReduceSum", x, axes=list(axes), keepdims=1)
        return self.op("ReduceSum", x, self.constant(list(axes), np.int64), keepdims=1)

    def wants(self, opset: int, what: str) -> None:
        """NeedsOpset where the graph is of an older one."""
        if self.opset < opset:
            raise NeedsOpset(what, opset)

    def loop(self, count: str, start: str, dtype: Any, body: Callable[[Graph, str, str], str]) -> str:
        """body(graph, i, value) `count` times, from `start` on; it may use all that was computed before."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        i, going, value = (self.name(n) for n in ("i", "going", "value"))
        outer, self.nodes = self.nodes, []
        result = body(self, i, value)
        still = self.op("Identity", going)
        inner, self.nodes = self.nodes, outer

        def info(name: str, elem: int, shape: list[int] | None) -> ValueInfoProto:
            return helper.make_tensor_value_info(name, elem, shape)

        boolean, int64 = (helper.np_dtype_to_tensor_dtype(np.dtype(t)) for t in (bool, np.int64))
        inputs = [info(i, int64, []), info(going, boolean, []), info(value, kind, None)]
        outputs = [info(still, boolean, []), info(result, kind, None)]
        graph = helper.make_graph(inner, self.name("body"), inputs, outputs)
        return self.op("Loop", self.reshape(count), self.constant(True), start, body=graph)

    def prune(self, output: str) -> None:
        """Leaves out what `output` does not need."""
        wanted, kept = {output}, []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                kept.append(node)
                wanted.update(_read(node))
        self.nodes = kept[::-1]
        self.initializers = [tensor for tensor in self.initializers if tensor.name in wanted]

    # Heights, widths and places.

    def number(self, value: Any) -> str:
        """(1,) int64 of an array of one number, which may follow from the size."""
        expression = getattr(value, "expression", None)
        if expression is None:
            return self.constant(np.asarray(value).reshape(1), np.int64)
        return self._number(expression)

    def _number(self, expression: int) -> str:
        if expression not in self._numbers:
            self._numbers[expression] = self._computed(expression)
        return self._numbers[expression]

    def _computed(self, expression: int) -> str:
        what = self._sizes.all[expression]
        if what.name == "input":
            return self._inputs[what.arguments[0]]
        if what.name == "constant":
            return self.constant([what.arguments[0]], what.dtype)
        if what.name == "astype":
            return self._as(what.arguments[0], what.dtype)
        if what.name == "where":
            chosen, *both = what.arguments
            return self.op("Where", self._as(chosen, "bool"), *(self._as(a, what.dtype) for a in both))
        return self._arithmetic(what.name, what.arguments, what.dtype)

    def _arithmetic(self, name: str, arguments: tuple[int, ...], dtype: str) -> str:
        if name in _LOGICAL and dtype == "bool":
            return self.op(_LOGICAL[name], *(self._as(a, "bool") for a in arguments))
        if name in _COMPARED or name == "not_equal":
            common = np.result_type(*(self._sizes.all[a].dtype for a in arguments)).name
            compared = self.op(_COMPARED.get(name, "Equal"), *(self._as(a, common) for a in arguments))
            return self.op("Not", compared) if name == "not_equal" else compared
        taken = [self._as(a, dtype) for a in arguments]
        if name == "floor_divide" and dtype == "int64":  # the graph's Div cuts off
            return self.op("Div", self.op("Sub", taken[0], self.op("Mod", *taken)), taken[1])
        if name not in _ARITHMETIC or (name == "remainder" and dtype != "int64"):
            raise Unsupported(f"sizes are computed with {name} of {dtype}, which has no graph")
        return self.op(_ARITHMETIC[name], *taken)

    def _as(self, expression: int, dtype: str) -> str:
        x = self._number(expression)
        return x if self._sizes.all[expression].dtype == dtype else self.cast(x, dtype)


def _read(node: NodeProto) -> set[str]:
    """The names that a node reads, within its bodies too."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            names |= _read(inner)
    return names
