"""RoiAlign."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
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
    return b.channels_first(b.one(op, b.channels_last(x), rois, batch))
