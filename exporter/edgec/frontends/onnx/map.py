"""Elementwise operators: each is a scalar program."""

from __future__ import annotations

import math
from collections.abc import Callable

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.frontends.onnx.text import numbers_of, text_of
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.gather import GatherElements
from edgec.ops.shapes import broadcast
from edgec.ops.text import StringEqual
from edgec.ops.view import Bitcast

_UNARY = {
    "Neg": "neg",
    "Abs": "abs",
    "Sign": "sign",
    "Ceil": "ceil",
    "Floor": "floor",
    "Round": "round",
    "Sqrt": "sqrt",
    "Reciprocal": "recip",
    "Exp": "exp",
    "Log": "log",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Asin": "asin",
    "Acos": "acos",
    "Atan": "atan",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "Tanh": "tanh",
    "Asinh": "asinh",
    "Acosh": "acosh",
    "Atanh": "atanh",
    "Erf": "erf",
    "Sigmoid": "sigmoid",
    "Not": "not",
    "BitwiseNot": "bitnot",
    "IsNaN": "isnan",
}
_BINARY = {
    "Add": "add",
    "Sub": "sub",
    "Mul": "mul",
    "Div": "div",
    "Equal": "eq",
    "Less": "lt",
    "Greater": "gt",
    "LessOrEqual": "le",
    "GreaterOrEqual": "ge",
    "And": "and",
    "Or": "or",
    "Xor": "xor",
    "BitwiseAnd": "bitand",
    "BitwiseOr": "bitor",
    "BitwiseXor": "bitxor",
}
_VARIADIC = {"Max": "max", "Min": "min", "Sum": "add", "Mean": "add"}


def numeric(*values: Value) -> None:
    """Raises Unsupported for strings and complex numbers, which have no scalar programs."""
    for value in values:
        if value.dtype in (DType.STRING, DType.C64, DType.C128):
            raise Unsupported(f"elementwise arithmetic on {value.dtype.text} is not supported")


@onnx_op(*_UNARY)
def unary(b: Builder, call: Call) -> Value:
    """Neg, Abs, Exp ...: one instruction."""
    x = call.operand(0)
    numeric(x)
    op = _UNARY[call.op_type]
    if not x.dtype.is_float and op in ("ceil", "floor", "round"):
        return x
    return b.unary(op, x)


@onnx_op(*_BINARY)
def binary(b: Builder, call: Call) -> Value:
    """Add, Equal, And ...: one instruction on broadcast operands."""
    x, y = call.operand(0), call.operand(1)
    if call.op_type == "Equal" and x.dtype is DType.STRING:
        return b.one(StringEqual(), x, y)
    numeric(x, y)
    return b.binary(_BINARY[call.op_type], x, y)


@onnx_op(*_VARIADIC)
def variadic(b: Builder, call: Call) -> Value:
    """Max, Min, Sum, Mean of any number of operands."""
    total, *others = call.operands()
    numeric(total, *others)
    for other in others:
        total = b.binary(_VARIADIC[call.op_type], total, other)
    if call.op_type == "Mean":
        total = b.binary("div", total, b.constant(len(call.inputs), total.dtype))
    return total


@onnx_op("Mod")
def mod(b: Builder, call: Call) -> Value:
    return b.binary("fmod" if call.flag("fmod") else "mod", call.operand(0), call.operand(1))


@onnx_op("BitShift")
def bit_shift(b: Builder, call: Call) -> Value:
    op = "shl" if call.text("direction") == "LEFT" else "shr"
    return b.binary(op, call.operand(0), call.operand(1))


@onnx_op("Pow")
def power(b: Builder, call: Call) -> Value:
    """Pow: computed in the base's type, or the exponent's where only that is a float."""
    x, y = call.operand(0), call.operand(1)
    known = b.contents(y)
    if known is not None and known.size == 1 and known.item() == 2 and y.rank <= x.rank:
        return b.binary("mul", x, x)
    if x.dtype.is_int and y.dtype.is_float:
        return b.cast(b.binary("pow", b.cast(x, y.dtype), y), x.dtype)
    return b.binary("pow", x, b.cast(y, x.dtype))


@onnx_op("Where")
def where(b: Builder, call: Call) -> Value:
    return select(b, *call.operands(3))


def select(b: Builder, condition: Value, x: Value, y: Value) -> Value:
    """x where the condition holds, else y; all broadcast.

    What has no arithmetic (strings, complex numbers) is gathered from the two, stacked.
    """
    if x.dtype != y.dtype or condition.dtype != DType.BOOL:
        raise OpError(f"operands are {condition.type}, {x.type} and {y.type}, expected bool and one type")
    if not x.dtype.is_arithmetic:
        shape = broadcast(condition.shape, x.shape, y.shape)
        both = b.concat([b.reshape(b.expand(v, shape), (1, *shape)) for v in (y, x)], 0)
        chosen = b.reshape(b.expand(b.cast(condition, DType.I32), shape), (1, *shape))
        return b.reshape(b.one(GatherElements(0), both, chosen), shape)
    p = scalar.Builder([DType.BOOL, x.dtype, y.dtype])
    return b.map(p.finish(p("select", 0, 1, 2)), [condition, x, y], x.dtype)


