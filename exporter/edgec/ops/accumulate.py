"""Sums of products in an accumulator type: the arithmetic below matmul and convolution."""

from __future__ import annotations

import numpy as np

from edgec.ir.types import DType
from edgec.ops.base import Array


def working_type(accumulator: int, *operands: Array) -> np.dtype[np.generic]:
    """The NumPy type in which sums are made so that `settle` gives the accumulator's exact meaning.

    Narrow integers are summed in f64, where their products are exact and BLAS is quick.
    """
    kind = DType(accumulator)
    if kind.is_int and all(o.dtype.itemsize <= 2 for o in operands):
        return np.dtype(np.float64)
    return np.dtype(np.int64) if kind.is_int else kind.numpy


def settle(total: Array, accumulator: int) -> Array:
    """Sums made in the working type, as the accumulator type; integers wrap."""
    target = DType(accumulator)
    if target.is_int and total.dtype.kind == "f":
        total = total.astype(np.int64)
    return total.astype(target.numpy, copy=False)
