"""Control flow: bodies see the names around them, so what they capture needs no operands."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import GraphProto

from edgec.ir.dims import Dim, symbols_of
from edgec.ir.graph import Graph, Node, Value
from edgec.ops.control import Loop
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.target import type_proto
from edgec.writers.onnx.view import op_of


@writes("if")
def write_if(scope: Scope, node: Node) -> list[str]:
    captures = scope.names(node.inputs[1:])
    bodies = [_body(scope, body, captures, ()) for body in node.graphs]
    condition = scope.name(node.operand(0))
    return scope.emit_many("If", [condition], len(node.outputs), then_branch=bodies[0], else_branch=bodies[1])


@writes("loop")
def write_loop(scope: Scope, node: Node) -> list[str]:
    op, (body,) = op_of(node, Loop), node.graphs
    own = 2 + op.n_carried
    captures = scope.names(node.inputs[own:])
    graph = _body(scope, body, captures, body.inputs[:own])
    return scope.emit_many("Loop", scope.names(node.inputs[:own]), len(node.outputs), body=graph)


def _body(scope: Scope, body: Graph, captures: Sequence[str], own: Sequence[Value]) -> GraphProto:
    """A body with the inputs `own`; the rest of its inputs are captured by name."""
    who = scope.who
    inner = Scope(body, scope.shared, scope)
    inputs = []
    for value in own:
        name = scope.shared.unique(value.name)
        inner.bind(value, name)
        inputs.append(onnx.helper.make_value_info(name, type_proto(value.type, _known(value, body))))
    for value, name in zip(body.inputs[len(own) :], captures, strict=True):
        inner.bind(value, name)
    inner.run()
    outputs, taken = [], set()
    for value in body.outputs:
        name = inner.name(value)
        if not inner.makes(name) or name in taken:
            name = inner.emit("Identity", name)
        taken.add(name)
        outputs.append(onnx.helper.make_value_info(name, type_proto(value.type, _known(value, body))))
    scope.who = who
    return onnx.helper.make_graph(inner.nodes, scope.shared.unique_node(body.name or who), inputs, outputs)


def _known(value: Value, body: Graph) -> tuple[Dim | None, ...]:
    """Dims that are the same in every step; None for those that are not."""
    own = {name for inner in body.walk() for name in inner.symbols}
    return tuple(d if own.isdisjoint(symbols_of(d)) else None for d in value.shape)
