"""Inverse: Gauss-Jordan elimination with pivoting, unrolled."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.constants import rows_and_columns
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.base import OpError
from edgec.ops.gather import Gather

MAX_ROWS = 32


@contrib_op("Inverse")
def inverse(b: Builder, call: Call) -> Value:
    """Of square matrices [..., n, n]; n is known and at most 32, since each row is a few nodes."""
    x = call.operand(0)
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise OpError(f"input is {x.type}, expected square matrices")
    size = x.shape[-1]
    if not isinstance(size, int) or size > MAX_ROWS:
        raise Unsupported(
            f"it inverts matrices of {size} rows", f"fix the size, at most {MAX_ROWS}, with --shape"
        )
    wide = b.cast(x, DType.F64 if x.dtype == DType.F64 else DType.F32)
    count = product(x.shape[:-2])
    rows, columns = rows_and_columns(b, size, size)
    identity = b.expand(b.cast(b.binary("eq", rows, columns), wide.dtype), (count, size, size))
    both = b.concat([b.reshape(wide, (count, size, size)), identity], 2)
    for step in range(size):
        both = _eliminated(b, both, step, size)
    return b.cast(b.reshape(b.slice_axis(both, 2, size, size), x.shape), x.dtype)


def _eliminated(b: Builder, both: Value, step: int, size: int) -> Value:
    """One more column brought to that of the identity, by its greatest element in the rows that are left."""
    count = both.shape[0]
    column = b.slice_axis(both, 2, step, 1)
    left = b.slice_axis(b.unary("abs", column), 1, step, size - step)
    best = b.reshape(b.one(ArgReduce("max", 1, True), left), (count, 1))
    best = b.binary("add", best, b.constant(step, DType.I64))
    place, here = b.reshape(b.iota(size), (1, size)), b.constant(step, DType.I64)
    order = select(b, b.binary("eq", place, best), here, place)
    order = select(b, b.binary("eq", place, here), best, order)
    both = b.one(Gather(1, 1), both, order)
    pivot = b.slice_axis(both, 1, step, 1)
    pivot = b.binary("div", pivot, b.slice_axis(pivot, 2, step, 1))
    others = b.binary("sub", both, b.binary("mul", b.slice_axis(both, 2, step, 1), pivot))
    return select(b, b.reshape(b.binary("eq", place, here), (1, size, 1)), pivot, others)
