"""Det."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.linalg import Determinant


@onnx_op("Det")
def determinant(b: Builder, call: Call) -> Value:
    return b.one(Determinant(), call.operand(0))
