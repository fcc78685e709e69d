"""Steps of shape arithmetic: sizes become data, are computed with, and become sizes again."""

from __future__ import annotations

import numpy as np
from grower import Grower, Tensor, step
from onnx import numpy_helper
from steps_views import int64s


def shape_of(g: Grower, x: Tensor) -> Tensor:
    if g.opset >= 15 and x.rank > 1 and g.chance(0.2):
        return g.one("Concat", g.one("Shape", x, end=1), g.one("Shape", x, start=1), axis=0)
    return g.one("Shape", x)


def size_of(g: Grower, x: Tensor, axis: int, as_list: bool = True) -> Tensor:
    """One size of x as an i64 vector of one element, or scalar."""
    return g.one("Gather", g.one("Shape", x), int64s(g, [axis] if as_list else axis), axis=0)


@step(weight=3)
def reshape_by_shape(g: Grower) -> None:
    """Leading sizes kept, the rest in one axis."""
    x = g.pick(rank=range(2, 6), fits=lambda t: 0 not in t.shape)
    kept = g.integer(0, x.rank - 2)
    parts = [size_of(g, x, axis) for axis in range(kept)] + [int64s(g, [-1])]
    made = g.one("Reshape", x, g.one("Concat", *parts, axis=0))
    if g.chance(0.5):
        g.one("Reshape", made, shape_of(g, x))


@step(weight=2)
def merge_by_product(g: Grower) -> None:
    x = g.pick(rank=range(2, 5), fits=lambda t: 0 not in t.shape)
    product = g.one("Mul", size_of(g, x, 0), size_of(g, x, 1))
    rest = [size_of(g, x, axis) for axis in range(2, x.rank)]
    g.one("Reshape", x, g.one("Concat", product, *rest, axis=0))


@step(8, weight=2)
def expand_to(g: Grower) -> None:
    """A constant spread to the shape of a value."""
    x = g.pick()
    g.one("Expand", g.constant(g.data(x.array.dtype, [1] * g.integer(0, x.rank))), shape_of(g, x))


@step(9)
def filled(g: Grower) -> None:
    value = numpy_helper.from_array(g.data(g.choose([np.float32, np.int64]), [1]))
    g.one("ConstantOfShape", shape_of(g, g.pick(rank=range(0, 5))), value=value)


@step(11, weight=2)
def slice_by_size(g: Grower) -> None:
    """The first half of an axis."""
    x = g.pick(rank=range(1, 5))
    axis = g.axis(x)
    half = g.one("Div", size_of(g, x, axis), int64s(g, [2]))
    g.one("Slice", x, int64s(g, [0]), half, int64s(g, [axis]))


@step(11, weight=2)
def positions(g: Grower) -> None:
    """0, 1, 2 ... along an axis, as what is added or looked up."""
    x = g.pick(rank=range(1, 5))
    axis = g.axis(x)
    count = g.one("Squeeze", size_of(g, x, axis)) if g.chance(0.3) else size_of(g, x, axis, False)
    found = g.one("Range", int64s(g, 0), count, int64s(g, 1))
    if g.chance(0.5):
        g.one("Gather", x, found, axis=axis)


@step(11)
def pad_to_multiple(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 4))
    size = size_of(g, x, x.rank - 1)
    wanted = g.one("Mul", g.one("Div", g.one("Add", size, int64s(g, [3])), int64s(g, [4])), int64s(g, [4]))
    zeros, more = int64s(g, [0] * (2 * x.rank - 1)), g.one("Sub", wanted, size)
    g.one("Pad", x, g.one("Concat", zeros, more, axis=0))


@step(13)
def resize_to_shape(g: Grower) -> None:
    x = g.pick("f", 4, lambda t: 0 not in t.shape)
    doubled = g.one("Mul", g.one("Shape", x), int64s(g, [1, 1, 2, 2]))
    g.one("Resize", x, None, None, doubled, mode="nearest", coordinate_transformation_mode="asymmetric",
          nearest_mode="floor")  # fmt: skip


@step(9)
def eye(g: Grower) -> None:
    g.one("EyeLike", g.pick("fi", 2), k=g.integer(-2, 2))


@step(11)
def reshape_to_data(g: Grower) -> None:
    """A shape that only a run knows: how many elements are not zero."""
    x = g.pick("fib", rank=range(1, 4))
    found = g.one("NonZero", x)
    g.one("Reshape", g.one("Transpose", found), int64s(g, [-1]))
