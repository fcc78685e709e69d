"""CropAndResize."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, static_ints
from edgec.ir.dims import Dim, maximum
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.grid_sample import GridSample


@contrib_op("CropAndResize", ranks={0: (4,), 1: (2,), 2: (1,), 3: (1,)})
def crop_and_resize(b: Builder, call: Call) -> Value:
    """Boxes [R, 4] (y1, x1, y2, x2 of 0 to 1) of images [N, C, H, W], on grids from corner to corner.

    Places outside of the image have the value `extrapolation_value`.
    """
    x, boxes, images = call.operands(3)
    wanted = static_ints(b, call.operand(3), "the size of the crops")
    if len(wanted) != 2 or min(wanted) < 1:
        raise OpError(f"the size of the crops is {wanted}, expected two numbers above 0")
    rows, columns = wanted
    mode = call.text("mode", "bilinear")
    if mode not in ("bilinear", "nearest"):
        raise OpError(f"mode is '{mode}', expected bilinear or nearest")
    count, y_size, x_size = boxes.shape[0], x.shape[2], x.shape[3]
    down = b.reshape(_places(b, boxes, 0, rows, y_size), (count, rows, 1, 1))
    across = b.reshape(_places(b, boxes, 1, columns, x_size), (count, 1, columns, 1))
    inside = b.binary("and", _within(b, down, y_size), _within(b, across, x_size))
    if mode == "nearest":
        down, across = _rounded(b, down), _rounded(b, across)
    shape = (count, rows, columns, 1)
    parts = [_spread(b, across, x_size, shape), _spread(b, down, y_size, shape)]
    taken = b.one(Gather(0), b.channels_last(x), images)
    sampling = GridSample("linear" if mode == "bilinear" else "nearest", "border", True)
    crops = b.one(sampling, taken, b.concat(parts, 3))
    outside = b.constant(call.real("extrapolation_value", 0.0), x.dtype)
    return b.channels_first(select(b, inside, crops, outside))


def _places(b: Builder, boxes: Value, axis: int, count: int, size: Dim) -> Value:
    """[R, count]: where the grid's lines lie, in pixels; a single one lies in the middle of the box."""
    first, last = (b.slice_axis(boxes, 1, axis + i, 1) for i in (0, 2))
    steps = b.constant([[0.5]] if count == 1 else [[i / (count - 1) for i in range(count)]], boxes.dtype)
    places = b.binary("add", first, b.binary("mul", b.binary("sub", last, first), steps))
    return b.binary("mul", places, _number(b, size - 1, boxes.dtype))


def _number(b: Builder, dim: Dim, dtype: DType) -> Value:
    return b.cast(b.reshape(b.dims([dim]), ()), dtype)


def _spread(b: Builder, places: Value, size: Dim, shape: tuple[Dim, ...]) -> Value:
    """Pixels as the coordinates from -1 to 1 of a grid, on all of it."""
    half = b.binary("div", _number(b, maximum(size - 1, 1), places.dtype), b.constant(2.0, places.dtype))
    return b.expand(b.binary("sub", b.binary("div", places, half), b.constant(1.0, places.dtype)), shape)


def _rounded(b: Builder, places: Value) -> Value:
    """The nearest pixel, the greater one halfway."""
    return b.unary("floor", b.binary("add", places, b.constant(0.5, places.dtype)))


def _within(b: Builder, places: Value, size: Dim) -> Value:
    low = b.binary("ge", places, b.constant(0.0, places.dtype))
    return b.binary("and", low, b.binary("le", places, _number(b, size - 1, places.dtype)))
