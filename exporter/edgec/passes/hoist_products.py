"""Compute before a loop the matrix products that are the same in each of its steps."""

from __future__ import annotations

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.control import Loop
from edgec.ops.conv import Conv
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.view import Reshape, Transpose
from edgec.passes.editor import node_symbols

_WORTH = (MatMul, Conv)
_MOVABLE = (*_WORTH, Map, Reshape, Transpose)  # they fail on no contents: a loop may make no step


def hoist_products(graph: Graph) -> bool:
    """Move products of captures, with what leads to them, out of the bodies of loops."""
    changed = False
    for node in list(graph.nodes):
        if isinstance(node.op, Loop):
            changed |= _hoist(graph, node, 2 + node.op.n_carried)
    return changed


def _hoist(graph: Graph, loop: Node, first: int) -> bool:
    (body,) = loop.graphs
    outer = {inner: given for inner, given in zip(body.inputs[first:], loop.inputs[first:])}
    moved = _movable(body, set(outer))
    own = [value for node in moved for value in node.outputs]
    at = graph.nodes.index(loop)
    for node in moved:
        results = [Value(value.name, value.type) for value in node.outputs]
        operands = [v if v is None or v.const is not None else outer[v] for v in node.inputs]
        outer.update(zip(node.outputs, results))
        graph.nodes.insert(at, Node(node.op, operands, results, node.name, absorbed=node.absorbed))
        at += 1
    body.nodes = [node for node in body.nodes if node not in moved]
    still_read = {v for node in body.nodes for v in node.inputs} | set(body.outputs)
    read = [value for value in own if value in still_read]
    body.inputs += read
    loop.inputs += [outer[value] for value in read]
    gone = set(own) - still_read
    body.names = {name: source for name, source in body.names.items() if source.value not in gone}
    return bool(moved)


def _movable(body: Graph, known: set[Value]) -> list[Node]:
    """The products over known values, and the nodes that only they need, in order."""
    found = []
    for node in body.nodes:
        fixed = all(v is None or v.const is not None or v in known for v in node.inputs)
        apart = node_symbols(node).isdisjoint(body.symbols)
        sources = any(s.value in node.outputs for s in body.symbols.values())
        if isinstance(node.op, _MOVABLE) and fixed and apart and not sources:
            found.append(node)
            known.update(node.outputs)
    needed: set[Value | None] = set()
    moved = []
    for node in reversed(found):
        if isinstance(node.op, _WORTH) or not needed.isdisjoint(node.outputs):
            moved.append(node)
            needed.update(node.inputs)
    return moved[::-1]
