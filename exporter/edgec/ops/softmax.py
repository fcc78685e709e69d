"""Softmax and its logarithm."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_axis, operand


@register
@dataclass(frozen=True)
class Softmax(Op):
    """exp(x - max) / sum(exp(x - max)) along `axis`, or its logarithm where `log`.

    Operand: x (float). Result: x's type. Source: ONNX Softmax, LogSoftmax (opset 13; older ones after a reshape).
    """

    name = "softmax"
    axis: int
    log: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if not x.dtype.is_float:
            raise OpError(f"input is {x}, expected a float type")
        check_axis(self.axis, x.rank)
        return [x]
