"""Data movement that composes or does nothing, and what dead code keeps."""

from __future__ import annotations

import numpy as np
from support import Net, check, count, names, only

from edgec.ir.dims import symbol
from edgec.ir.graph import Element, Guard
from edgec.ir.types import DType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.conv import Conv
from edgec.ops.gather import Gather
from edgec.ops.matmul import MatMul
from edgec.ops.reduce import Reduce
from edgec.ops.view import Concat, Expand, Iota, Pad, Reshape, Slice, Transpose
from edgec.passes.dead_code import dead_code
from edgec.passes.fuse_epilogues import fuse_epilogues
from edgec.passes.fuse_maps import fuse_maps
from edgec.passes.keep_axes import keep_axes
from edgec.passes.sink_reshapes import sink_reshapes
from edgec.passes.views import views


def test_reshapes_and_transposes_compose() -> None:
    net = Net()
    x = net.input("x", 2, 3, 4)
    y = net(Transpose((2, 1, 0)), net(Transpose((1, 0, 2)), x))
    y = net.reshape(net.reshape(y, 24), 4, 2, 3)
    found = check(net.output(y), views)
    assert names(found) == ["transpose"]
    net = Net()
    y = net(Transpose((1, 0)), net(Transpose((1, 0)), net.input("x", 2, 3)))
    assert names(check(net.output(net.relu(y)), views)) == ["map"]


def test_a_transpose_of_ones_is_a_reshape() -> None:
    net = Net()
    found = check(net.output(net(Transpose((0, 3, 1, 2)), net.input("x", 2, 1, 1, 5))), views)
    assert names(found) == ["reshape"]


def test_slices_compose_and_read_through_concats() -> None:
    net = Net()
    x, y = net.input("x", 2, 6), net.input("y", 2, 5)
    z = net(Concat(1), x, y)
    z = net(Slice((0, 10), (1, -1), (2, 5)), z)
    found = check(net.output(net.relu(net(Slice((0, 1), (1, 2), (2, 2)), z))), views)
    assert names(found) == ["slice", "map"]
    assert only(found, "slice").op == Slice((0, 3), (1, -2), (2, 2))


def test_neighbouring_slices_join() -> None:
    net = Net()
    x = net.input("x", 2, 6)
    parts = [net(Slice((0, i), (1, 1), (2, 2)), x) for i in (0, 2, 4)]
    found = check(net.output(net(Concat(1), *parts, net.relu(x))), views)
    assert names(found) == ["map", "concat"]


def test_concats_of_what_has_no_operands() -> None:
    net = Net()
    numbers = net(Iota(3, DType.I64))
    check(net.output(net(Concat(0), numbers, numbers)), views)


def test_nested_concats_flatten() -> None:
    net = Net()
    x, y = net.input("x", 2, 6), net.input("y", 2, 5)
    found = check(net.output(net(Concat(1), net(Concat(1), x, y), x)), views)
    assert names(found) == ["concat"] and len(only(found, "concat").inputs) == 3


def test_padding_goes_into_the_conv() -> None:
    net = Net()
    x = net(Pad("constant", (0, 1, 0, 0, 2, 0)), net.input("x", 1, 8, 3))
    x = net.reshape(x, 1, 1, 11, 3)
    y = net(Conv((1, 1), (0, 1, 0, 0), (1, 1)), x, net.const(4, 1, 3, 3))
    found = check(net.output(y), views)
    assert count(found, "pad") == 0
    assert only(found, "conv").op == Conv((1, 1), (0, 2, 0, 2), (1, 1))


def test_padding_of_channels_or_with_numbers_stays() -> None:
    for pads, fill in (((0, 0, 1, 0, 0, 0), 0.0), ((0, 1, 0, 0, 0, 0), 2.0)):
        net = Net()
        x = net(Pad("constant", pads), net.input("x", 1, 8, 3), np.array(fill, np.float32))
        y = net(Conv((1,), (0, 0), (1,)), x, net.const(4, 3, x.type.shape[2]))  # type: ignore[arg-type]
        assert count(check(net.output(y), views), "pad") == 1


