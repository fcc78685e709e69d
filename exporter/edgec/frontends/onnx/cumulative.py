"""CumSum and CumProd."""

from __future__ import annotations

from edgec.frontends.onnx.axes import resolved_axis
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.cumulative import Cumulative


@onnx_op("CumSum", "CumProd")
def cumulative(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    (axis,) = b.dims_of(call.operand(1))
    kind = "sum" if call.op_type == "CumSum" else "prod"
    op = Cumulative(kind, resolved_axis(b, axis, x.rank), call.flag("exclusive"), call.flag("reverse"))
    return b.one(op, x)
