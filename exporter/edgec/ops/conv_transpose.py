"""Transposed convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType
from edgec.ops.accumulate import settle, working_type
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.conv import check_groups
from edgec.ops.epilogue import infer_epilogue
from edgec.ops.program import Program
from edgec.ops.scalar_eval import finish
from edgec.ops.shapes import Operands, check_rank, check_windows, operand, require_at_least
from edgec.ops.windows import at_tap, grouped_product


@register
@dataclass(frozen=True)
class ConvTranspose(Op):
    """The adjoint of convolution over channels-last images.

    Operands: x [N, *S, C], w [O, *K, C/groups] (O = all output channels, group by group), then the
    epilogue's extra operands. Output o at i*stride + k*dilation - pads_begin sums x[i, c] * w[o, k,
    c] over the channels c of o's group. Result [N, *S', O] with S' = (S - 1) * stride + extent -
    pads_begin - pads_end + output_padding. Source: ONNX ConvTranspose.
    """

    name = "conv_transpose"
    packed = {1: ("taps",)}
    strides: tuple[int, ...]
    pads: tuple[Dim, ...]
    dilations: tuple[int, ...]
    groups: int = 1
    output_padding: tuple[Dim, ...] = ()
    epilogue: Program | None = None
    accumulator: int = DType.F32
    dtype: int = DType.F32

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, w = operand(operands, 0, "x"), operand(operands, 1, "w")
        check_rank(x, "x", 3)
        if w.rank != x.rank:
            raise OpError(f"weight is {w}, expected rank {x.rank} as the input {x}")
        spatial = x.rank - 2
        check_windows(spatial, w.shape[1:-1], self.strides, self.pads, self.dilations)
        extra = self.output_padding or (0,) * spatial
        if len(extra) != spatial:
            raise OpError(f"output_padding has {len(extra)} entries, expected {spatial}")
        check_groups(context, self.groups, x, w)
        sizes: list[Dim] = []
        for i, (size, k) in enumerate(zip(x.shape[1:-1], w.shape[1:-1], strict=True)):
            extent = (k - 1) * self.dilations[i] + 1
            cropped = self.pads[i] + self.pads[spatial + i]
            sizes.append((size - 1) * self.strides[i] + extent - cropped + extra[i])
            require_at_least(context, sizes[-1], 1, f"output size {sizes[-1]} is positive")
        shape = (x.shape[0], *sizes, w.shape[0])
        return [infer_epilogue(self.epilogue, self.accumulator, self.dtype, shape, operands[2:], context)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, w, *extras = given(operands)
        wide = working_type(self.accumulator, x, w)
        with np.errstate(all="ignore"):
            total = self._spread(x.astype(wide, copy=False), w.astype(wide, copy=False))
        return [finish(self.epilogue, settle(total, self.accumulator), extras, self.dtype)]

    def _spread(self, x: Array, w: Array) -> Array:
        """Every tap's product added where it lands in the uncropped result, then cropped."""
        spatial, sizes = x.ndim - 2, x.shape[1:-1]
        added = static(self.output_padding) or [0] * spatial
        pads = static(self.pads)
        full = [
            (n - 1) * s + (k - 1) * d + 1 + max(extra, 0)
            for n, s, k, d, extra in zip(
                sizes, self.strides, w.shape[1:-1], self.dilations, added, strict=True
            )
        ]
        total = np.zeros((x.shape[0], *full, w.shape[0]), x.dtype)
        for tap in np.ndindex(w.shape[1:-1]):
            box = (slice(None),) + tuple(
                slice(t * d, t * d + (n - 1) * s + 1, s)
                for t, d, n, s in zip(tap, self.dilations, sizes, self.strides, strict=True)
            )
            product = grouped_product(x, at_tap(w, tap), self.groups)
            total[box] += product
        kept = (slice(None),) + tuple(slice(pads[i], n - pads[spatial + i]) for i, n in enumerate(full))
        return np.ascontiguousarray(total[kept])
