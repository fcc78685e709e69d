"""Reductions over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.dims import Dim, Expr, eq, maximum, select
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.epilogue import check_operands
from edgec.ops.program import Program
from edgec.ops.scalar_eval import divide, load, run, store
from edgec.ops.shapes import Operands, Shape, check_axes, operand, require_broadcast_to

KINDS = ("sum", "prod", "max", "min", "mean")


@register
@dataclass(frozen=True)
class Reduce(Op):
    """sum, prod, max, min or mean over `axes`; none given reduces nothing.

    Operands: x, then the prologue's extra operands (broadcasting to x), then the epilogue's
    (broadcasting to the result). `prologue` maps each element first, `epilogue` each result (register 0
    is the element or result). Result: x's shape with the axes removed, or 1 where `keepdims`; x's dtype
    where its compute type is what the programs give, else that compute type. Axes may be symbolic where
    `keepdims`. Integer sums wrap; integer mean truncates; max and min propagate NaN. Over no elements
    sum is 0, prod 1, max the type's least value, min its greatest, mean NaN (0 for integers). Source:
    ONNX Reduce*, GlobalAveragePool, GlobalMaxPool.
    """

    name = "reduce"
    kind: str
    axes: tuple[Dim, ...]
    keepdims: bool = True
    prologue: Program | None = None
    epilogue: Program | None = None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in KINDS:
            raise OpError(f"kind is '{self.kind}', expected one of {', '.join(KINDS)}")
        check_axes(self.axes, x.rank, context)
        extras = [o for o in operands[1:] if o is not None]
        split = self.split()
        before, after = extras[:split], extras[split:]
        element = x.dtype.compute
        for extra in before:
            require_broadcast_to(context, extra.shape, x.shape, "prologue operand")
        if self.prologue is not None:
            check_operands(self.prologue, [x, *before], "prologue")
            element = self.prologue.dtype
        shape = self._shape(x)
        for extra in after:
            require_broadcast_to(context, extra.shape, shape, "epilogue operand")
        if self.epilogue is not None:
            check_operands(self.epilogue, [TensorType(element, shape), *after], "epilogue")
            element = self.epilogue.dtype
        elif after:
            raise OpError(f"{len(after)} extra operands without a program that takes them")
        return [TensorType(self.result_dtype(x.dtype, element), shape)]

    def _shape(self, x: TensorType) -> Shape:
        if any(isinstance(a, Expr) for a in self.axes):
            if not self.keepdims:
                raise OpError("axes that only a run knows need keepdims")
            return tuple(select(self._names(i), 1, d) for i, d in enumerate(x.shape))
        kept = [d for i, d in enumerate(x.shape) if i not in self.axes]
        return (
            tuple(1 if i in self.axes else d for i, d in enumerate(x.shape)) if self.keepdims else tuple(kept)
        )

    def _names(self, axis: int) -> Dim:
        """1 where `axis` is among the axes, else 0."""
        found: Dim = 0
        for named in self.axes:
            found = maximum(found, eq(named, axis))
        return found

    def split(self) -> int:
        """How many of the extra operands are the prologue's."""
        return len(self.prologue.operands) - 1 if self.prologue is not None else 0

    @staticmethod
    def result_dtype(given: DType, computed: DType) -> DType:
        return given if given.compute == computed else computed

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, *extras = given(operands)
        element, split = DType.of(x.dtype), self.split()
        value = load(x, element.compute)
        if self.prologue is not None:
            value = run(self.prologue, [x, *extras[:split]], self.prologue.dtype)
        value = self._reduce(value, tuple(static(self.axes)))
        if self.epilogue is not None:
            value = run(self.epilogue, [value, *extras[split:]], self.epilogue.dtype)
        return [store(value, self.result_dtype(element, DType.of(value.dtype)))]

    def _reduce(self, x: Array, axes: tuple[int, ...]) -> Array:
        """Sums of f32 are made in f64 and rounded once."""
        count = math.prod(x.shape[a] for a in axes)
        with np.errstate(all="ignore"):
            if self.kind in ("max", "min"):
                return self._extreme(x, axes)
            if self.kind == "prod":
                return np.asarray(x.prod(axes, dtype=x.dtype, keepdims=self.keepdims))
            wide = np.float64 if x.dtype == np.float32 else x.dtype
            total = np.asarray(x.sum(axes, dtype=wide, keepdims=self.keepdims))
            if self.kind == "mean" and x.dtype.kind in "iu":
                total = divide(total, np.asarray(count, x.dtype))
            elif self.kind == "mean":
                total = np.asarray(total / np.asarray(count, total.dtype))
            return total.astype(x.dtype)

    def _extreme(self, x: Array, axes: tuple[int, ...]) -> Array:
        function: Any = np.maximum if self.kind == "max" else np.minimum
        start: Any = None
        if x.dtype.kind == "f":
            start = -np.inf if self.kind == "max" else np.inf
        elif x.dtype.kind == "b":
            start = self.kind == "min"
        elif x.dtype.kind in "iu":
            limits = np.iinfo(x.dtype)
            start = limits.min if self.kind == "max" else limits.max
        return np.asarray(function.reduce(x, axis=axes, keepdims=self.keepdims, initial=start))
