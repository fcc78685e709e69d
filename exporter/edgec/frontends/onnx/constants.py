"""Operators that make tensors from sizes and constants: Constant, Shape, Range, EyeLike, Trilu, OneHot."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.inputs import dense_of
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.frontends.onnx.view import require_size
from edgec.ir.dims import Dim, ceildiv, maximum, product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError


@onnx_op("Constant")
def constant(b: Builder, call: Call) -> Value:
    kinds: dict[str, Any] = {
        "value_float": np.float32,
        "value_floats": np.float32,
        "value_int": np.int64,
        "value_ints": np.int64,
        "value_string": object,
        "value_strings": object,
    }
    if call.has("value"):
        return b.constant(call.tensor("value"))
    if call.has("sparse_value"):
        return b.constant(dense_of(call.attributes["sparse_value"]))
    for name, kind in kinds.items():
        if call.has(name):
            return b.constant(np.array(call.attributes[name], dtype=kind))
    raise OpError("Constant has no value")


@onnx_op("Shape")
def shape(b: Builder, call: Call) -> Value:
    dims = call.operand(0).shape
    end = call.integer("end", len(dims))
    return b.dims(dims[call.integer("start", 0) : end])


@onnx_op("Size")
def size(b: Builder, call: Call) -> Value:
    return b.reshape(b.dims([product(call.operand(0).shape)]), ())


@onnx_op("ConstantOfShape")
def constant_of_shape(b: Builder, call: Call) -> Value:
    value = call.tensor("value") if call.has("value") else np.zeros(1, np.float32)
    dims = [require_size(b, d) for d in b.dims_of(call.operand(0))]
    return b.expand(b.reshape(b.constant(value), ()), dims)


@onnx_op("Range")
def arange(b: Builder, call: Call) -> Value:
    """start + i * delta for i below ceil((limit - start) / delta)."""
    start, limit, delta = (b.reshape(v, ()) for v in call.operands(3))
    kind = start.dtype
    if kind.is_float:
        span = b.binary("div", b.binary("sub", limit, start), delta)
        (count,) = b.dims_of(b.cast(b.unary("ceil", span), DType.I64))
    else:
        (first,), (last,), (step,) = (b.dims_of(v) for v in (start, limit, delta))
        count = ceildiv(last - first, step)
    numbers = b.iota(maximum(count, 0), kind)
    return b.binary("add", b.binary("mul", numbers, delta), start)


def rows_and_columns(b: Builder, rows: Dim, columns: Dim) -> tuple[Value, Value]:
    """Row numbers [rows, 1] and column numbers [1, columns]."""
    return b.reshape(b.iota(rows), (rows, 1)), b.reshape(b.iota(columns), (1, columns))


@onnx_op("EyeLike")
def eye_like(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    dtype = loading.dtype_of(call.integer("dtype")) if call.has("dtype") else x.dtype
    rows, columns = rows_and_columns(b, x.shape[0], x.shape[1])
    diagonal = b.binary("add", rows, b.constant(call.integer("k", 0), DType.I64))
    return b.cast(b.binary("eq", diagonal, columns), dtype)


@onnx_op("Trilu")
def trilu(b: Builder, call: Call) -> Value:
    """x above (upper) or below the k-th diagonal, else 0 (of text: the empty string)."""
    x, k = call.operand(0), call.optional(1)
    rows, columns = rows_and_columns(b, x.shape[-2], x.shape[-1])
    if k is not None:
        rows = b.binary("add", rows, b.reshape(k, ()))
    kept = b.binary("ge" if call.flag("upper", True) else "le", columns, rows)
    nothing: Any = "" if x.dtype == DType.STRING else 0
    return select(b, kept, x, b.constant(nothing, x.dtype))


@onnx_op("OneHot")
def one_hot(b: Builder, call: Call) -> Value:
    """values[1] where the index is the position on the new axis, else values[0]; negative indices wrap."""
    indices, depth, values = call.operands(3)
    axis = call.axis(indices.rank + 1, -1)
    (count,) = b.dims_of(b.cast(depth, DType.I64))
    count = require_size(b, count)
    index = b.cast(indices, DType.I64)
    negative = b.binary("lt", index, b.constant(0, DType.I64))
    wrapped = b.binary("add", index, b.reshape(b.dims([count]), ()))
    index = select(b, negative, wrapped, index)
    index = b.reshape(index, (*index.shape[:axis], 1, *index.shape[axis:]))
    positions = b.reshape(b.iota(count), (count, *[1] * (indices.rank - axis)))
    off, on = (b.reshape(b.slice_axis(values, 0, i, 1), ()) for i in (0, 1))
    return select(b, b.binary("eq", index, positions), on, off)
