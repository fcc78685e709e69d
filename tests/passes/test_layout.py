"""Transposes that remain after the layout pass, on the shapes that networks have."""

from __future__ import annotations

import numpy as np
import pytest
from support import Net, check, count, names, only

from edgec.ir.graph import Graph
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul
from edgec.ops.normalize import Normalize
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.softmax import Softmax
from edgec.ops.view import Concat, Pad, Slice, Transpose
from edgec.passes.layout import layout
from edgec.passes.views import views


def laid_out(graph: Graph, **symbols: int) -> Graph:
    return check(graph, layout, views, symbols=symbols)


def test_a_convolutional_body_keeps_transposes_at_its_ends_only() -> None:
    net = Net()
    x = net.input("x", "n", 3, "h", 8)
    y = net.relu(net.conv(x, 8))
    z = net.binary("add", net.conv(net.relu(net.conv(y, 8)), 8), y)
    z = net.binary("mul", z, net.const(1, 8, 1, 1))
    found = laid_out(net.output(net(Concat(1), net.conv(z, 4), z)), n=2, h=6)
    assert count(found, "transpose") == 2
    assert found.outputs[0].name == net.graph.outputs[0].name


def test_squeeze_and_excite_costs_nothing() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 8, 8), 8)
    s = net(Reduce("mean", (2, 3), True), x)
    s = net.unary("sigmoid", net.conv(net.relu(net.conv(s, 4, 1)), 8, 1))
    found = laid_out(net.output(net.conv(net.binary("mul", x, s), 4)))
    assert count(found, "transpose") == 2


def test_squeeze_and_excite_through_a_matrix_costs_nothing() -> None:
    net = Net()
    x = net.conv(net.input("x", "n", 3, 8, 8), 8)
    pooled = net(Reduce("mean", (2, 3), True), x)
    s = net.reshape(
        net(MatMul(), net.reshape(pooled, pooled.shape[0], 8), net.const(8, 8)), pooled.shape[0], 8, 1, 1
    )
    found = laid_out(net.output(net.conv(net.binary("mul", x, s), 4)))
    assert count(found, "transpose") == 2


def test_flatten_into_a_matrix_permutes_its_rows() -> None:
    net = Net()
    x = net.relu(net.conv(net.input("x", "n", 3, 4, 5), 6))
    flat = net.reshape(x, x.shape[0], 120)
    found = laid_out(net.output(net(MatMul(transpose_b=True), flat, net.const(7, 120))))
    assert count(found, "transpose") == 1
    assert isinstance(only(found, "conv").op, Conv)


def test_channel_shuffle_is_one_transpose() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 4, 5), 6)
    y = net(Transpose((0, 2, 1, 3, 4)), net.reshape(x, 1, 2, 3, 4, 5))
    z = net.conv(net.reshape(y, 1, 6, 4, 5), 6)
    found = laid_out(net.output(net(Reduce("mean", (2, 3), True), z)))
    assert count(found, "transpose") == 2  # the image's, and the shuffle's


def test_detection_heads_meet_in_one_order() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 8, 8), 8)
    heads = []
    for y in (x, net.conv(x, 8, 3, 2)):
        h = net.conv(y, 5, 1)
        heads.append(net.reshape(h, 1, 5, h.shape[2] * h.shape[3]))
    y = net(Concat(2), *heads)
    boxes = net(Slice((0, 0, 0), (1, 1, 1), (1, 4, 80)), y)
    scores = net.unary("sigmoid", net(Slice((0, 4, 0), (1, 1, 1), (1, 1, 80)), y))
    found = laid_out(net.output(net(Concat(1), boxes, scores)))
    assert count(found, "transpose") == 2


def test_resize_pad_slice_softmax_and_normalize_move_their_axes() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 6, 6), 8)
    x = net(Resize("nearest", (2, 3), (12, 9), coordinates="asymmetric", nearest="floor"), x)
    x = net(Pad("constant", (0, 0, 1, 0, 0, 0, 0, 2)), x)
    x = net(Normalize((2, 3)), x, net.const(8, 1, 1), net.const(8, 1, 1))
    x = net(Slice((0, 0, 12, 1), (1, 1, -1, 2), (1, 8, 12, 5)), x)
    x = net(Softmax(1), x)
    found = laid_out(net.output(net.conv(x, 4)))
    assert count(found, "transpose") == 2
    assert only(found, "softmax").op == Softmax(3)


