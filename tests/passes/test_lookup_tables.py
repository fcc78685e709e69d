"""One-hot products and maps of embeddings become tables."""

from __future__ import annotations

import numpy as np
from support import Net, check, names, only

from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.gather import Gather
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder
from edgec.passes.fuse_maps import fuse_maps
from edgec.passes.lookup_tables import lookup_tables
from edgec.passes.views import views


def one_hot(net: Net, x: Value, count: int, start: int = 0) -> Value:
    b = Builder([x.dtype, x.dtype])
    program = b.finish(b.cast(b("eq", 0, 1), DType.F32))
    return net(Map(program, DType.F32), x, np.arange(start, start + count).astype(x.dtype.numpy))


def test_one_hot_product_is_a_pick_and_its_map_is_in_the_table() -> None:
    net = Net()
    x = net.input("x", "n", 50, 1, dtype=DType.I32)
    y = net(MatMul(), one_hot(net, x, 1), net.const(1, 6))  # the inputs are 0 and 1: one is outside
    y = net.unary("tanh", net.binary("add", y, net.const(6)))
    found = check(net.output(y), fuse_maps, lookup_tables, views, symbols={"n": 2})
    assert names(found) == ["reshape", "map", "gather"]
    assert only(found, "gather").operand(0).shape == (2, 6)


def test_other_comparisons_stay() -> None:
    net = Net()
    x = net.input("x", 5, 1, dtype=DType.I32)
    y = net(MatMul(), one_hot(net, x, 3, start=1), net.const(3, 6))
    assert not lookup_tables(check(net.output(y)))


def test_map_of_an_embedding_with_a_tensor_stays() -> None:
    net = Net()
    x = net.input("x", 40, dtype=DType.I64)
    y = net(Gather(0), net.const(3, 4), x)
    y = net.binary("mul", net.unary("exp", y), net.const(1, 4))
    y = net.binary("add", y, net.input("z", 40, 4))
    found = check(net.output(y), lookup_tables)
    assert names(found) == ["gather", "map"]


def test_an_embedding_and_its_normalisation_are_one_table() -> None:
    net = Net()
    y = net(Gather(0), net.const(30, 4), net.input("x", 5, dtype=DType.I64))
    y = net.binary("add", net.binary("mul", y, net.const(4)), net.const(1, 4))
    found = check(net.output(y), fuse_maps, lookup_tables)
    assert names(found) == ["gather"]
