"""Let attention read its heads where they lie."""

from __future__ import annotations

import dataclasses

from edgec.ir.dims import product
from edgec.ir.graph import Graph, Node
from edgec.ops.attention import Attention
from edgec.ops.view import Reshape, Slice
from edgec.passes.editor import Editor


def head_ranges(graph: Graph) -> bool:
    """Attention over a slice of some heads takes all heads and the number of the first."""
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Attention):
            for i in range(3):
                _widen(editor, node, node.op, i)
    return editor.finish()


def _widen(editor: Editor, node: Node, op: Attention, index: int) -> None:
    """Have operand `index` [..., heads, D] read where it was sliced from."""
    value = node.operand(index)
    source = editor.producer(value)
    if source is not None and isinstance(source.op, Reshape):
        source = editor.producer(source.operand(0))
    if source is None or not isinstance(source.op, Slice):
        return
    x, cut, (heads, depth) = source.operand(0), source.op, value.shape[-2:]
    axes = [a for a, size in enumerate(x.shape) if cut.shape[a] != size]
    if len(axes) != 1 or cut.steps != (1,) * x.rank:
        return
    (axis,) = axes
    begin, inner = cut.starts[axis], product(x.shape[axis + 1 :])
    taken, present = inner * cut.shape[axis], inner * x.shape[axis]
    if not isinstance(begin, int) or not isinstance(inner, int):
        return
    if not isinstance(present, int) or not isinstance(depth, int):
        return
    if taken != heads * depth or depth == 0 or present % depth or begin * inner % depth:
        return
    firsts = list(op.firsts)
    firsts[index] += begin * inner // depth
    shape = (*value.shape[:-2], present // depth, depth)
    inputs = list(node.inputs)
    inputs[index] = editor.add(Reshape(shape), [x], node, x.name)
    node.op = dataclasses.replace(op, firsts=tuple(firsts))
    editor.rewire(node, inputs)
