"""Sequences and optionals."""

from __future__ import annotations

import onnx

from edgec.ir.graph import Node
from edgec.ir.types import DType, TensorType
from edgec.ops.sequence import Box, SequenceConcat, SequenceConstruct, SequenceSplit
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.target import onnx_type, type_proto
from edgec.writers.onnx.view import op_of

_SAME = {
    "sequence_at": "SequenceAt",
    "sequence_insert": "SequenceInsert",
    "sequence_erase": "SequenceErase",
    "sequence_length": "SequenceLength",
    "unbox": "OptionalGetElement",
    "has_element": "OptionalHasElement",
}


@writes(*_SAME)
def write_same(scope: Scope, node: Node) -> str:
    """Operators that take the same operands in ONNX and need no attributes."""
    return scope.emit(_SAME[node.op.name], *scope.names(node.inputs))


@writes("sequence_construct")
def write_sequence_construct(scope: Scope, node: Node) -> str:
    if not node.inputs:
        return scope.emit("SequenceEmpty", dtype=onnx_type(DType(op_of(node, SequenceConstruct).dtype)))
    return scope.emit("SequenceConstruct", *scope.names(node.inputs))


@writes("sequence_concat")
def write_sequence_concat(scope: Scope, node: Node) -> str:
    op = op_of(node, SequenceConcat)
    return scope.emit(
        "ConcatFromSequence", *scope.names(node.inputs), axis=op.axis, new_axis=int(op.new_axis)
    )


@writes("sequence_split")
def write_sequence_split(scope: Scope, node: Node) -> str:
    op = op_of(node, SequenceSplit)
    return scope.emit("SplitToSequence", *scope.names(node.inputs), axis=op.axis, keepdims=int(op.keepdims))


@writes("box")
def write_box(scope: Scope, node: Node) -> str:
    op_of(node, Box)
    if node.inputs:
        return scope.emit("Optional", scope.name(node.operand(0)))
    whole: onnx.TypeProto = type_proto(TensorType(DType.OPTIONAL, (), node.outputs[0].type.element))
    return scope.emit("Optional", type=whole.optional_type.elem_type)
