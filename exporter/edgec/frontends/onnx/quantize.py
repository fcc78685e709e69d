"""QuantizeLinear and DequantizeLinear as scalar programs."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.conv import convolve
from edgec.frontends.onnx.map import convert
from edgec.frontends.onnx.matmul import broadcast_product, centred
from edgec.frontends.onnx.normalize import along_channels
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
    step, zero = _spread(b, call, x, step), _spread(b, call, x, zero) if zero is not None else None
    target = zero.dtype if zero is not None else loading.dtype_of(number) if number else DType.U8
    return quantized(b, x, step, zero, target, call.flag("saturate", True))


def quantized(
    b: Builder, x: Value, step: Value, zero: Value | None, target: DType, saturate: bool = True
) -> Value:
    """round(x / step) + zero as `target`, clamped to its range; parameters broadcast."""
    t = DType.F32
    operands = [b.cast(v, t) for v in (x, step, zero) if v is not None]
    p = scalar.Builder([t] * len(operands))
    value = p("div", 0, 1)
    if target.is_float:
        if zero is not None:
            value = p("add", value, 2)
        return convert(b, b.map(p.finish(value), operands, t), target, saturate)
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
    result = b.cast(b.binary("mul", b.cast(value, DType.F32), scale), target)
    if result.const is not None and wide == DType.I32 and target == DType.F32:
        assert value.const is not None and scale.const is not None
        sizes = scale.const.reshape((1,) * (x.rank - scale.rank) + scale.const.shape)
        result.steps = (value.const, sizes)
    return result


@onnx_op("QLinearMatMul")
def quantized_matmul(b: Builder, call: Call) -> Value:
    """The i32 product of centred operands, scaled by both steps and quantised again."""
    x, x_step, x_zero, y, y_step, y_zero, step, zero = call.operands(8)
    product = broadcast_product(b, centred(b, x, x_zero, -2), centred(b, y, y_zero, -1))
    steps = b.binary("mul", _per_line(b, x_step, x, -2), _per_line(b, y_step, y, -1))
    return _requantized(b, product, steps, step, zero)


def _requantized(b: Builder, sums: Value, steps: Value, step: Value, zero: Value) -> Value:
    """i32 sums in `steps` as numbers in `step`. The ratio comes first, as ONNX Runtime has it: it rounds."""
    ratio = b.binary("div", b.cast(steps, DType.F32), b.cast(step, DType.F32))
    value = b.binary("mul", b.cast(sums, DType.F32), ratio)
    return quantized(b, value, b.constant(1.0, DType.F32), zero, zero.dtype)


def _per_line(b: Builder, step: Value, x: Value, axis: int) -> Value:
    """A step per row (axis -2) or column (axis -1) of x, or one for all, as f32."""
    step = b.cast(step, DType.F32)
    if step.rank != 1 or step.shape == (1,) or x.rank < 2:
        return b.reshape(step, ()) if step.rank < 2 and step.shape in ((), (1,)) else step
    return b.reshape(step, (step.shape[0], 1) if axis == -2 else (1, step.shape[0]))


@onnx_op("QLinearConv")
def quantized_conv(b: Builder, call: Call) -> Value:
    """The i32 convolution of centred operands plus bias, scaled by both steps and quantised again."""
    x, x_step, x_zero, w, w_step, w_zero, step, zero = (call.operand(i) for i in range(8))
    result = convolve(b, call, centred(b, x, x_zero, 1), centred(b, w, w_zero, 0), call.optional(8))
    scale = b.binary("mul", x_step, w_step)
    if scale.rank == 1 and scale.shape != (1,):
        scale = along_channels(b, scale, x.rank)
    return _requantized(b, result, scale, step, zero)
