"""ArgMax, ArgMin and Hardmax."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, product
from edgec.ir.graph import Value
from edgec.ops.arg_reduce import ArgReduce


@onnx_op("ArgMax", "ArgMin")
def arg_reduce(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    kind = "max" if call.op_type == "ArgMax" else "min"
    keep, last = call.flag("keepdims", True), call.flag("select_last_index")
    return b.one(ArgReduce(kind, call.axis(x.rank, 0), keep, last), x)


@onnx_op("Hardmax")
def hardmax(b: Builder, call: Call) -> Value:
    """1 at the first greatest element, else 0; before opset 13 on x flattened to a matrix at the axis."""
    x = call.operand(0)
    axis = call.axis(x.rank, -1 if call.version >= 13 else 1)
    if call.version >= 13:
        return _one_at_greatest(b, x, axis)
    flat: tuple[Dim, Dim] = (product(x.shape[:axis]), product(x.shape[axis:]))
    return b.reshape(_one_at_greatest(b, b.reshape(x, flat), 1), x.shape)


def _one_at_greatest(b: Builder, x: Value, axis: int) -> Value:
    best = b.one(ArgReduce("max", axis, True), x)
    shape: list[Dim] = [1] * x.rank
    shape[axis] = x.shape[axis]
    positions = b.reshape(b.iota(x.shape[axis]), shape)
    return b.cast(b.binary("eq", best, positions), x.dtype)
