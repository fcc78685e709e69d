"""Choosing elements: largest, non-zero, marked, distinct. Sizes that a run finds are count symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim, minimum, product
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.scalar_eval import load
from edgec.ops.shapes import Operands, check_axis, check_rank, operand, require_at_least


@register
@dataclass(frozen=True)
class TopK(Op):
    """The k largest (or smallest) elements along `axis` and their i64 positions.

    Operand: x. Results: values and positions, x's shape with k at the axis; among equals the lower
    position comes first; best first where `sorted` (the definition always sorts). Source: ONNX TopK.
    """

    name = "topk"
    k: Dim
    axis: int
    largest: bool = True
    sorted: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_axis(self.axis, x.rank)
        size = x.shape[self.axis]
        require_at_least(context, size, self.k, f"k is {self.k}, at most axis {self.axis}'s {size}")
        shape = (*x.shape[: self.axis], self.k, *x.shape[self.axis + 1 :])
        return [TensorType(x.dtype, shape), TensorType(DType.I64, shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        (k,), size = static([self.k]), x.shape[self.axis]
        if not 0 <= k <= size:
            raise OpError(f"k is {k}, expected 0 to the axis's size {size}")
        keys = load(x, DType.of(x.dtype).compute)
        if self.largest:
            flipped = np.argsort(np.flip(keys, self.axis), self.axis, kind="stable")
            order = size - 1 - np.flip(flipped, self.axis)
        else:
            order = np.argsort(keys, self.axis, kind="stable")
        order = order.take(range(k), self.axis).astype(np.int64)
        return [np.take_along_axis(x, order, self.axis), order]


@register
@dataclass(frozen=True)
class NonZero(Op):
    """Positions of elements that are not 0, in row-major order: i64 [rank, count]. Source: ONNX NonZero."""

    name = "nonzero"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        return [TensorType(DType.I64, (x.rank, context.count(0, 1, product(x.shape))))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        if x.ndim == 0:
            return [np.zeros((0, int(bool(x))), np.int64)]
        return [np.stack(np.nonzero(x)).astype(np.int64)]


@register
@dataclass(frozen=True)
class Compress(Op):
    """The slices of x along `axis` (None: the elements of flattened x) whose condition holds.

    Operands: x, condition bool [n], n at most the axis's size; what it does not cover is left out.
    Source: ONNX Compress.
    """

    name = "compress"
    axis: int | None = None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, condition = operand(operands, 0, "x"), operand(operands, 1, "condition")
        check_rank(condition, "condition", 1, 1)
        if condition.dtype != DType.BOOL:
            raise OpError(f"condition is {condition}, expected bool")
        if self.axis is None:
            bound = minimum(product(x.shape), condition.shape[0])
            return [TensorType(x.dtype, (context.count(0, 0, bound),))]
        check_axis(self.axis, x.rank)
        bound = minimum(x.shape[self.axis], condition.shape[0])
        found = context.count(0, self.axis, bound)
        return [TensorType(x.dtype, (*x.shape[: self.axis], found, *x.shape[self.axis + 1 :]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, condition = given(operands)
        x = x.reshape(-1) if self.axis is None else x
        axis = self.axis or 0
        (kept,) = np.nonzero(condition)
        if kept.size and kept[-1] >= x.shape[axis]:
            raise OpError(f"condition marks element {kept[-1]} of an axis of size {x.shape[axis]}")
        return [x.take(kept, axis)]


@register
@dataclass(frozen=True)
class Unique(Op):
    """The distinct elements of flattened x (axis None) or slices along `axis`.

    Operand: x. Results: the distinct ones, sorted or in order of first appearance; i64 positions of the
    first appearance of each; for each element or slice of x its position in the first result; how often
    each appears. Source: ONNX Unique.
    """

    name = "unique"
    axis: int | None = None
    sorted: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.axis is None:
            total = product(x.shape)
            found: Dim = context.count(0, 0, total)
            shape: tuple[Dim, ...] = (found,)
        else:
            check_axis(self.axis, x.rank)
            total = x.shape[self.axis]
            found = context.count(0, self.axis, total)
            shape = (*x.shape[: self.axis], found, *x.shape[self.axis + 1 :])
        vector = TensorType(DType.I64, (found,))
        return [TensorType(x.dtype, shape), vector, TensorType(DType.I64, (total,)), vector]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        values, first, inverse, counts = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True, axis=self.axis
        )
        inverse = inverse.reshape(-1)
        if not self.sorted:
            order = np.argsort(first, kind="stable")
            rank = np.argsort(order, kind="stable")
            values = values.take(order, self.axis or 0)
            first, inverse, counts = first[order], rank[inverse], counts[order]
        return [values, *(a.astype(np.int64) for a in (first, inverse, counts))]
