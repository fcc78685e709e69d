"""Positions of extreme elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_axis, operand


@register
@dataclass(frozen=True)
class ArgReduce(Op):
    """The index (i64) of the greatest or least element along `axis`.

    Operand: x. Among equals the first wins, or the last with `select_last`. Result: x's shape with
    the axis removed, or 1 where `keepdims`. NaN wins over numbers. Source: ONNX ArgMax, ArgMin.
    """

    name = "arg_reduce"
    kind: str
    axis: int
    keepdims: bool = True
    select_last: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in ("max", "min"):
            raise OpError(f"kind is '{self.kind}', expected max or min")
        check_axis(self.axis, x.rank)
        middle = (1,) if self.keepdims else ()
        return [TensorType(DType.I64, (*x.shape[: self.axis], *middle, *x.shape[self.axis + 1 :]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        x = np.flip(x, self.axis) if self.select_last else x
        find = np.argmax if self.kind == "max" else np.argmin
        found = np.asarray(find(x, self.axis, keepdims=self.keepdims), np.int64)
        return [np.asarray(x.shape[self.axis] - 1 - found) if self.select_last else found]