def test_pointwise_conv_works_in_any_spatial_order() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 4, 5), 8)
    y = net.reshape(x, 1, 2, 4, 20)  # [1, 8, 4, 5] as 2 groups of 4 channels over 20 places
    y = net(Softmax(1), net(Transpose((0, 2, 1, 3)), y))
    found = laid_out(net.output(net.reshape(net.conv(y, 1, 1, bias=False), 1, 2, 20)))
    assert count(found, "transpose") <= 3


def test_one_dimensional_convs_in_disguise() -> None:
    net = Net()
    x = net.conv(net.input("x", "n", 3, 1, "t"), 4)
    flat = net.reshape(x, x.shape[0], 4, x.shape[3])
    found = laid_out(net.output(net.conv(flat, 2)), n=1, t=6)
    assert count(found, "transpose") == 2


def test_attention_absorbs_the_last_swap() -> None:
    net = Net()
    x = net.input("x", "b", 5, 12)
    heads = [net.reshape(x, x.shape[0], 5, 3, 4) for _ in range(2)]
    q, k = (net(Transpose((0, 2, 1, 3)), h) for h in heads)
    scores = net(MatMul(), q, net(Transpose((0, 1, 3, 2)), k))
    found = laid_out(net.output(scores))
    assert count(found, "transpose") <= 2


def test_broadcast_of_lower_rank_follows() -> None:
    net = Net()
    x = net.conv(net.input("x", 1, 3, 4, 5), 6)
    y = net.binary("mul", x, net.input("s", 5))
    y = net.binary("add", y, net.const(6, 1, 1))
    found = laid_out(net.output(net.conv(y, 2)))
    assert count(found, "transpose") == 2


def test_an_output_in_the_middle_keeps_its_order_and_name() -> None:
    net = Net()
    x = net.relu(net.conv(net.input("x", 1, 3, 4, 5), 6))
    found = laid_out(net.output(x, net.conv(x, 2)))
    assert found.outputs[0].name == x.name
    assert count(found, "transpose") == 3


def test_no_transposes_no_change() -> None:
    net = Net()
    x = net.input("x", 2, 3)
    graph = net.output(net.binary("add", x, net.relu(x)))
    assert not layout(graph)


@pytest.mark.parametrize("seed", range(25))
def test_random_networks_keep_their_meaning(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = Net()
    pool = [net.input("x", 2, 4, 6, 6), net.input("y", 2, 4, 6, 6)]
    for _ in range(10):
        x = pool[rng.integers(len(pool))]
        y = pool[rng.integers(len(pool))]
        choice = rng.integers(9)
        if choice == 0 and x.rank == 4:
            x = net.conv(x, 4, int(rng.choice([1, 3])))
        elif choice == 1:
            x = net.relu(x)
        elif choice == 2 and x.shape == y.shape:
            x = net.binary("add", x, y)
        elif choice == 3:
            x = net(Transpose(tuple(int(i) for i in rng.permutation(x.rank))), x)
        elif choice == 4 and x.rank > 2:
            axis = int(rng.integers(x.rank - 1))
            x = net.reshape(x, *x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :])
        elif choice == 5:
            axis = int(rng.integers(x.rank))
            size = x.shape[axis]
            if isinstance(size, int) and size % 2 == 0:
                x = net.reshape(x, *x.shape[:axis], 2, size // 2, *x.shape[axis + 1 :])
        elif choice == 6:
            x = net(Reduce("mean", (int(rng.integers(x.rank)),), True), x)
        elif choice == 7 and x.rank > 1:
            x = net(Softmax(int(rng.integers(x.rank))), x)
        elif choice == 8 and x.shape == y.shape:
            x = net(Concat(int(rng.integers(x.rank))), x, y)
        pool.append(x)
    made = [v for v in pool[2:] if v not in pool[:2]]
    graph = net.output(*dict.fromkeys(made[-2:])) if made else None
    if graph is not None:
        before = count(graph, "transpose")
        found = laid_out(graph)
        assert count(found, "transpose") <= before, names(found)


def test_rows_of_open_sizes_stay_where_they_are() -> None:
    """The matrix has all its rows, but which size each axis of its operand has is known at run time."""
    net = Net()
    x = net(Transpose((1, 2, 0)), net.input("x", 3, "n", 5))
    y = net(MatMul(), net.reshape(x, 1, x.shape[0] * 15), net.const(30, 4))
    check(net.output(net.relu(y)), layout, symbols={"n": 2})
