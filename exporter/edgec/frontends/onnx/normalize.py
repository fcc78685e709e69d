"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.normalize import Normalize
from edgec.ops.pool import Pool
from edgec.ops.reduce import Reduce


def along_channels(b: Builder, vector: Value, rank: int) -> Value:
    """A vector [C] as [C, 1, ...], so that it broadcasts along axis 1 of a tensor of that rank."""
    return b.reshape(vector, (vector.shape[0], *[1] * (rank - 2))) if rank > 1 else vector


@onnx_op("BatchNormalization")
def batch_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """x * s + t with s = scale / sqrt(var + epsilon) and t = bias - mean * s, per channel.

    In training mode mean and variance are the batch's, and the running ones are results too.
    """
    x, scale, bias, mean, variance = (call.operand(i) for i in range(5))
    each = call.version < 9 and not call.flag("spatial", True)
    further: list[Value] = []
    if _is_training(call):
        old_mean, old_variance, momentum = mean, variance, call.real("momentum", 0.9)
        mean, variance = _moments(b, x, (0,) if each else (0, *range(2, x.rank)))
        further = [_blend(b, old, new, momentum) for old, new in ((old_mean, mean), (old_variance, variance))]
        further += [mean, variance]
    epsilon = b.constant(call.real("epsilon", 1e-5), variance.dtype)
    deviation = b.unary("sqrt", b.binary("add", variance, epsilon))
    factor = b.binary("div", b.cast(scale, variance.dtype), deviation)
    shift = b.binary("sub", b.cast(bias, mean.dtype), b.binary("mul", mean, factor))
    factor, shift = b.cast(factor, x.dtype), b.cast(shift, x.dtype)
    if not each:
        factor, shift = along_channels(b, factor, x.rank), along_channels(b, shift, x.rank)
    return [b.binary("add", b.binary("mul", x, factor), shift), *further]


def _is_training(call: Call) -> bool:
    """Whether the batch's statistics count: by an attribute since opset 14, by further results before."""
    if call.version >= 14:
        return call.flag("training_mode")
    return not call.flag("is_test") and any(call.uses(i) for i in range(1, 5))


def _moments(b: Builder, x: Value, axes: tuple[int, ...]) -> tuple[Value, Value]:
    """Mean and variance over the axes, which are not in their shapes."""
    mean, centred = _centred(b, x, axes)
    variance = b.one(Reduce("mean", axes, False), b.binary("mul", centred, centred))
    return b.reshape(mean, variance.shape), variance


def _centred(b: Builder, x: Value, axes: tuple[int, ...]) -> tuple[Value, Value]:
    """The mean over the axes, kept as 1, and x less it."""
    mean = b.one(Reduce("mean", axes, True), x)
    return mean, b.binary("sub", x, mean)


@onnx_op("MeanVarianceNormalization")
def mean_variance_normalization(b: Builder, call: Call) -> Value:
    """(x - mean) / (deviation + 1e-9); before opset 9 over batch and image, and channels where asked for."""
    x = call.operand(0)
    across = (1,) if call.flag("across_channels") else ()
    default = (0, 2, 3) if call.version >= 9 else (0, *across, *range(2, x.rank))
    axes = tuple(resolve_axis(axis, x.rank) for axis in call.integers("axes", default))
    _, centred = _centred(b, x, axes)
    if not call.flag("normalize_variance", True):
        return centred
    variance = b.one(Reduce("mean", axes, True), b.binary("mul", centred, centred))
    deviation = b.binary("add", b.unary("sqrt", variance), b.constant(1e-9, x.dtype))
    return b.binary("div", centred, deviation)


def _blend(b: Builder, old: Value, new: Value, momentum: float) -> Value:
    kept = b.binary("mul", old, b.constant(momentum, old.dtype))
    fresh = b.binary("mul", b.cast(new, old.dtype), b.constant(1 - momentum, old.dtype))
    return b.binary("add", kept, fresh)


@onnx_op("InstanceNormalization")
def instance_normalization(b: Builder, call: Call) -> Value:
    x, scale, bias = call.operand(0), call.operand(1), call.operand(2)
    op = Normalize(tuple(range(1, x.rank - 1)), call.real("epsilon", 1e-5))
    return b.channels_first(b.one(op, b.channels_last(x), scale, bias))


