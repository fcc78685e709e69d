"""Reductions over axes."""

from __future__ import annotations

from edgec.frontends.onnx.axes import Axes, given_axes, removed
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.reduce import Reduce

_KINDS = {
    "ReduceSum": "sum",
    "ReduceProd": "prod",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceMean": "mean",
    "ReduceL1": "sum",
    "ReduceL2": "sum",
    "ReduceSumSquare": "sum",
    "ReduceLogSum": "sum",
}
_LAST = {"ReduceL2": "sqrt", "ReduceLogSum": "log"}


def reduced_axes(b: Builder, call: Call, x: Value) -> Axes:
    """The axes a Reduce* node names: none given is all of them, or none with noop_with_empty_axes."""
    axes = given_axes(b, call, 1, x.rank)
    if axes:
        return tuple(sorted(axes, key=str))
    return () if call.flag("noop_with_empty_axes") else tuple(range(x.rank))


def reduce_axes(b: Builder, kind: str, x: Value, axes: Axes, keepdims: bool) -> Value:
    """x reduced; axes that only a run knows are kept as 1 and then reshaped away."""
    if keepdims or all(isinstance(a, int) for a in axes):
        return b.one(Reduce(kind, axes, keepdims), x)
    return b.reshape(b.one(Reduce(kind, axes, True), x), removed(x.shape, axes))


@onnx_op(*_KINDS)
def reduce(b: Builder, call: Call) -> Value:
    """ReduceSum, ReduceL2 ...: a map before, the reduction, a map after."""
    x = call.operand(0)
    axes, keep = reduced_axes(b, call, x), call.flag("keepdims", True)
    result_type = x.dtype
    if x.dtype == DType.BOOL:
        x = b.cast(x, DType.U8)
    if call.op_type == "ReduceL1":
        x = b.unary("abs", x)
    elif call.op_type in ("ReduceL2", "ReduceSumSquare"):
        x = b.binary("mul", x, x)
    result = reduce_axes(b, _KINDS[call.op_type], x, axes, keep)
    if call.op_type in _LAST:
        result = b.unary(_LAST[call.op_type], as_float(b, result))
    return b.cast(result, result_type)


def as_float(b: Builder, x: Value) -> Value:
    """x, integers as f64: roots and logarithms of integers are rounded at the end."""
    return b.cast(x, DType.F64) if x.dtype.is_int else x


@onnx_op("ReduceLogSumExp")
def log_sum_exp(b: Builder, call: Call) -> Value:
    """log(sum(exp(x))), shifted by the greatest element where that is finite."""
    given = call.operand(0)
    x = as_float(b, given)
    axes, keep = reduced_axes(b, call, x), call.flag("keepdims", True)
    top = b.one(Reduce("max", axes, True), x)
    p = scalar.Builder([top.dtype])
    finite = b.map(p.finish(p("isinf", 0)), [top], DType.BOOL)
    shift = select(b, finite, b.constant(0.0, top.dtype), top)
    total = b.one(Reduce("sum", axes, True), b.unary("exp", b.binary("sub", x, shift)))
    result = b.cast(b.binary("add", b.unary("log", total), shift), given.dtype)
    if keep:
        return result
    return b.reshape(result, removed(x.shape, axes))
