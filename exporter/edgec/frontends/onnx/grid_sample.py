"""GridSample."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.grid_sample import GridSample

_KINDS = {"bilinear": "linear", "bicubic": "cubic"}


@onnx_op("GridSample")
def grid_sample(b: Builder, call: Call) -> Value:
    """Modes were called bilinear and bicubic before opset 20."""
    x, grid = call.operand(0), call.operand(1)
    mode = call.text("mode", "linear")
    op = GridSample(
        _KINDS.get(mode, mode), call.text("padding_mode", "zeros"), call.flag("align_corners")
    )
    return b.channels_first(b.one(op, b.channels_last(x), grid))
