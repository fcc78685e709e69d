"""Convolution."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.dims import Dim, mod
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.epilogue import infer_epilogue
from edgec.ops.program import Program
from edgec.ops.shapes import (
    Operands,
    check_rank,
    check_windows,
    operand,
    require_equal,
    window_size,
)


@register
@dataclass(frozen=True)
class Conv(Op):
    """Convolution (cross-correlation) of channels-last images, any number of spatial axes.

    Operands: x [N, *S, C], w [O, *K, C/groups], then the epilogue's extra operands, each broadcasting
    to the result (a bias is [O]). Result [N, *S', O] with S' = floor((S + pads - extent) / stride) + 1
    and extent = (K - 1) * dilation + 1. `pads` holds all begins, then all ends; padding is zero.
    Sums are in type `accumulator`; the epilogue's value is stored as `dtype`. Source: ONNX Conv, ConvInteger.
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
            )
        ]
        shape = (x.shape[0], *sizes, w.shape[0])
        return [
            infer_epilogue(
                self.epilogue, self.accumulator, self.dtype, shape, operands[2:], context
            )
        ]


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
