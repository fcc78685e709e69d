"""Nodes in an order that finishes branches before the next begin."""

import pytest

from edgec.ir.graph import Count, Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.view import Concat, Reshape, Slice
from edgec.passes.order_nodes import order_nodes


def value(name: str, *shape: int) -> Value:
    return Value(name, TensorType(DType.F32, shape))


def two_branches(first: int, second: int) -> Graph:
    """x is cut into two branches of two nodes each, written breadth first; the results are joined."""
    x, y = value("x", 8), value("y", first + second)
    cuts = [value("a", first), value("b", second)]
    turned = [value("c", first), value("d", second)]
    nodes = [
        *(Node(Slice((0,), (1,), v.shape), [x], [v], f"cut {v.name}") for v in cuts),
        *(Node(Reshape(v.shape), [u], [v], f"turn {v.name}") for u, v in zip(cuts, turned)),
        Node(Concat(0), list(turned), [y], "join"),
    ]
    return Graph("main", [x], [y], nodes)


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes]


def test_a_branch_is_finished_before_the_next_begins() -> None:
    graph = two_branches(3, 2)
    assert order_nodes(graph)
    assert names(graph) == ["cut a", "turn c", "cut b", "turn d", "join"]
    assert not order_nodes(graph)


def test_an_order_that_takes_more_memory_is_not_taken() -> None:
    """A large value that two small ones can replace goes first, as it did."""
    x = value("x", 4)
    big, small, other, y = value("big", 1000), value("small", 1), value("other", 1000), value("y", 1002)
    nodes = [
        Node(Slice((0,), (1,), (1000,)), [x], [big], "big"),
        Node(Slice((0,), (1,), (1,)), [big], [small], "small"),
        Node(Slice((0,), (1,), (1000,)), [x], [other], "other"),
        Node(Slice((0,), (1,), (1,)), [other], [last := value("last", 1)], "last"),
        Node(Concat(0), [small, last], [y], "join"),
    ]
    graph = Graph("main", [x], [y], nodes)
    order_nodes(graph)
    assert names(graph).index("small") < names(graph).index("other")


@pytest.mark.parametrize("known", [True, False])
def test_sizes_that_nodes_find_keep_their_order(known: bool) -> None:
    graph = two_branches(3, 2)
    if not known:
        graph.symbols["n"] = Count(graph.nodes[0].outputs[0], 0, 3)
    assert order_nodes(graph) is known


def test_every_node_stays() -> None:
    graph = two_branches(5, 3)
    before = set(names(graph))
    order_nodes(graph)
    assert set(names(graph)) == before and len(graph.nodes) == len(before)
    seen = set(graph.inputs)
    for node in graph.nodes:
        assert all(v in seen for v in node.inputs)
        seen.update(node.outputs)
