"""Resize and Upsample."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from edgec.frontends.onnx import symbolic
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.frontends.onnx.view import require_size
from edgec.ir.dims import Dim, floordiv, less
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.view import Bitcast

_ONE_BITS = 0x3FF << 52  # of 1.0 in f64
_KINDS = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "cubic": "cubic"}


@onnx_op("Upsample")
def upsample(b: Builder, call: Call) -> Value:
    """Upsample: scales are an attribute in opset 7, an input in 9; asymmetric coordinates, nearest below."""
    x = call.operand(0)
    scales = b.constant(call.reals("scales"), DType.F32) if call.version < 9 else call.operand(1)
    return _legacy(b, call, x, scales)


def _legacy(b: Builder, call: Call, x: Value, scales: Value) -> Value:
    """Asymmetric coordinates; the nearest element is below on axes that grow, above on those that shrink."""
    axes, kind = tuple(range(x.rank)), _KINDS[call.text("mode", "nearest")]
    by = _by_scales(b, x, axes, scales)
    # the bits of positive floats are in the order of the floats
    for bits in by.scale_bits if kind == "nearest" else ():
        b.guard(less(_ONE_BITS - 1, bits), "scales that only a run knows are 1 or more before opset 11")
    if not by.scales:
        op = Resize(kind, axes, by.sizes, (), "asymmetric", "floor", scale_bits=by.scale_bits)
        return apply(b, op, x, None)
    for nearest, chosen in (
        ("floor", tuple(a for a in axes if by.scales[a] >= 1)),
        ("ceil", tuple(a for a in axes if by.scales[a] < 1)),
    ):
        sizes, factors = tuple(by.sizes[a] for a in chosen), tuple(by.scales[a] for a in chosen)
        x = apply(b, Resize(kind, chosen, sizes, factors, "asymmetric", nearest), x, None)
    return x


@onnx_op("Resize")
def resize(b: Builder, call: Call) -> Value:
    """Resize: scales alone in opset 10; roi, scales or sizes since 11; axes and aspect ratio since 18."""
    x = call.operand(0)
    if call.version < 11:
        return _legacy(b, call, x, call.operand(1))
    axes = tuple(resolve_axis(a, x.rank) for a in call.integers("axes", range(x.rank)))
    roi, scales, sizes = (_present(call, i) for i in (1, 2, 3))
    if scales is not None:
        by = _by_scales(b, x, axes, scales)
    elif sizes is not None:
        by = _by_sizes(b, call, x, axes, sizes)
    else:
        raise OpError("neither scales nor sizes are given")
    coordinates, nearest = _rule(call)
    cropped = coordinates == "tf_crop_and_resize"
    op = Resize(
        _KINDS[call.text("mode", "nearest")],
        axes,
        by.sizes,
        by.scales,
        coordinates,
        nearest,
        call.real("cubic_coeff_a", -0.75),
        call.flag("exclude_outside"),
        call.flag("antialias"),
        call.real("extrapolation_value", 0.0),
        by.scale_bits,
    )
    return apply(b, op, x, b.cast(roi, DType.F32) if cropped and roi is not None else None)


def _rule(call: Call) -> tuple[str, str]:
    """The coordinates, and what is nearest to them; opset 11 had tf_half_pixel_for_nn, (x + 0.5) / scale."""
    coordinates = call.text("coordinate_transformation_mode", "half_pixel")
    nearest = call.text("nearest_mode", "round_prefer_floor")
    if coordinates != "tf_half_pixel_for_nn":
        return coordinates, nearest
    if call.text("mode", "nearest") != "nearest" or nearest != "floor":
        raise Unsupported("tf_half_pixel_for_nn is supported with mode nearest, nearest_mode floor")
    return "half_pixel", "round_prefer_ceil"


def _present(call: Call, index: int) -> Value | None:
    """Input `index` unless it is absent or empty, which means the same."""
    found = call.optional(index)
    return None if found is None or found.shape == (0,) else found


@dataclass(frozen=True)
class _Target:
    """The new sizes of the resized axes; their scales as `Resize` takes them."""

    sizes: tuple[Dim, ...]
    scales: tuple[float, ...] = ()
    scale_bits: tuple[Dim, ...] = ()


def _by_scales(b: Builder, x: Value, axes: Sequence[int], scales: Value) -> _Target:
    """floor(size * scale) per axis. Scales that are ratios of sizes are left to the operator."""
    if scales.rank != 1 or scales.shape[0] != len(axes):
        raise OpError(f"scales are {scales.type}, expected {len(axes)} numbers")
    known = b.contents(scales)
    if scales.const is not None and not (known is not None and (scales.const > 0).all()):
        raise OpError(f"scales are {scales.const.tolist()}, expected finite numbers above 0")
    if known is None:
        return _by_factors(b, x, axes, b.cast(scales, DType.F64), 0.0)
    parts = [symbolic.split(v) for v in known.reshape(-1)]
    sizes = tuple(floordiv(x.shape[axis] * n, d) for axis, (n, d) in zip(axes, parts))
    return _Target(sizes, () if scales.const is None else tuple(float(s) for s in scales.const.reshape(-1)))


def _by_factors(b: Builder, x: Value, axes: Sequence[int], factors: Value, rounding: float) -> _Target:
    """floor(size * factor + rounding) per axis, for f64 factors that only a run knows."""
    factors = b.expand(factors, (len(axes),))
    old = b.cast(b.dims([x.shape[a] for a in axes]), DType.F64)
    exact = b.binary("add", b.binary("mul", old, factors), b.constant(rounding, DType.F64))
    new = b.dims_of(b.cast(b.unary("floor", exact), DType.I64))
    bits = b.dims_of(b.one(Bitcast(int(DType.I64)), factors))
    return _Target(tuple(require_size(b, d) for d in new), (), bits)


def _by_sizes(b: Builder, call: Call, x: Value, axes: Sequence[int], sizes: Value) -> _Target:
    """The given sizes; under an aspect ratio policy one scale for all: the least or greatest of theirs."""
    wanted = tuple(require_size(b, d) for d in b.dims_of(sizes))
    if len(wanted) != len(axes):
        raise OpError(f"sizes are {sizes.type}, expected {len(axes)} numbers")
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return _Target(wanted)
    old = [x.shape[a] for a in axes]
    known = [(n, d) for n, d in zip(wanted, old) if isinstance(n, int) and isinstance(d, int) and d > 0]
    choose = min if policy == "not_larger" else max
    if len(known) == len(axes):
        common = choose(n / d for n, d in known)
        return _Target(tuple(int(common * d + 0.5) for _, d in known), (common,) * len(axes))
    ratios = b.binary("div", b.cast(b.dims(wanted), DType.F64), b.cast(b.dims(old), DType.F64))
    scale = b.one(Reduce("min" if policy == "not_larger" else "max", (0,), True), ratios)
    return _by_factors(b, x, axes, scale, 0.5)


def apply(b: Builder, op: Resize, x: Value, roi: Value | None) -> Value:
    """The node for `op`, on channels-last images where it leaves batch and channels alone."""
    keep = [i for i in range(len(op.axes)) if not _is_identity(op, x, i)]
    if roi is None and len(keep) < len(op.axes):
        op = dataclasses.replace(
            op,
            axes=tuple(op.axes[i] for i in keep),
            sizes=tuple(op.sizes[i] for i in keep),
            scales=tuple(op.scales[i] for i in keep) if op.scales else (),
        )
    if not op.axes:
        return x
    if x.rank < 3 or min(op.axes) < 2:
        return b.one(op, x, roi)
    moved = dataclasses.replace(op, axes=tuple(a - 1 for a in op.axes))
    return b.channels_first(b.one(moved, b.channels_last(x), roi))


def _is_identity(op: Resize, x: Value, i: int) -> bool:
    unscaled = not op.scale_bits and (not op.scales or op.scales[i] == 1.0)
    return unscaled and op.sizes[i] == x.shape[op.axes[i]]
