"""Linear algebra on the last two axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_rank, operand, require_equal


@register
@dataclass(frozen=True)
class Determinant(Op):
    """The determinant of each square matrix x [..., M, M] (float); result [...]. Source: ONNX Det."""

    name = "determinant"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_rank(x, "x", 2)
        if not x.dtype.is_float:
            raise OpError(f"input is {x}, expected a float type")
        a, b = x.shape[-2:]
        require_equal(context, a, b, f"matrices are {a} x {b}, expected square ones")
        return [TensorType(x.dtype, x.shape[:-2])]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        stored = DType.of(x.dtype)
        return [store(np.asarray(np.linalg.det(load(x, stored.compute))), stored)]
