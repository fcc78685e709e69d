"""Movement: transpose, slice, expand, concat, pad, iota, extents."""

import numpy as np
import pytest
from harness import Device, compare, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.ops.view import Concat, Expand, Extents, Iota, Pad, Slice, Transpose

RANDOM = np.random.default_rng(0)
DTYPES = ["float32", "float64", "float16", "int8", "int64", "bool", "complex64", "complex128"]
shapes = st.lists(st.integers(0, 7), min_size=0, max_size=5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "perm"),
    [
        ((), ()),
        ((5,), (0,)),
        ((37, 41), (1, 0)),
        ((2, 33, 35, 3), (0, 3, 1, 2)),
        ((2, 3, 33, 35), (0, 2, 3, 1)),
        ((3, 4, 5, 6), (3, 2, 1, 0)),
        ((3, 1, 5, 6), (1, 3, 0, 2)),
        ((0, 4), (1, 0)),
    ],
)
def test_transpose(cpu: Device, dtype: str, shape: tuple[int, ...], perm: tuple[int, ...]) -> None:
    compare(Transpose(perm), [numbers(RANDOM, shape, "int8").astype(dtype)], cpu)


@settings(max_examples=30, deadline=None)
@given(shape=shapes, data=st.data())
def test_transpose_of_any_shape(cpu: Device, shape: list[int], data: st.DataObject) -> None:
    perm = data.draw(st.permutations(range(len(shape))))
    compare(Transpose(tuple(perm)), [numbers(RANDOM, shape, "float32")], cpu)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, data=st.data())
def test_slice(cpu: Device, shape: list[int], data: st.DataObject) -> None:
    starts, steps, sizes = [], [], []
    for size in shape:
        step = data.draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        start = data.draw(st.integers(0, max(size - 1, 0)))
        most = 0 if not size else (size - 1 - start) // step + 1 if step > 0 else start // -step + 1
        starts.append(start)
        steps.append(step)
        sizes.append(data.draw(st.integers(0, most)))
    compare(Slice(tuple(starts), tuple(steps), tuple(sizes)), [numbers(RANDOM, shape, "float32")], cpu)


@pytest.mark.parametrize("kind", ["constant", "edge", "reflect", "wrap"])
@settings(max_examples=25, deadline=None)
@given(shape=st.lists(st.integers(1, 6), min_size=0, max_size=4), data=st.data())
def test_pad(cpu: Device, kind: str, shape: list[int], data: st.DataObject) -> None:
    limits = [9 if kind in ("constant", "edge") else s - 1 if kind == "reflect" else s for s in shape]
    pads = tuple(data.draw(st.integers(0, limit)) for limit in limits * 2)
    dtype = data.draw(st.sampled_from(["float32", "int8", "int64"]))
    fill = np.array(7, dtype) if data.draw(st.booleans()) and kind == "constant" else None
    compare(Pad(kind, pads), [numbers(RANDOM, shape, dtype), fill], cpu)


def test_large_pad(cpu: Device) -> None:
    compare(Pad("constant", (0, 3, 5, 0, 1, 2)), [numbers(RANDOM, (4, 300, 300), "float32"), None], cpu)


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(0, 5), min_size=1, max_size=4), data=st.data())
def test_concat(cpu: Device, shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    dtype = data.draw(st.sampled_from(["float32", "int8", "complex128"]))
    parts = [numbers(RANDOM, [*shape[:axis], n, *shape[axis + 1 :]], "int8").astype(dtype) for n in sizes]
    compare(Concat(axis), parts, cpu)


@pytest.mark.parametrize(
    ("shape", "to"),
    [
        ((), (3, 4)),
        ((1, 5), (4, 5)),
        ((5, 1), (5, 300)),
        ((3, 1, 2), (2, 3, 40, 2)),
        ((1,), (0,)),
        ((2, 3), (2, 3)),
    ],
)
def test_expand(cpu: Device, shape: tuple[int, ...], to: tuple[int, ...]) -> None:
    for dtype in ("float32", "bool", "int64"):
        compare(Expand(to), [numbers(RANDOM, shape, dtype)], cpu)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_index_makers(cpu: Device, count: int) -> None:
    for dtype in (1, 2, 3, 7, 8):
        compare(Iota(count, dtype), [], cpu)
    compare(Extents((2, count, 7), (3, 1)), [], cpu)
