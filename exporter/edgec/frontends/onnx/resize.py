"""Resize and Upsample."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from edgec.frontends.onnx import symbolic
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.frontends.onnx.view import require_size
from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.resize import Resize

_KINDS = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "cubic": "cubic"}


@onnx_op("Upsample")
def upsample(b: Builder, call: Call) -> Value:
    """Upsample: scales are an attribute in opset 7, an input in 9; asymmetric coordinates, nearest below."""
    x = call.operand(0)
    scales = b.constant(call.reals("scales"), DType.F32) if call.version < 9 else call.operand(1)
    return _legacy(b, call, x, scales)


def _legacy(b: Builder, call: Call, x: Value, scales: Value) -> Value:
    factors = _static_scales(b, scales)
    shrinks = any(f < 1 for f in factors)
    op = Resize(
        _KINDS[call.text("mode", "nearest")],
        tuple(range(x.rank)),
        tuple(_scaled(b, x, scales)),
        factors,
        "asymmetric",
        "ceil" if shrinks else "floor",
    )
    return apply(b, op, x, None)


@onnx_op("Resize")
def resize(b: Builder, call: Call) -> Value:
    """Resize: scales alone in opset 10; roi, scales or sizes since 11; axes and aspect ratio since 18."""
    x = call.operand(0)
    if call.version < 11:
        return _legacy(b, call, x, call.operand(1))
    axes = tuple(resolve_axis(a, x.rank) for a in call.integers("axes", range(x.rank)))
    roi, scales, sizes = (_present(call, i) for i in (1, 2, 3))
    factors: tuple[float, ...] = ()
    if scales is not None:
        factors = _static_scales(b, scales)
        wanted = _scaled(b, x, scales, axes)
    elif sizes is not None:
        wanted = [require_size(b, d) for d in b.dims_of(sizes)]
        wanted = _keep_aspect(call, x, axes, wanted)
    else:
        raise OpError("neither scales nor sizes are given")
    coordinates = call.text("coordinate_transformation_mode", "half_pixel")
    cropped = coordinates == "tf_crop_and_resize"
    op = Resize(
        _KINDS[call.text("mode", "nearest")],
        axes,
        tuple(wanted),
        factors,
        coordinates,
        call.text("nearest_mode", "round_prefer_floor"),
        call.real("cubic_coeff_a", -0.75),
        call.flag("exclude_outside"),
        call.flag("antialias"),
        call.real("extrapolation_value", 0.0),
    )
    return apply(b, op, x, b.cast(roi, DType.F32) if cropped and roi is not None else None)


def _present(call: Call, index: int) -> Value | None:
    """Input `index` unless it is absent or empty, which means the same."""
    found = call.optional(index)
    return None if found is None or found.shape == (0,) else found


def _static_scales(b: Builder, scales: Value) -> tuple[float, ...]:
    """The scales as numbers. Raises Unsupported where they are not known at export."""
    if scales.const is None:
        known = b.contents(scales)
        if known is not None:
            return ()  # sizes computed from sizes: the operator takes their ratio
        raise Unsupported("Resize by scales that only a run knows is not supported", "give sizes instead")
    return tuple(float(s) for s in scales.const.reshape(-1))


def _scaled(b: Builder, x: Value, scales: Value, axes: Sequence[int] | None = None) -> list[Dim]:
    """floor(size * scale) per axis."""
    known = b.contents(scales)
    axes = range(x.rank) if axes is None else axes
    if known is None or known.size != len(axes):
        raise OpError(f"scales are {scales.type}, expected {len(axes)} finite numbers")
    parts = [symbolic.split(v) for v in known.reshape(-1)]
    return [floordiv(x.shape[axis] * n, d) for axis, (n, d) in zip(axes, parts)]


def _keep_aspect(call: Call, x: Value, axes: Sequence[int], sizes: Sequence[Dim]) -> list[Dim]:
    """Sizes under keep_aspect_ratio_policy: one scale for all axes, the least or greatest of theirs."""
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return list(sizes)
    old = [x.shape[a] for a in axes]
    if not all(isinstance(d, int) for d in (*sizes, *old)):
        raise Unsupported(f"Resize with {policy} on sizes that are not constant is not supported")
    ratios = [float(int(str(n)) / int(str(d))) for n, d in zip(sizes, old)]
    scale = min(ratios) if policy == "not_larger" else max(ratios)
    return [int(scale * int(str(d)) + 0.5) for d in old]


def apply(b: Builder, op: Resize, x: Value, roi: Value | None) -> Value:
    """The node for `op`, on channels-last images where it leaves batch and channels alone."""
    keep = [i for i in range(len(op.axes)) if not _is_identity(op, x, i)]
    if roi is None and len(keep) < len(op.axes):
        scales = tuple(op.scales[i] for i in keep) if op.scales else ()
        axes, sizes = tuple(op.axes[i] for i in keep), tuple(op.sizes[i] for i in keep)
        op = _with(op, axes, sizes, scales)
    if not op.axes:
        return x
    if x.rank < 3 or min(op.axes) < 2:
        return b.one(op, x, roi)
    moved = _with(op, tuple(a - 1 for a in op.axes), op.sizes, op.scales)
    return b.channels_first(b.one(moved, b.channels_last(x), roi))


def _is_identity(op: Resize, x: Value, i: int) -> bool:
    return op.sizes[i] == x.shape[op.axes[i]] and (not op.scales or op.scales[i] == 1.0)


def _with(op: Resize, axes: tuple[int, ...], sizes: tuple[Dim, ...], scales: tuple[float, ...]) -> Resize:
    return dataclasses.replace(op, axes=axes, sizes=sizes, scales=scales)
