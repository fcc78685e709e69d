"""Positions of elements in a list of keys: what encoders of labels and categories do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_rank, operand


@register
@dataclass(frozen=True)
class Lookup(Op):
    """The position of each element of x among the keys, n where it is none of them.

    Operands: x of any shape, keys [n] of its dtype: a number or string. The keys are constant; of equal
    ones the last counts; NaN equals NaN. Result: i64 of x's shape. Source: ai.onnx.ml LabelEncoder.

    >>> Lookup().eval([np.array([7, 8, 9]), np.array([9, 7])])[0].tolist()
    [1, 2, 0]
    """

    name = "lookup"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, keys = operand(operands, 0, "x"), operand(operands, 1, "keys")
        check_rank(keys, "keys", 1, 1)
        if x.dtype != keys.dtype or not (x.dtype.is_arithmetic or x.dtype == DType.STRING):
            raise OpError(f"x is {x} and keys are {keys}, expected one type, numbers or strings")
        return [TensorType(DType.I64, x.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, keys = given(operands)
        places = {_key(k): i for i, k in enumerate(keys.tolist())}
        found = [places.get(_key(v), len(keys)) for v in x.reshape(-1).tolist()]
        return [np.array(found, np.int64).reshape(x.shape)]


def _key(value: Any) -> Any:
    """A key that equals itself: NaN does not."""
    return value if value == value else None
