"""Which maps go before concats, and that the graph means the same."""

from __future__ import annotations

import pytest
from support import Net, check, names

from edgec.ir.graph import Graph
from edgec.ops.matmul import MatMul
from edgec.ops.view import Concat, Reshape, Transpose
from edgec.passes.fuse_epilogues import fuse_epilogues
from edgec.passes.fuse_maps import fuse_maps
from edgec.passes.raise_maps import raise_maps


def heads(read_elsewhere: bool = False, made_by_operators: bool = True, numbers: bool = True) -> Graph:
    """Two products under other shapes, joined, and a map of all that."""
    net = Net()
    x = net.input("x", 6, 4)
    parts = [net(MatMul(), x, net.const(4, 10)) if made_by_operators else net.input(n, 6, 10) for n in "ab"]
    views = [net(Transpose((1, 0, 2)), net(Reshape((6, 2, 5)), part)) for part in parts]
    joined = net(Concat(1), *views)
    y = net.unary("sigmoid", net.binary("mul", joined, net.const(1) if numbers else net.const(5)))
    return net.output(y, *views[: int(read_elsewhere)])


def test_a_map_of_joined_views_becomes_epilogues() -> None:
    found = check(heads(), fuse_maps, raise_maps, fuse_epilogues)
    assert sorted(names(found)) == sorted(["matmul", "reshape", "transpose"] * 2 + ["concat"])


@pytest.mark.parametrize(
    "graph",
    [heads(read_elsewhere=True), heads(made_by_operators=False), heads(numbers=False)],
)
def test_other_maps_stay(graph: Graph) -> None:
    before = check(graph, fuse_maps)
    assert names(check(before, raise_maps)) == names(before)
