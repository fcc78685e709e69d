"""Operators on 8-bit integers with scales and zero points: computed in f32 and rounded once.

ONNX Runtime's own kernels round some of these in fixed point, so that results may be one off from them.
"""

from __future__ import annotations

from dataclasses import replace

from edgec.frontends.onnx import quantize
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op, onnx_result
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.matmul import centred, multiply
from edgec.frontends.onnx.registry import Call, resolve_axis
from edgec.frontends.onnx.softmax import softmax
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.reduce import Reduce

_BINARY = {"QLinearAdd": "add", "QLinearMul": "mul"}


def dequantized(b: Builder, x: Value, step: Value, zero: Value | None) -> Value:
    """(x - zero) * step in f32; both are single numbers."""
    wide = b.cast(x, DType.I32)
    if zero is not None:
        wide = b.binary("sub", wide, b.cast(b.reshape(zero, ()), DType.I32))
    return b.binary("mul", b.cast(wide, DType.F32), b.cast(b.reshape(step, ()), DType.F32))


def _operand(b: Builder, call: Call, index: int) -> Value:
    """Input `index` dequantised by the two inputs behind it."""
    return dequantized(b, call.operand(index), call.operand(index + 1), call.optional(index + 2))


def _requantized(b: Builder, call: Call, value: Value, index: int, target: DType | None = None) -> Value:
    """A result brought to the scale at input `index` and the zero point behind it."""
    step, zero = b.reshape(call.operand(index), ()), call.optional(index + 1)
    zero = b.reshape(zero, ()) if zero is not None else None
    kind = target or (zero.dtype if zero is not None else call.operand(0).dtype)
    return quantize.quantized(b, value, step, zero, kind)


@contrib_op("QuantizeLinear")
def quantize_linear(b: Builder, call: Call) -> Value:
    return quantize.quantize(b, call)


@contrib_op("DequantizeLinear")
def dequantize_linear(b: Builder, call: Call) -> Value:
    return quantize.dequantize(b, call)


@contrib_op(*_BINARY)
def arithmetic(b: Builder, call: Call) -> Value:
    value = b.binary(_BINARY[call.op_type], _operand(b, call, 0), _operand(b, call, 3))
    return _requantized(b, call, value, 6)


@contrib_op("QLinearSigmoid", "QLinearLeakyRelu")
def activation(b: Builder, call: Call) -> Value:
    operator = call.op_type.removeprefix("QLinear")
    value = onnx_result(b, call, operator, [_operand(b, call, 0)], **call.attributes)
    return _requantized(b, call, value, 3)


@contrib_op("QLinearAveragePool", "QLinearGlobalAveragePool")
def average_pool(b: Builder, call: Call) -> Value:
    x, last = _operand(b, call, 0), call.flag("channels_last")
    attributes = {k: v for k, v in call.attributes.items() if k != "channels_last"}
    operator = call.op_type.removeprefix("QLinear")
    value = onnx_result(b, call, operator, [b.channels_first(x) if last else x], **attributes)
    return _requantized(b, call, b.channels_last(value) if last else value, 3)


@contrib_op("QLinearReduceMean")
def mean(b: Builder, call: Call) -> Value:
    x = _operand(b, call, 0)
    axes = tuple(sorted(resolve_axis(a, x.rank) for a in call.integers("axes")))
    return _requantized(b, call, b.one(Reduce("mean", axes, call.flag("keepdims", True)), x), 3)


@contrib_op("QLinearSoftmax")
def quantized_softmax(b: Builder, call: Call) -> Value:
    """Softmax of the opset that an attribute names."""
    found = replace(call, op_type="Softmax", version=call.integer("opset"), inputs=[_operand(b, call, 0)])
    return _requantized(b, call, softmax(b, found), 3)


@contrib_op("QLinearConcat")
def concat(b: Builder, call: Call) -> Value:
    """Inputs are the result's scale and zero point, then three for each part."""
    if len(call.inputs) < 5 or len(call.inputs) % 3 != 2:
        raise OpError(f"{len(call.inputs)} inputs, expected 2 and 3 for each part")
    parts = [_operand(b, call, i) for i in range(2, len(call.inputs), 3)]
    return _requantized(b, call, b.concat(parts, call.axis(parts[0].rank)), 0, call.operand(1).dtype)


@contrib_op("QLinearWhere")
def where(b: Builder, call: Call) -> Value:
    chosen = select(b, call.operand(0), _operand(b, call, 1), _operand(b, call, 4))
    return _requantized(b, call, chosen, 7)


@contrib_op("QLinearConv")
def conv(b: Builder, call: Call) -> Value:
    """ONNX's, with channels last where an attribute says so."""
    if not call.flag("channels_last"):
        return quantize.quantized_conv(b, call)
    x, *rest = call.inputs
    if x is None:
        raise OpError("input 0 is missing")
    return b.channels_last(quantize.quantized_conv(b, replace(call, inputs=[b.channels_first(x), *rest])))


@contrib_op("QGemm")
def gemm(b: Builder, call: Call) -> Value:
    """alpha (A B) + C, where C has the products' scale; f32 where no scale is given for the result."""
    a, a_step, a_zero, y, y_step, y_zero = call.operands(6)
    columns = -2 if call.flag("transB") else -1
    wide = centred(b, a, a_zero, -2), centred(b, y, y_zero, columns)
    total = multiply(b, *wide, call.flag("transA"), call.flag("transB"))
    bias = call.optional(6)
    total = b.binary("add", total, bias) if bias is not None else total
    step = b.binary("mul", b.reshape(a_step, ()), b.reshape(y_step, ()) if y_step.shape == (1,) else y_step)
    step = b.binary("mul", step, b.constant(call.real("alpha", 1.0), step.dtype))
    value = b.binary("mul", b.cast(total, step.dtype), step)
    return value if call.optional(7) is None else _requantized(b, call, value, 7)
