"""Rows of scores as maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgec.ir.containers import container
from edgec.ir.types import DType, ElementType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.containers import wrap
from edgec.ops.maps import KEYS
from edgec.ops.shapes import Operands, check_rank, operand, require_equal


@register
@dataclass(frozen=True)
class ZipMap(Op):
    """A sequence with a map for each row, from keys to the row's elements; of equal keys the last counts.

    Operands: keys i64 or string [n], values [rows, n] f32, f64 or i64. Source: ai.onnx.ml ZipMap.
    """

    name = "zip_map"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        keys, values = operand(operands, 0, "keys"), operand(operands, 1, "values")
        check_rank(keys, "keys", 1, 1)
        check_rank(values, "values", 2, 2)
        if keys.dtype not in KEYS or values.dtype not in (DType.F32, DType.F64, DType.I64):
            raise OpError(
                f"keys are {keys} and values {values}, expected i64 or strings, and f32, f64 or i64"
            )
        n, width = keys.shape[0], values.shape[1]
        require_equal(context, n, width, f"there are {n} keys for rows of {width}")
        row = ElementType(DType.MAP, (), ElementType(values.dtype, ()), keys.dtype)
        return [container(DType.SEQUENCE, row)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        keys, values = given(operands)
        return [wrap([dict(zip(keys.tolist(), row, strict=True)) for row in values.tolist()])]
