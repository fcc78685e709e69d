"""Maps fuse into maps, epilogues and prologues; affine maps fold into weights."""

from __future__ import annotations

import numpy as np
import pytest
from support import Net, check, count, names, only

from edgec.ir.graph import FormSpec, Graph
from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder
from edgec.ops.reduce import Reduce
from edgec.passes.common_subexpressions import common_subexpressions
from edgec.passes.dead_code import dead_code
from edgec.passes.flush_subnormals import flush_subnormals
from edgec.passes.fold_affine import fold_affine
from edgec.passes.fold_constants import fold_constants
from edgec.passes.fuse_epilogues import fuse_epilogues
from edgec.passes.fuse_maps import fuse_maps
from edgec.passes.layout import layout
from edgec.passes.pack_weights import pack_weights
from edgec.passes.simplify_programs import simplify_programs
from edgec.passes.views import views

ALL = (
    common_subexpressions,
    layout,
    views,
    simplify_programs,
    fuse_maps,
    fold_affine,
    fuse_epilogues,
    fuse_maps,
    pack_weights,
    dead_code,
)


def fused(graph: Graph, **symbols: int) -> Graph:
    return check(graph, *ALL, symbols=symbols)


def test_conv_with_normalisation_activation_and_residual_is_one_node() -> None:
    net = Net()
    x = net.input("x", 1, 8, 6, 6)
    y = net.binary("mul", net.conv(x, 8), net.const(1, 8, 1, 1))
    y = net.binary("add", y, net.const(8, 1, 1))
    y = net.relu(net.binary("add", y, x))
    found = fused(net.output(net.conv(y, 4)))
    assert count(found, "map") == 0 and count(found, "conv") == 2
    op = next(n.op for n in found.nodes if n.op.name == "conv")
    assert isinstance(op, Conv) and str(op.epilogue) == "max(add(add(x0, x1), x2), 0.0)"


def test_an_add_of_two_convs_goes_into_the_later_one() -> None:
    net = Net()
    x = net.input("x", 1, 4, 4, 4)
    y = net.relu(net.binary("add", net.conv(x, 8), net.conv(x, 8, 1)))
    found = fused(net.output(net.conv(y, 4)))
    convs = [n.op for n in found.nodes if isinstance(n.op, Conv)]
    assert [str(op.epilogue) for op in convs[:2]] == ["add(x0, x1)", "max(add(x2, add(x0, x1)), 0.0)"]


def test_hard_swish_in_pieces() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 4, 4), 8)
    b = Builder([DType.F32])
    clipped = b(
        "min",
        b("max", b("add", 0, b.const(3.0, DType.F32)), b.const(0.0, DType.F32)),
        b.const(6.0, DType.F32),
    )
    y = net.binary("mul", x, net.binary("div", net.map(b.finish(clipped), x), np.array([6.0], np.float32)))
    found = fused(net.output(net.conv(y, 4)))
    assert count(found, "map") == 0


def test_silu_reads_the_accumulator_twice() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 4, 4), 8)
    found = fused(net.output(net.conv(net.binary("mul", x, net.unary("sigmoid", x)), 2)))
    assert count(found, "map") == 0 and count(found, "conv") == 2


def test_scale_of_squeeze_and_excite_is_not_recomputed_per_pixel() -> None:
    net = Net()
    x = net.relu(net.conv(net.input("x", 1, 3, 4, 4), 8))
    s = net.unary("sigmoid", net.conv(net(Reduce("mean", (2, 3)), x), 8, 1))
    found = fused(net.output(net.conv(net.binary("mul", x, s), 2)))
    assert count(found, "map") == 1
    assert str(only(found, "map").op.attributes()["program"]) == "mul(x0, x1)"


def test_a_map_between_a_conv_and_a_reduce_goes_into_the_conv() -> None:
    net = Net()
    x = net.relu(net.conv(net.input("x", 1, 3, 4, 4), 8))
    found = fused(net.output(net(Reduce("mean", (2, 3)), x)))
    assert count(found, "map") == 0
    conv, reduce = only(found, "conv").op, only(found, "reduce").op
    assert isinstance(conv, Conv) and str(conv.epilogue) == "max(add(x0, x1), 0.0)"
    assert isinstance(reduce, Reduce) and reduce.prologue is None


def test_affine_before_matmul_transposed_and_conv_transpose() -> None:
    net = Net()
    x = net.input("x", 4, 6)
    y = net(MatMul(transpose_b=True), x, net.const(5, 6))
    b = Builder([DType.F32, DType.F32])
    y = net.map(b.finish(b("sub", 1, 0)), net.binary("div", y, net.const(5)), net.const(5))
    found = check(net.output(y), simplify_programs, fuse_maps, fold_affine, fuse_epilogues, dead_code)
    assert (
        names(found) == ["matmul"] and str(only(found, "matmul").op.attributes()["epilogue"]) == "add(x0, x1)"
    )
    net = Net()
    x = net.input("x", 1, 4, 4, 6)
    y = net(ConvTranspose((2, 2), (0, 0, 0, 0), (1, 1), 2), x, net.const(8, 2, 2, 3))
    y = net.unary("tanh", net.binary("mul", y, net.const(8)))
    found = check(net.output(y), fold_affine, fuse_epilogues)
    assert names(found) == ["conv_transpose"]


def test_a_sign_in_the_weights_leaves_no_epilogue() -> None:
    net = Net()
    x = net(Conv((1,), (0, 0), (1,)), net.input("x", 1, 5, 3), net.const(4, 1, 3))
    found = fused(net.output(net.unary("neg", x)))
    assert names(found) == ["conv"] and only(found, "conv").op.attributes()["epilogue"] is None


