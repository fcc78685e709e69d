"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.accumulate import settle, working_type
from edgec.ops.base import Array, Context, Op, given, register
from edgec.ops.epilogue import infer_epilogue
from edgec.ops.program import Program
from edgec.ops.scalar_eval import finish
from edgec.ops.shapes import Operands, broadcast, check_rank, operand, require_equal


@register
@dataclass(frozen=True)
class MatMul(Op):
    """a [..., M, K] times b [..., K, N], batch axes broadcast.

    Operands: a, b (stored [..., K, M] and [..., N, K] where transposed), then the epilogue's extra
    operands, each broadcasting to the result. Products are summed in type `accumulator`, the
    epilogue runs on the sum, the result [..., M, N] is stored as `dtype`.
    Source: ONNX MatMul, Gemm, MatMulInteger.
    """

    name = "matmul"
    packed = {1: ("panels",)}
    transpose_a: bool = False
    transpose_b: bool = False
    epilogue: Program | None = None
    accumulator: int = DType.F32
    dtype: int = DType.F32

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        a, b = operand(operands, 0, "a"), operand(operands, 1, "b")
        check_rank(a, "a", 2)
        check_rank(b, "b", 2)
        m, k = reversed(a.shape[-2:]) if self.transpose_a else a.shape[-2:]
        k_b, n = reversed(b.shape[-2:]) if self.transpose_b else b.shape[-2:]
        require_equal(context, k, k_b, f"a has inner size {k}, b has {k_b}; they must be equal")
        shape = (*broadcast(a.shape[:-2], b.shape[:-2]), m, n)
        return [infer_epilogue(self.epilogue, self.accumulator, self.dtype, shape, operands[2:], context)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        a, b, *extras = given(operands)
        wide = working_type(self.accumulator, a, b)
        a, b = a.astype(wide, copy=False), b.astype(wide, copy=False)
        a = a.swapaxes(-1, -2) if self.transpose_a else a
        b = b.swapaxes(-1, -2) if self.transpose_b else b
        with np.errstate(all="ignore"):
            total = settle(np.matmul(a, b), self.accumulator)
        return [finish(self.epilogue, total, extras, self.dtype)]
