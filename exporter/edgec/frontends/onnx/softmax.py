"""Softmax and LogSoftmax."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import product
from edgec.ir.graph import Value
from edgec.ops.softmax import Softmax


@onnx_op("Softmax", "LogSoftmax")
def softmax(b: Builder, call: Call) -> Value:
    """Along one axis since opset 13; before, on x flattened to a matrix at the axis."""
    x, log = call.operand(0), call.op_type == "LogSoftmax"
    if call.version >= 13:
        return b.one(Softmax(call.axis(x.rank, -1), log), x)
    axis = call.axis(x.rank, 1)
    if axis == x.rank - 1:
        return b.one(Softmax(axis, log), x)
    flat = b.reshape(x, (product(x.shape[:axis]), product(x.shape[axis:])))
    return b.reshape(b.one(Softmax(1, log), flat), x.shape)
