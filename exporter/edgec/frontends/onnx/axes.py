"""Axes that only a run knows: their number is known, each is a dim, and sizes are arithmetic on them."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, resolve_axis
from edgec.ir.dims import Dim, eq, less, logical_not, maximum, mod, select
from edgec.ops.base import OpError

Axes = tuple[Dim, ...]


def given_axes(b: Builder, call: Call, index: int, rank: int) -> Axes | None:
    """Axes from attribute "axes" or input `index`, none negative; None where neither is given."""
    if call.has("axes"):
        axes: Axes = call.integers("axes")
    else:
        value = call.optional(index)
        if value is None:
            return None
        axes = b.dims_of(value)
    return resolved_axes(b, axes, rank)


def resolved_axes(b: Builder, axes: Sequence[Dim], rank: int) -> Axes:
    """Axes counted from the front. Raises OpError, or guards, where one is out of range or named twice."""
    found = tuple(resolved_axis(b, a, rank) for a in axes)
    if len(set(found)) != len(found):
        raise OpError(f"axes {tuple(axes)} name an axis twice")
    return found


def resolved_axis(b: Builder, axis: Dim, rank: int) -> Dim:
    """One axis counted from the front."""
    if isinstance(axis, int):
        return resolve_axis(axis, rank)
    message = f"axis {axis} is one of the {rank} axes of the input"
    b.guard(eq(maximum(axis, -rank), axis), message)
    b.guard(less(axis, rank), message)
    return mod(axis, rank)


def is_axis(axes: Axes, position: int) -> Dim:
    """1 where the position is one of axes, else 0."""
    found: Dim = 0
    for axis in axes:
        found = maximum(found, eq(axis, position))
    return found


def removed(shape: Sequence[Dim], axes: Axes) -> list[Dim]:
    """The sizes of `shape` whose positions are not in axes, in order."""
    kept = [logical_not(is_axis(axes, i)) for i in range(len(shape))]
    before = [sum(kept[:i], start=kept[0] * 0) for i in range(len(shape))]
    return [
        _first_of([(kept[i] * eq(before[i], j), shape[i]) for i in range(len(shape))])
        for j in range(len(shape) - len(axes))
    ]


def inserted(shape: Sequence[Dim], axes: Axes) -> list[Dim]:
    """`shape` with sizes of 1 put in so that they end up at the positions in axes."""
    result: list[Dim] = []
    before: Dim = 0
    for j in range(len(shape) + len(axes)):
        new = is_axis(axes, j)
        own = _first_of([(eq(j - before, i), dim) for i, dim in enumerate(shape)])
        result.append(select(new, 1, own))
        before = before + new
    return result


def _first_of(cases: Sequence[tuple[Dim, Dim]], default: Dim = 1) -> Dim:
    """The value of the first case that holds: one call, so that products of such sizes stay small."""
    found = default
    for holds, value in reversed(cases):
        found = select(holds, value, found)
    return found


def placed(axes: Axes, values: Sequence[Dim], defaults: Sequence[Dim]) -> list[Dim]:
    """Per position: the value given for it in the order of axes, else its default."""
    return [
        _first_of([(eq(axis, i), value) for axis, value in zip(axes, values)], default)
        for i, default in enumerate(defaults)
    ]
