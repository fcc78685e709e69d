"""Writing elements at computed positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.gather import check_indices, check_same_rank, index_depth, positions
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_axis, operand, require_equal

REDUCTIONS = ("none", "add", "mul", "max", "min")


def _check(reduction: str, x: TensorType, updates: TensorType) -> None:
    if reduction not in REDUCTIONS:
        raise OpError(f"reduction is '{reduction}', expected one of {', '.join(REDUCTIONS)}")
    if x.dtype != updates.dtype:
        raise OpError(f"updates are {updates.dtype.text}, data is {x.dtype.text}")


def _write(x: Array, places: tuple[Array, ...], updates: Array, reduction: str) -> Array:
    """A copy of x with updates written or combined at `places`."""
    if reduction == "none":
        result: Array = x.copy()
        result[places] = updates
        return result
    stored = DType.of(x.dtype)
    result = load(x, stored.compute).copy()
    with np.errstate(all="ignore"):
        _COMBINE[reduction].at(result, places, load(updates, stored.compute))
    return store(result, stored)


_COMBINE = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


@register
@dataclass(frozen=True)
class ScatterElements(Op):
    """A copy of x with x[..., indices[..., i, ...], ...] set from (or combined with) updates[...,
    i, ...].

    Operands: x, indices (i32 or i64, of x's rank), updates of the indices' shape and x's dtype.
    Negative indices count from the end. With reduction "none" and repeated indices the last in
    row-major order wins. Source: ONNX ScatterElements.
    """

    name = "scatter_elements"
    axis: int
    reduction: str = "none"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, indices = operand(operands, 0, "x"), operand(operands, 1, "indices")
        updates = operand(operands, 2, "updates")
        check_axis(self.axis, x.rank)
        _check(self.reduction, x, updates)
        check_same_rank(context, x, indices, self.axis)
        if updates.rank != x.rank:
            raise OpError(f"updates are {updates}, expected the indices' shape {indices}")
        for axis, (a, b) in enumerate(zip(updates.shape, indices.shape, strict=True)):
            require_equal(context, a, b, f"axis {axis} of the updates is {a}, of the indices {b}")
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, indices, updates = given(operands)
        places: list[Array] = list(np.indices(indices.shape, sparse=True))
        places[self.axis] = positions(indices, x.shape[self.axis])
        return [_write(x, tuple(places), updates, self.reduction)]


@register
@dataclass(frozen=True)
class ScatterNd(Op):
    """A copy of x with slices set at (or combined at) index tuples.

    Operands: x, indices [I..., R] (R known), updates I + x.shape[R:] of x's dtype. Source: ONNX
    ScatterND.
    """

    name = "scatter_nd"
    reduction: str = "none"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, indices = operand(operands, 0, "x"), operand(operands, 1, "indices")
        updates = operand(operands, 2, "updates")
        check_indices(indices)
        _check(self.reduction, x, updates)
        depth = index_depth(indices, x.rank)
        expected = (*indices.shape[:-1], *x.shape[depth:])
        if updates.rank != len(expected):
            raise OpError(f"updates are {updates}, expected rank {len(expected)}")
        for axis, (a, b) in enumerate(zip(updates.shape, expected, strict=True)):
            require_equal(context, a, b, f"axis {axis} of the updates is {a}, expected {b}")
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, indices, updates = given(operands)
        depth = indices.shape[-1]
        places = tuple(positions(indices[..., i], x.shape[i]) for i in range(depth))
        return [_write(x, places, updates, self.reduction)]
