"""Operators that move elements: Reshape, Transpose, Slice, Split, Concat, Pad, Expand, Tile."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.axes import Axes, given_axes, inserted, placed, removed, resolved_axes
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.ir.dims import (
    Dim,
    bcast,
    bounds,
    ceildiv,
    eq,
    floordiv,
    less,
    logical_not,
    maximum,
    minimum,
    mod,
    product,
    select,
)
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.view import Pad


def require_size(b: Builder, dim: Dim) -> Dim:
    """dim, guarded to be no negative number."""
    low = bounds(dim)[0]
    if low is None or low < 0:
        b.guard(eq(maximum(dim, 0), dim), f"size {dim} is not negative")
    return dim


def may_be(dim: Dim, number: int) -> bool:
    """Whether a dim read at run time can have this value; sizes (known to be >= 0) are themselves."""
    return dim == number or (not isinstance(dim, int) and bounds(dim)[0] is None)


@onnx_op("Reshape")
def reshape(b: Builder, call: Call) -> Value:
    """0 copies the input's size (unless allowzero), -1 takes what is left."""
    x = call.operand(0)
    if call.operand(1).rank != 1:
        raise OpError(f"shape is {call.operand(1).type}, expected a vector")
    target = list(b.dims_of(call.operand(1)))
    if not call.flag("allowzero"):
        for i, dim in enumerate(target):
            if may_be(dim, 0) and i < x.rank:
                target[i] = select(eq(dim, 0), x.shape[i], dim)
    total = product(x.shape)
    rest = [d for d in target if d != -1]
    if len(target) - len(rest) > 1:
        raise OpError("shape holds -1 more than once")
    if len(rest) < len(target):
        others = product(rest)
        inferred = floordiv(total, others) if others != 0 else 0
        return b.reshape(x, [inferred if d == -1 else require_size(b, d) for d in target])
    sizes = []
    for i, dim in enumerate(target):
        if may_be(dim, -1):
            others = maximum(product(target[:i] + target[i + 1 :]), 1)
            dim = select(eq(dim, -1), floordiv(total, others), dim)
        sizes.append(require_size(b, dim))
    return b.reshape(x, sizes)


