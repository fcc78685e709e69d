"""Gather, GatherElements, GatherND."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.gather import Gather, GatherElements, GatherNd


@onnx_op("Gather")
def gather(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    return b.one(Gather(call.axis(x.rank, 0)), x, call.operand(1))


@onnx_op("GatherElements")
def gather_elements(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    return b.one(GatherElements(call.axis(x.rank, 0)), x, call.operand(1))


@onnx_op("GatherND")
def gather_nd(b: Builder, call: Call) -> Value:
    return b.one(GatherNd(call.integer("batch_dims", 0)), call.operand(0), call.operand(1))
