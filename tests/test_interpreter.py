"""The interpreter: inputs, symbols from all three sources, guards, names, states, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgec.format.write import write_model
from edgec.interpreter import InterpretError, interpret, interpret_values
from edgec.ir.dims import eq, symbol
from edgec.ir.graph import Count, Element, Graph, Guard, InputDim, Model, Node, SourceName, State, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.map import Map
from edgec.ops.program import binary, unary
from edgec.ops.select import NonZero
from edgec.ops.view import Reshape, Transpose

N, K, C = symbol("n"), symbol("k", None), symbol("c")
F32 = DType.F32


def _values(*named: tuple[str, tuple[Any, ...]]) -> list[Value]:
    return [Value(name, TensorType(F32, shape)) for name, shape in named]


def _sum() -> Graph:
    """y = a + b, both [n, 2]."""
    a, b, y = _values(("a", (N, 2)), ("b", (N, 2)), ("y", (N, 2)))
    return Graph(
        "main", [a, b], [y], [Node(Map(binary("add", F32)), [a, b], [y], "add")], {"n": InputDim(a, 0)}
    )


A, B = np.ones((3, 2), np.float32), np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.mark.parametrize("inputs", [{"b": B, "a": A}, [A, B], (A, B)])
def test_inputs_by_name_or_in_order(inputs: Any) -> None:
    np.testing.assert_array_equal(interpret(_sum(), inputs)["y"], A + B)


WRONG: list[tuple[Any, str]] = [
    ({"a": A}, "missing: b"),
    ({"a": A, "b": B, "z": B}, "unknown: z"),
    ([A, B, B], "3 inputs, expected 2: a, b"),
    ([A.astype(np.float64), B], r"input 'a' is float64 of shape \(3, 2\), expected f32\[n, 2\]"),
    ([A[0], B], r"input 'a' is float32 of shape \(2,\)"),
    ([A, B[:2]], r"input 'b' has shape \(2, 2\), expected f32\[n, 2\]"),
]


@pytest.mark.parametrize(("inputs", "message"), WRONG)
def test_wrong_inputs(inputs: Any, message: str) -> None:
    with pytest.raises(InterpretError, match=message):
        interpret(_sum(), inputs)


def test_a_file_and_its_entries(tmp_path: Path) -> None:
    other = _sum()
    other.outputs = [other.inputs[0]]
    other.nodes = []
    model = Model({"main": _sum(), "first": other})
    path = tmp_path / "sum.edge"
    write_model(model, path)
    for source in (model, path, str(path), path.read_bytes()):
        np.testing.assert_array_equal(interpret(source, [A, B])["y"], A + B)
    np.testing.assert_array_equal(interpret(model, [A, B], entry="first")["a"], A)
    with pytest.raises(InterpretError, match="entry 'second' is not one of main, first"):
        interpret(model, [A, B], entry="second")


def _resized() -> Graph:
    """y = x in a shape [k, 2] that input `shape` names; k * 2 must be n."""
    shape = Value("shape", TensorType(DType.I64, (2,)))
    x, y = _values(("x", (N,)), ("y", (K, 2)))
    graph = Graph("main", [shape, x], [y], [Node(Reshape((K, 2)), [x], [y], "fit")])
    graph.symbols = {"n": InputDim(x, 0), "k": Element(shape, 0)}
    graph.guards = [Guard(eq(K * 2, N), "fit", "as many elements")]
    return graph


def test_elements_are_read_and_guards_checked() -> None:
    x = np.arange(6, dtype=np.float32)
    assert interpret(_resized(), {"x": x, "shape": np.array([3, 2])})["y"].shape == (3, 2)
    with pytest.raises(InterpretError, match="node 'fit': as many elements, got k = 4, n = 6"):
        interpret(_resized(), {"x": x, "shape": np.array([4, 2])})


def test_counts_are_read() -> None:
    (x,) = _values(("x", (N,)))
    places, swapped = (Value(n, TensorType(DType.I64, s)) for n, s in (("p", (1, C)), ("s", (C, 1))))
    nodes = [Node(NonZero(), [x], [places], "find"), Node(Transpose((1, 0)), [places], [swapped], "swap")]
    graph = Graph("main", [x], [swapped], nodes, {"n": InputDim(x, 0), "c": Count(places, 1, N)})
    assert interpret(graph, np.array([0, 3, 0, 5], np.float32))["s"].tolist() == [[1], [3]]


def test_a_failing_node_is_named() -> None:
    graph = _sum()
    graph.nodes[0].outputs[0].type = TensorType(F32, (N, 3))
    with pytest.raises(InterpretError, match=r"node 'add' \(map\): result 'y' is f32\[3, 2\], declared"):
        interpret(graph, [A, B])


def test_kept_values_have_source_names_and_layout() -> None:
    x, t, y = _values(("x", (2, 3)), ("t", (3, 2)), ("y", (3, 2)))
    graph = Graph("main", [x], [y])
    graph.nodes = [
        Node(Transpose((1, 0)), [x], [t], "turn"),
        Node(Map(unary("exp", F32)), [t], [y], "exp"),
    ]
    graph.names = {"inner": SourceName(t, (1, 0)), "gone": SourceName(None, None, "exp")}
    given = np.zeros((2, 3), np.float32)
    found = interpret(graph, given, keep=True)
    assert set(found) == {"inner", "y"} and found["inner"].shape == (2, 3)
    assert [v.name for v in interpret_values(graph, given)] == ["x", "t", "y"]


def test_state_inputs_may_be_left_out() -> None:
    a, b, y = _values(("a", (3, 2)), ("b", (3, 2)), ("y", (3, 2)))
    graph = Graph("main", [a, b], [y], [Node(Map(binary("add", F32)), [a, b], [y], "add")])
    zeros = Model({"main": graph}, states=[State("main", "b", "y")])
    np.testing.assert_array_equal(interpret(zeros, {"a": A})["y"], A)
    filled = Model({"main": graph}, states=[State("main", "b", "y", B)])
    np.testing.assert_array_equal(interpret(filled, {"a": A})["y"], A + B)


def test_outputs_are_copies() -> None:
    (x,) = _values(("x", (2,)))
    given = np.zeros(2, np.float32)
    found = interpret(Graph("main", [x], [x]), given)["x"]
    found[0] = 1
    assert given[0] == 0
