"""Normalisation with what comes before it: residuals, embeddings, gates."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op, onnx_result
from edgec.frontends.onnx.contrib.quantized import dequantized
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.normalize import Normalize
from edgec.ops.reduce import Reduce


def statistics(b: Builder, x: Value, axes: tuple[int, ...], epsilon: float, centre: bool) -> list[Value]:
    """Mean and inverse deviation in f32; without `centre` the mean is 0 and of no use."""
    wide = b.cast(x, DType.F32)
    mean = b.one(Reduce("mean", axes, True), wide)
    wide = b.binary("sub", wide, mean) if centre else wide
    variance = b.one(Reduce("mean", axes, True), b.binary("mul", wide, wide))
    deviation = b.unary("sqrt", b.binary("add", variance, b.constant(epsilon, DType.F32)))
    return [mean, b.unary("recip", deviation)]


@onnx_op("SimplifiedLayerNormalization")
@contrib_op("SimplifiedLayerNormalization")
def simplified_layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """x / sqrt(mean(x²) + epsilon) * scale, and the first factor's inverse deviation."""
    x, scale = call.operand(0), call.operand(1)
    axes = tuple(range(call.axis(x.rank, -1), x.rank))
    epsilon = call.real("epsilon", 1e-5)
    results = [b.cast(b.one(Normalize(axes, epsilon, False), x, scale), scale.dtype)]
    return [*results, statistics(b, x, axes, epsilon, False)[1]] if call.uses(1) else results


@contrib_op("SkipLayerNormalization")
def skip_layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """LayerNormalization of input + skip + bias; that sum is the fourth result."""
    total = _residual(b, call, call.optional(4))
    return _normalized(b, call, total, call.operand(2), call.optional(3), True)


@contrib_op("SkipSimplifiedLayerNormalization")
def skip_simplified_layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    total = _residual(b, call, call.optional(3))
    return _normalized(b, call, total, call.operand(2), None, False)


def _residual(b: Builder, call: Call, bias: Value | None) -> Value:
    total = b.binary("add", call.operand(0), call.operand(1))
    return b.binary("add", total, bias) if bias is not None else total


def _normalized(
    b: Builder, call: Call, x: Value, scale: Value, bias: Value | None, centre: bool
) -> list[Value]:
    """The result, its statistics where they are used, and x."""
    axes, epsilon = (x.rank - 1,), call.real("epsilon", 1e-12)
    result = b.one(Normalize(axes, epsilon, centre), x, scale, bias)
    if not (call.uses(1) or call.uses(2)):
        return [result, x, x, x]
    return [result, *statistics(b, x, axes, epsilon, centre), x]


@contrib_op("EmbedLayerNormalization", ranks={0: (2,), 1: (2,), 2: (2,), 3: (2,), 4: (2,), 7: (2,)})
def embed_layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """LayerNormalization of word, position and segment embeddings; tokens that the mask keeps; the sum."""
    words, segments = call.operand(0), call.optional(1)
    table, positions, kinds = call.operand(2), call.operand(3), call.optional(4)
    total = embedded(b, words, segments, table, positions, kinds, call.optional(8))
    scale, bias = call.operand(5), call.operand(6)
    result = b.one(Normalize((2,), call.real("epsilon", 1e-12)), total, scale, bias)
    return [result, kept_tokens(b, words, call.optional(7)), total]


def embedded(
    b: Builder,
    words: Value,
    segments: Value | None,
    table: Value,
    positions: Value,
    kinds: Value | None,
    places: Value | None,
) -> Value:
    """The sum of the embeddings [B, S, H] of ids [B, S]; places count up from 0 where none are given."""
    total = b.one(Gather(0), table, words)
    if places is not None:
        total = b.binary("add", total, b.one(Gather(0), positions, places))
    else:
        total = b.binary("add", total, b.slice_axis(positions, 0, 0, words.shape[1]))
    if segments is not None and kinds is not None:
        total = b.binary("add", total, b.one(Gather(0), kinds, segments))
    return total


def kept_tokens(b: Builder, words: Value, mask: Value | None) -> Value:
    """i32 [B]: how many elements of each row of the mask are 1; 0 without one."""
    if mask is None:
        return b.expand(b.constant(0, DType.I32), (words.shape[0],))
    ones = b.cast(b.binary("eq", mask, b.constant(1, mask.dtype)), DType.I32)
    return b.one(Reduce("sum", (1,), False), ones)


