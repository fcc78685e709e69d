"""Reductions, positions of extremes, running sums."""

from __future__ import annotations

from edgec.ir.graph import Node
from edgec.ir.types import DType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.cumulative import Cumulative
from edgec.ops.reduce import Reduce
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.view import op_of, reshape

_KINDS = {
    "sum": "ReduceSum",
    "prod": "ReduceProd",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "mean": "ReduceMean",
}
_WIDER = (DType.I32, DType.F32, DType.I64, DType.F64)


def computable(scope: Scope, op_type: str, dtype: DType) -> DType:
    """`dtype` where the operator takes it, else the first wider type that holds all its values.

    Raises OnnxError where there is none.
    """
    if not scope.target.takes(op_type, dtype):
        for wider in _WIDER:
            holds = wider.is_float if dtype.is_float else wider.is_int
            if holds and wider.itemsize > dtype.itemsize and scope.target.takes(op_type, wider):
                return wider
        scope.target.need(op_type, dtype, scope.who)
    return dtype


@writes("reduce")
def write_reduce(scope: Scope, node: Node) -> str:
    op = op_of(node, Reduce)
    x = node.operand(0)
    if not op.axes:
        return scope.emit("Identity", scope.name(x))
    op_type = _KINDS[op.kind]
    made = computable(scope, op_type, x.dtype)
    given = scope.cast(scope.name(x), x.dtype, made)
    keep = int(op.keepdims)
    if op_type == "ReduceSum" or scope.target.opset >= 18:
        result = scope.emit(op_type, given, scope.dims(op.axes), keepdims=keep)
    else:
        if not is_static(op.axes):
            scope.target.since(18, node.name, f"{op_type} over axes that only a run knows")
        result = scope.emit(op_type, given, axes=op.axes, keepdims=keep)
    return scope.cast(result, made, x.dtype)


@writes("arg_reduce")
def write_arg_reduce(scope: Scope, node: Node) -> str:
    op, x = op_of(node, ArgReduce), node.operand(0)
    op_type = "ArgMax" if op.kind == "max" else "ArgMin"
    made = computable(scope, op_type, x.dtype)
    given = scope.cast(scope.name(x), x.dtype, made)
    last = 1 if op.select_last else None
    return scope.emit(op_type, given, axis=op.axis, keepdims=int(op.keepdims), select_last_index=last)


@writes("cumulative")
def write_cumulative(scope: Scope, node: Node) -> str:
    op, x = op_of(node, Cumulative), node.operand(0)
    op_type = "CumSum" if op.kind == "sum" else "CumProd"
    made = computable(scope, op_type, x.dtype)
    if is_static([op.axis]):
        axis = scope.constant(op.axis)
    else:
        axis = reshape(scope, scope.dims([op.axis]), (1,), ())
    given = scope.cast(scope.name(x), x.dtype, made)
    result = scope.emit(
        op_type, given, axis, exclusive=int(op.exclusive) or None, reverse=int(op.reverse) or None
    )
    return scope.cast(result, made, x.dtype)
