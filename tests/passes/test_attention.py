"""attention and head_ranges: products around a softmax become one operator that reads heads in place."""

from collections.abc import Callable

import numpy as np
import pytest
from support import Net, check, names, only

from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.attention import Attention
from edgec.ops.matmul import MatMul
from edgec.ops.softmax import Softmax
from edgec.ops.view import Slice, Transpose
from edgec.passes.attention import attention
from edgec.passes.head_ranges import head_ranges
from edgec.passes.layout import layout
from edgec.passes.simplify_programs import simplify_programs
from edgec.passes.views import views

PASSES = (simplify_programs, attention, layout, views, head_ranges)


def heads(net: Net, x: Value, order: tuple[int, ...] = (0, 2, 1, 3)) -> Value:
    """[N, T, 3 * 8] to [N, 3, T, 8]."""
    return net(Transpose(order), net.reshape(x, x.shape[0], x.shape[1], 3, 8))


def scaled(net: Net, x: Value, factor: float) -> Value:
    return net.binary("mul", x, np.float32(factor))


def attend(net: Net, q: Value, k: Value, v: Value, f: Callable[[Value], Value] = lambda x: x) -> Value:
    weights = net(Softmax(3), f(net(MatMul(transpose_b=True), q, k)))
    return net(Transpose((0, 2, 1, 3)), net(MatMul(), weights, v))


def test_heads_are_read_and_written_in_place() -> None:
    net = Net()
    q, k, v = net.input("q", "n", 5, 24), net.input("k", "n", 7, 24), net.input("v", "n", 7, 24)
    mask = net.input("mask", 7)
    y = attend(
        net,
        scaled(net, heads(net, q), 0.5),
        scaled(net, heads(net, k), 0.25),
        heads(net, v),
        lambda x: net.binary("add", x, mask),
    )
    found = check(net.output(y), *PASSES, symbols={"n": 2})
    assert set(names(found)) == {"reshape", "attention"}
    op = only(found, "attention").op
    assert isinstance(op, Attention) and op.scale == 0.125 and str(op.scores) == "add(x0, x1)"


def test_keys_come_transposed() -> None:
    net = Net()
    q, k, v = net.input("q", 2, 5, 24), net.input("k", 2, 7, 24), net.input("v", 2, 7, 24)
    products = net(MatMul(), heads(net, q), heads(net, k, (0, 2, 3, 1)))
    y = net(Transpose((0, 2, 1, 3)), net(MatMul(), net(Softmax(3), products), heads(net, v)))
    assert set(names(check(net.output(y), *PASSES))) == {"reshape", "attention"}


@pytest.mark.parametrize("before", [False, True])
def test_ranges_of_heads(before: bool) -> None:
    """Slices of a joint projection's columns, or of an axis of three before the heads."""
    net = Net()
    x = net.input("x", 2, 5, 72)

    def part(i: int) -> Value:
        if before:
            split = net(Slice((0, 0, i, 0, 0), (1,) * 5, (2, 5, 1, 3, 8)), net.reshape(x, 2, 5, 3, 3, 8))
            return net(Transpose((0, 2, 1, 3)), net.reshape(split, 2, 5, 3, 8))
        return heads(net, net(Slice((0, 0, 24 * i), (1, 1, 1), (2, 5, 24)), x))

    found = check(net.output(attend(net, part(0), part(1), part(2))), *PASSES)
    assert set(names(found)) == {"reshape", "attention"}
    op = only(found, "attention").op
    assert isinstance(op, Attention) and op.firsts == (0, 3, 6)


@pytest.mark.parametrize(("starts", "shape"), [((0, 1, 0), (2, 5, 24)), ((0, 0, 4), (2, 5, 24))])
def test_other_slices_stay(starts: tuple[int, ...], shape: tuple[int, ...]) -> None:
    net = Net()
    q = net(Slice(starts, (1, 1, 1), shape), net.input("x", 2, 6, 28))
    k, v = net.input("k", 2, 7, 24), net.input("v", 2, 7, 24)
    found = check(net.output(attend(net, heads(net, q), heads(net, k), heads(net, v))), *PASSES)
    assert "slice" in names(found) and "attention" in names(found)


def test_what_is_no_attention() -> None:
    def graph(axis: int, batch: int, seen: bool) -> list[str]:
        net = Net()
        q, k, v = net.input("q", 2, 3, 5, 8), net.input("k", batch, 3, 5, 8), net.input("v", 2, 3, 5, 8)
        weights = net(Softmax(axis), net(MatMul(transpose_b=True), q, k))
        return names(check(net.output(net(MatMul(), weights, v), *([weights] if seen else [])), attention))

    assert "attention" in graph(3, 2, False)
    assert "attention" not in graph(2, 2, False)
    assert "attention" not in graph(3, 1, False)
    assert "attention" not in graph(3, 2, True)
    net = Net()
    half = net.input("q", 2, 3, 5, 8, dtype=DType.F16)
    weights = net(Softmax(3), net(MatMul(transpose_b=True), half, half))
    assert "attention" not in names(check(net.output(weights), attention))
