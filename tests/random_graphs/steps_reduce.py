"""Steps that reduce axes, normalise over them, or take softmax."""

from __future__ import annotations

import numpy as np
from grower import Grower, step
from steps_views import int64s, with_axes

KINDS = (
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceProd ReduceLogSumExp"
).split()


@step(weight=4)
def reduce(g: Grower) -> None:
    operator = g.choose(KINDS)
    x = g.pick("f" if operator == "ReduceLogSumExp" else "fffi", fits=lambda t: t.array.size > 0)
    axes = g.axes(x, 1) if x.rank and g.chance(0.85) else None
    with_axes(g, operator, x, axes, 13 if operator == "ReduceSum" else 18, keepdims=g.integer(0, 1))


@step(13)
def reduce_nothing(g: Grower) -> None:
    x = g.pick("f", fits=lambda t: t.array.size > 0)
    axes = g.constant(np.zeros(0, np.int64))
    g.one("ReduceSum", x, axes, noop_with_empty_axes=g.integer(0, 1), keepdims=g.integer(0, 1))


@step(weight=2)
def softmax(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 6))
    g.one(
        g.choose(["Softmax", "Softmax", "LogSoftmax"]),
        x,
        axis=g.axis(x) if g.opset >= 11 else g.axis(x) % x.rank,
    )


@step(17, weight=2)
def layer_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 5), fits=lambda t: 0 not in t.shape)
    axis = g.axis(x)
    shape = x.shape[axis:]
    bias = g.constant(g.data(x.array.dtype, shape)) if g.chance(0.7) else None
    g.one("LayerNormalization", x, g.constant(g.data(x.array.dtype, shape)), bias, axis=axis, epsilon=0.01)


@step()
def instance_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(3, 6), fits=lambda t: 0 not in t.shape)
    scale, bias = (g.constant(g.data(x.array.dtype, [x.shape[1]])) for _ in range(2))
    g.one("InstanceNormalization", x, scale, bias, epsilon=0.01)


@step(weight=2)
def batch_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(2, 6), fits=lambda t: 0 not in t.shape)
    scale, bias, mean = (g.constant(g.data(x.array.dtype, [x.shape[1]])) for _ in range(3))
    variance = g.constant(np.abs(g.data(x.array.dtype, [x.shape[1]])) + x.array.dtype.type(0.5))
    g.one("BatchNormalization", x, scale, bias, mean, variance, epsilon=0.01)


@step(21)
def group_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(3, 6), fits=lambda t: 0 not in t.shape)
    scale, bias = (g.constant(g.data(x.array.dtype, [x.shape[1]])) for _ in range(2))
    groups = g.choose(k for k in range(1, x.shape[1] + 1) if x.shape[1] % k == 0)
    g.one("GroupNormalization", x, scale, bias, num_groups=groups, epsilon=0.01)


@step(23)
def rms_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 5))
    axis = g.axis(x)
    g.one("RMSNormalization", x, g.constant(g.data(x.array.dtype, x.shape[axis:])), axis=axis, epsilon=0.01)


@step(9)
def mean_variance_norm(g: Grower) -> None:
    g.one("MeanVarianceNormalization", g.pick("f", 4), axes=g.choose([[0, 2, 3], [1], [2, 3]]))


@step()
def lp_norm(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 5))
    g.one("LpNormalization", x, axis=g.axis(x), p=g.integer(1, 2))


@step()
def local_response(g: Grower) -> None:
    g.one("LRN", g.pick("f", 4), size=g.choose([1, 3, 5]), alpha=0.5, beta=0.75, bias=1.5)


@step(18)
def reduce_run_time_axes(g: Grower) -> None:
    """Axes that are computed: -1 + the rank of the operand."""
    x = g.pick("f", rank=range(1, 5), fits=lambda t: t.array.size > 0)
    rank = g.one("Size", g.one("Shape", x))
    axes = g.one("Reshape", g.one("Sub", rank, int64s(g, 1)), int64s(g, [1]))
    g.one(g.choose(["ReduceSum", "ReduceMax"]), x, axes, keepdims=1)
