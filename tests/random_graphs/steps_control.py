"""Steps of control flow: bodies are grown like graphs and see the values around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from grower import Grower, Tensor, captures, step
from onnx import helper
from oracle import Reject, info


def body_of(g: Grower, given: Sequence[Tensor]) -> Grower:
    if g.outer is not None and g.outer.outer is not None:
        raise Reject("deep enough")
    return Grower(g.random, g.opset, g, list(given))


def graph_of(inner: Grower, given: Sequence[Tensor], results: Sequence[Tensor]) -> onnx.GraphProto:
    """The body's graph; every result is made in it."""
    own = [inner.one("Identity", r) for r in results]
    outputs = [helper.make_empty_tensor_value_info(t.name) for t in own]
    for output, tensor in zip(outputs, own):
        output.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(tensor.array.dtype)
    inputs = [info(t.name, t.array, [None] * t.rank) for t in given]
    return helper.make_graph(inner.nodes, inner.name("body"), inputs, outputs)


def emit(
    g: Grower,
    operator: str,
    operands: Sequence[Tensor],
    results: int,
    bodies: dict[str, onnx.GraphProto],
    **attributes: int,
) -> list[Tensor]:
    names = [g.name() for _ in range(results)]
    node = helper.make_node(
        operator, [t.name for t in operands], names, f"{operator}_{names[0]}", **bodies, **attributes
    )
    read = set().union(*(captures(b) for b in bodies.values()))
    around = {t.name: t for t in g.values()}
    found = {t.name: t for t in operands} | {n: around[n] for n in sorted(read) if n in around}
    for name in read - found.keys():
        found[name] = Tensor(name, constant_of(g, name))
    return g.add_node(node, found, 4.0 * sum(len(b.node) for b in bodies.values()))


def constant_of(g: Grower, name: str) -> np.ndarray:
    grower: Grower | None = g
    while grower is not None:
        if name in grower.constants:
            return grower.constants[name]
        grower = grower.outer
    raise Reject("a constant node of the graph around")


@step(weight=2)
def branch(g: Grower) -> None:
    """An If on a truth that is computed, whose branches give the same kind of result."""
    x = g.pick("fi")
    condition = g.pick("b", fits=lambda t: t.array.size > 0)
    scalar = condition
    if condition.shape:
        axes = g.constant([0] * 1, np.int64)
        scalar = g.one("Reshape", condition, g.constant([-1], np.int64))
        scalar = g.one(
            "Gather", scalar, g.one("Squeeze", axes) if g.opset < 13 else g.constant(0, np.int64), axis=0
        )
    bodies = {}
    for name in ("then_branch", "else_branch"):
        inner = body_of(g, [])
        if g.chance(0.8):
            inner.grow(g.integer(1, 3))
        same = [t for t in inner.pool if t.array.dtype == x.array.dtype and t.rank == x.rank]
        bodies[name] = graph_of(inner, [], [inner.choose(same) if same else x])
    emit(g, "If", [scalar], 1, bodies)


@step(8, weight=2)
def loop(g: Grower) -> None:
    """A Loop with one state and one collected result."""
    state = g.pick("fi", rank=range(0, 4))
    count = g.constant(g.integer(1, 3), np.int64)
    turn, going = Tensor(g.name(), np.array(1, np.int64)), Tensor(g.name(), np.array(True))
    inner_state = Tensor(g.name(), state.array, state.error)
    given = [turn, going, inner_state]
    inner = body_of(g, given)
    inner.grow(g.integer(1, 3))
    same = [t for t in inner.pool[3:] if t.array.dtype == state.array.dtype and t.shape == state.shape]
    end = inner.choose(same) if same else inner_state
    collected = inner.choose(t for t in inner.pool if t.kind in "fi")
    body = graph_of(inner, given, [going, end, collected])
    emit(g, "Loop", [count, g.constant(True, np.bool_), state], 2, {"body": body})


@step(9)
def scan(g: Grower) -> None:
    """A Scan over the first axis of a value with one state."""
    x = g.pick("f", rank=range(1, 4), fits=lambda t: t.shape[0] > 0)
    state = g.constant(g.data(x.array.dtype, x.shape[1:]))
    inner_state = Tensor(g.name(), state.array)
    part = Tensor(g.name(), x.array[0], x.error)
    inner = body_of(g, [inner_state, part])
    total = inner.one(g.choose(["Add", "Mul", "Max"]), inner_state, part)
    inner.grow(g.integer(0, 2))
    collected = inner.choose(t for t in inner.pool if t.kind in "fi")
    body = graph_of(inner, [inner_state, part], [total, collected])
    emit(g, "Scan", [state, x], 2, {"body": body}, num_scan_inputs=1)