@contrib_op("GroupNorm", "SkipGroupNorm")
def group_norm(b: Builder, call: Call) -> Sequence[Value]:
    """GroupNormalization of x + skip + bias, channels last by default, then SiLU if asked for; the sum."""
    x, scale, offset = call.operand(0), call.operand(1), call.operand(2)
    skip, bias = call.optional(3), call.optional(4)
    last = call.flag("channels_last", True)
    if skip is not None:
        spread: tuple[Dim, ...] = (skip.shape[0], 1, 1, skip.shape[1]) if skip.rank == 2 else skip.shape
        x = b.binary("add", x, b.reshape(skip, spread))
    x = b.binary("add", x, bias) if bias is not None else x
    wide = b.cast(b.channels_first(x) if last else x, scale.dtype)
    attributes = {"num_groups": call.integer("groups"), "epsilon": call.real("epsilon", 1e-5)}
    y = onnx_result(b, call, "GroupNormalization", [wide, scale, offset], **attributes)
    if call.integer("activation") == 1:
        y = onnx_result(b, call, "Swish", [y])
    return [b.cast(b.channels_last(y) if last else y, x.dtype), x]


@contrib_op("GatedRMSNorm", ranks={0: range(1, 9), 1: (1,)})
def gated_rms_norm(b: Builder, call: Call) -> Value:
    """RMS normalisation of runs as long as the scale, times SiLU or sigmoid of the gate; in f32."""
    x, scale, gate = (b.cast(call.operand(i), DType.F32) for i in range(3))
    shape = (*x.shape[:-1], floordiv(x.shape[-1], scale.shape[0]), scale.shape[0])
    y = b.one(Normalize((x.rank,), call.real("epsilon", 1e-5), False), b.reshape(x, shape), scale)
    kinds = {"silu": "Swish", "swish": "Swish", "sigmoid": "Sigmoid"}
    kind = call.text("activation", "silu")
    if kind not in kinds:
        raise OpError(f"activation is '{kind}', expected one of {', '.join(kinds)}")
    y = b.binary("mul", b.reshape(y, x.shape), onnx_result(b, call, kinds[kind], [gate]))
    return b.cast(y, call.operand(0).dtype)


@contrib_op("BranchwiseRMSNorm", ranks={0: range(1, 9), 1: (1, 2)})
def branchwise_rms_norm(b: Builder, call: Call) -> Value:
    """RMS normalisation of each branch, in f32; branches are the last axis but one, or parts of the last."""
    x, scale, count = call.operand(0), call.optional(1), call.integer("num_branches", 0)
    shape = (*x.shape[:-1], count, floordiv(x.shape[-1], count)) if count else x.shape
    wide = b.reshape(b.cast(x, DType.F32), shape)
    if scale is not None:
        whole = scale.rank == 1 and scale.shape != shape[-1:]
        scale = b.cast(b.reshape(scale, shape[-2:]) if whole else scale, DType.F32)
    y = b.one(Normalize((len(shape) - 1,), call.real("epsilon", 1e-5), False), wide, scale)
    return b.cast(b.reshape(y, x.shape), x.dtype)


@contrib_op("QEmbedLayerNormalization", ranks={0: (2,), 1: (2,), 2: (2,), 3: (2,), 4: (2,), 7: (2,)})
def quantized_embed_layer_normalization(b: Builder, call: Call) -> Sequence[Value]:
    """EmbedLayerNormalization whose tables, scale and bias are 8-bit integers."""
    words, segments, mask = call.operand(0), call.optional(1), call.optional(7)
    found = []
    for i in range(5):  # word, position and segment embeddings, scale, bias
        table = call.optional(2 + i)
        step, zero = call.optional(8 + i), call.optional(13 + i)
        found.append(dequantized(b, table, step, zero) if table is not None and step is not None else None)
    table, positions, kinds, scale, bias = found
    if table is None or positions is None:
        raise OpError("a table of embeddings is missing")
    total = embedded(b, words, segments, table, positions, kinds, None)
    result = b.one(Normalize((2,), call.real("epsilon", 1e-12)), total, scale, bias)
    return [result, kept_tokens(b, words, mask)]
