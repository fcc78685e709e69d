"""Normalisation over axes."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_axes, operand, optional, require_broadcast_to


@register
@dataclass(frozen=True)
class Normalize(Op):
    """y = (x - mean) / sqrt(variance + epsilon) * scale + bias over `axes`.

    Operands: x (float), scale or None, bias or None; both broadcast to x (NumPy rules). With `center`
    false no mean is taken off and the variance is the mean square (RMS normalisation). Result: x's
    type. Computed in f32 (f64 for f64). Source: ONNX LayerNormalization, InstanceNormalization,
    GroupNormalization, RMSNormalization, MeanVarianceNormalization.
    """

    name = "normalize"
    axes: tuple[int, ...]
    epsilon: float = 1e-5
    center: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if not x.dtype.is_float:
            raise OpError(f"input is {x}, expected a float type")
        check_axes(self.axes, x.rank)
        for index, what in ((1, "scale"), (2, "bias")):
            extra = optional(operands, index)
            if extra is not None:
                require_broadcast_to(context, extra.shape, x.shape, what)
        return [x]
