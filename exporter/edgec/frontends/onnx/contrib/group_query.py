"""GroupQueryAttention: fewer heads of keys and values than of queries, and a cache of any length."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.contrib.heads import (
    added,
    join_heads,
    positions,
    score_scale,
    split_heads,
    where_kept,
)
from edgec.frontends.onnx.contrib.rotary import rotated
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call
from edgec.frontends.onnx.view import pad_all
from edgec.ir.dims import Dim, floordiv, maximum
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.scatter import ScatterElements
from edgec.ops.softmax import Softmax

_RANKS = {0: (3,), 1: (3,), 2: (3,), 3: (4,), 4: (4,), 7: (2,), 8: (2,), 9: (2,), 10: (4,), 11: (1,)}
_REFUSED = {12: "a quantised cache", 13: "a quantised cache", 14: "normalisation of queries"}


@contrib_op("GroupQueryAttention", ranks=_RANKS)
def group_query_attention(b: Builder, call: Call) -> Sequence[Value]:
    """The result [B, S, N H], and the caches of keys and values [B, K, T, H] with the new ones in them.

    Inputs seqlens_k [B] hold one less than how many keys each sequence has by now, new ones included, and
    total_sequence_length the greatest such number. What lies behind a sequence's end is left open.
    """
    for index, what in _REFUSED.items():
        if call.optional(index) is not None:
            raise Unsupported(f"{what} is not supported", "export the model without it")
    if call.flag("sliding_window_cache"):
        raise Unsupported(
            "caches as long as a window are not supported", "export the model with whole caches"
        )
    query, key, value = _parted(b, call)
    (total,) = b.dims_of(call.operand(6))
    steps, batch = query.shape[2], query.shape[0]
    ends = b.cast(b.reshape(call.operand(5), (batch, 1)), DType.I64)
    ends = b.binary("add", ends, b.constant(1, DType.I64))
    starts = b.binary("sub", ends, b.reshape(b.dims([steps]), ()))
    starts = b.binary("max", starts, b.constant(0, DType.I64))
    places = b.binary("add", starts, b.reshape(b.iota(steps), (1, steps)))  # [B, S]
    if call.flag("do_rotary"):
        turns = call.optional(9)
        angles = (call.operand(7), call.operand(8), places if turns is None else turns)
        query, key = (rotated(b, v, *angles, call.flag("rotary_interleaved")) for v in (query, key))
    caches = [_cached(b, call.optional(3 + i), v, places, total) for i, v in enumerate((key, value))]
    known, content = (b.slice_axis(cache, 2, 0, total) for cache in caches)
    weights = _scores(b, call, query, known)
    weights = added(b, weights, call.optional(10), _mask(b, call, places, ends, total, query.dtype))
    return [_weighted(b, call, weights, content), *caches]


def _parted(b: Builder, call: Call) -> list[Value]:
    """Query [B, N, S, H], key and value [B, K, S, H]; they may be packed along the last axis of the first."""
    query, key, value = call.operand(0), call.optional(1), call.optional(2)
    heads, groups = call.integer("num_heads"), call.integer("kv_num_heads")
    if key is None or value is None:
        size = floordiv(query.shape[2], heads + 2 * groups)
        key, value = (b.slice_axis(query, 2, size * (heads + groups * i), size * groups) for i in (0, 1))
        query = b.slice_axis(query, 2, 0, size * heads)
    if groups < 1 or heads % groups:
        raise OpError(f"num_heads is {heads}, expected a multiple of kv_num_heads, {groups}")
    return [split_heads(b, v, n) for v, n in ((query, heads), (key, groups), (value, groups))]


def _cached(b: Builder, past: Value | None, new: Value, places: Value, total: Dim) -> Value:
    """The past [B, K, P, H], extended to `total` where it is shorter, with new rows at their places."""
    batch, groups, steps, size = new.shape
    if past is None:
        return new
    length = maximum(past.shape[2], total)
    room = pad_all(b, past, [0] * 6 + [length - past.shape[2], 0], "constant", None)
    index = b.expand(b.reshape(places, (batch, 1, steps, 1)), new.shape)
    return b.one(ScatterElements(2), room, index, new)


def _scores(b: Builder, call: Call, query: Value, key: Value) -> Value:
    """[B, N, S, T], capped smoothly where asked for; heads of one group are rows of one product."""
    batch, heads, steps, size = query.shape
    groups, keys = key.shape[1], key.shape[2]
    scaled = b.binary("mul", query, b.constant(score_scale(call, query), query.dtype))
    rows = b.reshape(scaled, (batch, groups, floordiv(heads, groups) * steps, size))
    weights = b.reshape(multiply(b, rows, key, transpose_y=True), (batch, heads, steps, keys))
    cap = call.real("softcap", 0.0)
    if not cap:
        return weights
    limit = b.constant(cap, weights.dtype)
    return b.binary("mul", b.unary("tanh", b.binary("div", weights, limit)), limit)


def _mask(b: Builder, call: Call, places: Value, ends: Value, total: Dim, dtype: DType) -> Value:
    """Keys up to each query's own place, with a window no further back than that; else those that exist."""
    key = positions(b, total, 3)
    if call.flag("causal", True):
        own = b.reshape(places, (places.shape[0], 1, places.shape[1], 1))
        kept = b.binary("le", key, own)
        window = call.integer("local_window_size", -1)
        if window > 0:
            oldest = b.binary("sub", own, b.constant(window, DType.I64))
            kept = b.binary("and", kept, b.binary("gt", key, oldest))
    else:
        kept = b.binary("lt", key, b.reshape(ends, (ends.shape[0], 1, 1, 1)))
    return where_kept(b, kept, -65504.0 if dtype == DType.F16 else -3.0e38, dtype)


def _weighted(b: Builder, call: Call, weights: Value, content: Value) -> Value:
    """Softmax of the scores times the values; a sink takes its share of the softmax and gives nothing."""
    batch, heads, steps, keys = weights.shape
    sink = call.optional(11)
    if sink is None and call.integer("smooth_softmax", -1) == 1:
        sink = b.expand(b.constant(0.0, weights.dtype), (heads,))
    if sink is not None:
        column = b.expand(b.reshape(sink, (1, heads, 1, 1)), (batch, heads, steps, 1))
        weights = b.concat([weights, column], 3)
    shares = b.slice_axis(b.one(Softmax(3, False), weights), 3, 0, keys)
    groups = content.shape[1]
    rows = b.reshape(shares, (batch, groups, floordiv(heads, groups) * steps, keys))
    mixed = b.reshape(multiply(b, rows, content), (batch, heads, steps, content.shape[3]))
    return join_heads(b, mixed)
