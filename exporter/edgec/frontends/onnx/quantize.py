"""QuantizeLinear and DequantizeLinear as scalar programs."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar


def _spread(b: Builder, call: Call, x: Value, parameter: Value) -> Value:
    """A scale or zero point broadcast to x: scalar, one per slice of the axis, or one per block."""
    block = call.integer("block_size", 0)
    if parameter.rank == 0 or (parameter.shape == (1,) and not block):
        return b.reshape(parameter, ())
    axis = resolve_axis(call.integer("axis", 1), x.rank)
    if not block:
        shape: list[Dim] = [1] * x.rank
        shape[axis] = parameter.shape[0]
        return b.reshape(parameter, shape)
    before, after = parameter.shape[: axis + 1], parameter.shape[axis + 1 :]
    apart = b.reshape(parameter, (*before, 1, *after))
    wide = b.expand(apart, (*before, block, *after))
    joined = b.reshape(wide, (*before[:-1], before[-1] * block, *after))
    return b.slice_axis(joined, axis, 0, x.shape[axis])


def _limits(dtype: DType) -> tuple[float, float]:
    bits = {DType.I4: 4, DType.U4: 4, DType.I2: 2, DType.U2: 2}.get(dtype)
    if bits is not None:
        low = -(1 << (bits - 1)) if dtype.is_signed_int else 0
        return float(low), float(low + (1 << bits) - 1)
    info = np.iinfo(dtype.numpy)
    return float(info.min), float(info.max)


@onnx_op("QuantizeLinear")
def quantize(b: Builder, call: Call) -> Value:
    """saturate(round(x / scale) + zero point), rounding to even."""
    x, step, zero = call.operand(0), call.operand(1), call.optional(2)
    number = call.integer("output_dtype", 0)
    target = zero.dtype if zero is not None else loading.dtype_of(number) if number else DType.U8
    t = DType.F32
    operands = [b.cast(x, t), b.cast(_spread(b, call, x, step), t)]
    if zero is not None:
        operands.append(b.cast(_spread(b, call, x, zero), t))
    p = scalar.Builder([t] * len(operands))
    value = p("div", 0, 1)
    if target.is_float:
        if zero is not None:
            value = p("add", value, 2)
        return b.map(p.finish(value), operands, target)
    value = p("round", value)
    if zero is not None:
        value = p("add", value, 2)
    low, high = _limits(target)
    value = p("min", p("max", value, p.const(low, t)), p.const(high, t))
    return b.map(p.finish(p.cast(value, target)), operands, target)


@onnx_op("DequantizeLinear")
def dequantize(b: Builder, call: Call) -> Value:
    """(x - zero point) * scale, of the scale's type."""
    x, step, zero = call.operand(0), call.operand(1), call.optional(2)
    number = call.integer("output_dtype", 0)
    target = loading.dtype_of(number) if number else step.dtype
    wide = DType.F32 if x.dtype.is_float else DType.I32
    value = b.cast(x, wide)
    if zero is not None:
        value = b.binary("sub", value, b.cast(_spread(b, call, x, zero), wide))
    scale = b.cast(_spread(b, call, x, step), DType.F32)
    return b.cast(b.binary("mul", b.cast(value, DType.F32), scale), target)
