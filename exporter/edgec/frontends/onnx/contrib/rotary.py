"""Rotary position embeddings (RoFormer, arXiv 2104.09864)."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.contrib.heads import join_heads, split_heads
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather


def rotated(b: Builder, x: Value, cos: Value, sin: Value, places: Value, interleaved: bool) -> Value:
    """x [B, N, S, H] with pairs of its first R elements turned by angles at places [B or 1, S].

    The tables of cosines and sines are [places, R / 2]. Pairs are neighbours, or else R / 2 apart.
    """
    half = cos.shape[1]
    whole, size = half * 2, x.shape[3]
    cos, sin = (_at(b, table, places) for table in (cos, sin))
    turned = b.slice_axis(x, 3, 0, whole)
    if interleaved:
        pairs = b.reshape(turned, (*x.shape[:3], half, 2))
        first, second = (b.reshape(b.slice_axis(pairs, 4, i, 1), (*x.shape[:3], half)) for i in (0, 1))
    else:
        first, second = (b.slice_axis(turned, 3, half * i, half) for i in (0, 1))
    real = b.binary("sub", b.binary("mul", first, cos), b.binary("mul", second, sin))
    imaginary = b.binary("add", b.binary("mul", first, sin), b.binary("mul", second, cos))
    if interleaved:
        parts = [b.reshape(v, (*v.shape, 1)) for v in (real, imaginary)]
        turned = b.reshape(b.concat(parts, 4), (*x.shape[:3], whole))
    else:
        turned = b.concat([real, imaginary], 3)
    if size == whole:
        return turned
    return b.concat([turned, b.slice_axis(x, 3, whole, size - whole)], 3)


def _at(b: Builder, table: Value, places: Value) -> Value:
    """[B or 1, 1, S, R / 2]."""
    found = b.one(Gather(0), table, places)
    return b.reshape(found, (found.shape[0], 1, *found.shape[1:]))


@contrib_op("RotaryEmbedding", ranks={0: (3, 4), 1: (0, 1, 2), 2: (2,), 3: (2,)})
def rotary_embedding(b: Builder, call: Call) -> Value:
    """On [B, S, N H] or [B, N, S, H]; places are given for all, or the first, from which they count."""
    if call.flag("is_packed_batching"):
        raise Unsupported("packed batches are not supported", "give a row per sequence")
    x, places, cos, sin = call.operands(4)
    apart = x if x.rank == 4 else split_heads(b, x, _heads(call, x, cos))
    if places.rank < 2:
        steps: Dim = apart.shape[2]
        counted = b.binary("add", b.iota(steps), b.cast(b.reshape(places, ()), DType.I64))
        places = b.reshape(counted, (1, steps))
    result = rotated(b, apart, cos, sin, places, call.flag("interleaved"))
    return result if x.rank == 4 else join_heads(b, result)


def _heads(call: Call, x: Value, cos: Value) -> int:
    """How many heads the last axis of x holds: an attribute, or as many as the table's width says."""
    heads: Dim = call.integer("num_heads", 0)
    if not heads:
        heads = floordiv(x.shape[2], cos.shape[1] * 2)
    if not isinstance(heads, int):
        raise OpError(f"num_heads is missing, and input is {x.type}")
    return heads
