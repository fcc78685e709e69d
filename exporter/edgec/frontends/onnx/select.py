"""TopK, NonZero, Compress, Unique."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.frontends.onnx.view import require_size
from edgec.ir.graph import Value
from edgec.ops.select import Compress, NonZero, TopK, Unique


@onnx_op("TopK")
def topk(b: Builder, call: Call) -> Sequence[Value]:
    """k is an attribute before opset 10, an input since."""
    x = call.operand(0)
    k = call.integer("k") if call.version < 10 else require_size(b, b.dims_of(call.operand(1))[0])
    op = TopK(k, call.axis(x.rank, -1), call.flag("largest", True), call.flag("sorted", True))
    return b.emit(op, [x])


@onnx_op("NonZero")
def nonzero(b: Builder, call: Call) -> Value:
    return b.one(NonZero(), call.operand(0))


@onnx_op("Compress")
def compress(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    axis = call.axis(x.rank) if call.has("axis") else None
    return b.one(Compress(axis), x, call.operand(1))


@onnx_op("Unique")
def unique(b: Builder, call: Call) -> Sequence[Value]:
    x = call.operand(0)
    axis = call.axis(x.rank) if call.has("axis") else None
    return b.emit(Unique(axis, call.flag("sorted", True)), [x])
