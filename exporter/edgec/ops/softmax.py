"""Softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_axis, operand


@register
@dataclass(frozen=True)
class Softmax(Op):
    """exp(x - max) / sum(exp(x - max)) along `axis`, or its logarithm where `log`.

    Operand: x (float). Result: x's type. On small floats every step is rounded to x's type, as in ONNX's
    function bodies. Source: ONNX Softmax, LogSoftmax (opset 13; older ones after a reshape).
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

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        stored = DType.of(x.dtype)

        def rounded(value: Array) -> Array:
            return load(store(value, stored), stored.compute)

        x = load(x, stored.compute)
        with np.errstate(all="ignore"):
            shifted = rounded(x - x.max(self.axis, keepdims=True, initial=-np.inf))
            powers = rounded(np.exp(shifted))
            total = rounded(powers.sum(self.axis, keepdims=True))
            result = shifted - rounded(np.log(total)) if self.log else powers / total
        return [store(result, stored)]
