"""Nodes in an order in which they can run; some converters write others, and ONNX Runtime sorts them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import onnx


def in_order(nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes, each behind the makers of what it reads, otherwise as they are.

    Nodes of a cycle, and those behind one, come last as they are: importing them says what is missing.
    """
    makers = {name: i for i, node in enumerate(nodes) for name in node.output if name}
    needed = [{makers[name] for name in names_read(node) if name in makers} for node in nodes]
    if all(maker < i for i, makers_of in enumerate(needed) for maker in makers_of):
        return list(nodes)
    readers: list[list[int]] = [[] for _ in nodes]
    for i, makers_of in enumerate(needed):
        for maker in makers_of:
            readers[maker].append(i)
    missing = [len(makers_of) for makers_of in needed]
    ready = [i for i, count in enumerate(missing) if count == 0]
    order = []
    while ready:
        at = heapq.heappop(ready)
        order.append(at)
        for reader in readers[at]:
            missing[reader] -= 1
            if missing[reader] == 0:
                heapq.heappush(ready, reader)
    order += sorted(set(range(len(nodes))) - set(order))
    return [nodes[i] for i in order]


def names_read(node: onnx.NodeProto) -> Iterator[str]:
    """The names of a node's operands and of what its graphs take from around them."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            own = {i.name for i in graph.input} | {t.name for t in graph.initializer}
            own |= {name for inner in graph.node for name in inner.output}
            yield from (n for inner in graph.node for n in names_read(inner) if n not in own)
            yield from (o.name for o in graph.output if o.name not in own)