@onnx_op("Identity")
def identity(b: Builder, call: Call) -> Value:
    return call.operand(0)


@onnx_op("Cast")
def cast(b: Builder, call: Call) -> Value:
    saturate = call.flag("saturate", True)
    target, mode = loading.dtype_of(call.integer("to")), call.text("round_mode", "up")
    return convert(b, call.operand(0), target, saturate, mode)


@onnx_op("BitCast")
def bit_cast(b: Builder, call: Call) -> Value:
    return b.one(Bitcast(int(loading.dtype_of(call.integer("to")))), call.operand(0))


@onnx_op("CastLike")
def cast_like(b: Builder, call: Call) -> Value:
    saturate, mode = call.flag("saturate", True), call.text("round_mode", "up")
    return convert(b, call.operand(0), call.operand(1).dtype, saturate, mode)


_GREATEST = {
    DType.F8E4M3FN: 448.0,
    DType.F8E4M3FNUZ: 240.0,
    DType.F8E5M2: 57344.0,
    DType.F8E5M2FNUZ: 57344.0,
}
_NARROW_BITS = {DType.U4: 4, DType.U2: 2}


def convert(b: Builder, x: Value, dtype: DType, saturate: bool = True, mode: str = "up") -> Value:
    """x as another element type; strings are read and written as numbers.

    Eight-bit floats saturate if asked to, f8e8m0 is rounded as `mode` says; floats to unsigned types below a
    byte wrap.
    """
    if x.dtype is not dtype and x.dtype is DType.STRING:
        return numbers_of(b, x, dtype)
    if x.dtype is not dtype and dtype is DType.STRING:
        return text_of(b, x)
    if dtype == DType.F8E8M0 and x.dtype != dtype:
        return _power_of_two(b, b.cast(x, DType.F32), saturate, mode)
    if saturate and dtype in _GREATEST and x.dtype != dtype:
        wide, limit = b.cast(x, DType.F32), _GREATEST[dtype]
        wide = b.binary("min", wide, b.constant(limit, DType.F32))
        return b.cast(b.binary("max", wide, b.constant(-limit, DType.F32)), dtype)
    if x.dtype.is_float and dtype in _NARROW_BITS:
        mask = b.constant((1 << _NARROW_BITS[dtype]) - 1, DType.I32)
        return b.cast(b.binary("bitand", b.cast(x, DType.I32), mask), dtype)
    return b.cast(x, dtype)


# what is added to the bits of a float so that cutting its fraction off rounds as the mode says
_ROUNDING = {"up": 0x7FFFFF, "nearest": 0x400000, "down": 0}


def _power_of_two(b: Builder, x: Value, saturate: bool, mode: str) -> Value:
    """An f32 tensor as f8e8m0, which is the exponent of a float: ONNX's `to_float8e8m0` on the bits."""
    if mode not in _ROUNDING:
        raise OpError(f"round_mode is '{mode}', expected up, nearest or down")
    t = DType.I32
    p = scalar.Builder([t])
    size = p("bitand", 0, p.const(0x7FFFFFFF, t))
    rounded = p("add", p("min", size, p.const(0x7F800000, t)), p.const(_ROUNDING[mode], t))
    exponent = p("shr", rounded, p.const(23, t))
    if saturate:
        exponent = p("min", exponent, p.const(254, t))
    finite = p("lt", size, p.const(0x7F800000, t))
    code = p.cast(p("select", finite, exponent, p.const(255, t)), DType.U8)
    bits = b.one(Bitcast(int(t)), x)
    return b.one(Bitcast(int(DType.F8E8M0)), b.map(p.finish(code), [bits], DType.U8))


@onnx_op("Clip")
def clip(b: Builder, call: Call) -> Value:
    """Clip: bounds are attributes before opset 11, optional inputs since."""
    x = call.operand(0)
    low, high = call.optional(1), call.optional(2)
    if call.version < 11:
        low = b.constant(call.real("min"), x.dtype) if call.has("min") else None
        high = b.constant(call.real("max"), x.dtype) if call.has("max") else None
    if low is not None:
        x = b.binary("max", x, b.reshape(low, ()))
    if high is not None:
        x = b.binary("min", x, b.reshape(high, ()))
    return x


@onnx_op("PRelu")
def prelu(b: Builder, call: Call) -> Value:
    x, slope = call.operand(0), call.operand(1)
    p = scalar.Builder([x.dtype, slope.dtype])
    negative = p("lt", 0, p.const(0, x.dtype))
    return b.map(p.finish(p("select", negative, p("mul", 0, 1), 0)), [x, slope], x.dtype)