@onnx_op("Flatten")
def flatten(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    axis = call.integer("axis", 1)
    if not -x.rank <= axis <= x.rank:
        raise OpError(f"axis {axis} is out of range for {x.type}")
    axis = axis + x.rank if axis < 0 else axis
    return b.reshape(x, (product(x.shape[:axis]), product(x.shape[axis:])))


@onnx_op("Squeeze")
def squeeze(b: Builder, call: Call) -> Value:
    """Axes of size 1 removed; a size that is not known to be 1 is guarded."""
    x = call.operand(0)
    axes = given_axes(b, call, 1, x.rank)
    if axes is None:
        axes = tuple(i for i, d in enumerate(x.shape) if _is_one(b, d))
    for axis in axes:
        if isinstance(axis, int):
            b.guard(eq(x.shape[axis], 1), f"axis {axis} of the input, {x.shape[axis]}, is 1")
    return b.reshape(x, removed(x.shape, axes))


def _is_one(b: Builder, dim: Dim) -> bool:
    """Whether a size is known to be 1; one that could be either is guarded not to be."""
    if dim == 1 or b.is_known(eq(dim, 1)):
        return True
    b.guard(logical_not(eq(dim, 1)), f"size {dim} is not 1 (Squeeze without axes would remove the axis)")
    return False


@onnx_op("Unsqueeze")
def unsqueeze(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    given: Sequence[Dim] = call.integers("axes") if call.has("axes") else b.dims_of(call.operand(1))
    return b.reshape(x, inserted(x.shape, resolved_axes(b, given, x.rank + len(given))))


@onnx_op("Transpose")
def transpose(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    return b.transpose(x, call.integers("perm", tuple(reversed(range(x.rank)))))


@onnx_op("Concat")
def concat(b: Builder, call: Call) -> Value:
    parts = call.operands()
    return b.concat(parts, call.axis(parts[0].rank))


@onnx_op("Expand")
def expand(b: Builder, call: Call) -> Value:
    """Broadcast of x and the shape in both directions."""
    x = call.operand(0)
    target = [require_size(b, d) for d in b.dims_of(call.operand(1))]
    rank = max(x.rank, len(target))
    own: list[Dim] = [*[1] * (rank - x.rank), *x.shape]
    target = [*[1] * (rank - len(target)), *target]
    return b.expand(x, [bcast(p, q) for p, q in zip(own, target)])


@onnx_op("Tile")
def tile(b: Builder, call: Call) -> Value:
    """x [d, ...] as [1, d, ...], expanded to [r, d, ...], as [r * d, ...]."""
    x = call.operand(0)
    repeats = [require_size(b, d) for d in b.dims_of(call.operand(1))]
    if len(repeats) != x.rank:
        raise OpError(f"repeats has {len(repeats)} entries for {x.type}")
    apart = [s for d in x.shape for s in (1, d)]
    wide = [s for r, d in zip(repeats, x.shape) for s in (r, d)]
    return b.reshape(b.expand(b.reshape(x, apart), wide), [r * d for r, d in zip(repeats, x.shape)])


# -- slices

_INFINITE = 10**9  # exporters write such ends for "to the end"; no axis is that long


def clamp(position: Dim, size: Dim, low: Dim, high: Dim) -> Dim:
    """A slice position counted from the end where negative, brought into [low, high]."""
    if isinstance(position, int):
        if position >= _INFINITE:
            return high
        if position <= -_INFINITE:
            return low
        position = position + size if position < 0 else position
    else:
        least, greatest = bounds(position)
        if greatest is not None and greatest < 0:
            position = position + size
        elif least is None or least < 0:
            negative = eq(maximum(position, 0), position)
            position = select(negative, position, position + size)
    return minimum(maximum(position, low), high)


def slice_bounds(size: Dim, start: Dim, end: Dim, step: Dim) -> tuple[Dim, Dim]:
    """(first position, count) of the ONNX slice start:end:step of an axis."""
    backwards = less(step, 0)
    first = clamp(start, size, 0, size - backwards)
    last = clamp(end, size, backwards * -1, size - backwards)
    return first, maximum(ceildiv(last - first, step), 0)


@onnx_op("Slice")
def slice(b: Builder, call: Call) -> Value:
    """Starts, ends, axes and steps are attributes before opset 10, inputs since."""
    x = call.operand(0)
    if call.version < 10:
        starts: Sequence[Dim] = call.integers("starts")
        ends: Sequence[Dim] = call.integers("ends")
        axes = given_axes(b, call, 3, x.rank)
    else:
        starts, ends = b.dims_of(call.operand(1)), b.dims_of(call.operand(2))
        axes = given_axes(b, call, 3, x.rank)
    stepped = call.optional(4)
    steps = (1,) * len(starts) if stepped is None else b.dims_of(stepped)
    axes = tuple(range(len(starts))) if axes is None else axes
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise OpError(f"{len(starts)} starts, {len(ends)} ends, {len(axes)} axes, {len(steps)} steps")
    if 0 in steps:
        raise OpError("a step is 0")
    if not all(isinstance(a, int) for a in axes):
        starts = placed(axes, starts, [0] * x.rank)
        ends, steps = placed(axes, ends, x.shape), tuple(placed(axes, steps, [1] * x.rank))
        axes = tuple(range(x.rank))
    for axis, start, end, step in zip(axes, starts, ends, steps):
        if isinstance(axis, int):
            first, count = slice_bounds(x.shape[axis], start, end, step)
            x = b.slice_axis(x, axis, first, count, step)
    return x


@onnx_op("Split")
def split(b: Builder, call: Call) -> Sequence[Value]:
    """Sizes are given, or equal (num_outputs: the last may be smaller)."""
    x = call.operand(0)
    axis = call.axis(x.rank, 0)
    total, count = x.shape[axis], len(call.outputs)
    given = call.optional(1)
    if given is not None:
        sizes = [require_size(b, d) for d in b.dims_of(given)]
    elif call.has("split"):
        sizes = list(call.integers("split"))
    else:
        chunk = ceildiv(total, count)
        if call.version < 18:
            b.guard(eq(mod(total, count), 0), f"size {total} is a multiple of {count}")
            chunk = floordiv(total, count)
        sizes = [chunk] * (count - 1) + [total - chunk * (count - 1)]
    if len(sizes) < count:
        raise OpError(f"{count} results, {len(sizes)} sizes")
    whole = sum(sizes[1:], start=sizes[0])
    b.guard(eq(whole, total), f"sizes add up to {whole}, axis {axis} is {total}")
    results, start = [], sizes[0] * 0
    for size in sizes:
        results.append(b.slice_axis(x, axis, start, size))
        start = start + size
    return results


@onnx_op("Pad")
def pad(b: Builder, call: Call) -> Value:
    """Pads are an attribute before opset 11, an input since; negative ones crop."""
    x, fill = call.operand(0), None
    axes: Axes | None = None
    if call.version < 11:
        pads: Sequence[Dim] = call.integers("pads")
        fill = b.constant(call.real("value", 0.0), x.dtype)
    else:
        pads, fill = b.dims_of(call.operand(1)), call.optional(2)
        axes = given_axes(b, call, 3, x.rank)
    axes = tuple(range(x.rank)) if axes is None else axes
    if len(pads) != 2 * len(axes):
        raise OpError(f"pads has {len(pads)} entries, expected {2 * len(axes)}")
    none = [0] * x.rank
    full = [*placed(axes, pads[: len(axes)], none), *placed(axes, pads[len(axes) :], none)]
    return pad_all(b, x, full, call.text("mode", "constant"), fill)


def pad_all(b: Builder, x: Value, pads: Sequence[Dim], kind: str, fill: Value | None) -> Value:
    """x with begins and ends of every axis added, or cropped where negative."""
    positive = [maximum(p, 0) for p in pads]
    for axis in range(x.rank):
        begin, end = (maximum(p * -1, 0) for p in (pads[axis], pads[x.rank + axis]))
        x = b.slice_axis(x, axis, begin, x.shape[axis] - begin - end)
    if all(p == 0 for p in positive):
        return x
    scalar = b.reshape(fill, ()) if fill is not None else None
    return b.one(Pad(kind, tuple(positive)), x, scalar if kind == "constant" else None)


@onnx_op("DepthToSpace")
def depth_to_space(b: Builder, call: Call) -> Value:
    """[N, C, H, W] to [N, C / k², H k, W k]; mode DCR takes the blocks from the slow part of C."""
    x, k = call.operand(0), call.integer("blocksize")
    n, c, h, w = x.shape
    rest = floordiv(c, k * k)
    if call.text("mode", "DCR") == "DCR":
        moved = b.transpose(b.reshape(x, (n, k, k, rest, h, w)), [0, 3, 4, 1, 5, 2])
    else:
        moved = b.transpose(b.reshape(x, (n, rest, k, k, h, w)), [0, 1, 4, 2, 5, 3])
    return b.reshape(moved, (n, rest, h * k, w * k))


@onnx_op("SpaceToDepth")
def space_to_depth(b: Builder, call: Call) -> Value:
    x, k = call.operand(0), call.integer("blocksize")
    n, c, h, w = x.shape
    rows, columns = floordiv(h, k), floordiv(w, k)
    perm = [0, 3, 5, 1, 2, 4] if call.text("mode", "DCR") == "DCR" else [0, 1, 3, 5, 2, 4]
    moved = b.transpose(b.reshape(x, (n, c, rows, k, columns, k)), perm)
    return b.reshape(moved, (n, c * (k * k), rows, columns))


@onnx_op("CenterCropPad")
def centre(b: Builder, call: Call) -> Value:
    """The middle of the input, or zeros around it, so that the axes have the sizes asked for."""
    x, sizes = call.operand(0), b.dims_of(call.operand(1))
    axes = [resolve_axis(a, x.rank) for a in call.integers("axes", range(x.rank))]
    if len(sizes) != len(axes):
        raise OpError(f"shape has {len(sizes)} sizes for {len(axes)} axes")
    pads: list[Dim] = [0] * (2 * x.rank)
    for axis, size in zip(axes, sizes):
        kept = minimum(x.shape[axis], require_size(b, size))
        x = b.slice_axis(x, axis, floordiv(x.shape[axis] - kept, 2), kept)
        pads[axis] = floordiv(size - kept, 2)
        pads[x.rank + axis] = size - kept - pads[axis]
    return x if not any(p != 0 for p in pads) else b.one(Pad("constant", tuple(pads)), x, None)