@onnx_op("LayerNormalization")
def layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """LayerNormalization; mean and inverse deviation are computed only where they are used."""
    x, scale, bias = call.operand(0), call.operand(1), call.optional(2)
    axes = tuple(range(call.axis(x.rank, -1), x.rank))
    epsilon = call.real("epsilon", 1e-5)
    results = [b.one(Normalize(axes, epsilon), x, scale, bias)]
    if call.uses(1) or call.uses(2):
        stash = loading.dtype_of(call.integer("stash_type", 1))
        mean, centred = _centred(b, b.cast(x, x.dtype.compute), axes)
        variance = b.one(Reduce("mean", axes, True), b.binary("mul", centred, centred))
        total = b.binary("add", variance, b.constant(epsilon, variance.dtype))
        results += [b.cast(v, stash) for v in (mean, b.unary("recip", b.unary("sqrt", total)))]
    return results


@onnx_op("RMSNormalization")
def rms_normalization(b: Builder, call: Call) -> Value:
    x, scale = call.operand(0), call.operand(1)
    axes = tuple(range(call.axis(x.rank, -1), x.rank))
    return b.cast(b.one(Normalize(axes, call.real("epsilon", 1e-5), False), x, scale), scale.dtype)


@onnx_op("GroupNormalization")
def group_normalization(b: Builder, call: Call) -> Value:
    """x as [N, G, C/G, *S] normalised over all but N and G; scale and bias are per group before opset 21."""
    x, scale, bias = call.operand(0), call.operand(1), call.operand(2)
    groups = call.integer("num_groups")
    split: tuple[Dim, ...] = (x.shape[0], groups, floordiv(x.shape[1], groups), *x.shape[2:])
    ones = [1] * (x.rank - 2)
    per_group: tuple[Dim, ...] = (groups, 1, *ones)
    per_channel: tuple[Dim, ...] = (groups, split[2], *ones)
    shape = per_group if call.version < 21 else per_channel
    op = Normalize(tuple(range(2, x.rank + 1)), call.real("epsilon", 1e-5))
    y = b.one(op, b.reshape(x, split), b.reshape(scale, shape), b.reshape(bias, shape))
    return b.reshape(y, x.shape)


@onnx_op("LRN")
def local_response_normalization(b: Builder, call: Call) -> Value:
    """x / (bias + alpha * mean of squares over `size` neighbouring channels) ^ beta."""
    x, size = call.operand(0), call.integer("size")
    squares = b.binary("mul", x, x)
    flat = b.reshape(squares, (x.shape[0], x.shape[1], _spatial(x)))
    window = Pool("average", (size,), (1,), ((size - 1) // 2, size // 2), (1,), False, True)
    mean = b.reshape(b.one(window, flat), x.shape)
    scaled = b.binary("mul", mean, b.constant(call.real("alpha", 1e-4), x.dtype))
    base = b.binary("add", scaled, b.constant(call.real("bias", 1.0), x.dtype))
    return b.binary("div", x, b.binary("pow", base, b.constant(call.real("beta", 0.75), x.dtype)))


def _spatial(x: Value) -> Dim:
    total: Dim = 1
    for d in x.shape[2:]:
        total = total * d
    return total


@onnx_op("LpNormalization")
def lp_normalization(b: Builder, call: Call) -> Value:
    """x divided by its 1- or 2-norm along an axis; 0 where that is 0."""
    x = call.operand(0)
    axis, p = call.axis(x.rank, -1), call.integer("p", 2)
    if p not in (1, 2):
        raise OpError(f"p is {p}, expected 1 or 2")
    if p == 1:
        norm = b.one(Reduce("sum", (axis,), True), b.unary("abs", x))
    else:
        norm = b.unary("sqrt", b.one(Reduce("sum", (axis,), True), b.binary("mul", x, x)))
    zero = b.binary("eq", norm, b.constant(0.0, x.dtype))
    safe = b.binary("add", norm, b.cast(zero, x.dtype))
    return b.binary("div", x, safe)
