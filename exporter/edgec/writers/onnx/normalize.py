"""Softmax and normalisation."""

from __future__ import annotations

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops.normalize import Normalize
from edgec.ops.softmax import Softmax
from edgec.writers.onnx.reduce import computable
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.view import op_of


@writes("softmax")
def write_softmax(scope: Scope, node: Node) -> str:
    op, x = op_of(node, Softmax), node.operand(0)
    op_type = "LogSoftmax" if op.log else "Softmax"
    made = computable(scope, op_type, x.dtype)
    result = scope.emit(op_type, scope.cast(scope.name(x), x.dtype, made), axis=op.axis)
    return scope.cast(result, made, x.dtype)


@writes("normalize")
def write_normalize(scope: Scope, node: Node) -> str:
    """LayerNormalization or RMSNormalization over the last axes, else the formula."""
    op = op_of(node, Normalize)
    x = node.operand(0)
    scale, bias = (*node.inputs[1:3], None, None)[:2]
    first = min(op.axes, default=x.rank)
    shape = x.shape[first:]
    over_last = sorted(op.axes) == list(range(first, x.rank)) and bool(op.axes)
    parameters = [v for v in (scale, bias) if v is not None]
    plain = over_last and all(_fills(v, shape) for v in parameters)
    op_type = "LayerNormalization" if op.center else "RMSNormalization"
    if plain and scope.target.takes(op_type, x.dtype) and (op.center or bias is None):
        if scale is not None or is_static(shape):
            weight = _parameter(scope, scale, shape, x.dtype)
            given = [scope.name(x), weight]
            if bias is not None:
                given.append(_parameter(scope, bias, shape, x.dtype))
            return scope.emit(op_type, *given, axis=first, epsilon=op.epsilon)
    return _formula(scope, op, x, scale, bias)


def _fills(value: Value, shape: tuple[Dim, ...]) -> bool:
    """Whether a scale or bias has exactly the normalised shape, leading axes of size 1 aside."""
    lead = value.rank - len(shape)
    return lead >= 0 and value.shape[lead:] == shape and (lead == 0 or value.const is not None and all(
        d == 1 for d in value.shape[:lead]
    ))  # fmt: skip


def _parameter(scope: Scope, value: Value | None, shape: tuple[Dim, ...], dtype: DType) -> str:
    if value is None:
        return scope.constant(np.ones([int(str(d)) for d in shape]), dtype)
    if value.rank > len(shape) and value.const is not None:
        return scope.constant(value.const.reshape([int(str(d)) for d in shape]), dtype)
    return scope.cast(scope.name(value), value.dtype, dtype)


def _formula(scope: Scope, op: Normalize, x: Value, scale: Value | None, bias: Value | None) -> str:
    made = DType.F64 if x.dtype == DType.F64 else DType.F32
    value = scope.cast(scope.name(x), x.dtype, made)
    if op.center:
        value = scope.emit("Sub", value, _mean(scope, value, op.axes))
    variance = _mean(scope, scope.emit("Mul", value, value), op.axes)
    spread = scope.emit("Sqrt", scope.emit("Add", variance, scope.constant(op.epsilon, made)))
    value = scope.emit("Div", value, spread)
    for op_type, extra in (("Mul", scale), ("Add", bias)):
        if extra is not None:
            value = scope.emit(op_type, value, scope.cast(scope.name(extra), extra.dtype, made))
    return scope.cast(value, made, x.dtype)


def _mean(scope: Scope, value: str, axes: tuple[int, ...]) -> str:
    if scope.target.opset >= 18:
        return scope.emit("ReduceMean", value, scope.ints(axes), keepdims=1)
    return scope.emit("ReduceMean", value, axes=axes, keepdims=1)
