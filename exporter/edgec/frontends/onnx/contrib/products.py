"""Products of 8-bit integers that give floats."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.contrib.heads import added
from edgec.frontends.onnx.matmul import broadcast_product, centred
from edgec.frontends.onnx.quantize import quantized
from edgec.frontends.onnx.registry import Call
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.reduce import Reduce


def integer_product(
    b: Builder,
    x: Value,
    y: Value,
    x_zero: Value | None,
    y_zero: Value | None,
    x_scale: Value,
    y_scale: Value,
) -> Value:
    """(x - zero) (y - zero) in i32, times both scales in f32; those of y may be one per column.

    The result has the type of y's scales.
    """
    product = broadcast_product(b, centred(b, x, x_zero, -2), centred(b, y, y_zero, -1))
    scale = b.binary("mul", _plain(b, x_scale), _plain(b, y_scale))
    return b.cast(b.binary("mul", b.cast(product, DType.F32), scale), y_scale.dtype)


def _plain(b: Builder, scale: Value) -> Value:
    """In f32; a single one without axes."""
    return b.cast(b.reshape(scale, ()) if scale.shape == (1,) else scale, DType.F32)


def dynamically_quantized(b: Builder, x: Value) -> tuple[Value, Value, Value]:
    """ONNX's DynamicQuantizeLinear: x as u8, its step and its zero point, by the range of x and 0."""
    t, axes = DType.F32, tuple(range(x.rank))
    none = b.constant(0.0, t)
    low = b.binary("min", b.one(Reduce("min", axes, False), x), none)
    high = b.binary("max", b.one(Reduce("max", axes, False), x), none)
    step = b.binary("div", b.binary("sub", high, low), b.constant(255.0, t))
    zero = quantized(b, b.unary("neg", low), step, None, DType.U8)
    return quantized(b, x, step, zero, DType.U8), step, zero


@contrib_op("MatMulIntegerToFloat")
def matmul_integer_to_float(b: Builder, call: Call) -> Value:
    x, y, x_scale, y_scale = call.operands(4)
    product = integer_product(b, x, y, call.optional(4), call.optional(5), x_scale, y_scale)
    return added(b, product, call.optional(6))


@contrib_op("DynamicQuantizeMatMul")
def dynamic_quantize_matmul(b: Builder, call: Call) -> Value:
    """x brought to u8 by the range of all its elements, times y of 8-bit integers."""
    x, y, y_scale = call.operands(3)
    quantized, scale, zero = dynamically_quantized(b, x)
    product = integer_product(b, quantized, y, zero, call.optional(3), scale, y_scale)
    return added(b, b.cast(product, DType.F32), call.optional(4))
