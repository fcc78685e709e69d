"""Running sums and products."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_axis, operand


@register
@dataclass(frozen=True)
class Cumulative(Op):
    """Running sum or product along `axis`.

    Operand: x. Result: x's type; element i combines elements 0..i, without i itself where `exclusive`
    (the first is then 0 or 1), counted from the end where `reverse`. Source: ONNX CumSum, CumProd.
    """

    name = "cumulative"
    kind: str
    axis: int
    exclusive: bool = False
    reverse: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in ("sum", "prod"):
            raise OpError(f"kind is '{self.kind}', expected sum or prod")
        check_axis(self.axis, x.rank)
        return [x]
