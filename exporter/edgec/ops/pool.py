"""Pooling over windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim, ceildiv, less, select
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import (
    Operands,
    check_rank,
    check_windows,
    operand,
    require_at_least,
    window_room,
    window_size,
)
from edgec.ops.windows import pad_spatial, taps

KINDS = ("max", "average", "lp")


@register
@dataclass(frozen=True)
class Pool(Op):
    """Maximum, average or p-norm over windows of channels-last images.

    Operand: x [N, *S, C]. Result: [N, *S', C] of x's dtype with S' as for conv; with `ceil_mode` a
    last partial window counts if it starts inside the input or the begin padding. Padding never
    wins a max; an average divides by the elements inside the input, or inside input and padding
    with `count_include_pad`; lp is (sum |x|^p)^(1/p). With `indices` (max only) a second result
    holds i64 flat positions in the tensor stored as [N, C, *S]; the first of equals. Source: ONNX
    MaxPool, AveragePool, LpPool.
    """

    name = "pool"
    kind: str
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[Dim, ...]
    dilations: tuple[int, ...]
    ceil_mode: bool = False
    count_include_pad: bool = False
    p: int = 2
    indices: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_rank(x, "x", 3)
        if self.kind not in KINDS:
            raise OpError(f"kind is '{self.kind}', expected one of {', '.join(KINDS)}")
        if self.indices and self.kind != "max":
            raise OpError(f"indices exist for max pooling only, not {self.kind}")
        spatial = x.rank - 2
        check_windows(spatial, self.kernel, self.strides, self.pads, self.dilations)
        shape = (x.shape[0], *(self._size(x, i, context) for i in range(spatial)), x.shape[-1])
        result = [TensorType(x.dtype, shape)]
        return [*result, TensorType(DType.I64, shape)] if self.indices else result

    def _size(self, x: TensorType, i: int, context: Context) -> Dim:
        size, begin, end = x.shape[1 + i], self.pads[i], self.pads[x.rank - 2 + i]
        kernel, stride, dilation = self.kernel[i], self.strides[i], self.dilations[i]
        if not self.ceil_mode or stride == 1:
            return window_size(context, size, begin, end, kernel, stride, dilation)
        padded = window_room(size, begin, end)
        extent = (kernel - 1) * dilation + 1
        message = f"padded input size {padded} is at least the kernel's {extent}, less what ceil_mode adds"
        require_at_least(context, padded + (stride - 1), extent, message)
        ceil = ceildiv(padded - extent, stride) + 1
        starts_inside = less((ceil - 1) * stride, size + begin)
        return select(starts_inside, ceil, ceil - 1)

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        stored, spatial = DType.of(x.dtype), x.ndim - 2
        pads = static(self.pads)
        sizes = static(self._shape(x)[1:-1])
        for i, n in enumerate(sizes):
            needed = (n - 1) * self.strides[i] + (self.kernel[i] - 1) * self.dilations[i] + 1
            pads[spatial + i] = max(needed - x.shape[1 + i] - pads[i], 0)
        kept = (slice(None), *(slice(n) for n in sizes))
        value = load(x, stored.compute)
        with np.errstate(all="ignore"):
            if self.kind == "max":
                best = self._max(value, pads, kept)
                positions = [self._positions(value, best, pads, kept)] if self.indices else []
                return [store(best, stored), *positions]
            powers = np.abs(value) ** self.p if self.kind == "lp" else value
            padded = pad_spatial(powers, pads)
            total = sum(part[kept].astype(np.float64) for _, part in self._taps(padded))
            if self.kind == "lp":
                return [store(np.asarray(total ** (1.0 / self.p)), stored)]
            return [store(np.asarray(total / self._divisors(x.shape, pads, kept)), stored)]

    def _shape(self, x: Array) -> tuple[Dim, ...]:
        return self.infer([TensorType(DType.of(x.dtype), x.shape)], Context())[0].shape

    def _taps(self, padded: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
        return taps(padded, self.kernel, self.strides, self.dilations)

    def _max(self, x: Array, pads: list[int], kept: tuple[slice, ...]) -> Array:
        least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        parts = (part[kept] for _, part in self._taps(pad_spatial(x, pads, least)))
        best: Array = next(parts).copy()
        for part in parts:
            np.maximum(best, part, out=best)
        return best

    def _positions(self, x: Array, best: Array, pads: list[int], kept: tuple[slice, ...]) -> Array:
        """Where each maximum was found first, as a flat position in [N, C, *S] order."""
        order = [0, x.ndim - 1, *range(1, x.ndim - 1)]
        shape = [x.shape[i] for i in order]
        places = np.arange(x.size).reshape(shape).transpose(np.argsort(order))
        found = np.full(best.shape, -1, np.int64)
        values = self._taps(pad_spatial(x, pads))
        for (_, part), (_, place) in zip(values, self._taps(pad_spatial(places, pads, -1)), strict=True):
            part, place = part[kept], place[kept]
            same = (part == best) | ((part != part) & (best != best))
            found = np.where((found < 0) & same & (place >= 0), place, found)
        return found

    def _divisors(self, shape: tuple[int, ...], pads: list[int], kept: tuple[slice, ...]) -> Array:
        """How many elements of each window an average counts, [1, *S', 1]."""
        ones = np.ones((1, *shape[1:-1], 1))
        if self.count_include_pad:
            asked = static(self.pads)
            spatial = len(shape) - 2
            ones = pad_spatial(ones, asked, 1)
            beyond = [max(pads[spatial + i] - asked[spatial + i], 0) for i in range(spatial)]
            ones = pad_spatial(ones, [0] * spatial + beyond)
        else:
            ones = pad_spatial(ones, pads)
        counts = np.sum([part[kept] for _, part in self._taps(ones)], 0)
        return np.asarray(np.maximum(counts, 1))
