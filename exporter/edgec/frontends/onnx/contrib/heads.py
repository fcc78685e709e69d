"""Attention over heads: what the operators of com.microsoft have in common."""

from __future__ import annotations

import math

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import Dim, eq, floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.softmax import Softmax


def split_heads(b: Builder, x: Value, heads: int) -> Value:
    """[B, S, N H] as [B, N, S, H]."""
    batch, length, hidden = x.shape
    return b.transpose(b.reshape(x, (batch, length, heads, floordiv(hidden, heads))), [0, 2, 1, 3])


def join_heads(b: Builder, x: Value) -> Value:
    """[B, N, S, H] as [B, S, N H]."""
    batch, heads, length, size = x.shape
    return b.reshape(b.transpose(x, [0, 2, 1, 3]), (batch, length, heads * size))


def score_scale(call: Call, query: Value) -> float:
    """The attribute `scale`, or 1 / sqrt(H) where it is missing or 0."""
    given, size = call.real("scale", 0.0), query.shape[-1]
    if given:
        return given
    if size == 0:
        raise OpError("its heads have no elements: num_heads is above the hidden size")
    if not isinstance(size, int):
        raise Unsupported(
            f"its heads have size {size}", "give the attribute scale, or fix the size with --shape"
        )
    return 1 / math.sqrt(size)


def scores(b: Builder, query: Value, key: Value, scale: float) -> Value:
    """[B, N, S, T]: the scaled products of [B, N, S, H] and [B, N, T, H]."""
    scaled = b.binary("mul", query, b.constant(scale, query.dtype))
    return multiply(b, scaled, key, transpose_y=True)


def added(b: Builder, x: Value, *terms: Value | None) -> Value:
    for term in terms:
        x = b.binary("add", x, term) if term is not None else x
    return x


def attend(b: Builder, weights: Value, value: Value) -> Value:
    """[B, S, N Hv]: softmax of the scores [B, N, S, T] times values [B, N, T, Hv]."""
    return join_heads(b, multiply(b, b.one(Softmax(weights.rank - 1, False), weights), value))


# -- masks: tensors to add, which broadcast to the scores


def where_kept(b: Builder, kept: Value, otherwise: float, dtype: DType) -> Value:
    """0 where a bool tensor holds, else a great negative number."""
    return select(b, kept, b.constant(0.0, dtype), b.constant(otherwise, dtype))


def positions(b: Builder, count: Dim, axis: int) -> Value:
    """i64 0, 1 ... along that axis of the scores."""
    shape: list[Dim] = [1] * 4
    shape[axis] = count
    return b.reshape(b.iota(count), shape)


def causal_mask(b: Builder, queries: Dim, keys: Dim, dtype: DType) -> Value:
    """Keys after a query's own place do not count; the last query stands at the last key."""
    places = b.binary("add", positions(b, queries, 2), b.reshape(b.dims([keys - queries]), ()))
    lowest = float(dtype.compute.numpy.type(-3.4028234663852886e38)) if dtype != DType.F16 else -65504.0
    return where_kept(b, b.binary("le", positions(b, keys, 3), places), lowest, dtype)


def padding_mask(
    b: Builder, mask: Value, batch: Dim, queries: Dim, keys: Dim, otherwise: float, dtype: DType
) -> Value:
    """What a mask of any of ONNX Runtime's forms keeps.

    [B] is the number of keys that count, [2 B] the ends and then the starts of those that do; [B, T],
    [B, S, T] and [B, 1, max S, max T] hold 0 for what does not count.
    """
    if mask.rank == 1:
        return where_kept(b, _span(b, mask, batch, keys), otherwise, dtype)
    if mask.rank == 4:
        mask = b.slice_axis(b.slice_axis(mask, 2, keys - queries, queries), 3, 0, keys)
    elif mask.rank == 3:
        mask = b.reshape(mask, (mask.shape[0], 1, *mask.shape[1:]))
    else:
        mask = b.reshape(mask, (mask.shape[0], 1, 1, mask.shape[1]))
    return where_kept(b, b.binary("gt", mask, b.constant(0, mask.dtype)), otherwise, dtype)


def _span(b: Builder, mask: Value, batch: Dim, keys: Dim) -> Value:
    count = mask.shape[0]
    if count == batch * 3 + 2:
        raise Unsupported("its mask holds lengths and their sums", "give one with a row per sequence")
    place, wide = positions(b, keys, 3), b.cast(mask, DType.I64)
    column = (batch, 1, 1, 1)
    if count != batch * 2:
        b.guard(eq(count, batch), f"the mask has {count} elements, expected {batch} or twice as many")
        return b.binary("lt", place, b.reshape(wide, column))
    ends, starts = (b.reshape(b.slice_axis(wide, 0, batch * i, batch), column) for i in (0, 1))
    return b.binary("and", b.binary("lt", place, ends), b.binary("ge", place, starts))
