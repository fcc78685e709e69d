"""Simplify the expressions of maps and put known scalars into them."""

from __future__ import annotations

import dataclasses

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.passes.editor import Editor
from edgec.passes.scalar_rules import Scalar, simplify


def simplify_programs(graph: Graph) -> bool:
    """Constant operands of one element become part of the program; see `scalar_rules`."""
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Map):
            _simplify(editor, node, node.op)
    return editor.finish()


def _simplify(editor: Editor, node: Node, op: Map) -> None:
    known = {i: v for i, operand in enumerate(node.inputs) if (v := scalar_of(operand)) is not None}
    if len(known) == len(node.inputs):
        return
    program, kept = simplify(op.program, known)
    inputs = [node.inputs[i] for i in kept]
    if program == op.program and len(inputs) == len(node.inputs):
        return
    changed = dataclasses.replace(op, program=program)
    try:
        types = changed.infer([None if v is None else v.type for v in inputs], Context())
    except OpError:
        return
    # an operand that only gave its shape stays
    if types[0] == node.outputs[0].type:
        node.op = changed
        editor.set_inputs(node, inputs)


def scalar_of(value: Value | None) -> Scalar | None:
    """The only element of a constant of a type that programs hold, else None."""
    if value is None or value.const is None or value.const.size != 1:
        return None
    if not (value.dtype.is_float or value.dtype.is_int or value.dtype == DType.BOOL):
        return None
    found: Scalar = value.const.reshape(-1)[0].item()
    return found
