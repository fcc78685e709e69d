"""Normalisation over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, register
from edgec.ops.scalar_eval import store
from edgec.ops.shapes import Operands, check_axes, operand, optional, require_broadcast_to


@register
@dataclass(frozen=True)
class Normalize(Op):
    """y = (x - mean) / sqrt(variance + epsilon) * scale + bias over `axes`.

    Operands: x (float), scale or None, bias or None; both broadcast to x (NumPy rules). With
    `center` false no mean is taken off and the variance is the mean square (RMS normalisation).
    Result: x's type. Computed in f32 (f64 for f64). Source: ONNX LayerNormalization,
    InstanceNormalization, GroupNormalization, RMSNormalization, MeanVarianceNormalization.
    """

    name = "normalize"
    axes: tuple[int, ...]
    epsilon: float = 1e-5
    center: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if not x.dtype.is_float:
            raise OpError(f"input is {x}, expected a float type")
        check_axes(self.axes, x.rank, context)
        for index, what in ((1, "scale"), (2, "bias")):
            extra = optional(operands, index)
            if extra is not None:
                require_broadcast_to(context, extra.shape, x.shape, what)
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x = np.asarray(operands[0])
        scale, bias = (*operands[1:3], None, None)[:2]
        wide = x.astype(np.float64)
        with np.errstate(all="ignore"):
            if self.center:
                wide = wide - wide.mean(self.axes, keepdims=True)
            variance = np.square(wide).mean(self.axes, keepdims=True)
            wide = wide / np.sqrt(variance + self.epsilon)
            if scale is not None:
                wide = wide * scale.astype(np.float64)
            if bias is not None:
                wide = wide + bias.astype(np.float64)
        return [store(wide, DType.of(x.dtype))]
