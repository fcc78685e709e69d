"""Reductions, arg_reduce, cumulative, softmax, normalize."""

from itertools import chain, combinations

import numpy as np
import pytest
from harness import Device, compare, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.ir.types import DType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.cumulative import Cumulative
from edgec.ops.normalize import Normalize
from edgec.ops.program import Builder, Program
from edgec.ops.reduce import KINDS, Reduce
from edgec.ops.softmax import Softmax

RANDOM = np.random.default_rng(0)
ALL_AXES = [tuple(c) for c in chain.from_iterable(combinations(range(4), n) for n in range(5))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", ALL_AXES, ids=str)
def test_reduce_over_any_axes(cpu: Device, kind: str, axes: tuple[int, ...]) -> None:
    for shape in ((2, 3, 5, 37), (3, 1, 70, 2), (1, 9, 9, 100)):
        x = (
            1 + numbers(RANDOM, shape, "float32") / 100
            if kind == "prod"
            else numbers(RANDOM, shape, "float32")
        )
        compare(Reduce(kind, axes, keepdims=len(axes) % 2 == 0), [x], cpu, tolerance=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "int32", "int64", "uint64"])
def test_reduce_of_any_type(cpu: Device, kind: str, dtype: str) -> None:
    for axes in ((0,), (1,), (0, 2), (0, 1, 2)):
        compare(Reduce(kind, axes), [numbers(RANDOM, (3, 4, 5), dtype)], cpu)


@pytest.mark.parametrize("kind", ["max", "min"])
def test_truths_and_nans(cpu: Device, kind: str) -> None:
    compare(Reduce(kind, (1,)), [numbers(RANDOM, (9, 3), "bool")], cpu)
    x = numbers(RANDOM, (40, 40), "float32")
    x[3, 5] = x[39, 39] = np.nan
    x[7, :] = np.inf
    for axis in (0, 1):
        compare(Reduce(kind, (axis,)), [x], cpu)


@pytest.mark.parametrize("kind", KINDS)
def test_reduce_of_nothing(cpu: Device, kind: str) -> None:
    for dtype in ("float32", "int32"):
        compare(Reduce(kind, (1,)), [np.zeros((3, 0, 2), dtype)], cpu)
        compare(Reduce(kind, (0,)), [np.zeros((0, 3), dtype)], cpu)
        compare(Reduce(kind, (0,)), [np.zeros((3, 0), dtype)], cpu)


def test_large_reductions(cpu: Device) -> None:
    """Long sums lose no more than short ones: one number after the other would be 1e-4 off."""
    x = numbers(RANDOM, (1, 120, 90, 40), "float32") + 1
    for axes in ((1, 2), (3,), (1, 2, 3), (2,), (1, 3)):
        compare(Reduce("mean", axes), [x], cpu, tolerance=2e-6)


def squared(operands: int = 1) -> Program:
    b = Builder([DType.F32] * operands)
    square = b("mul", 0, 0)
    return b.finish(b("mul", square, 1) if operands > 1 else square)


def shifted(dtype: DType) -> Program:
    b = Builder([dtype, dtype])
    return b.finish(b("add", 0, 1))


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1, 2)])
def test_programs_around_a_reduction(cpu: Device, axes: tuple[int, ...]) -> None:
    x, y = (numbers(RANDOM, (5, 6, 70), "float32") for _ in range(2))
    shift = numbers(RANDOM, [1 if i in axes else n for i, n in enumerate(x.shape)], "float32")
    compare(Reduce("sum", axes, prologue=squared()), [x], cpu)
    compare(Reduce("sum", axes, prologue=squared(2)), [x, y], cpu)
    compare(Reduce("mean", axes, epilogue=shifted(DType.F32)), [x, shift], cpu)
    both = Reduce("sum", axes, prologue=squared(2), epilogue=shifted(DType.F32))
    compare(both, [x, y, shift], cpu)
    half = [a.astype(np.float16) for a in (x, shift)]
    compare(Reduce("sum", axes, epilogue=shifted(DType.F16)), half, cpu)


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("last", [False, True])
def test_arg_reduce(cpu: Device, kind: str, last: bool) -> None:
    for dtype in ("float32", "int8", "float16"):
        x = RANDOM.integers(0, 4, (3, 7, 5)).astype(dtype)
        for axis in range(3):
            compare(ArgReduce(kind, axis, axis == 1, last), [x], cpu)


@pytest.mark.parametrize("kind", ["sum", "prod"])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_cumulative(cpu: Device, kind: str, exclusive: bool, reverse: bool) -> None:
    for dtype in ("float32", "float64", "int32", "int64"):
        for axis in range(3):
            x = numbers(RANDOM, (3, 4, 5), dtype)
            compare(Cumulative(kind, axis, exclusive, reverse), [x], cpu)


@pytest.mark.parametrize("log", [False, True])
@settings(max_examples=25, deadline=None)
@given(shape=st.lists(st.integers(0, 40), min_size=1, max_size=3), data=st.data())
def test_softmax(cpu: Device, log: bool, shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    dtype = data.draw(st.sampled_from(["float32", "float32", "float64", "float16"]))
    compare(Softmax(axis, log), [4 * numbers(RANDOM, shape, dtype)], cpu)


def test_softmax_of_extremes(cpu: Device) -> None:
    x = np.array([[-np.inf, 0, 1e30, 3], [0, -100, -200, 88], [7, 7, 7, 7]], np.float32)
    compare(Softmax(1), [x], cpu)
    compare(Softmax(0), [np.ascontiguousarray(x.T)], cpu)
    compare(Softmax(2), [numbers(RANDOM, (40, 3, 500), "float32")], cpu)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("axes", [(2,), (1,), (1, 2), (0, 2), (0, 1, 2)])
def test_normalize(cpu: Device, center: bool, axes: tuple[int, ...]) -> None:
    for shape in ((2, 9, 35), (3, 40, 2)):
        # far from 0 only where many values are averaged: two that are nearly equal cancel
        x = 3 * numbers(RANDOM, shape, "float32") + (5 if shape[2] > 2 else 0)
        scale, bias = numbers(RANDOM, shape[2:], "float32"), numbers(RANDOM, (shape[1], 1), "float32")
        for extra in ([None, None], [scale, None], [scale, bias], [None, bias]):
            compare(Normalize(axes, 1e-3, center), [x, *extra], cpu)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_normalize_of_any_type(cpu: Device, dtype: str) -> None:
    x, scale = numbers(RANDOM, (4, 6, 7), dtype), numbers(RANDOM, (7,), dtype)
    compare(Normalize((1, 2)), [x, scale, scale], cpu)
    compare(Normalize((0,), center=False), [x, scale.astype(np.float32), None], cpu)
