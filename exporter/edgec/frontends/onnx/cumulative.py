"""CumSum and CumProd."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis, static_ints
from edgec.ir.graph import Value
from edgec.ops.cumulative import Cumulative


@onnx_op("CumSum", "CumProd")
def cumulative(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    (axis,) = static_ints(b, call.operand(1), "the axis")
    kind = "sum" if call.op_type == "CumSum" else "prod"
    op = Cumulative(kind, resolve_axis(axis, x.rank), call.flag("exclusive"), call.flag("reverse"))
    return b.one(op, x)
