"""Compute at export what does not depend on inputs."""

from __future__ import annotations

import math

import numpy as np

from edgec.ir.graph import Graph, Node
from edgec.ops.base import Array
from edgec.passes.editor import Editor, constant

_MAX_GROWTH = 4
_ALWAYS = 1 << 16  # elements


def fold_constants(graph: Graph) -> bool:
    """Replace results whose operands are all known by constants, unless that would blow up the file.

    A result above 65536 elements may have at most four times as many as its operands together.
    """
    editor = Editor(graph)
    for node in editor:
        if node.graphs or any(editor.is_output(v) or editor.is_symbol_source(v) for v in node.outputs):
            continue
        for value, array in zip(node.outputs, evaluate_node(node) or ()):
            editor.replace(value, constant(value.name, array, value.dtype))
        editor.remove_dead(node)
    return editor.finish()


def evaluate_node(node: Node) -> list[Array] | None:
    """The results of a node whose operands and attributes are known and whose results stay small."""
    if not node.op.repeatable or any(v.dtype.is_container for v in node.outputs):
        return None
    operands: list[Array | None] = []
    for value in node.inputs:
        if value is not None and value.const is None:
            return None
        operands.append(None if value is None else value.const)
    sizes = [d for v in node.outputs for d in v.shape]
    if not all(isinstance(d, int) for d in sizes):
        return None
    made = sum(math.prod(d for d in v.shape if isinstance(d, int)) for v in node.outputs)
    if made > max(_ALWAYS, _MAX_GROWTH * sum(a.size for a in operands if a is not None)):
        return None
    try:
        op = node.op.bind({})
    except KeyError:
        return None
    with np.errstate(all="ignore"):
        return op.eval(operands)
