"""Passes over loops and branches: what is handed through, and what is the same in each step."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support import Net, check, names, only

from edgec.ir.dims import symbol
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context
from edgec.ops.control import If, Loop
from edgec.ops.matmul import MatMul
from edgec.passes.hand_through import hand_through
from edgec.passes.hoist_products import hoist_products


def add_control(net: Net, op: If | Loop, inputs: list[Value | None], *bodies: Graph) -> list[Value]:
    types = op.infer_node([None if v is None else v.type for v in inputs], bodies, Context(symbol))
    outputs = [Value(f"{op.name}.{i}", t) for i, t in enumerate(types)]
    net.graph.nodes.append(Node(op, inputs, outputs, op.name, bodies))
    return outputs


def scalar(value: bool | int) -> Value:
    array = np.array(value)
    return Value("scalar", TensorType(DType.of(array.dtype), ()), array)


def branches(net: Net, flag: Value, weight: Value, x: Value) -> list[Value]:
    """`weight` as it was, and x + 1 or x * weight."""
    yes, no = Net(), Net()
    for inner, op in ((yes, "add"), (no, "mul")):
        w, y = inner.input("w", 4, 4), inner.input("y", 4, 4)
        inner.output(w, inner.binary(op, y, np.float32([1]) if op == "add" else w))
    return add_control(net, If(), [flag, weight, x], yes.graph, no.graph)


def loop(trips: int, kind: str) -> Graph:
    """x = act(x + a @ w) with w carried through an If that hands it on, a and b captured, b never read."""
    net, body = Net(), Net()
    x, a, b = (net.input(name, 4, 4) for name in "xab")
    weight = net.constant(net.const(4, 4) / 4)
    inner = [body.input("i", dtype=DType.I64), body.input("go", dtype=DType.BOOL)]
    w_in, x_in, a_in, _ = (body.input(name, 4, 4) for name in ("w", "x", "a", "b"))
    same, y = branches(body, inner[1], w_in, x_in)
    operand = {"fixed": a_in, "carried": y}[kind]
    body.output(inner[1], same, body.binary("add", y, body(MatMul(), body.unary("neg", operand), same)))
    results = add_control(net, Loop(2), [scalar(trips), scalar(True), weight, x, a, b], body.graph)
    return net.output(*(net.binary("add", r, r) for r in results))


@pytest.mark.parametrize("trips", [0, 1, 5])
def test_what_is_handed_through_goes_around(trips: int) -> None:
    found = check(loop(trips, "fixed"), hand_through)
    node = only(found, "loop")
    assert node.op == Loop(1) and len(node.inputs) == 4
    assert found.nodes[-2].operand(0).const is not None
    (body,) = node.graphs
    assert only(body, "matmul").operand(1).const is not None
    inside = only(body, "if")
    assert len(inside.outputs) == 1 and len(inside.inputs) == 2


@pytest.mark.parametrize("trips", [0, 1, 5])
def test_products_of_captures_leave_the_loop(trips: int) -> None:
    found = check(loop(trips, "fixed"), hand_through, hoist_products)
    assert names(found) == ["map", "matmul", "loop", "map", "map"]
    assert names(only(found, "loop").graphs[0]) == ["if", "map"]


def test_products_of_carried_values_stay() -> None:
    graph = loop(3, "carried")
    found = check(graph, hand_through, hoist_products)
    assert names(found) == ["loop", "map", "map"]
    again = copy.deepcopy(found)
    assert not hand_through(again) and not hoist_products(again)


def test_branches_that_swap_their_captures_stay() -> None:
    net = Net()
    flag, x, y = net.input("flag", dtype=DType.BOOL), net.input("x", 2), net.input("y", 2)
    bodies = []
    for order in ((0, 1), (1, 0)):
        inner = Net()
        captured = [inner.input("x", 2), inner.input("y", 2)]
        bodies.append(inner.output(*(captured[i] for i in order)))
    graph = net.output(*add_control(net, If(), [flag, x, y], *bodies))
    for flag_value in (False, True):
        inputs = {"flag": np.array(flag_value), "x": np.float32([1, 2]), "y": np.float32([3, 4])}
        assert names(check(graph, hand_through, inputs=inputs)) == ["if"]
