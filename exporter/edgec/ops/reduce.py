"""Reductions over axes."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.epilogue import check_operands
from edgec.ops.program import Program
from edgec.ops.shapes import Operands, check_axes, operand, require_broadcast_to

KINDS = ("sum", "prod", "max", "min", "mean")


@register
@dataclass(frozen=True)
class Reduce(Op):
    """sum, prod, max, min or mean over `axes`; none given reduces nothing.

    Operands: x, then the prologue's extra operands (broadcasting to x), then the epilogue's
    (broadcasting to the result). `prologue` maps each element first, `epilogue` each result (register 0
    is the element or result). Result: x's shape with the axes removed, or 1 where `keepdims`; x's dtype
    where its compute type is what the programs give, else that compute type. Integer sums wrap;
    integer mean truncates; max and min propagate NaN. Over no elements sum is 0, prod 1, max the
    type's least value, min its greatest, mean NaN (0 for integers).
    Source: ONNX Reduce*, GlobalAveragePool, GlobalMaxPool.
    """

    name = "reduce"
    kind: str
    axes: tuple[int, ...]
    keepdims: bool = True
    prologue: Program | None = None
    epilogue: Program | None = None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in KINDS:
            raise OpError(f"kind is '{self.kind}', expected one of {', '.join(KINDS)}")
        check_axes(self.axes, x.rank)
        extras = [o for o in operands[1:] if o is not None]
        split = self.split()
        before, after = extras[:split], extras[split:]
        element = x.dtype.compute
        for extra in before:
            require_broadcast_to(context, extra.shape, x.shape, "prologue operand")
        if self.prologue is not None:
            check_operands(self.prologue, [x, *before], "prologue")
            element = self.prologue.dtype
        shape = tuple(
            1 if i in self.axes else d
            for i, d in enumerate(x.shape)
            if self.keepdims or i not in self.axes
        )
        for extra in after:
            require_broadcast_to(context, extra.shape, shape, "epilogue operand")
        if self.epilogue is not None:
            check_operands(self.epilogue, [TensorType(element, shape), *after], "epilogue")
            element = self.epilogue.dtype
        elif after:
            raise OpError(f"{len(after)} extra operands without a program that takes them")
        return [TensorType(self.result_dtype(x.dtype, element), shape)]

    def split(self) -> int:
        """How many of the extra operands are the prologue's."""
        return len(self.prologue.operands) - 1 if self.prologue is not None else 0

    @staticmethod
    def result_dtype(given: DType, computed: DType) -> DType:
        return given if given.compute == computed else computed