@onnx_op("IsInf")
def is_inf(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    p = scalar.Builder([x.dtype])
    found, zero = p("isinf", 0), p.const(0.0, x.dtype)
    if not call.flag("detect_negative", True):
        found = p("and", found, p("gt", 0, zero))
    if not call.flag("detect_positive", True):
        found = p("and", found, p("lt", 0, zero))
    return b.map(p.finish(found), [x], DType.BOOL)


# -- activations: a function writes the program on register 0

Activation = Callable[[scalar.Builder, DType, Call], int]


def _relu(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("max", 0, p.const(0, t))


def _leaky_relu(p: scalar.Builder, t: DType, call: Call) -> int:
    slope = p.const(call.real("alpha", 0.01), t)
    return p("select", p("lt", 0, p.const(0.0, t)), p("mul", 0, slope), 0)


def _elu(p: scalar.Builder, t: DType, call: Call) -> int:
    low = p("mul", p.const(call.real("alpha", 1.0), t), p("expm1", 0))
    return p("select", p("lt", 0, p.const(0.0, t)), low, 0)


def _selu(p: scalar.Builder, t: DType, call: Call) -> int:
    alpha = p.const(call.real("alpha", 1.67326319217681884765625), t)
    gamma = p.const(call.real("gamma", 1.05070102214813232421875), t)
    low = p("mul", alpha, p("expm1", 0))
    return p("mul", gamma, p("select", p("le", 0, p.const(0.0, t)), low, 0))


def _celu(p: scalar.Builder, t: DType, call: Call) -> int:
    alpha, zero = p.const(call.real("alpha", 1.0), t), p.const(0.0, t)
    low = p("mul", alpha, p("expm1", p("div", 0, alpha)))
    return p("add", p("max", 0, zero), p("min", low, zero))


def _thresholded_relu(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("select", p("gt", 0, p.const(call.real("alpha", 1.0), t)), 0, p.const(0.0, t))


def _hard_sigmoid(p: scalar.Builder, t: DType, call: Call) -> int:
    return _hard_gate(p, t, call.real("alpha", 0.2), call.real("beta", 0.5))


def _hard_gate(p: scalar.Builder, t: DType, alpha: float, beta: float) -> int:
    line = p("add", p("mul", 0, p.const(alpha, t)), p.const(beta, t))
    return p("min", p("max", line, p.const(0.0, t)), p.const(1.0, t))


def _hard_swish(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("mul", 0, _hard_gate(p, t, 1 / 6, 0.5))


def _softplus(p: scalar.Builder, t: DType, call: Call) -> int:
    tail = p("log1p", p("exp", p("neg", p("abs", 0))))
    return p("add", p("max", 0, p.const(0.0, t)), tail)


def _softsign(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("div", 0, p("add", p.const(1.0, t), p("abs", 0)))


def _mish(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("mul", 0, p("tanh", _softplus(p, t, call)))


def _swish(p: scalar.Builder, t: DType, call: Call) -> int:
    return p("mul", 0, p("sigmoid", p("mul", 0, p.const(call.real("alpha", 1.0), t))))


def _gelu(p: scalar.Builder, t: DType, call: Call) -> int:
    half, one = p.const(0.5, t), p.const(1.0, t)
    if call.text("approximate", "none") == "tanh":
        cube = p("mul", 0, p("mul", 0, 0))
        inner = p("add", 0, p("mul", p.const(0.044715, t), cube))
        gate = p("tanh", p("mul", p.const(math.sqrt(2 / math.pi), t), inner))
    else:
        gate = p("erf", p("mul", 0, p.const(math.sqrt(0.5), t)))
    return p("mul", p("mul", half, 0), p("add", one, gate))


def _shrink(p: scalar.Builder, t: DType, call: Call) -> int:
    limit, bias = call.real("lambd", 0.5), p.const(call.real("bias", 0.0), t)
    high = p("select", p("gt", 0, p.const(limit, t)), p("sub", 0, bias), p.const(0.0, t))
    return p("select", p("lt", 0, p.const(-limit, t)), p("add", 0, bias), high)


_ACTIVATIONS: dict[str, Activation] = {
    "Relu": _relu,
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Selu": _selu,
    "Celu": _celu,
    "ThresholdedRelu": _thresholded_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Softplus": _softplus,
    "Softsign": _softsign,
    "Mish": _mish,
    "Swish": _swish,
    "Gelu": _gelu,
    "Shrink": _shrink,
}


@onnx_op(*_ACTIVATIONS)
def activation(b: Builder, call: Call) -> Value:
    """Relu, Elu, Gelu ...: a program on one operand."""
    x = call.operand(0)
    p = scalar.Builder([x.dtype])
    return b.map(p.finish(_ACTIVATIONS[call.op_type](p, x.dtype.compute, call)), [x], x.dtype)
