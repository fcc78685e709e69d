"""Bytes are concatenated and pooled instead of the numbers that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import Net, check, names, only

from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.pool import Pool
from edgec.ops.program import Builder
from edgec.ops.view import Concat
from edgec.passes.move_bytes import move_bytes

F32, U8, I8, I32 = DType.F32, DType.U8, DType.I8, DType.I32
POOL = Pool("max", (3, 2), (2, 1), (1, 0, 1, 1), (1, 1), ceil_mode=True)


def quantised(net: Net, x: Value, step: float, zero: int = 0, dtype: DType = U8) -> Value:
    """As the frontend writes QuantizeLinear, the step an operand."""
    info = np.iinfo(dtype.numpy)
    b = Builder([F32, F32])
    y = b("add", b("round", b("div", 0, 1)), b.const(float(zero), F32))
    y = b("min", b("max", y, b.const(float(info.min), F32)), b.const(float(info.max), F32))
    return net(Map(b.finish(b.cast(y, dtype)), int(dtype)), x, np.float32(step).reshape(()))


def numbers(net: Net, x: Value, step: float, zero: int = 0) -> Value:
    """As the frontend writes DequantizeLinear."""
    b = Builder([x.dtype])
    whole = net(Map(b.finish(b.cast(0, I32)), int(I32)), x)
    b = Builder([I32])
    centred = net(Map(b.finish(b("sub", 0, b.const(zero, I32))), int(I32)), whole)
    b = Builder([I32])
    plain = net(Map(b.finish(b.cast(0, F32)), int(F32)), centred)
    return net.binary("mul", plain, np.float32(step).reshape(()))


def test_parts_are_quantised() -> None:
    net = Net()
    a, b = net.input("a", 2, 3), net.input("b", 2, "n")
    found = check(net.output(quantised(net, net(Concat(1), a, b), 0.01)), move_bytes, symbols={"n": 5})
    assert names(found) == ["map", "map", "concat"]
    assert {v.dtype for v in only(found, "concat").inputs if v} == {U8}


def test_a_concatenation_that_is_read_elsewhere_stays() -> None:
    net = Net()
    whole = net(Concat(0), net.input("a", 2), net.input("b", 3))
    assert not move_bytes(net.output(quantised(net, whole, 0.1), net.unary("exp", whole)))


@pytest.mark.parametrize(("dtype", "zero"), [(U8, 0), (U8, 128), (I8, -5)])
def test_maxima_are_those_of_the_bytes_and_the_same_scale_is_no_step(dtype: DType, zero: int) -> None:
    net = Net()
    x = net.input("x", 1, 7, 6, 5, dtype=dtype)
    y = quantised(net, net(POOL, numbers(net, x, 0.031, zero)), 0.031, zero, dtype)
    assert names(check(net.output(net.unary("exp", numbers(net, y, 2.0))), move_bytes)) == [
        "pool",
        *["map"] * 5,
    ]


@pytest.mark.parametrize(
    ("op", "step"),
    [
        (replace(POOL, kind="average"), 0.1),
        (replace(POOL, pads=(3, 0, 3, 0)), 0.1),
        (replace(POOL, dilations=(2, 1)), 0.1),
        (POOL, -0.1),
        (POOL, float("nan")),
    ],
)
def test_what_is_no_maximum_of_rising_numbers_stays(op: Pool, step: float) -> None:
    net = Net()
    x = net.input("x", 1, 9, 9, 5, dtype=U8)
    assert not move_bytes(net.output(net(op, numbers(net, x, step))))


def test_another_scale_is_a_step() -> None:
    net = Net()
    x = net.input("x", 300, dtype=U8)
    graph = net.output(quantised(net, numbers(net, x, 0.031), 0.032))
    assert not move_bytes(graph)
