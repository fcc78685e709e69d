"""Lead around control operators what they only hand through."""

from __future__ import annotations

from dataclasses import replace

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.control import If, Loop


def hand_through(graph: Graph) -> bool:
    """Make results that are an operand as it was that operand, and constants constants of the bodies.

    Results that are outputs of the graph stay, for their names. Carried values that a loop's body gives back
    as they came become captures, and captures that no body reads are not passed.
    """
    return _hand_through(graph, set(graph.outputs))


def _hand_through(graph: Graph, named: set[Value]) -> bool:
    """`named` are results whose names matter."""
    changed = False
    for node in graph.nodes:
        for body in node.graphs:
            changed |= _hand_through(body, set())
        if isinstance(node.op, Loop):
            changed |= _unchanged_carried(graph, node, node.op, named)
        elif isinstance(node.op, If):
            changed |= _equal_results(graph, node, named)
        if node.graphs:
            changed |= _captures(node)
    return changed


def _unchanged_carried(graph: Graph, node: Node, op: Loop, named: set[Value]) -> bool:
    (body,) = node.graphs
    count = op.n_carried
    starts, results = node.inputs[2 : 2 + count], node.outputs[:count]
    before, after = body.inputs[2 : 2 + count], body.outputs[1 : 1 + count]
    stay: list[int] = []
    leave: list[int] = []
    for k, (start, result) in enumerate(zip(starts, results)):
        same = before[k] is after[k] and start is not None and start.type == result.type
        (leave if same and result not in named else stay).append(k)
    for k in leave:
        start = starts[k]
        assert start is not None
        graph.replace(results[k], start)
    node.op = replace(op, n_carried=len(stay))
    node.inputs = [
        *node.inputs[:2], *(starts[k] for k in stay), *node.inputs[2 + count :], *(starts[k] for k in leave)
    ]  # fmt: skip
    body.inputs = [
        *body.inputs[:2], *(before[k] for k in stay), *body.inputs[2 + count :], *(before[k] for k in leave)
    ]  # fmt: skip
    node.outputs = [*(results[k] for k in stay), *node.outputs[count:]]
    body.outputs = [body.outputs[0], *(after[k] for k in stay), *body.outputs[1 + count :]]
    return bool(leave)


def _equal_results(graph: Graph, node: Node, named: set[Value]) -> bool:
    yes, no = node.graphs
    gone = set()
    for i, result in enumerate(node.outputs):
        if result in named:
            continue
        for operand, a, b in zip(node.inputs[1:], yes.inputs, no.inputs):
            if yes.outputs[i] is a and no.outputs[i] is b and operand and operand.type == result.type:
                graph.replace(result, operand)
                gone.add(i)
                break
    for holder in (node, yes, no):
        holder.outputs = [v for i, v in enumerate(holder.outputs) if i not in gone]
    return bool(gone)


def _captures(node: Node) -> bool:
    first = 2 + node.op.n_carried if isinstance(node.op, Loop) else 1
    inner = len(node.inputs) - len(node.graphs[0].inputs)  # an If's condition is not passed
    sunk, gone = False, set()
    for index in range(first, len(node.inputs)):
        operand = node.inputs[index]
        passed = [body.inputs[index - inner] for body in node.graphs]
        if any(s.value is v for body, v in zip(node.graphs, passed) for s in body.symbols.values()):
            continue
        if operand is not None and operand.const is not None and all(v.type == operand.type for v in passed):
            for body, value in zip(node.graphs, passed):
                body.replace(value, Value(value.name, operand.type, operand.const))
            sunk = True
        elif any(_reads(body, v) for body, v in zip(node.graphs, passed)):
            continue
        gone.add(index)
    node.inputs = [v for i, v in enumerate(node.inputs) if i not in gone]
    for body in node.graphs:
        body.inputs = [v for i, v in enumerate(body.inputs) if i + inner not in gone]
        if sunk:
            _hand_through(body, set())
    return bool(gone)


def _reads(graph: Graph, value: Value) -> bool:
    named = any(source.value is value for source in graph.names.values())
    return named or value in graph.outputs or any(value in node.inputs for node in graph.nodes)
