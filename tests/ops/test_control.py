"""Shape rules of if and loop, and their runs in the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.interpreter import InterpretError, interpret
from edgec.ir.dims import symbol
from edgec.ir.graph import Count, Graph, InputDim, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.control import If, Loop
from edgec.ops.map import Map
from edgec.ops.program import Builder, binary, unary
from edgec.ops.view import Concat

N, S, C = symbol("n"), symbol("body.s"), symbol("c")
F32, I64, BOOL = DType.F32, DType.I64, DType.BOOL


def _branch(name: str, op: str) -> Graph:
    x, y = Value("x", TensorType(F32, (N,))), Value("y", TensorType(F32, (N,)))
    return Graph(name, [x], [y], [Node(Map(unary(op, F32)), [x], [y], name)])


def _if_graph() -> Graph:
    condition, x = Value("c", TensorType(BOOL, ())), Value("x", TensorType(F32, (N,)))
    y = Value("y", x.type)
    bodies = (_branch("then", "neg"), _branch("else", "exp"))
    node = Node(If(), [condition, x], [y], "choose", bodies)
    return Graph("main", [condition, x], [y], [node], symbols={"n": InputDim(x, 0)})


def test_if_runs_one_body() -> None:
    x = np.array([1, 2], np.float32)
    assert interpret(_if_graph(), {"c": np.array(True), "x": x})["y"].tolist() == [-1, -2]
    np.testing.assert_allclose(interpret(_if_graph(), {"c": np.array(False), "x": x})["y"], np.exp(x))


def test_if_with_branches_of_different_sizes_counts() -> None:
    yes, no = _branch("then", "neg"), _branch("else", "exp")
    no.outputs[0].type = TensorType(F32, (3,))
    context = Context(lambda name: symbol(f"count.{name}"))
    types = [TensorType(BOOL, ()), TensorType(F32, (N,))]
    (found,) = If().infer_node(types, (yes, no), context)
    assert str(found) == "f32[count.0.0]"
    no.outputs[0].type = TensorType(F32, (3, 1))
    with pytest.raises(OpError, match="result 0 is .* in then, .* in else"):
        If().infer_node(types, (yes, no), context)


def _growing() -> Graph:
    """x = concat(x, step) while step < trip; scans the doubled step."""
    step, condition = Value("i", TensorType(I64, ())), Value("go", TensorType(BOOL, ()))
    x, one = Value("x", TensorType(F32, (S,))), Value("one", TensorType(F32, (1,)))
    longer = Value("longer", TensorType(F32, (S + 1,)))
    twice = Value("twice", TensorType(I64, ()))
    b = Builder([I64])
    nodes = [
        Node(Concat(0), [x, one], [longer], "grow"),
        Node(Map(b.finish(b("add", 0, 0)), I64), [step], [twice], "double"),
    ]
    symbols = {"body.s": InputDim(x, 0)}
    return Graph("body", [step, condition, x, one], [condition, longer, twice], nodes, symbols=symbols)


def _loop_graph() -> Graph:
    trip = Value("trip", TensorType(I64, ()))
    x, one = Value("x", TensorType(F32, (N,))), Value("one", TensorType(F32, (1,)))
    y, scan = Value("y", TensorType(F32, (C,))), Value("scan", TensorType(I64, (symbol("k"),)))
    node = Node(Loop(1), [trip, None, x, one], [y, scan], "grow", (_growing(),))
    symbols = {"n": InputDim(x, 0), "c": Count(y, 0, -1), "k": Count(scan, 0, -1)}
    return Graph("main", [trip, x, one], [y, scan], [node], symbols=symbols)


@pytest.mark.parametrize("trip", [0, 3])
def test_loop_carries_and_scans(trip: int) -> None:
    x, one = np.zeros(2, np.float32), np.ones(1, np.float32)
    found = interpret(_loop_graph(), [np.array(trip), x, one])
    assert found["y"].tolist() == [0, 0] + [1] * trip
    assert found["scan"].tolist() == [2 * i for i in range(trip)]


def test_loop_counts_what_grows() -> None:
    context = Context(lambda name: symbol(f"count.{name}"))
    types = [TensorType(I64, ()), None, TensorType(F32, (N,)), TensorType(F32, (1,))]
    found = Loop(1).infer_node(types, (_growing(),), context)
    assert [str(t) for t in found] == ["f32[count.0.0]", "i64[count.1.0]"]
    with pytest.raises(OpError, match="takes 4 inputs, got 3"):
        Loop(1).infer_node(types[:3], (_growing(),), context)


def test_errors_inside_a_body_name_the_node() -> None:
    graph = _if_graph()
    body = graph.nodes[0].graphs[0]
    body.nodes[0] = Node(
        Map(binary("add", F32)), [body.inputs[0], Value("k", TensorType(F32, (9,)))], body.outputs, "inner"
    )
    body.nodes[0].inputs[1].const = np.zeros(9, np.float32)
    with pytest.raises(InterpretError, match="node 'inner'"):
        interpret(graph, {"c": np.array(True), "x": np.zeros(2, np.float32)})
