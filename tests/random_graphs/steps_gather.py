"""Steps with indices: gather, scatter, selection and order."""

from __future__ import annotations

import numpy as np
from grower import Grower, Tensor, step
from oracle import Reject


def indices(g: Grower, shape: list[int] | tuple[int, ...], size: int, negative: bool = True) -> Tensor:
    """Indices into an axis of that size, from either end where the opset allows."""
    if size == 0:
        raise Reject("nothing to index")
    low = -size if negative and g.opset >= 11 else 0
    dtype = g.choose([np.int64, np.int64, np.int32])
    return g.constant(g.numbers().integers(low, size, tuple(shape)), dtype)


@step(weight=3)
def gather(g: Grower) -> None:
    x = g.pick(rank=range(1, 6))
    axis = g.axis(x)
    shape = g.choose([[], [2], [1], [2, 3], [0]])
    g.one("Gather", x, indices(g, shape, x.shape[axis]), axis=axis)


@step(11)
def gather_elements(g: Grower) -> None:
    x = g.pick(rank=range(1, 5))
    axis = g.axis(x)
    if 0 in x.shape:
        raise Reject("nothing to index")
    shape = [
        g.integer(1, 4) if i == axis % x.rank else g.integer(min(d, 1), d) for i, d in enumerate(x.shape)
    ]
    g.one("GatherElements", x, indices(g, shape, x.shape[axis]), axis=axis)


@step(11)
def gather_nd(g: Grower) -> None:
    x = g.pick(rank=range(1, 5))
    batch = g.integer(0, x.rank - 1) if g.opset >= 12 and g.chance(0.3) else 0
    depth = g.integer(1, x.rank - batch)
    if 0 in x.shape:
        raise Reject("nothing to index")
    columns = [g.numbers().integers(-d, d, (*x.shape[:batch], 3, 1)) for d in x.shape[batch : batch + depth]]
    table = g.constant(np.concatenate(columns, -1), np.int64)
    g.one("GatherND", x, table, **({"batch_dims": batch} if batch else {}))


@step(11)
def scatter_elements(g: Grower) -> None:
    x = g.pick("fi", rank=range(1, 5))
    axis = g.axis(x) % x.rank
    if 0 in x.shape:
        raise Reject("nothing to index")
    shape = [g.integer(1, d) for d in x.shape]
    order = np.argsort(g.numbers().random((*shape[:axis], x.shape[axis], *shape[axis + 1 :])), axis)
    places = np.take(order, range(shape[axis]), axis)  # no place twice: which one wins is open
    updates = g.constant(g.data(x.array.dtype, shape))
    g.one("ScatterElements", x, g.constant(places, np.int64), updates, axis=axis, **reduction(g, 16))


def reduction(g: Grower, since: int) -> dict[str, str]:
    if g.opset < since or g.chance(0.5):
        return {}
    return {"reduction": g.choose(["none", "add", "mul"] + ["min", "max"] * (g.opset >= 18))}


@step(11)
def scatter_nd(g: Grower) -> None:
    x = g.pick("fi", rank=range(1, 5))
    depth = g.integer(1, x.rank)
    places = int(np.prod(x.shape[:depth]))
    if places == 0:
        raise Reject("nothing to index")
    chosen = g.numbers().permutation(places)[: g.integer(1, min(4, places))]
    table = np.stack(np.unravel_index(chosen, x.shape[:depth]), -1)
    updates = g.constant(g.data(x.array.dtype, [len(chosen), *x.shape[depth:]]))
    g.one("ScatterND", x, g.constant(table, np.int64), updates, **reduction(g, 16))


@step(10, weight=2)
def top_k(g: Grower) -> None:
    x = g.pick("fi", rank=range(1, 5))
    axis = g.axis(x)
    k = g.constant([g.integer(min(0 if g.chance(0.1) else 1, x.shape[axis]), x.shape[axis])], np.int64)
    attributes = {"largest": g.integer(0, 1), "sorted": 1} if g.opset >= 11 else {}
    g.add("TopK", [x, k], 2, axis=axis, **attributes)


@step()
def arg_extreme(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 5), fits=lambda t: t.array.size > 0)
    last = {"select_last_index": g.integer(0, 1)} if g.opset >= 12 else {}
    g.one(g.choose(["ArgMax", "ArgMin"]), x, axis=g.axis(x), keepdims=g.integer(0, 1), **last)


@step(9)
def nonzero(g: Grower) -> None:
    x = g.pick("fib", rank=range(1, 5))
    g.one("NonZero", x)


@step(9)
def one_hot(g: Grower) -> None:
    x = g.pick("i", rank=range(0, 4), fits=lambda t: t.array.dtype in (np.int32, np.int64))
    axis = g.integer(-x.rank - 1, x.rank)
    g.one("OneHot", x, g.constant([5], np.int64), g.constant(g.data(np.float32, [2])), axis=axis)


@step(9)
def compress(g: Grower) -> None:
    x = g.pick(rank=range(1, 5), fits=lambda t: t.array.size > 0)
    axis = g.axis(x) if g.opset >= 11 else g.axis(x) % x.rank
    count = g.integer(0, x.shape[axis])
    condition = g.constant(g.data(np.bool_, [count]))
    g.one("Compress", x, condition, **({"axis": axis} if g.chance(0.8) else {}))


@step(11)
def unique(g: Grower) -> None:
    x = g.pick("fi", rank=range(1, 4), fits=lambda t: t.array.size > 0)
    axis = {"axis": g.axis(x)} if g.chance(0.3) else {}
    g.add("Unique", [x], g.choose([1, 1, 4]), sorted=g.integer(0, 1), **axis)


@step(11, weight=2)
def cumulative_sum(g: Grower) -> None:
    x = g.pick("fi", rank=range(1, 5))
    axis = g.constant(g.axis(x), g.choose([np.int64, np.int32]))
    g.one("CumSum", x, axis, exclusive=g.integer(0, 1), reverse=g.integer(0, 1))
