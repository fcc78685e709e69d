"""Pooling over windows."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.dims import Dim, ceildiv, less, select
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_rank, check_windows, operand, window_size

KINDS = ("max", "average", "lp")


@register
@dataclass(frozen=True)
class Pool(Op):
    """Maximum, average or p-norm over windows of channels-last images.

    Operand: x [N, *S, C]. Result: [N, *S', C] of x's dtype with S' as for conv; with `ceil_mode` a last
    partial window counts if it starts inside the input or the begin padding. Padding never wins a
    max; an average divides by the elements inside the input, or inside input and padding with
    `count_include_pad`; lp is (sum |x|^p)^(1/p). With `indices` (max only) a second result holds i64 flat
    positions in the tensor stored as [N, C, *S]; the first of equals. Source: ONNX MaxPool, AveragePool, LpPool.
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
        floor = window_size(context, size, begin, end, kernel, stride, dilation)
        if not self.ceil_mode or stride == 1:
            return floor
        extent = (kernel - 1) * dilation + 1
        ceil = ceildiv(size + begin + end - extent, stride) + 1
        starts_inside = less((ceil - 1) * stride, size + begin)
        return select(starts_inside, ceil, ceil - 1)
