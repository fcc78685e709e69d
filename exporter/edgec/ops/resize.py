"""Resampling of images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, register, static
from edgec.ops.scalar_eval import cast, load, store
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
    scales that only a run knows stand in `scale_bits` instead: each the bits of an f64, as an integer.
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
    scale_bits: tuple[Dim, ...] = ()

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_axes(self.axes, x.rank, context)
        if len(self.sizes) != len(self.axes):
            raise OpError(f"sizes has {len(self.sizes)} entries, expected {len(self.axes)}")
        for given in (self.scales, self.scale_bits):
            if given and len(given) != len(self.axes):
                raise OpError(f"scales has {len(given)} entries, expected {len(self.axes)}")
        for what, found, known in (
            ("kind", self.kind, KINDS),
            ("coordinates", self.coordinates, COORDINATES),
            ("nearest", self.nearest, NEAREST),
        ):
            if found not in known:
                raise OpError(f"{what} is '{found}', expected one of {', '.join(known)}")
        if self.kind != "nearest" and not x.dtype.is_arithmetic:
            raise OpError(f"x is {x}; {self.kind} interpolation takes real numbers")
        roi = optional(operands, 1)
        if self.coordinates == "tf_crop_and_resize":
            if roi is None or roi.shape != (2 * len(self.axes),):
                raise OpError(f"roi is {roi}, expected {2 * len(self.axes)} numbers")
        shape = list(x.shape)
        for axis, size in zip(self.axes, self.sizes):
            shape[axis] = size
        return [TensorType(x.dtype, tuple(shape))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, roi = (*operands, None)[:2]
        assert x is not None
        stored = DType.of(x.dtype)
        value: Array = x
        if self.kind != "nearest":
            value = load(x, DType.F64 if stored == DType.F64 else DType.F32)
        sizes = static(self.sizes)
        scales = self.scales or np.array(static(self.scale_bits), np.int64).view(np.float64).tolist()
        outside: list[tuple[int, Array]] = []
        for i, axis in enumerate(self.axes):
            size, target = x.shape[axis], sizes[i]
            scale = scales[i] if scales else target / size
            if target and not 0 < scale < math.inf:
                raise OpError(f"axis {axis} of {size} elements cannot be scaled by {scale:g}")
            at = self._coordinates(i, size, target, scale, size * scale if scales else target, roi)
            if self.coordinates == "tf_crop_and_resize":
                outside.append((axis, (at < 0) | (at > size - 1)))
            value = self._resample(value, axis, at, scale)
        result = value
        for axis, mask in outside:
            where: list[Any] = [slice(None)] * x.ndim
            where[axis] = mask
            result[tuple(where)] = self.extrapolation
        if stored.is_int and result.dtype != x.dtype:
            result = cast(result, stored.compute)
        return [store(result, stored)]

    def _coordinates(
        self, i: int, size: int, target: int, scale: float, length: float, roi: Array | None
    ) -> Array:
        """Where each of `target` results lies on the input's axis of `size` elements.

        `length` is the resized length before it is rounded to `target`.
        """
        out = np.arange(target, dtype=np.float64)
        if self.coordinates == "asymmetric":
            return out / scale
        if self.coordinates == "align_corners":
            return out * (size - 1) / (length - 1) if length > 1 else out * 0
        if self.coordinates == "pytorch_half_pixel":
            return (out + 0.5) / scale - 0.5 if target > 1 else out * 0
        if self.coordinates == "half_pixel_symmetric":
            offset = size / 2 * (1 - target / (size * scale))
            return offset + (out + 0.5) / scale - 0.5
        if self.coordinates == "tf_crop_and_resize":
            assert roi is not None
            start, end = float(roi[i]), float(roi[len(self.axes) + i])
            if target > 1:
                return start * (size - 1) + out * (end - start) * (size - 1) / (target - 1)
            return out + 0.5 * (start + end) * (size - 1)
        return (out + 0.5) / scale - 0.5

    def _resample(self, x: Array, axis: int, at: Array, scale: float) -> Array:
        size = x.shape[axis]
        if self.kind == "nearest":
            found = _ROUND[self.nearest](at).astype(np.int64)
            return x.take(np.clip(found, 0, size - 1), axis)
        base = np.ceil(at) - 1
        places, weights = self._weights(at - base, scale)
        places = places + base[:, None].astype(np.int64)
        if self.exclude_outside:
            weights = np.where((places < 0) | (places >= size), 0, weights)
            weights = weights / weights.sum(1, keepdims=True)
        places = np.clip(places, 0, size - 1)
        shape = [1] * x.ndim
        shape[axis] = len(at)
        total = np.zeros([len(at) if i == axis else n for i, n in enumerate(x.shape)], x.dtype)
        for place, weight in zip(places.T, weights.T.astype(x.dtype), strict=True):
            total += x.take(place, axis) * weight.reshape(shape)
        return total

    def _weights(self, ratio: Array, scale: float) -> tuple[Array, Array]:
        """Offsets [taps] from the left neighbour and weights [positions, taps]; ratio is in (0, 1]."""
        stretch = min(scale, 1.0) if self.antialias else 1.0
        reach = 1 if self.kind == "linear" else 2
        start = math.floor(-reach / stretch) + 1
        offsets = np.arange(start, 2 - start)
        distance = np.abs(offsets[None, :] - ratio[:, None]) * stretch
        if self.kind == "linear":
            weights = np.maximum(1 - distance, 0)
        else:
            weights = cubic(distance, self.cubic_a)
        if self.antialias:
            weights = weights / weights.sum(1, keepdims=True)
        return offsets, weights


def cubic(distance: Array, a: float) -> Array:
    """Keys' cubic convolution kernel (IEEE Trans. ASSP 29, 1981)."""
    d = distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


_ROUND: dict[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
