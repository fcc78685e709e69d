"""Random numbers, and what is made of them: RandomUniform, Bernoulli, Multinomial, Dropout.

ONNX leaves the generator open; with a seed, results are those of onnx's reference evaluator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.cumulative import Cumulative
from edgec.ops.random import Random
from edgec.ops.reduce import Reduce


def draw(b: Builder, call: Call, shape: Sequence[Dim], kind: str = "uniform") -> Value:
    """f64 random numbers from the node's seed, or without one where it has none (or NaN)."""
    seed = call.real("seed") if call.has("seed") else math.nan
    known = None if math.isnan(seed) else int(seed) % (1 << 32)
    return b.one(Random(tuple(shape), kind, known))


@onnx_op("RandomUniform", "RandomNormal", "RandomUniformLike", "RandomNormalLike")
def random(b: Builder, call: Call) -> Value:
    """Uniform between low and high, or normal with a mean and a scale; the shape is an attribute or x's."""
    like = call.operand(0) if call.op_type.endswith("Like") else None
    shape = call.integers("shape") if like is None else like.shape
    dtype = DType.F32 if like is None else like.dtype
    if call.has("dtype"):
        dtype = loading.dtype_of(call.integer("dtype"))
    if not dtype.is_float:
        raise OpError(f"results are {dtype.text}, expected a float type")
    if "Normal" in call.op_type:
        kind, start, factor = "normal", call.real("mean", 0.0), call.real("scale", 1.0)
    else:
        low = call.real("low", 0.0)
        kind, start, factor = "uniform", low, call.real("high", 1.0) - low
    p = scalar.Builder([DType.F64])
    scaled = p("mul", p.cast(0, dtype), p.const(factor, dtype))
    program = p.finish(p("add", scaled, p.const(start, dtype)))
    return b.map(program, [draw(b, call, shape, kind)], dtype)


@onnx_op("Bernoulli")
def bernoulli(b: Builder, call: Call) -> Value:
    """1 with probability x, else 0, by the draws that NumPy's binomial makes."""
    x = call.operand(0)
    dtype = loading.dtype_of(call.integer("dtype")) if call.has("dtype") else x.dtype
    p = scalar.Builder([x.dtype, DType.F64])
    chance, one = p.cast(0, DType.F64), p.const(1.0, DType.F64)
    rare = p("gt", 1, p("sub", one, chance))
    found = p("select", p("gt", chance, p.const(0.5, DType.F64)), p("le", 1, chance), rare)
    return b.map(p.finish(p.cast(found, dtype)), [x, draw(b, call, x.shape)], dtype)


@onnx_op("Multinomial")
def multinomial(b: Builder, call: Call) -> Value:
    """Class numbers [batch, samples], drawn by the logarithms of weights [batch, classes]."""
    x = b.cast(call.operand(0), DType.F64)
    if x.rank != 2:
        raise OpError(f"the input is {x.type}, expected [batch, classes]")
    dtype = loading.dtype_of(call.integer("dtype", 6))
    batch, classes = x.shape
    top = b.one(Reduce("max", (1,)), x)
    weights = b.unary("exp", b.binary("sub", x, top))
    bounds = b.one(Cumulative("sum", 1), weights)
    total = b.one(Reduce("sum", (1,)), weights)
    drawn = draw(b, call, (batch, call.integer("sample_size", 1)))
    drawn = b.binary("mul", drawn, total)
    drawn = b.reshape(drawn, (*drawn.shape, 1))
    # the last bound is the total up to rounding: it is never passed
    inner = b.reshape(b.slice_axis(bounds, 1, 0, classes - 1), (batch, 1, classes - 1))
    passed = b.cast(b.binary("ge", drawn, inner), dtype)
    return b.one(Reduce("sum", (2,), False), passed)


@onnx_op("Dropout")
def dropout(b: Builder, call: Call) -> Sequence[Value]:
    """The identity and a mask of ones; in training mode (opset 12) random elements are 0, the rest grow."""
    x, mode = call.operand(0), call.optional(2)
    if mode is None or (mode.const is not None and not bool(mode.const)):
        kind = x.dtype if call.version < 10 else DType.BOOL
        return [x, b.expand(b.constant(1, kind), x.shape)] if call.uses(1) else [x]
    ratio = call.optional(1)
    ratio = b.constant(0.5, x.dtype) if ratio is None else b.reshape(ratio, ())
    mode = b.reshape(mode, ())
    drawn = draw(b, call, x.shape)
    p = scalar.Builder([DType.F64, ratio.dtype, DType.BOOL])
    kept = p("or", p("not", 2), p("ge", 0, p.cast(1, DType.F64)))
    mask = b.map(p.finish(kept), [drawn, ratio, mode], DType.BOOL)
    p = scalar.Builder([x.dtype, ratio.dtype, DType.BOOL, DType.BOOL])
    one, zero = p.const(1.0, x.dtype), p.const(0.0, x.dtype)
    grown = p("mul", 0, p("div", one, p("sub", one, p.cast(1, x.dtype))))
    result = p.finish(p("select", 3, p("select", 2, grown, zero), 0))
    return [b.map(result, [x, ratio, mask, mode], x.dtype), mask]
