"""Attention, QAttention and MultiHeadAttention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.contrib.heads import (
    added,
    attend,
    causal_mask,
    padding_mask,
    score_scale,
    scores,
    split_heads,
)
from edgec.frontends.onnx.contrib.products import integer_product
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.matmul import broadcast_product
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import floordiv
from edgec.ir.graph import Value
from edgec.ops.base import OpError

_RANKS = {0: (3, 5), 1: (3, 4, 5), 2: (3, 4), 3: (1,), 4: (1, 2, 3), 5: (4,), 6: (4,), 7: (4,)}


def _refuse(call: Call, *flags: str) -> None:
    for name in flags:
        if call.flag(name):
            raise Unsupported(f"attribute {name} is not supported", "export the model without it")


@contrib_op("Attention", ranks={0: (3,), 1: (2,), 2: (1,), 3: (1, 2, 3, 4), 4: (5,), 5: (4,)})
def attention(b: Builder, call: Call) -> Sequence[Value]:
    """Self-attention of x [B, S, D] with its projection [D, 3 N H]; past and present are [2, B, N, T, H]."""
    _refuse(call, "do_rotary", "past_present_share_buffer")
    x, weight, bias = call.operand(0), call.operand(1), call.optional(2)
    projected = added(b, broadcast_product(b, x, weight), bias)
    return _self_attention(b, call, projected, call.optional(3), call.optional(4), call.optional(5))


@contrib_op("QAttention", ranks={0: (3,), 1: (2,), 2: (1,), 5: (1, 2, 3, 4), 8: (5,)})
def quantized_attention(b: Builder, call: Call) -> Sequence[Value]:
    """Attention whose input and weights are 8-bit integers with scales and zero points."""
    _refuse(call, "do_rotary", "past_present_share_buffer")
    x, weight, bias, x_scale, weight_scale = call.operands(5)
    product = integer_product(b, x, weight, call.optional(6), call.optional(7), x_scale, weight_scale)
    return _self_attention(b, call, added(b, product, bias), call.optional(5), call.optional(8), None)


def _self_attention(
    b: Builder, call: Call, projected: Value, mask: Value | None, past: Value | None, bias: Value | None
) -> list[Value]:
    hidden = projected.shape[2]
    sizes = call.integers("qkv_hidden_sizes", ()) or (floordiv(hidden, 3),) * 3
    heads, parts = call.integer("num_heads"), []
    start = sizes[0] * 0
    for size in sizes:
        parts.append(split_heads(b, b.slice_axis(projected, 2, start, size), heads))
        start = start + size
    query, key, value = parts
    if past is not None:
        key, value = (_behind(b, past, i, v) for i, v in enumerate((key, value)))
    results = [_attended(b, call, query, key, value, mask, bias)[0]]
    if call.uses(1):
        results.append(b.concat([b.reshape(v, (1, *v.shape)) for v in (key, value)], 0))
    return results


def _behind(b: Builder, past: Value, index: int, new: Value) -> Value:
    """Keys or values of the past [2, B, N, P, H], and the new ones behind them."""
    old = b.reshape(b.slice_axis(past, 0, index, 1), past.shape[1:])
    return b.concat([old, new], 2)


def _attended(
    b: Builder, call: Call, query: Value, key: Value, value: Value, mask: Value | None, bias: Value | None
) -> tuple[Value, Value]:
    """The result [B, S, N Hv] and the scores that it is made from."""
    batch, _, queries, _ = query.shape
    keys, t = key.shape[2], query.dtype
    masked = None
    if mask is not None:
        masked = padding_mask(b, mask, batch, queries, keys, call.real("mask_filter_value", -10000.0), t)
    causal = causal_mask(b, queries, keys, t) if call.flag("unidirectional") else None
    weights = added(b, scores(b, query, key, score_scale(call, query)), bias, masked, causal)
    return attend(b, weights, value), weights


@contrib_op("MultiHeadAttention", ranks=_RANKS)
def multi_head_attention(b: Builder, call: Call) -> Sequence[Value]:
    """Attention of projected queries, keys and values; they may be packed: [B, S, N, 2 or 3, H]."""
    if call.optional(8) is not None or call.optional(9) is not None:
        raise Unsupported("shared buffers of past keys are not supported", "export the model without them")
    query, key, value = _parted(b, call)
    past_key, past_value = call.optional(6), call.optional(7)
    key = b.concat([past_key, key], 2) if past_key is not None else key
    value = b.concat([past_value, value], 2) if past_value is not None else value
    result, weights = _attended(b, call, query, key, value, call.optional(4), call.optional(5))
    return [result, key, value, weights]


@contrib_op("DecoderMaskedMultiHeadAttention", ranks={0: (3,), 1: (3, 4), 2: (3, 4), 3: (2,), 10: (1,)})
def decoder_attention(b: Builder, call: Call) -> Sequence[Value]:
    """MultiHeadAttention of one step, whose inputs lie in another order."""
    _refuse(call, "past_present_share_buffer")
    if any(call.optional(i) is not None for i in (7, 8, 9)):
        raise Unsupported("beams in shared buffers are not supported", "export the model without beam search")
    query, key, value = call.operand(0), call.optional(1), call.optional(2)
    if key is None:
        size = floordiv(query.shape[2], 3)
        query, key, value = (b.slice_axis(query, 2, size * i, size) for i in range(3))
    given = [query, key, value, *(call.optional(i) for i in (10, 3, 4, 5, 6))]
    return multi_head_attention(b, replace(call, inputs=given))


def _parted(b: Builder, call: Call) -> list[Value]:
    """Query, key and value as [B, N, S, H], each with its part of the bias."""
    heads, bias = call.integer("num_heads"), call.optional(3)
    query, key, value = call.operand(0), call.optional(1), call.optional(2)
    if query.rank == 5:
        parts = _unpacked(b, query, 3)
    elif key is not None and key.rank == 5:
        parts = [query, *_unpacked(b, key, 2)]
    elif key is not None and value is not None:
        parts = [query, key, value]
    else:
        raise OpError("neither keys and values nor a packed form are given")
    start = 0 if bias is None else bias.shape[0] * 0
    found = []
    for part in parts:
        if part.rank == 4:  # keys and values that were kept have their heads apart already
            found.append(part)
            continue
        size = part.shape[2]
        own = None if bias is None else b.slice_axis(bias, 0, start, size)
        found.append(split_heads(b, added(b, part, own), heads))
        start = start + size
    return found


def _unpacked(b: Builder, packed: Value, count: int) -> list[Value]:
    """[B, S, N, count, H] as tensors [B, S, N H]."""
    batch, length, heads, parts, size = packed.shape
    if parts != count:
        raise OpError(f"packed input is {packed.type}, expected {count} on axis 3")
    apart = [b.slice_axis(packed, 3, i, 1) for i in range(count)]
    return [b.reshape(part, (batch, length, heads * size)) for part in apart]
