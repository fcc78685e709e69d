"""Reading elements at computed positions.

Indices are i32 or i64; negative ones count from the end; one out of range is an error of the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_axis, operand, require_at_least, require_equal


def check_indices(indices: TensorType) -> None:
    """Raises OpError unless the dtype is i32 or i64."""
    if indices.dtype not in (DType.I32, DType.I64):
        raise OpError(f"indices are {indices}, expected i32 or i64")


def positions(indices: Array, size: int) -> Array:
    """Indices with negative ones counted from the end. Raises OpError for one out of range."""
    if indices.dtype == object:
        raise OpError("symbolic sizes cannot be indices")
    wrong = (indices < -size) | (indices >= size)
    if wrong.any():
        raise OpError(f"index {indices[wrong][0]} is out of range for an axis of size {size}")
    return np.where(indices < 0, indices + size, indices).astype(np.int64)


def check_batch(context: Context, x: TensorType, indices: TensorType, batch_dims: int) -> None:
    """The first batch_dims axes exist in both and are equal."""
    if not 0 <= batch_dims <= min(x.rank, indices.rank):
        raise OpError(f"batch_dims {batch_dims} does not fit {x} and {indices}")
    for axis in range(batch_dims):
        a, b = x.shape[axis], indices.shape[axis]
        require_equal(context, a, b, f"batch axis {axis} is {a} in the data, {b} in the indices")


@register
@dataclass(frozen=True)
class Gather(Op):
    """Slices of x along `axis` picked by indices.

    Operands: x, indices [B..., I...] with batch_dims leading axes B equal to x's. Result:
    x.shape[:axis] + I + x.shape[axis+1:]. Source: ONNX Gather (batch_dims 0), TensorFlow GatherV2.
    """

    name = "gather"
    axis: int
    batch_dims: int = 0

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, indices = operand(operands, 0, "x"), operand(operands, 1, "indices")
        check_axis(self.axis, x.rank)
        check_indices(indices)
        check_batch(context, x, indices, self.batch_dims)
        if self.batch_dims > self.axis:
            raise OpError(f"batch_dims {self.batch_dims} is above axis {self.axis}")
        inner = indices.shape[self.batch_dims :]
        return [TensorType(x.dtype, (*x.shape[: self.axis], *inner, *x.shape[self.axis + 1 :]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, indices = given(operands)
        found = positions(indices, x.shape[self.axis])
        if not self.batch_dims:
            return [np.asarray(x.take(found, self.axis), x.dtype)]
        batch = self.batch_dims
        count = math.prod(x.shape[:batch])
        picked = [
            np.take(part, which, self.axis - batch)
            for part, which in zip(
                x.reshape(count, *x.shape[batch:]), found.reshape(count, *found.shape[batch:]), strict=True
            )
        ]
        shape = (*x.shape[: self.axis], *found.shape[batch:], *x.shape[self.axis + 1 :])
        return [np.array(picked, x.dtype).reshape(shape)]


@register
@dataclass(frozen=True)
class GatherElements(Op):
    """result[..., i, ...] = x[..., indices[..., i, ...], ...] along `axis`.

    Operands: x, indices of x's rank, on other axes no larger than x. Result: x's dtype, indices'
    shape. Source: ONNX GatherElements.
    """

    name = "gather_elements"
    axis: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, indices = operand(operands, 0, "x"), operand(operands, 1, "indices")
        check_axis(self.axis, x.rank)
        check_same_rank(context, x, indices, self.axis)
        return [TensorType(x.dtype, indices.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, indices = given(operands)
        found = positions(indices, x.shape[self.axis])
        kept = [slice(n) for n in indices.shape]
        kept[self.axis] = slice(None)
        return [np.take_along_axis(x[tuple(kept)], found, self.axis)]


def check_same_rank(context: Context, x: TensorType, indices: TensorType, free_axis: int) -> None:
    """Indices of x's rank, no larger than x but along free_axis."""
    check_indices(indices)
    if indices.rank != x.rank:
        raise OpError(f"indices are {indices}, expected rank {x.rank} as {x}")
    for axis, (a, b) in enumerate(zip(x.shape, indices.shape, strict=True)):
        if axis != free_axis:
            require_at_least(context, a, b, f"axis {axis} of the indices is {b}, at most the data's {a}")


@register
@dataclass(frozen=True)
class GatherNd(Op):
    """Slices of x at index tuples.

    Operands: x, indices [B..., I..., R] with batch_dims leading axes B equal to x's and known R;
    the last axis holds positions on x's axes batch_dims..batch_dims+R-1. Result: B + I +
    x.shape[batch_dims+R:]. Source: ONNX GatherND.
    """

    name = "gather_nd"
    batch_dims: int = 0

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, indices = operand(operands, 0, "x"), operand(operands, 1, "indices")
        check_indices(indices)
        check_batch(context, x, indices, self.batch_dims)
        depth = index_depth(indices, x.rank - self.batch_dims)
        return [TensorType(x.dtype, (*indices.shape[:-1], *x.shape[self.batch_dims + depth :]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, indices = given(operands)
        depth, batch = indices.shape[-1], self.batch_dims
        places = [positions(indices[..., i], x.shape[batch + i]) for i in range(depth)]
        lead = np.indices(indices.shape[:batch], sparse=True)
        inner = indices.ndim - 1 - batch
        rows = [b.reshape(b.shape + (1,) * inner) for b in lead]
        if not rows and not places:
            shape = (*indices.shape[:-1], *x.shape)
            return [np.broadcast_to(x, shape).copy()]
        return [np.asarray(x[tuple(rows + places)], x.dtype)]


def index_depth(indices: TensorType, most: int) -> int:
    """The size of the last axis: how many coordinates an index tuple has. Raises OpError if
    unknown.
    """
    depth = indices.shape[-1] if indices.rank else None
    if not isinstance(depth, int) or depth > most:
        raise OpError(f"indices are {indices}, expected a last axis of known size, at most {most}")
    return depth
