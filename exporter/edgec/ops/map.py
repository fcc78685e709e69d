"""Elementwise computation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.epilogue import check_operands
from edgec.ops.program import Program
from edgec.ops.scalar_eval import run
from edgec.ops.shapes import Operands, broadcast


@register
@dataclass(frozen=True)
class Map(Op):
    """A scalar program applied to every element of its broadcast operands.

    Operands: n tensors (n >= 1), one per program operand, of those compute types. Result: their
    NumPy broadcast, stored as `dtype` (whose compute type is the program's). What instructions
    mean: `ops/program.py`. Source: all elementwise ONNX operators.
    """

    name = "map"
    program: Program
    dtype: int = DType.F32

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        types = [o for o in operands if o is not None]
        if len(types) != len(operands) or not types:
            raise OpError("map takes one or more operands, none absent")
        check_operands(self.program, types, "program")
        if DType(self.dtype).compute != self.program.dtype:
            raise OpError(
                f"result type {DType(self.dtype).text} cannot hold the program's {self.program.dtype.text}"
            )
        return [TensorType(DType(self.dtype), broadcast(*(o.shape for o in types)))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [run(self.program, given(operands), self.dtype)]
