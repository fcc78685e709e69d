"""Scatter, ScatterElements, ScatterND."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.scatter import ScatterElements, ScatterNd


@onnx_op("Scatter", "ScatterElements")
def scatter_elements(b: Builder, call: Call) -> Value:
    x, indices, updates = call.operands()
    return b.one(ScatterElements(call.axis(x.rank, 0), call.text("reduction", "none")), x, indices, updates)


@onnx_op("ScatterND")
def scatter_nd(b: Builder, call: Call) -> Value:
    x, indices, updates = call.operands()
    return b.one(ScatterNd(call.text("reduction", "none")), x, indices, updates)
