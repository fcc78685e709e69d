"""RoiAlign and MaxRoiPool."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.reduce import Reduce
from edgec.ops.roi import RoiAlign


@onnx_op("RoiAlign")
def roi_align(b: Builder, call: Call) -> Value:
    """Before opset 16 regions were never moved by half a pixel."""
    x, rois, batch = call.operands()
    mode = call.text("mode", "avg")
    default = "half_pixel" if call.version >= 16 else "output_half_pixel"
    op = RoiAlign(
        "average" if mode == "avg" else mode,
        call.integer("output_height", 1),
        call.integer("output_width", 1),
        call.integer("sampling_ratio", 0),
        call.real("spatial_scale", 1.0),
        call.text("coordinate_transformation_mode", default) == "half_pixel",
    )
    rois = b.cast(rois, rois.dtype.compute)
    return b.channels_first(b.one(op, b.channels_last(x), rois, batch))


@onnx_op("MaxRoiPool")
def max_roi_pool(b: Builder, call: Call) -> Value:
    """The greatest element of each bin of regions [R, 5] (image, x1, y1, x2, y2); 0 where a bin is empty.

    Source: Girshick, Fast R-CNN (2015); whole pixels as in ONNX Runtime.
    """
    x, rois = call.operand(0), call.operand(1)
    pooled, scale = call.integers("pooled_shape"), call.real("spatial_scale", 1.0)
    if x.rank != 4 or rois.rank != 2 or len(pooled) != 2:
        raise OpError(
            f"input is {x.type}, rois {rois.type}, pooled_shape {pooled}: expected rank 4, 2 and two sizes"
        )
    images = b.reshape(b.cast(b.slice_axis(rois, 1, 0, 1), DType.I64), (rois.shape[0],))
    value, filled = b.one(Gather(0), x, images), b.constant(True)
    least = b.constant(-np.inf, x.dtype)
    for axis, (first, last) in ((2, (2, 4)), (3, (1, 3))):
        ends = [b.slice_axis(rois, 1, column, 1) for column in (first, last)]
        inside = _bins(b, ends, pooled[axis - 2], x.shape[axis], scale)
        shape: list[Dim] = [rois.shape[0], 1, 1, 1, 1]
        shape[axis], shape[axis + 1] = pooled[axis - 2], x.shape[axis]
        mask = b.reshape(inside, shape)
        lines = b.reshape(value, (*value.shape[:axis], 1, *value.shape[axis:]))
        value = b.one(Reduce("max", (axis + 1,), False), select(b, mask, lines, least))
        some = b.one(Reduce("max", (axis + 1,), False), b.cast(mask, DType.U8))
        filled = b.binary("and", filled, b.cast(some, DType.BOOL))
    return select(b, filled, value, b.constant(0, x.dtype))


def _bins(b: Builder, ends: list[Value], count: int, size: Dim, scale: float) -> Value:
    """Which of `size` elements lie in each of `count` bins of each region: bool [R, count, size]."""
    t, wide = DType.F32, ends[0].dtype.compute
    p = scalar.Builder([wide, wide, DType.I64, DType.I64])
    half = p.const(0.5, t)
    start, stop = (p("floor", p("add", p("mul", p.cast(i, t), p.const(scale, t)), half)) for i in (0, 1))
    length = p("max", p("add", p("sub", stop, start), p.const(1.0, t)), p.const(1.0, t))
    step, number = p("div", length, p.const(float(count), t)), p.cast(2, t)
    begin = p("add", start, p("floor", p("mul", number, step)))
    end = p("add", start, p("ceil", p("mul", p("add", number, p.const(1.0, t)), step)))
    place = p.cast(3, t)
    program = p.finish(p("and", p("ge", place, begin), p("lt", place, end)))
    bins = b.reshape(b.iota(count), (1, count, 1))
    places = b.reshape(b.iota(size), (1, 1, size))
    regions = [b.reshape(v, (v.shape[0], 1, 1)) for v in ends]
    return b.map(program, [*regions, bins, places], DType.BOOL)