def test_expanding_for_maps_is_not_needed() -> None:
    net = Net()
    x = net(Expand((4, 3)), net.input("x", 1, 3))
    found = check(net.output(net.binary("add", x, net.input("y", 4, 3))), views)
    assert names(found) == ["map"]
    net = Net()
    x = net(Expand((4, 3)), net.input("x", 1, 3))
    assert names(check(net.output(net.relu(x)), views)) == ["expand", "map"]


def test_constant_picks_are_slices_with_a_guard() -> None:
    net = Net()
    x = net.input("x", 2, "n")
    y = net(Gather(1), x, np.array(-2, np.int64))
    found = check(net.output(net.relu(y)), keep_axes, views, symbols={"n": 5})
    assert names(found) == ["slice", "reshape", "map"]
    assert len(found.guards) == 1 and "2 elements" in found.guards[0].message
    net = Net()
    y = net(Gather(0), net.input("x", 7), np.array([1, 3, 5], np.int64))
    assert names(check(net.output(net.relu(y)), keep_axes, views)) == ["slice", "map"]
    net = Net()
    y = net(Gather(0), net.input("x", 7), np.array([1, 3, 4], np.int64))
    assert names(check(net.output(y), keep_axes)) == ["gather"]


def test_reductions_keep_their_axes() -> None:
    net = Net()
    x = net.input("x", 2, 3, 4)
    y = net(Reduce("max", (0, 2), False), x)
    found = check(net.output(y, net(ArgReduce("max", 1, False), x)), keep_axes)
    assert sorted(names(found)) == ["arg_reduce", "reduce", "reshape", "reshape"]


def test_reshapes_sink_below_maps() -> None:
    net = Net()
    x, y = net.input("x", 2, 6, 4), net.input("y", 2, 6, 4)
    z = net.binary("add", net.reshape(x, 12, 4), net.reshape(y, 12, 4))
    z = net.binary("mul", z, net.const(4))
    found = check(net.output(z), sink_reshapes)
    assert names(found)[:2] == ["map", "map"] and set(names(found)[2:]) == {"reshape"}
    net = Net()
    z = net.binary("mul", net.reshape(net.input("x", 2, 6), 12), net.const(12))
    assert names(check(net.output(z), sink_reshapes)) == ["reshape", "map"]


def test_tensors_of_the_maps_shape_are_reshaped_for_an_epilogue() -> None:
    net = Net()
    x, y = net.input("x", 1, 6, 4), net.input("y", 6, 4)
    product = net(MatMul(), y, net.const(4, 4))
    z = net.binary("add", x, net.reshape(net.binary("add", product, net.const(4)), 1, 6, 4))
    z = net.binary("mul", z, net.unary("erf", z))
    found = check(net.output(z), sink_reshapes, views, fuse_maps, fuse_epilogues)
    assert names(found) == ["reshape", "matmul", "reshape"]
    net = Net()
    x, y = net.input("x", 1, 6, 4), net.input("y", 1, 6, 4)
    product = net(MatMul(), x, net.const(4, 4))
    z = net.binary("add", product, net.reshape(net(MatMul(), net.reshape(y, 6, 4), net.const(4, 4)), 1, 6, 4))
    found = check(net.output(z), sink_reshapes, views, fuse_maps, fuse_epilogues)
    assert names(found).count("matmul") == 2 and "map" not in names(found)


def test_dead_code_keeps_what_gives_sizes() -> None:
    net = Net()
    x = net.input("x", 6)
    sizes = net(Slice((0,), (1,), (1,)), net.input("sizes", 2, dtype=DType.I64))
    unused = net.relu(x)
    n = symbol("n", None)
    net.graph.symbols["n"] = Element(sizes, 0)
    net.graph.symbols["m"] = Element(unused, 0)
    y = net(Slice((0,), (1,), (n,)), x)
    graph = net.output(y)
    graph.guards.append(Guard(n + 1, "slice", "n is not -1"))
    assert dead_code(graph)
    assert names(graph) == ["slice", "slice"] and list(graph.symbols) == ["n"]
    assert unused.name not in graph.names and not dead_code(graph)


def test_an_identity_is_kept_where_an_output_needs_a_value_of_its_own() -> None:
    net = Net()
    x = net.input("x", 2, 3)
    y = net.relu(x)
    found = check(net.output(net(Reshape((2, 3)), x), y, net(Reshape((2, 3)), y)), views)
    assert sorted(names(found)) == ["map", "reshape", "reshape"]
    assert len(set(found.outputs)) == 3
