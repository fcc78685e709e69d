"""Small models for the binding's tests, written without any frontend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgec.format.write import write_model
from edgec.ir.containers import parse_element
from edgec.ir.dims import Dim, eq, maximum, symbol
from edgec.ir.graph import Element, Graph, Guard, InputDim, Model, Node, Reference, SourceName, State, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Op
from edgec.ops.control import Loop
from edgec.ops.map import Map
from edgec.ops.program import Builder
from edgec.ops.sequence import SequenceInsert
from edgec.ops.view import Concat, Expand, Reshape, Transpose

N = symbol("n")


def value(name: str, *shape: Dim, dtype: DType = DType.F32) -> Value:
    return Value(name, TensorType(dtype, shape))


def container(name: str, text: str) -> Value:
    """A value of a type like "sequence(f32[?, 3])"."""
    element = parse_element(text)
    return Value(name, TensorType(element.dtype, (), element.element, element.key))


def const(array: Any) -> Value:
    array = np.asarray(array)
    return Value("c", TensorType(DType.of(array.dtype), array.shape), array)


def node(op: Op, inputs: list[Value | None], output: Value, name: str) -> Node:
    return Node(op, inputs, [output], name)


def map_op(dtype: DType, operands: int, write: Callable[[Builder], int]) -> Map:
    builder = Builder([dtype] * operands)
    return Map(builder.finish(write(builder)), dtype)


ADD_ONE = map_op(DType.F32, 1, lambda b: b("add", 0, b.const(1.0, DType.F32)))
ADD = map_op(DType.F32, 2, lambda b: b("add", 0, 1))
MUL = map_op(DType.F32, 2, lambda b: b("mul", 0, 1))


def affine() -> Model:
    """y = transpose(x * w) + 1 for x [n, 3]; names in the source's layout, a reference, a guard, metadata."""
    x, y = value("x", N, 3), value("y", 3, N)
    scaled, turned = value("scaled", N, 3), value("turned", 3, N)
    w = const(np.array([1.0, 10.0, 100.0], np.float32))
    graph = Graph("main", [x], [y])
    graph.nodes = [
        node(MUL, [x, w], scaled, "scale"),
        node(Transpose((1, 0)), [scaled], turned, "turn"),
        node(ADD_ONE, [turned], y, "shift"),
    ]
    graph.symbols = {"n": InputDim(x, 0)}
    graph.guards = [Guard(eq(maximum(N, 1), N), "scale", "the batch is at least 1")]
    graph.names = {
        "x": SourceName(x),
        "scaled_t": SourceName(scaled, (1, 0)),
        "y": SourceName(y),
        "gone": SourceName(None, None, "scale"),
    }
    given = np.array([[1, 2, 3]], np.float32)
    expected = (given * w.const).T + 1
    reference = Reference({"x": given}, {"y": expected}, "by hand", 1e-5)
    return Model({"main": graph}, {"author": "somebody"}, references=[reference])


def two_inputs() -> Model:
    """total = a + b for a [2, n], b [2, n]; half = a * b."""
    a, b, total, half = (value(name, 2, N) for name in ("a", "b", "total", "half"))
    graph = Graph("main", [a, b], [total, half])
    graph.nodes = [node(ADD, [a, b], total, "add"), node(MUL, [a, b], half, "mul")]
    graph.symbols = {"n": InputDim(a, 1)}
    return Model({"main": graph})


def counter() -> Model:
    """total = total before + x: `sum` in is tied to `total` out."""
    x, before, total = value("x", 2), value("sum", 2), value("total", 2)
    graph = Graph("main", [x, before], [total], [node(ADD, [x, before], total, "add")])
    return Model({"main": graph}, states=[State("main", "sum", "total")])


def data_shape() -> Model:
    """x [n] expanded to [k, n] and added 1, where k is the content of a run-time tensor."""
    x, k_in = value("x", N), value("k", 1, dtype=DType.I64)
    k = symbol("k.0", None)
    double = value("double", 1, dtype=DType.I64)
    rows, y = value("rows", k, N), value("y", k, N)
    graph = Graph("main", [x, k_in], [y])
    graph.nodes = [
        node(map_op(DType.I64, 2, lambda b: b("mul", 0, 1)), [k_in, const(np.int64(2))], double, "double"),
        node(Expand((k, N)), [x], rows, "expand"),
        node(ADD_ONE, [rows], y, "add"),
    ]
    graph.symbols = {"n": InputDim(x, 0), "k.0": Element(double, 0)}
    graph.guards = [Guard(eq(maximum(k, 1), k), "expand", "at least one row")]
    return Model({"main": graph})


def endless(trips: int | None = None) -> Model:
    """A loop that adds 1 to x [4] `trips` times; None: for ever."""
    x, y = value("x", 4), value("y", 4)
    carried, result = value("carried", 4), value("result", 4)
    iteration, going = value("i", dtype=DType.I64), value("going", dtype=DType.BOOL)
    body = Graph("body", [iteration, going, carried], [going, result])
    body.nodes = [node(ADD_ONE, [carried], result, "add")]
    count = None if trips is None else const(np.int64(trips))
    loop = Node(Loop(1), [count, const(np.True_), x], [y], "loop", (body,))
    return Model({"main": Graph("main", [x], [y], [loop])})


def two_entries() -> Model:
    """Entries "double" (x + x) and "square" (x * x)."""
    graphs = {}
    for name, op in (("double", ADD), ("square", MUL)):
        x, y = value("x", 3), value("y", 3)
        graphs[name] = Graph(name, [x], [y], [node(op, [x, x], y, name)])
    return Model(graphs)


def chain(length: int, size: int) -> Model:
    """x [size] plus 1, `length` times, each in a node of its own."""
    values = [value(f"v{i}", size) for i in range(length + 1)]
    nodes = [node(ADD_ONE, [values[i]], values[i + 1], f"add{i}") for i in range(length)]
    return Model({"main": Graph("main", [values[0]], [values[-1]], nodes)})


def passed_through() -> Model:
    """Outputs that are an input, a reshape of an input, a constant, and one value twice."""
    x, flat, y = value("x", 2, 3), value("flat", 6), value("y", 2, 3)
    fixed = const(np.arange(3, dtype=np.float32))
    fixed.name = "fixed"
    graph = Graph("main", [x], [x, flat, fixed, y])
    graph.nodes = [node(Reshape((6,)), [x], flat, "flatten"), node(ADD_ONE, [x], y, "add")]
    return Model({"main": graph})


def remembering() -> Model:
    """A state of strings that x is appended to, and a state of sequences that x is put into."""
    text, x = value("text", symbol("m"), dtype=DType.STRING), value("x", 1, dtype=DType.STRING)
    longer = value("longer", symbol("m") + 1, dtype=DType.STRING)
    held, more = container("held", "sequence(string[1])"), container("more", "sequence(string[1])")
    graph = Graph("main", [x, text, held], [longer, more])
    graph.nodes = [
        node(Concat(0), [text, x], longer, "append"),
        node(SequenceInsert(), [held, x, None], more, "insert"),
    ]
    graph.symbols = {"m": InputDim(text, 0)}
    states = [State("main", "text", "longer", np.array(["start"], object)), State("main", "held", "more")]
    return Model({"main": graph}, states=states)


def file_of(model: Model) -> bytes:
    return write_model(model)
