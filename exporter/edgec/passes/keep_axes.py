"""Forms that compose and move: reductions keep their axes, constant picks are slices."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgec.ir.dims import Dim, eq, maximum
from edgec.ir.graph import Graph, Guard, Node, Value
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.gather import Gather
from edgec.ops.reduce import Reduce
from edgec.ops.view import Reshape, Slice
from edgec.passes.editor import Editor
from edgec.passes.layout_rules import fixed_axes


def keep_axes(graph: Graph) -> bool:
    """A reduction that drops axes keeps them, and a reshape (no copy) drops them.

    A gather whose indices are constant and evenly spaced becomes a slice, so that it composes.
    """
    editor = Editor(graph)
    for node in editor:
        op = node.op
        if isinstance(op, (Reduce, ArgReduce)) and not op.keepdims:
            _then_reshape(editor, node, dataclasses.replace(op, keepdims=True))
        elif isinstance(op, Gather):
            _as_slice(editor, node, op)
    return editor.finish()


def _then_reshape(editor: Editor, node: Node, op: Reduce | ArgReduce) -> None:
    """`node` gives a new value by `op`; a reshape of it gives the old one."""
    if isinstance(op, Reduce) and op.epilogue is not None and len(node.inputs) > 1 + op.split():
        return
    if isinstance(op, Reduce) and fixed_axes(op) is None:
        return
    old = node.outputs[0]
    kept = editor.add(op, node.inputs, node, old.name)
    editor.detach(node)
    editor.insert(Node(Reshape(old.shape), [kept], [old], node.name))


def _as_slice(editor: Editor, node: Node, op: Gather) -> None:
    x, indices, y = node.operand(0), node.operand(1), node.outputs[0]
    if indices.const is None or indices.rank > 1 or op.batch_dims or indices.const.size == 0:
        return
    picked = np.asarray(indices.const, np.int64).reshape(-1)
    steps = np.unique(np.diff(picked))
    if len(steps) > 1 or (steps.size and steps[0] == 0) or len({*np.sign(picked + 0.5)}) > 1:
        return
    size = x.shape[op.axis]
    least = int(max(picked.max() + 1, -picked.min()))
    if isinstance(size, int) and size < least:
        return
    fits = eq(maximum(size, least), size)
    if not isinstance(fits, int):
        message = f"axis {op.axis} of 'x' has at least {least} elements"
        editor.graph.guards.append(Guard(fits, node.name, message))
    starts: list[Dim] = [0] * x.rank
    all_steps = [1] * x.rank
    shape = list(x.shape)
    starts[op.axis] = int(picked[0]) if picked[0] >= 0 else size + int(picked[0])
    all_steps[op.axis] = int(steps[0]) if steps.size else 1
    shape[op.axis] = len(picked)
    part: Value = editor.add(Slice(tuple(starts), tuple(all_steps), tuple(shape)), [x], node)
    editor.detach(node)
    editor.insert(Node(Reshape(y.shape), [part], [y], node.name))
