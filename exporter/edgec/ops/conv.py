"""Convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim, mod
from edgec.ir.types import DType, TensorType
from edgec.ops.accumulate import settle, working_type
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.epilogue import infer_epilogue
from edgec.ops.program import Program
from edgec.ops.scalar_eval import finish
from edgec.ops.shapes import (
    Operands,
    check_rank,
    check_windows,
    operand,
    require_equal,
    window_size,
)
from edgec.ops.windows import correlate, pad_spatial


@register
@dataclass(frozen=True)
class Conv(Op):
    """Convolution (cross-correlation) of channels-last images, any number of spatial axes.

    Operands: x [N, *S, C], w [O, *K, C/groups], then the epilogue's extra operands, each
    broadcasting to the result (a bias is [O]). Result [N, *S', O] with S' = floor((S + pads -
    extent) / stride) + 1 and extent = (K - 1) * dilation + 1. `pads` holds all begins, then all
    ends; padding is zero. Sums are in type `accumulator`; the epilogue's value is stored as
    `dtype`. Source: ONNX Conv, ConvInteger.
    """

    name = "conv"
    packed = {1: ("panels", "depthwise")}
    strides: tuple[int, ...]
    pads: tuple[Dim, ...]
    dilations: tuple[int, ...]
    groups: int = 1
    epilogue: Program | None = None
    accumulator: int = DType.F32
    dtype: int = DType.F32

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, w = operand(operands, 0, "x"), operand(operands, 1, "w")
        check_rank(x, "x", 3)
        if w.rank != x.rank:
            raise OpError(f"weight is {w}, expected rank {x.rank} as the input {x}")
        kernel, spatial = w.shape[1:-1], x.rank - 2
        check_windows(spatial, kernel, self.strides, self.pads, self.dilations)
        check_groups(context, self.groups, x, w)
        sizes = [
            window_size(context, size, begin, end, k, stride, dilation)
            for size, begin, end, k, stride, dilation in zip(
                x.shape[1:-1],
                self.pads[:spatial],
                self.pads[spatial:],
                kernel,
                self.strides,
                self.dilations,
                strict=True,
            )
        ]
        shape = (x.shape[0], *sizes, w.shape[0])
        return [infer_epilogue(self.epilogue, self.accumulator, self.dtype, shape, operands[2:], context)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, w, *extras = given(operands)
        wide = working_type(self.accumulator, x, w)
        padded = pad_spatial(x.astype(wide, copy=False), static(self.pads))
        with np.errstate(all="ignore"):
            total = correlate(padded, w.astype(wide, copy=False), self.strides, self.dilations, self.groups)
        return [finish(self.epilogue, settle(total, self.accumulator), extras, self.dtype)]


def check_groups(context: Context, groups: int, x: TensorType, w: TensorType) -> None:
    """Channels of x [N, *S, C] fit w [O, *K, C/groups], and groups divide O."""
    if groups < 1:
        raise OpError(f"groups is {groups}, must be positive")
    expected = w.shape[-1] * groups
    require_equal(
        context,
        x.shape[-1],
        expected,
        f"input 'x' has {x.shape[-1]} channels, weight expects {expected}",
    )
    require_equal(
        context,
        mod(w.shape[0], groups),
        0,
        f"weight has {w.shape[0]} output channels, not divisible by groups {groups}",
    )
