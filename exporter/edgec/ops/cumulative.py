"""Running sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_axes, operand


@register
@dataclass(frozen=True)
class Cumulative(Op):
    """Running sum or product along `axis`.

    Operand: x. Result: x's type; element i combines elements 0..i, without i itself where
    `exclusive` (the first is then 0 or 1), counted from the end where `reverse`. Source: ONNX
    CumSum, CumProd.
    """

    name = "cumulative"
    kind: str
    axis: Dim
    exclusive: bool = False
    reverse: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in ("sum", "prod"):
            raise OpError(f"kind is '{self.kind}', expected sum or prod")
        check_axes([self.axis], x.rank, context)
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,), (axis,) = given(operands), static([self.axis])
        stored = DType.of(x.dtype)
        x = load(np.flip(x, axis) if self.reverse else x, stored.compute)
        function, first = (np.cumsum, 0) if self.kind == "sum" else (np.cumprod, 1)
        if self.exclusive and x.shape[axis]:
            start = np.full_like(x.take([0], axis), first)
            kept = x.take(range(x.shape[axis] - 1), axis)
            x = np.concatenate([start, kept], axis)
        with np.errstate(all="ignore"):
            result = function(x, axis, dtype=x.dtype)
        result = np.flip(result, axis) if self.reverse else result
        return [store(np.ascontiguousarray(result), stored)]
