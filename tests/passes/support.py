"""Small graphs, and the check that a pass keeps their meaning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgec.interpreter import interpret
from edgec.ir.dims import Dim, Expr, symbol, symbols_of
from edgec.ir.graph import Graph, InputDim, Node, SourceName, Value
from edgec.ir.types import DType, TensorType
from edgec.ir.verify import verify
from edgec.ops.base import Context, Op
from edgec.ops.conv import Conv
from edgec.ops.map import Map
from edgec.ops.program import Builder, Program, binary, unary
from edgec.ops.view import Reshape, Transpose

Array = np.ndarray[Any, Any]
Pass = Callable[[Graph], bool]


class Net:
    """Writes a graph: call it with an operator and operands (values or arrays)."""

    def __init__(self) -> None:
        self.graph = Graph("main")
        self.rng = np.random.default_rng(7)

    def input(self, name: str, *shape: Dim | str, dtype: DType = DType.F32) -> Value:
        """An input; a string is a symbolic axis of that name."""
        dims: list[Dim] = []
        value = Value(name, TensorType(dtype, ()))
        for axis, size in enumerate(shape):
            dims.append(symbol(size) if isinstance(size, str) else size)
            if isinstance(size, str) and size not in self.graph.symbols:
                self.graph.symbols[size] = InputDim(value, axis)
        value.type = TensorType(dtype, tuple(dims))
        self.graph.inputs.append(value)
        return value

    def const(self, *shape: int) -> Array:
        return self.rng.standard_normal(shape).astype(np.float32)

    def many(self, op: Op, *operands: Value | Array | None) -> list[Value]:
        inputs = [self._value(o) for o in operands]
        types = op.infer([None if v is None else v.type for v in inputs], Context(symbol))
        name = f"{op.name}{len(self.graph.nodes)}"
        outputs = [Value(f"{name}.{i}" if i else name, t) for i, t in enumerate(types)]
        self.graph.nodes.append(Node(op, inputs, outputs, name))
        for value in outputs:
            self.graph.names[value.name] = SourceName(value)
        return outputs

    def __call__(self, op: Op, *operands: Value | Array | None) -> Value:
        return self.many(op, *operands)[0]

    def _value(self, operand: Value | Array | None) -> Value | None:
        if operand is None or isinstance(operand, Value):
            return operand
        return self.constant(operand)

    def constant(self, array: Array) -> Value:
        return Value("c", TensorType(DType.of(array.dtype), array.shape), array)

    def output(self, *values: Value) -> Graph:
        self.graph.outputs = list(values)
        return self.graph

    # -- operators in the source's order of axes, as the ONNX frontend writes them

    def unary(self, op: str, x: Value) -> Value:
        return self(Map(unary(op, x.dtype), x.dtype), x)

    def binary(self, op: str, x: Value, y: Value | Array) -> Value:
        return self(Map(binary(op, x.dtype), x.dtype), x, y)

    def relu(self, x: Value) -> Value:
        b = Builder([DType.F32])
        return self.map(b.finish(b("max", 0, b.const(0.0, DType.F32))), x)

    def map(self, program: Program, *operands: Value | Array) -> Value:
        return self(Map(program, program.dtype), *operands)

    def first(self, x: Value) -> Value:
        """[N, *S, C] to [N, C, *S]."""
        return self(Transpose((0, x.rank - 1, *range(1, x.rank - 1))), x)

    def last(self, x: Value) -> Value:
        """[N, C, *S] to [N, *S, C]."""
        return self(Transpose((0, *range(2, x.rank), 1)), x)

    def conv(
        self, x: Value, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, bias: bool = True
    ) -> Value:
        """A conv of [N, C, H, W] with padding that keeps the size, as ONNX has it."""
        channels = x.shape[1]
        assert isinstance(channels, int)
        spatial = x.rank - 2
        w = self.const(outputs, *(kernel,) * spatial, channels // groups)
        op = Conv(
            (stride,) * spatial,
            (kernel // 2,) * (2 * spatial),
            (1,) * spatial,
            groups,
            binary("add", DType.F32) if bias else None,
        )
        return self.first(self(op, self.last(x), w, *([self.const(outputs)] if bias else [])))

    def reshape(self, x: Value, *shape: Dim) -> Value:
        return self(Reshape(shape), x)


def check(
    graph: Graph,
    *passes: Pass,
    symbols: dict[str, int] | None = None,
    seed: int = 0,
    inputs: dict[str, Array] | None = None,
) -> Graph:
    """Run passes on a copy, verify after each, compare results and named values; returns the copy.

    Checks too that a second run of each pass in turn changes nothing that verification would not like.
    """
    verify(graph)
    changed = copy.deepcopy(graph)
    for run in passes:
        for inner in list(changed.walk())[::-1]:
            run(inner)
        verify(changed)
    inputs = inputs or random_inputs(graph, symbols or {}, seed)
    expected, found = interpret(graph, inputs), interpret(changed, inputs)
    assert list(expected) == list(found)
    for name, array in expected.items():
        assert_close(found[name], array, name)
    check_names(graph, changed, inputs)
    return changed


def check_names(before: Graph, after: Graph, inputs: dict[str, Array]) -> None:
    """Every source name that still has a value has the one it had, through its permutation."""
    from edgec.interpreter import interpret_values

    expected, found = interpret_values(before, inputs), interpret_values(after, inputs)
    for name, source in after.names.items():
        old = before.names[name]
        if source.value is None or old.value is None or source.value.const is not None:
            continue
        array = _in_source_order(found[source.value], source)
        assert_close(array, _in_source_order(expected[old.value], old), f"name {name}")


def _in_source_order(array: Array, source: SourceName) -> Array:
    return array if source.perm is None else array.transpose(source.perm)


def assert_close(found: Array, expected: Array, what: str) -> None:
    assert found.shape == expected.shape and found.dtype == expected.dtype, what
    if found.dtype.kind == "f":
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
        np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=2e-5, err_msg=what)
    else:
        np.testing.assert_array_equal(found, expected, err_msg=what)


def random_inputs(graph: Graph, symbols: dict[str, int], seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    found = {}
    for value in graph.inputs:
        shape = tuple(_size(d, symbols) for d in value.shape)
        if value.dtype.is_float:
            found[value.name] = rng.standard_normal(shape).astype(value.dtype.numpy)
        else:
            found[value.name] = rng.integers(0, 2, shape).astype(value.dtype.numpy)
    return found


def _size(dim: Dim, symbols: dict[str, int]) -> int:
    if isinstance(dim, Expr):
        (name,) = symbols_of(dim)
        return symbols.get(name, 3)
    return dim


def names(graph: Graph) -> list[str]:
    """The operators' names, in order."""
    return [node.op.name for node in graph.nodes]


def count(graph: Graph, name: str) -> int:
    return names(graph).count(name)


def only(graph: Graph, name: str) -> Node:
    (found,) = [node for node in graph.nodes if node.op.name == name]
    return found


def run_all(graph: Graph, passes: Sequence[Pass]) -> Graph:
    for run in passes:
        run(graph)
        verify(graph)
    return graph
