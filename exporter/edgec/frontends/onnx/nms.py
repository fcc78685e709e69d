"""NonMaxSuppression."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.nms import Nms


@onnx_op("NonMaxSuppression")
def non_max_suppression(b: Builder, call: Call) -> Value:
    limits = [call.optional(i) for i in (2, 3, 4)]
    return b.one(Nms(call.flag("center_point_box")), call.operand(0), call.operand(1), *limits)
