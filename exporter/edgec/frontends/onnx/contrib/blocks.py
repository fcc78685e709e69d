"""Weights of 2, 4 and 8 bits in blocks that have a scale each: MatMulNBits and its like."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.contrib.heads import added
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import Dim, ceildiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather

# what the four bits stand for (QLoRA, arXiv 2305.14314), by the attribute quant_type: FP4, NF4
_FP4 = [0.0, 0.0052083333, 0.66666667, 1.0, 0.33333333, 0.5, 0.16666667, 0.25]
_NF4 = [
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
]
_TABLES = {0: [*_FP4, *(-v for v in _FP4)], 1: _NF4}


def unpacked(b: Builder, x: Value, bits: int, high_first: bool = False) -> Value:
    """Bytes [..., n] as the i32 numbers [..., 8 n / bits] in them, the lowest bits first."""
    if bits not in (2, 4, 8):
        raise OpError(f"bits is {bits}, expected 2, 4 or 8")
    if bits == 8:
        return b.cast(x, DType.I32)
    shifts = np.arange(0, 8, bits, dtype=np.int32)
    wide = b.cast(b.reshape(x, (*x.shape, 1)), DType.I32)
    moved = b.binary("shr", wide, b.constant(shifts[::-1] if high_first else shifts))
    parts = b.binary("bitand", moved, b.constant((1 << bits) - 1, DType.I32))
    return b.reshape(parts, (*x.shape[:-1], x.shape[-1] * len(shifts)))


@contrib_op("MatMulNBits")
def matmul_n_bits(b: Builder, call: Call) -> Value:
    """x [..., K] times weights [N, K] in blocks along K; zero points are packed like them, or floats."""
    x, packed, scales = call.operands(3)
    if call.optional(4) is not None:
        raise Unsupported("weights in another order (g_idx) are not supported", "quantise without reordering")
    if call.flag("weight_prepacked"):
        raise Unsupported("weights packed for CUDA are not supported", "give the model from before that step")
    rows, width = call.integer("N"), call.integer("K")
    bits, block = call.integer("bits", 4), call.integer("block_size")
    count = ceildiv(width, block)
    numbers = unpacked(b, b.reshape(packed, (rows, count, block * bits // 8)), bits)
    zero = _zero_points(b, call.optional(3), bits, (rows, count), scales.dtype)
    weight = b.binary("sub", b.cast(numbers, scales.dtype), zero)
    weight = b.binary("mul", weight, b.reshape(scales, (rows, count, 1)))
    weight = b.slice_axis(b.reshape(weight, (rows, count * block)), 1, 0, width)
    return added(b, multiply(b, x, b.cast(weight, x.dtype), transpose_y=True), call.optional(5))


def _zero_points(b: Builder, given: Value | None, bits: int, shape: tuple[Dim, Dim], dtype: DType) -> Value:
    """[N, blocks, 1]; the middle of the range where none are given."""
    if given is None:
        return b.constant(float(1 << (bits - 1)), dtype)
    rows, count = shape
    if given.dtype == DType.U8:
        packed = b.reshape(given, (rows, ceildiv(count * bits, 8)))
        given = b.cast(b.slice_axis(unpacked(b, packed, bits), 1, 0, count), dtype)
    return b.reshape(given, (rows, count, 1))


@contrib_op("MatMulBnb4", ranks={1: (1,), 2: (1,)})
def matmul_bnb4(b: Builder, call: Call) -> Value:
    """x times weights [N, K], turned around by default, of 4 bits that stand for one of 16 numbers each."""
    x, packed, greatest = call.operands(3)
    kind, block = call.integer("quant_type"), call.integer("block_size")
    if kind not in _TABLES:
        raise OpError(f"quant_type is {kind}, expected 0 (FP4) or 1 (NF4)")
    rows, width = call.integer("N"), call.integer("K")
    total = rows * width
    index = b.slice_axis(unpacked(b, packed, 4, high_first=True), 0, 0, total)
    numbers = b.one(Gather(0), b.constant(_TABLES[kind], greatest.dtype), index)
    scales = _repeated(b, greatest, 0, block, total)
    weight = b.reshape(b.binary("mul", numbers, scales), (rows, width))
    return multiply(b, x, b.cast(weight, x.dtype), transpose_y=call.flag("transB", True))


def _repeated(b: Builder, x: Value, axis: int, times: int, size: Dim) -> Value:
    """Each element `times` times along an axis, which ends at `size`."""
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    wide = b.expand(b.reshape(x, (*before, 1, *after)), (*before, times, *after))
    return b.slice_axis(b.reshape(wide, (*before[:-1], before[-1] * times, *after)), axis, 0, size)


@contrib_op("GatherBlockQuantized")
def gather_block_quantized(b: Builder, call: Call) -> Value:
    """Gather of the bits, of their scales and of their zero points; then (bits - zero point) * scale.

    With uint8 data, numbers of `bits` bits lie packed along the last axis.
    """
    data, indices, scales, zero = call.operand(0), call.operand(1), call.operand(2), call.optional(3)
    axis, along = call.axis(data.rank, 0, "gather_axis"), call.axis(data.rank, 1, "quantize_axis")
    bits, block = call.integer("bits", 4), call.integer("block_size", 128)
    if axis == along or not block:
        raise Unsupported("blocks along the gathered axis, or without size, are not supported")
    if any(v is not None and v.rank != data.rank for v in (scales, zero)):
        raise OpError(f"data is {data.type} and scales are {scales.type}, expected equal ranks")
    packed = data.dtype == DType.U8
    parts = [b.one(Gather(axis), v, indices) if v is not None else None for v in (data, scales, zero)]
    numbers, steps, zeros = parts
    if numbers is None or steps is None:
        raise OpError("data or scales are missing")
    along += indices.rank - 1 if along > axis else 0
    if packed:
        numbers = unpacked(b, numbers, bits)
        if zeros is not None:
            unpacked_zeros = unpacked(b, zeros, bits)
            zeros = b.slice_axis(unpacked_zeros, zeros.rank - 1, 0, steps.shape[-1])
    size, wide = numbers.shape[along], b.cast(numbers, steps.dtype)
    if zeros is not None:
        wide = b.binary("sub", wide, _repeated(b, b.cast(zeros, steps.dtype), along, block, size))
    elif packed:
        wide = b.binary("sub", wide, b.constant(float(1 << (bits - 1)), steps.dtype))
    return b.binary("mul", wide, _repeated(b, steps, along, block, size))
