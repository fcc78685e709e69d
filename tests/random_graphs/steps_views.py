"""Steps that move elements: shapes and constant regions."""

from __future__ import annotations

import numpy as np
from grower import Grower, Tensor, step
from oracle import Reject


def int64s(g: Grower, values: object) -> Tensor:
    return g.constant(values, np.int64)


@step(weight=3)
def transpose(g: Grower) -> None:
    x = g.pick()
    order = list(range(x.rank))
    g.random.shuffle(order)
    g.one("Transpose", x, **({"perm": order} if x.rank and g.chance(0.9) else {}))


@step(weight=3)
def reshape(g: Grower) -> None:
    x = g.pick()
    shape = list(x.shape)
    for _ in range(g.integer(1, 2)):
        shape = split_axis(g, shape) if g.chance(0.5) else merge_axes(g, shape)
    if shape and 0 not in shape and g.chance(0.5):
        shape[g.integer(0, len(shape) - 1)] = -1
    zeros = [i for i, d in enumerate(shape) if i < x.rank and d == x.shape[i]]
    if zeros and g.chance(0.3):
        shape[g.choose(zeros)] = 0
    if not shape or 0 not in x.shape:
        g.one("Reshape", x, int64s(g, shape))
    elif g.opset >= 14 and -1 not in shape:
        g.one("Reshape", x, int64s(g, shape), allowzero=1)


