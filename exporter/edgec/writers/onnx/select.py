"""Choosing elements, and non-maximum suppression."""

from __future__ import annotations

from edgec.ir.graph import Node
from edgec.ir.types import DType
from edgec.ops.nms import Nms
from edgec.ops.select import Compress, TopK, Unique
from edgec.writers.onnx.reduce import computable
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.view import op_of, reshape


@writes("topk")
def write_topk(scope: Scope, node: Node) -> list[str]:
    op, x = op_of(node, TopK), node.operand(0)
    made = computable(scope, "TopK", x.dtype)
    given = [scope.cast(scope.name(x), x.dtype, made), scope.dims([op.k])]
    values, places = scope.emit_many(
        "TopK", given, 2, axis=op.axis, largest=int(op.largest), sorted=int(op.sorted)
    )
    return [scope.cast(values, made, x.dtype), places]


@writes("nonzero")
def write_nonzero(scope: Scope, node: Node) -> str:
    return scope.emit("NonZero", scope.name(node.operand(0)))


@writes("compress")
def write_compress(scope: Scope, node: Node) -> str:
    x, condition = node.operand(0), node.operand(1)
    made = computable(scope, "Compress", x.dtype)
    given = scope.cast(scope.name(x), x.dtype, made)
    kept = scope.emit("Compress", given, scope.name(condition), axis=op_of(node, Compress).axis)
    return scope.cast(kept, made, x.dtype)


@writes("unique")
def write_unique(scope: Scope, node: Node) -> list[str]:
    op, x = op_of(node, Unique), node.operand(0)
    made = computable(scope, "Unique", x.dtype)
    given = scope.cast(scope.name(x), x.dtype, made)
    values, *places = scope.emit_many("Unique", [given], 4, axis=op.axis, sorted=int(op.sorted))
    return [scope.cast(values, made, x.dtype), *places]


@writes("nms")
def write_nms(scope: Scope, node: Node) -> str:
    """The limits are scalars or vectors of one element in both."""
    given = scope.names(node.inputs)
    if len(given) < 3 or not given[2]:
        given = [*given[:2], scope.constant(0), *given[3:]]
    center = 1 if op_of(node, Nms).center_point_box else None
    boxes, scores, most, *limits = given
    most = _vector(scope, node, 2, most)
    limits = [_vector(scope, node, 3 + i, name) for i, name in enumerate(limits)]
    return scope.emit("NonMaxSuppression", boxes, scores, most, *limits, center_point_box=center)


def _vector(scope: Scope, node: Node, index: int, name: str) -> str:
    value = node.inputs[index] if index < len(node.inputs) else None
    return reshape(scope, name, value.shape, (1,)) if value is not None else name


@writes("determinant")
def write_determinant(scope: Scope, node: Node) -> str:
    x = node.operand(0)
    made = computable(scope, "Det", x.dtype) if x.dtype != DType.F16 else DType.F32
    return scope.cast(scope.emit("Det", scope.cast(scope.name(x), x.dtype, made)), made, x.dtype)
