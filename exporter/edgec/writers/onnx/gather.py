"""Reading and writing elements at computed positions."""

from __future__ import annotations

from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops.gather import Gather, GatherElements, GatherNd
from edgec.ops.scatter import ScatterElements, ScatterNd
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.view import op_of

_REDUCTION_SINCE = {"add": 16, "mul": 16, "max": 18, "min": 18}


def _wide(scope: Scope, indices: Value) -> str:
    return scope.cast(scope.name(indices), indices.dtype, DType.I64)


@writes("gather")
def write_gather(scope: Scope, node: Node) -> str:
    op, x, indices = op_of(node, Gather), node.operand(0), node.operand(1)
    if not op.batch_dims:
        return scope.emit("Gather", scope.name(x), scope.name(indices), axis=op.axis)
    batch, axis = op.batch_dims, op.axis
    between = list(range(batch, axis))
    source = scope.name(x)
    if between:
        order = [*range(batch), axis, *between, *range(axis + 1, x.rank)]
        source = scope.emit("Transpose", source, perm=order)
    tuples = scope.emit("Unsqueeze", _wide(scope, indices), scope.ints([-1]))
    found = scope.emit("GatherND", source, tuples, batch_dims=batch)
    if not between:
        return found
    middle = indices.rank - batch
    rank = node.outputs[0].rank
    start = batch + middle
    order = [*range(batch), *range(start, start + len(between)), *range(batch, start)]
    return scope.emit("Transpose", found, perm=[*order, *range(len(order), rank)])


@writes("gather_elements")
def write_gather_elements(scope: Scope, node: Node) -> str:
    axis = op_of(node, GatherElements).axis
    return scope.emit("GatherElements", *scope.names(node.inputs), axis=axis)


@writes("gather_nd")
def write_gather_nd(scope: Scope, node: Node) -> str:
    batch = op_of(node, GatherNd).batch_dims
    x, indices = node.operand(0), node.operand(1)
    return scope.emit("GatherND", scope.name(x), _wide(scope, indices), batch_dims=batch or None)


def _reduction(scope: Scope, reduction: str) -> str | None:
    """The attribute; None where it is not needed, and not there before opset 16."""
    if reduction == "none":
        return None
    scope.target.since(_REDUCTION_SINCE[reduction], scope.who, f"a scatter with reduction {reduction}")
    return reduction


@writes("scatter_elements")
def write_scatter_elements(scope: Scope, node: Node) -> str:
    op = op_of(node, ScatterElements)
    reduction = _reduction(scope, op.reduction)
    return scope.emit("ScatterElements", *scope.names(node.inputs), axis=op.axis, reduction=reduction)


@writes("scatter_nd")
def write_scatter_nd(scope: Scope, node: Node) -> str:
    x, indices, updates = (node.operand(i) for i in range(3))
    reduction = _reduction(scope, op_of(node, ScatterNd).reduction)
    given = [scope.name(x), _wide(scope, indices), scope.name(updates)]
    return scope.emit("ScatterND", *given, reduction=reduction)
