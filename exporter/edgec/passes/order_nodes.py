"""The order in which nodes run."""

from __future__ import annotations

from math import prod

from edgec.ir.dims import Dim, DimError, evaluate, symbols_of
from edgec.ir.graph import Count, Element, Graph, Node, Value

ASSUMED = 32  # of sizes that only a run knows


def order_nodes(graph: Graph) -> bool:
    """Depth first: a node comes right after the one whose result it continues, if that takes no more memory.

    A branch is then finished before the next one is begun, so that the runtime can join its nodes to bands of
    lines. Orders whose largest set of live values is larger than before are not taken, and a graph with
    sizes that its nodes find is left as it is: its order decides when they are known.

    >>> order_nodes(Graph("empty"))
    False
    """
    if any(isinstance(source, (Element, Count)) for source in graph.symbols.values()):
        return False
    ordered = _depth_first(graph)
    if ordered == graph.nodes or _peak(graph, ordered) > _peak(graph, graph.nodes):
        return False
    graph.nodes = ordered
    return True


def _depth_first(graph: Graph) -> list[Node]:
    """Takes the latest node that became ready, of several at once the first in the old order."""
    producers, users = graph.producers(), graph.users()
    position = {node: i for i, node in enumerate(graph.nodes)}
    waiting = {
        node: len({producers[v] for v in node.inputs if v is not None and v in producers})
        for node in graph.nodes
    }
    ready = [node for node in reversed(graph.nodes) if not waiting[node]]
    ordered: list[Node] = []
    while ready:
        node = ready.pop()
        ordered.append(node)
        fresh = []
        for reader in dict.fromkeys(n for v in node.outputs for n in users.get(v, [])):
            waiting[reader] -= 1
            if not waiting[reader]:
                fresh.append(reader)
        ready += sorted(fresh, key=lambda n: -position[n])
    return ordered


def _peak(graph: Graph, nodes: list[Node]) -> int:
    """Bytes of the largest set of results that are alive at once."""
    last: dict[Value, int] = {}
    for i, node in enumerate(nodes):
        for value in (*node.inputs, *node.outputs):
            if value is not None:
                last[value] = i
    for value in graph.outputs:
        last[value] = len(nodes)
    ends: dict[int, int] = {}
    live = most = 0
    for i, node in enumerate(nodes):
        for value in node.outputs:
            live += _bytes(value)
            ends[last[value]] = ends.get(last[value], 0) + _bytes(value)
        most = max(most, live)
        live -= ends.get(i, 0)
    return most


def _bytes(value: Value) -> int:
    return prod(_size(d) for d in value.shape) * value.dtype.itemsize


def _size(dim: Dim) -> int:
    """The size with ASSUMED for its symbols, or that itself where these do not go together."""
    try:
        return evaluate(dim, dict.fromkeys(symbols_of(dim), ASSUMED))
    except DimError:
        return ASSUMED
