"""Resampling of images."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.dims import Dim
from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_axes, operand, optional

KINDS = ("nearest", "linear", "cubic")
COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
)
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@register
@dataclass(frozen=True)
class Resize(Op):
    """x resampled along `axes` to `sizes`, separably, as ONNX Resize-19 defines it.

    Operands: x, roi or None (f32 [2 * len(axes)]: starts, then ends; tf_crop_and_resize only).
    `scales` (one per axis, or empty: sizes / x's sizes) enter the coordinate formula named by `coordinates`;
    `nearest` names the rounding of kind "nearest"; `cubic_a`, `exclude_outside`, `antialias` and
    `extrapolation` are ONNX's. Result: x's dtype. Source: ONNX Resize, Upsample.
    """

    name = "resize"
    kind: str
    axes: tuple[int, ...]
    sizes: tuple[Dim, ...]
    scales: tuple[float, ...] = ()
    coordinates: str = "half_pixel"
    nearest: str = "round_prefer_floor"
    cubic_a: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    extrapolation: float = 0.0

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_axes(self.axes, x.rank)
        if len(self.sizes) != len(self.axes):
            raise OpError(f"sizes has {len(self.sizes)} entries, expected {len(self.axes)}")
        if self.scales and len(self.scales) != len(self.axes):
            raise OpError(f"scales has {len(self.scales)} entries, expected {len(self.axes)}")
        for what, found, known in (
            ("kind", self.kind, KINDS),
            ("coordinates", self.coordinates, COORDINATES),
            ("nearest", self.nearest, NEAREST),
        ):
            if found not in known:
                raise OpError(f"{what} is '{found}', expected one of {', '.join(known)}")
        roi = optional(operands, 1)
        if self.coordinates == "tf_crop_and_resize":
            if roi is None or roi.shape != (2 * len(self.axes),):
                raise OpError(f"roi is {roi}, expected {2 * len(self.axes)} numbers")
        shape = list(x.shape)
        for axis, size in zip(self.axes, self.sizes):
            shape[axis] = size
        return [TensorType(x.dtype, tuple(shape))]
