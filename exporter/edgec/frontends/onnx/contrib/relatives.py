"""Operators that differ from ONNX's of the same name by an input or less."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.axes import inserted, resolved_axes
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op, onnx_result, onnx_results
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call, resolve_axis
from edgec.ir.dims import product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.reduce import Reduce


@contrib_op("GatherND", "GridSample", "Trilu", ranks={0: range(1, 9)})
def same(b: Builder, call: Call) -> Value:
    return onnx_result(b, call, call.op_type, call.inputs, **call.attributes)


@contrib_op("Pad")
def pad(b: Builder, call: Call) -> Value:
    """The pads may lie in a row of a matrix."""
    x, pads, fill = call.operand(0), call.operand(1), call.optional(2)
    flat = b.reshape(pads, (product(pads.shape),))
    return onnx_result(b, call, "Pad", [x, flat, fill], **call.attributes)


@contrib_op("TorchEmbedding")
def embedding(b: Builder, call: Call) -> Value:
    return onnx_result(b, call, "Gather", [call.operand(0), call.operand(1)])


@contrib_op("BiasDropout")
def bias_dropout(b: Builder, call: Call) -> Sequence[Value]:
    """Dropout(x + bias) + residual."""
    x, residual = b.binary("add", call.operand(0), call.operand(1)), call.optional(2)
    given = [x, call.optional(3), call.optional(4)]
    kept, *mask = onnx_results(b, call, "Dropout", given, **call.attributes)
    return [b.binary("add", kept, residual) if residual is not None else kept, *mask]


@contrib_op("Unique")
def unique(b: Builder, call: Call) -> Sequence[Value]:
    """Values in the order of their first places, which of them each element is, and how often each occurs."""
    values, _, inverse, counts = onnx_results(b, call, "Unique", [call.operand(0)], sorted=0)
    return [values, inverse, counts]


@contrib_op("Range")
def arange(b: Builder, call: Call) -> Value:
    """The step is 1 where it is not given."""
    start, limit, delta = call.operand(0), call.operand(1), call.optional(2)
    step = b.constant(1, start.dtype) if delta is None else delta
    return onnx_result(b, call, "Range", [start, limit, step])


@contrib_op("ExpandDims")
def expand_dims(b: Builder, call: Call) -> Value:
    x, (axis,) = call.operand(0), b.dims_of(call.operand(1))
    return b.reshape(x, inserted(x.shape, resolved_axes(b, [axis], x.rank + 1)))


@contrib_op("CDist")
def distances(b: Builder, call: Call) -> Value:
    """Between all rows of two matrices [M, N] and [K, N]: the norm of the difference, or its square."""
    x, y, metric = call.operand(0), call.operand(1), call.text("metric", "sqeuclidean")
    if metric not in ("euclidean", "sqeuclidean"):
        raise Unsupported(f"the metric '{metric}' is not supported", "use euclidean or sqeuclidean")
    if x.rank != 2 or y.rank != 2:
        raise OpError(f"inputs are {x.type} and {y.type}, expected matrices")
    inner = multiply(b, x, y, transpose_y=True)
    squares = b.binary("add", _squares(b, x, 1), b.transpose(_squares(b, y, 1), [1, 0]))
    total = b.binary("sub", squares, b.binary("mul", inner, b.constant(2.0, x.dtype)))
    total = b.binary("max", total, b.constant(0.0, x.dtype))
    return b.unary("sqrt", total) if metric == "euclidean" else total


def _squares(b: Builder, x: Value, axis: int) -> Value:
    return b.one(Reduce("sum", (axis,), True), b.binary("mul", x, x))


@contrib_op("MatMulInteger16")
def matmul_integer(b: Builder, call: Call) -> Value:
    """The product of 16-bit matrices in 32 bits."""
    x, y = call.operand(0), call.operand(1)
    target = DType.I32 if x.dtype.is_signed_int or y.dtype.is_signed_int else DType.U32
    return onnx_result(b, call, "MatMul", [b.cast(x, target), b.cast(y, target)])


@contrib_op("MulInteger")
def multiply_integers(b: Builder, call: Call) -> Value:
    """(a - zero point) (b - zero point) in i32."""
    parts = []
    for x, zero in ((call.operand(0), call.optional(1)), (call.operand(2), call.optional(3))):
        wide = b.cast(x, DType.I32)
        parts.append(b.binary("sub", wide, b.cast(b.reshape(zero, ()), DType.I32)) if zero else wide)
    return b.binary("mul", *parts)


@contrib_op("ReduceSumInteger")
def sum_of_integers(b: Builder, call: Call) -> Value:
    """The sum of 8-bit integers in 32 bits."""
    x = call.operand(0)
    wide = b.cast(x, DType.I32 if x.dtype.is_signed_int else DType.U32)
    axes = tuple(sorted(resolve_axis(a, x.rank) for a in call.integers("axes")))
    return b.one(Reduce("sum", axes, call.flag("keepdims", True)), wide)


@contrib_op("IsAllFinite")
def all_finite(b: Builder, call: Call) -> Value:
    """Whether no element of any input is NaN or infinite, or only that which is asked about."""
    found = b.constant(False)
    for x in call.operands():
        for kind, other in (("isinf", "isnan_only"), ("isnan", "isinf_only")):
            if not call.flag(other):
                bad = b.cast(b.unary(kind, x), DType.U8)
                any_bad = b.one(Reduce("max", tuple(range(x.rank)), False), bad)
                found = b.binary("or", found, b.cast(any_bad, DType.BOOL))
    return b.unary("not", found)