def test_affine_does_not_fold_through_other_readers_or_axes() -> None:
    net = Net()
    x = net(Conv((1,), (0, 0), (1,)), net.input("x", 1, 5, 3), net.const(4, 1, 3))
    graph = net.output(net.binary("mul", x, net.const(4)), net.unary("exp", x))
    assert not fold_affine(check(graph))
    net = Net()
    x = net(Conv((1,), (0, 0), (1,)), net.input("x", 1, 5, 3), net.const(4, 1, 3))
    assert not fold_affine(check(net.output(net.binary("mul", x, net.const(5, 1)))))


def test_rounding_between_maps_stays() -> None:
    net = Net()
    x = net.input("x", 7)
    b = Builder([DType.F32])
    halved = net(Map(b.finish(b("exp", 0)), DType.F16), x)
    b = Builder([DType.F16])
    found = fused(net.output(net(Map(b.finish(b("neg", 0)), DType.F32), halved)))
    assert count(found, "map") == 2


def test_expensive_maps_with_two_readers_stay_and_cheap_ones_go() -> None:
    net = Net()
    x = net.input("x", 7)
    y = net.unary("exp", x)
    found = fused(net.output(net.unary("neg", y), net.unary("abs", y)))
    assert count(found, "map") == 3
    net = Net()
    x = net.input("x", 7)
    y = net.unary("neg", x)
    found = fused(net.output(net.unary("exp", y), net.unary("abs", y)))
    assert count(found, "map") == 2


def test_a_small_maps_result_is_computed_once() -> None:
    net = Net()
    x, mask = net.input("x", 5, 7), net.input("mask", 7)
    found = fused(net.output(net.binary("add", x, net.unary("neg", mask))))
    assert count(found, "map") == 2


def test_mean_of_squares_and_root_is_one_reduce() -> None:
    net = Net()
    x = net.input("x", 4, 6)
    y = net.unary("sqrt", net(Reduce("mean", (1,)), net.binary("mul", x, x)))
    found = fused(net.output(y))
    assert names(found) == ["reduce"]
    op = only(found, "reduce").op
    assert isinstance(op, Reduce) and str(op.prologue) == "mul(x0, x0)" and str(op.epilogue) == "sqrt(x0)"


def test_reduce_takes_operands_before_and_after() -> None:
    net = Net()
    x, y = net.input("x", 4, 6), net.input("y", 6)
    z = net(Reduce("sum", (1,)), net.binary("mul", x, y))
    found = fused(net.output(net.binary("add", z, net.input("z", 4, 1))))
    assert names(found) == ["reduce"]


def test_narrow_type_leaves_an_epilogue() -> None:
    net = Net()
    b = Builder([DType.F32])
    y = net(MatMul(), net.input("x", 2, 3), net.const(3, 4))
    found = fused(net.output(net(Map(b.finish(b("round", 0)), DType.F16), y)))
    assert names(found) == ["matmul"] and found.outputs[0].dtype == DType.F16


def test_broadcast_that_grows_the_result_is_no_epilogue() -> None:
    net = Net()
    y = net(MatMul(), net.input("x", 2, 3), net.const(3, 4))
    found = fused(net.output(net.binary("add", y, net.input("z", 5, 2, 4))))
    assert names(found) == ["matmul", "map"]


def test_fold_and_share() -> None:
    net = Net()
    x = net.input("x", 3)
    y = net.binary(
        "add", net.binary("mul", x, net.unary("exp", net.constant(net.const(3)))), net.unary("sqrt", x)
    )
    y = net.binary("add", y, net.unary("sqrt", x))
    found = check(net.output(y), fold_constants, common_subexpressions, dead_code)
    assert count(found, "map") == 4


@pytest.mark.parametrize(
    ("op", "shape", "form"),
    [
        (Conv((1, 1), (0,) * 4, (1, 1)), (8, 3, 3, 6), FormSpec("panels", (1, 54, 8, 16))),
        (Conv((1, 1), (0,) * 4, (1, 1), 6), (6, 3, 3, 1), FormSpec("depthwise", (6, 9, 16))),
        (Conv((1, 1), (0,) * 4, (1, 1), 2), (4, 1, 1, 3), FormSpec("panels", (1, 6, 4, 16))),
        (ConvTranspose((1, 1), (0,) * 4, (1, 1)), (8, 2, 2, 6), FormSpec("taps", (1, 4, 6, 8, 16))),
        (MatMul(transpose_b=True), (9, 6), FormSpec("panels", (1, 6, 9, 16))),
    ],
)
def test_packing(op: Conv, shape: tuple[int, ...], form: FormSpec) -> None:
    net = Net()
    found = check(net.output(net(op, net.input("x", 1, 5, 5, 6), net.const(*shape))), pack_weights)
    assert found.nodes[0].operand(1).form == form


def test_subnormal_weights_become_zero_and_other_constants_stay() -> None:
    net = Net()
    w = np.array([[1e-39, 2.0], [-1e-45, 1.2e-38]], np.float32)
    y = net.binary("add", net(MatMul(), net.input("x", 3, 2), w), np.full(2, 1e-40, np.float32))
    found = check(net.output(y), flush_subnormals)
    product, added = found.nodes
    assert product.operand(1).const.tolist() == [[0, 2], [0, w[1, 1]]]
    assert added.operand(1).const.min() > 0
