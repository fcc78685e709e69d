"""Compute equal things once."""

from __future__ import annotations

from collections.abc import Hashable

from edgec.ir.graph import Graph, Node, Value
from edgec.passes.editor import Editor

_COMPARED_BYTES = 1 << 16  # larger constants are compared by identity only


def common_subexpressions(graph: Graph) -> bool:
    """Replace a node by an earlier one with the same operator, operands and result types.

    Constants are equal where their type and bytes are. Nodes with bodies, and those that give
    something else each time, are left alone.
    """
    editor = Editor(graph)
    constants: dict[Value, Hashable] = {}
    known: dict[Hashable, Node] = {}
    for node in editor:
        if node.graphs or not node.op.repeatable:
            continue
        key = _key(node, constants)
        first = known.setdefault(key, node)
        if first is node or any(editor.is_output(v) for v in node.outputs):
            continue
        if any(editor.is_symbol_source(v) for v in node.outputs):
            continue
        for old, new in zip(node.outputs, first.outputs):
            editor.replace(old, new)
        editor.remove(node)
    return editor.finish()


def _key(node: Node, constants: dict[Value, Hashable]) -> Hashable:
    operands = tuple(None if v is None else _value_key(v, constants) for v in node.inputs)
    # repr tells 0.0 from -0.0 and 1 from True, which are equal
    return repr(node.op), operands, tuple(v.type for v in node.outputs)


def _value_key(value: Value, constants: dict[Value, Hashable]) -> Hashable:
    array = value.const
    if array is None or array.nbytes > _COMPARED_BYTES or array.dtype == object:
        return id(value)
    if value not in constants:
        constants[value] = (value.type, value.form, array.tobytes())
    return constants[value]