def split_axis(g: Grower, shape: list[int]) -> list[int]:
    choices = [(i, k) for i, d in enumerate(shape) for k in (1, 2, 3) if d and d % k == 0]
    if not choices:
        return [*shape, 1]
    i, k = g.choose(choices)
    return [*shape[:i], k, shape[i] // k, *shape[i + 1 :]]


def merge_axes(g: Grower, shape: list[int]) -> list[int]:
    if len(shape) < 2:
        return shape
    i = g.integer(0, len(shape) - 2)
    return [*shape[:i], shape[i] * shape[i + 1], *shape[i + 2 :]]


@step()
def flatten(g: Grower) -> None:
    x = g.pick()
    g.one("Flatten", x, axis=g.integer(0, x.rank))


def with_axes(
    g: Grower, operator: str, x: Tensor, axes: list[int] | None, since: int, **others: object
) -> None:
    """A node whose axes are an attribute before opset `since` and an operand from there on."""
    if axes is None:
        g.one(operator, x, **others)
    elif g.opset < since:
        g.one(operator, x, axes=axes, **others)
    else:
        g.one(operator, x, int64s(g, axes), **others)


@step(weight=2)
def squeeze(g: Grower) -> None:
    x = g.pick(fits=lambda t: 1 in t.shape)
    axes = [i for i, d in enumerate(x.shape) if d == 1 and g.chance(0.7)]
    if not axes or g.chance(0.2):
        g.fix_sizes()
        axes = []
    with_axes(g, "Squeeze", x, axes or None, 13)


@step(weight=2)
def unsqueeze(g: Grower) -> None:
    x = g.pick(rank=range(0, 5))
    count = g.integer(1, 2)
    axes = list({g.integer(0, x.rank + count - 1) for _ in range(count)})
    axes = axes if len(axes) == count else axes[:1]
    with_axes(g, "Unsqueeze", x, [min(a, x.rank + len(axes) - 1) for a in axes], 13)


@step(weight=2)
def concat(g: Grower) -> None:
    x = g.pick(rank=range(1, 6))
    axis = g.axis(x)
    others = [t for t in g.values() if t.array.dtype == x.array.dtype and fits_beside(t, x, axis)]
    parts = [g.choose(others) for _ in range(g.integer(1, 2))]
    if g.chance(0.4):
        shape = list(x.shape)
        shape[axis] = g.integer(0, 3)
        parts.append(g.constant(g.data(x.array.dtype, shape)))
    g.one("Concat", x, *parts, axis=axis)


def fits_beside(a: Tensor, b: Tensor, axis: int) -> bool:
    return a.rank == b.rank and all(
        m == n for i, (m, n) in enumerate(zip(a.shape, b.shape)) if i != axis % b.rank
    )


@step(weight=2)
def split(g: Grower) -> None:
    x = g.pick(rank=range(1, 6))
    axis = g.axis(x)
    size = x.shape[axis]
    first = g.integer(0, size)
    sizes = [first, size - first]
    if size and size % 2 == 0 and g.chance(0.4):
        g.add("Split", [x], 2, axis=axis, **({"num_outputs": 2} if g.opset >= 18 else {}))
    elif g.opset >= 13:
        g.add("Split", [x, int64s(g, sizes)], 2, axis=axis)
    elif 0 not in sizes:
        g.add("Split", [x], 2, axis=axis, split=sizes)


@step(weight=4)
def slice_(g: Grower) -> None:
    x = g.pick(rank=range(1, 6))
    axes = g.axes(x, 1)
    starts, ends, steps = [], [], []
    for axis in axes:
        size = x.shape[axis]
        backwards = g.opset >= 10 and g.chance(0.3)
        low, high = sorted((g.integer(-size - 1, size), g.integer(-size - 1, size)))
        starts.append(high if backwards else low)
        ends.append(g.choose([low, -(2**63)]) if backwards else g.choose([high, 2**63 - 1, 100]))
        steps.append(g.integer(-3, -1) if backwards else g.integer(1, 3))
    if g.opset < 10:
        g.one("Slice", x, starts=starts, ends=ends, axes=axes)
    else:
        last = int64s(g, steps) if g.chance(0.7) or min(steps) < 0 else None
        g.one("Slice", x, int64s(g, starts), int64s(g, ends), int64s(g, axes), last)


@step(weight=2)
def pad(g: Grower) -> None:
    x = g.pick("f" if g.opset < 13 else "fib", rank=range(1, 6))
    mode = g.choose(["constant", "constant", "reflect", "edge"] + ["wrap"] * (g.opset >= 19))
    if mode != "constant" and 0 in x.shape:
        raise Reject("nothing to repeat")
    pads = [g.integer(-1, 2) if mode == "constant" else g.integer(0, 2) for _ in range(2 * x.rank)]
    if mode == "reflect":
        pads = [min(p, x.shape[i % x.rank] - 1) for i, p in enumerate(pads)]
    if any(d + min(pads[i], 0) + min(pads[i + x.rank], 0) < 0 for i, d in enumerate(x.shape)):
        raise Reject("less than nothing left")
    if g.opset < 11:
        g.one("Pad", x, mode=mode, pads=pads, value=1.5)
        return
    value = g.constant(1, x.array.dtype) if mode == "constant" and g.chance(0.5) else None
    if g.opset >= 18 and g.chance(0.3):
        axis = g.axis(x)
        two = int64s(g, [pads[axis % x.rank], pads[axis % x.rank + x.rank]])
        g.one("Pad", x, two, value, int64s(g, [axis]), mode=mode)
    else:
        g.one("Pad", x, int64s(g, pads), value, mode=mode)


@step(8)
def expand(g: Grower) -> None:
    x = g.pick(rank=range(0, 5))
    shape = [g.choose([1, 1, 2, 3]) if d == 1 else g.choose([1, d]) for d in x.shape]
    g.one("Expand", x, int64s(g, [2, *shape] if g.chance(0.3) else shape))


@step()
def tile(g: Grower) -> None:
    x = g.pick(rank=range(1, 5))
    g.one(
        "Tile", x, int64s(g, [g.choose([1, 1, 2, 3, 0] if g.chance(0.1) else [1, 1, 2, 3]) for _ in x.shape])
    )


@step()
def space_and_depth(g: Grower) -> None:
    x = g.pick("f", 4)
    if g.chance(0.5):
        mode = {"mode": g.choose(["DCR", "CRD"])} if g.opset >= 11 else {}
        g.one("DepthToSpace", x, blocksize=2, **mode)
    else:
        g.one("SpaceToDepth", x, blocksize=2)


@step(14)
def triangle(g: Grower) -> None:
    x = g.pick(rank=range(2, 6))
    offset = int64s(g, g.integer(-2, 2)) if g.chance(0.5) else None
    g.one("Trilu", x, offset, upper=g.integer(0, 1))


@step(10)
def reverse_sequence(g: Grower) -> None:
    x = g.pick("fi", rank=range(2, 5), fits=lambda t: 0 not in t.shape[:2])
    time = g.integer(0, 1)
    lengths = [g.integer(1, x.shape[time]) for _ in range(x.shape[1 - time])]
    g.one("ReverseSequence", x, int64s(g, lengths), time_axis=time, batch_axis=1 - time)
