"""Reading and writing at run-time indices; choosing elements."""

import numpy as np
import pytest
from harness import Array, Device, compare, numbers, run
from hypothesis import given, settings
from hypothesis import strategies as st

import edgert
from edgec.ops.base import Op
from edgec.ops.gather import Gather, GatherElements, GatherNd
from edgec.ops.scatter import REDUCTIONS, ScatterElements, ScatterNd
from edgec.ops.select import Compress, NonZero, TopK, Unique

RANDOM = np.random.default_rng(0)


def positions(n: int, shape: tuple[int, ...], dtype: str = "int64") -> Array:
    return RANDOM.integers(-n, n, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool", "complex128", "float16"])
def test_gather(cpu: Device, dtype: str) -> None:
    x = numbers(RANDOM, (3, 4, 5), "int8").astype(dtype)
    for axis in range(3):
        for shape in ((), (6,), (2, 3), (0,)):
            compare(Gather(axis), [x, positions(x.shape[axis], shape, "int32")], cpu)
    compare(Gather(2, 1), [x, positions(5, (3, 2))], cpu)
    compare(Gather(2, 2), [x, positions(5, (3, 4))], cpu)
    compare(Gather(0), [numbers(RANDOM, (50, 300), "float32"), positions(50, (200,))], cpu)


def test_gather_elements_and_tuples(cpu: Device) -> None:
    x = numbers(RANDOM, (3, 4, 5), "float32")
    for axis in range(3):
        shape = [2, 3, 4]
        shape[axis] = 7
        compare(GatherElements(axis), [x, positions(x.shape[axis], tuple(shape))], cpu)
    compare(GatherNd(), [x, positions(3, (2, 6, 3))], cpu)
    compare(GatherNd(), [x, positions(3, (4, 2), "int32")], cpu)
    compare(GatherNd(1), [x, positions(4, (3, 2, 1))], cpu)
    compare(GatherNd(2), [x, positions(5, (3, 4, 1))], cpu)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scatter(cpu: Device, reduction: str) -> None:
    for dtype in ("float32", "int32", "uint8", "float16"):
        x = numbers(RANDOM, (3, 4, 5), dtype)
        for axis in range(3):
            shape = [2, 3, 4]
            shape[axis] = 6 if reduction != "none" else 3
            updates = numbers(RANDOM, shape, dtype)
            compare(
                ScatterElements(axis, reduction), [x, positions(x.shape[axis], tuple(shape)), updates], cpu
            )
        for depth, last in ((1, (4, 5)), (2, (5,)), (3, ())):
            updates = numbers(RANDOM, (7, *last), dtype)
            compare(ScatterNd(reduction), [x, positions(3, (7, depth)), updates], cpu)


X, ROW = np.zeros((3, 4), np.float32), np.zeros((1, 4), np.float32)


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        (Gather(0), [X, np.array([0, 3])]),
        (Gather(0), [X, np.array([-4], np.int32)]),
        (GatherElements(1), [X, np.array([[4]])]),
        (GatherNd(), [X, np.array([[2, 4]])]),
        (ScatterElements(0), [X, np.array([[0, 1, 2, 3]]), ROW]),
        (ScatterNd(), [X, np.array([[1 << 40]]), ROW]),
    ],
    ids=str,
)
def test_bad_indices_are_refused(cpu: Device, op: Op, operands: list[Array]) -> None:
    with pytest.raises(edgert.EdgertError, match="'node'.*index .* is out of range"):
        run(op, operands, cpu)


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(1, 9), min_size=1, max_size=3), data=st.data())
def test_topk(cpu: Device, shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    k = data.draw(st.integers(0, shape[axis]))
    dtype = data.draw(st.sampled_from(["float32", "int8", "uint64", "float16"]))
    x = numbers(RANDOM, shape, dtype)
    compare(TopK(k, axis, data.draw(st.booleans())), [x], cpu)


def test_topk_of_nans(cpu: Device) -> None:
    x = np.array([1, np.nan, -np.inf, 3, np.nan, 3], np.float32)
    compare(TopK(4, 0, True), [x], cpu)
    compare(TopK(6, 0, False), [x], cpu)


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4), (2, 3, 5)])
def test_nonzero(cpu: Device, shape: tuple[int, ...]) -> None:
    for dtype in ("float32", "bool", "int64"):
        compare(NonZero(), [RANDOM.integers(0, 2, shape).astype(dtype)], cpu)


def test_compress(cpu: Device) -> None:
    x = numbers(RANDOM, (3, 4, 5), "float32")
    marks = np.array([True, False, True])
    compare(Compress(), [x, RANDOM.integers(0, 2, 50).astype(bool)], cpu)
    for axis in range(3):
        compare(Compress(axis), [x, marks], cpu)
    compare(Compress(0), [x, np.zeros(2, bool)], cpu)


@pytest.mark.parametrize("ordered", [True, False])
def test_unique(cpu: Device, ordered: bool) -> None:
    for dtype in ("float32", "int8", "int64"):
        x = RANDOM.integers(-2, 2, (6, 3, 2)).astype(dtype)
        for axis in (None, 0, 1, 2):
            compare(Unique(axis, ordered), [x], cpu)
    compare(Unique(None, ordered), [np.zeros((0, 3), np.float32)], cpu)
