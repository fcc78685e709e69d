"""Simplify data movement: compose what is adjacent, drop what moves nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from edgec.ir.dims import Dim
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Context, Op
from edgec.ops.conv import Conv
from edgec.ops.map import Map
from edgec.ops.reduce import Reduce
from edgec.ops.view import Concat, Expand, Pad, Reshape, Slice, Transpose
from edgec.passes.editor import Editor, constant
from edgec.passes.layout_rules import fixed_axes
from edgec.passes.regroup import is_trivial

_ROUNDS = 8


def views(graph: Graph) -> bool:
    """Compose reshapes, transposes, slices and concats; drop the ones that do nothing.

    An expand that only maps read goes away (they broadcast); a slice that lies in one part of a concat
    reads that part; zero padding before a conv becomes the conv's.
    """
    editor = Editor(graph)
    for _ in range(_ROUNDS):
        before = editor.changed
        editor.changed = False
        for node in editor:
            rule = _RULES.get(type(node.op))
            if rule is not None and len(node.outputs) == 1 and rule(editor, node):
                editor.changed = True
                _sweep(editor, node)
        progressed = editor.changed
        editor.changed |= before
        if not progressed:
            break
    return editor.finish()


def _sweep(editor: Editor, node: Node) -> None:
    """Remove what the rewrite of `node` left without readers."""
    if node in editor:
        editor.remove_dead(node)


def _swap(editor: Editor, node: Node, op: Op, x: Value) -> bool:
    """Make `node` apply `op` to x instead."""
    node.op = op
    editor.rewire(node, [x, *node.inputs[1:]])
    return True


def _reshape(editor: Editor, node: Node) -> bool:
    x = node.operand(0)
    if x.shape == node.outputs[0].shape:
        return editor.alias(node, x)
    source = editor.producer(x)
    if source is not None and isinstance(source.op, Reshape):
        return _swap(editor, node, node.op, source.operand(0))
    return False


def _transpose(editor: Editor, node: Node) -> bool:
    op, x = node.op, node.operand(0)
    assert isinstance(op, Transpose)
    if is_trivial(op.perm, x.shape):
        return _swap(editor, node, Reshape(node.outputs[0].shape), x)
    source = editor.producer(x)
    if source is not None and isinstance(source.op, Transpose):
        perm = tuple(source.op.perm[axis] for axis in op.perm)
        return _swap(editor, node, Transpose(perm), source.operand(0))
    return False


def _slice(editor: Editor, node: Node) -> bool:
    op, x = node.op, node.operand(0)
    assert isinstance(op, Slice)
    if op.shape == x.shape and all(s == 1 for s in op.steps) and all(s == 0 for s in op.starts):
        return editor.alias(node, x)
    source = editor.producer(x)
    if source is None:
        return False
    if isinstance(source.op, Slice):
        inner = source.op
        starts = tuple(a + b * step for a, b, step in zip(inner.starts, op.starts, inner.steps))
        steps = tuple(a * b for a, b in zip(inner.steps, op.steps))
        return _swap(editor, node, Slice(starts, steps, op.shape), source.operand(0))
    if isinstance(source.op, Concat):
        return _slice_of_concat(editor, node, op, source)
    return False


def _slice_of_concat(editor: Editor, node: Node, op: Slice, source: Node) -> bool:
    assert isinstance(source.op, Concat)
    axis = source.op.axis
    start, size, step = op.starts[axis], op.shape[axis], op.steps[axis]
    if not isinstance(start, int) or not isinstance(size, int) or not isinstance(step, int) or size == 0:
        return False
    first, last = sorted((start, start + (size - 1) * step))
    offset = 0
    for part in source.inputs:
        if part is None or not isinstance(length := part.shape[axis], int):
            return False
        if offset <= first and last < offset + length:
            starts: tuple[Dim, ...] = (*op.starts[:axis], start - offset, *op.starts[axis + 1 :])
            return _swap(editor, node, Slice(starts, op.steps, op.shape), part)
        offset += length
    return False


def _concat(editor: Editor, node: Node) -> bool:
    op = node.op
    assert isinstance(op, Concat)
    parts: list[Value | None] = []
    for value in node.inputs:
        source = editor.producer(value)
        empty = value is not None and value.shape[op.axis] == 0
        if empty and len(node.inputs) > 1 and any(v is not value for v in node.inputs):
            continue
        nested = source is not None and source.op == op and value is not None
        if nested and source is not None and value is not None and editor.only_user(value) is node:
            parts.extend(source.inputs)
        else:
            parts.append(value)
    if len(parts) == 1 and parts[0] is not None:
        return editor.alias(node, parts[0])
    if not parts or len(parts) == len(node.inputs):
        return _join_slices(editor, node, op.axis)
    editor.rewire(node, parts)
    return True


def _join_slices(editor: Editor, node: Node, axis: int) -> bool:
    """Neighbouring parts that are neighbouring slices of one tensor become one slice."""
    for i, (a, b) in enumerate(zip(node.inputs, node.inputs[1:])):
        first, second = editor.producer(a), editor.producer(b)
        if first is None or second is None or first.inputs[:1] != second.inputs[:1]:
            continue
        left, right = first.op, second.op
        if not isinstance(left, Slice) or not isinstance(right, Slice) or left.steps != right.steps:
            continue
        follows = left.starts[axis] + left.shape[axis] * left.steps[axis] == right.starts[axis]
        same = all(
            left.starts[k] == right.starts[k] and left.shape[k] == right.shape[k]
            for k in range(len(left.steps))
            if k != axis
        )
        if follows and same:
            shape = (*left.shape[:axis], left.shape[axis] + right.shape[axis], *left.shape[axis + 1 :])
            joined = editor.add(Slice(left.starts, left.steps, shape), [first.operand(0)], node)
            editor.rewire(node, [*node.inputs[:i], joined, *node.inputs[i + 2 :]])
            return True
    return False


def _pad(editor: Editor, node: Node) -> bool:
    op, x = node.op, node.operand(0)
    assert isinstance(op, Pad)
    if all(p == 0 for p in op.pads):
        return editor.alias(node, x)
    return False


def _conv(editor: Editor, node: Node) -> bool:
    """conv(pad(x, 0)) = conv(x) with more padding."""
    op = node.op
    assert isinstance(op, Conv)
    found = _zero_padded(editor, node.operand(0))
    if found is None:
        return False
    x, begins, ends = found
    if any(p != 0 for p in (begins[0], begins[-1], ends[0], ends[-1])):
        return False
    pads = tuple(a + b for a, b in zip(op.pads, (*begins[1:-1], *ends[1:-1])))
    return _swap(editor, node, dataclasses.replace(op, pads=pads), x)


def _zero_padded(editor: Editor, value: Value) -> tuple[Value, list[Dim], list[Dim]] | None:
    """The tensor that `value` is with zeros before and after each axis, and how many.

    Looks through a reshape that only moves axes of size 1.
    """
    source, reshape = editor.producer(value), None
    if source is not None and isinstance(source.op, Reshape):
        reshape, source = source, editor.producer(source.inputs[0])
    if source is None or not isinstance(source.op, Pad) or source.op.kind != "constant":
        return None
    fill = source.inputs[1] if len(source.inputs) > 1 else None
    if fill is not None and (fill.const is None or fill.const.any()):
        return None
    x, pads = source.operand(0), source.op.pads
    begins, ends = list(pads[: x.rank]), list(pads[x.rank :])
    if reshape is None:
        return x, begins, ends
    padded = source.outputs[0].shape
    axes = [i for i, size in enumerate(padded) if size != 1]
    places = [i for i, size in enumerate(value.shape) if size != 1]
    if [padded[i] for i in axes] != [value.shape[i] for i in places]:
        return None
    shape: list[Dim] = [1] * value.rank
    before: list[Dim] = [0] * value.rank
    after: list[Dim] = [0] * value.rank
    for axis, place in zip(axes, places):
        shape[place], before[place], after[place] = x.shape[axis], begins[axis], ends[axis]
    return editor.add(Reshape(tuple(shape)), [x], reshape, x.name), before, after


def _expand(editor: Editor, node: Node) -> bool:
    x, y = node.operand(0), node.outputs[0]
    if x.shape == y.shape:
        return editor.alias(node, x)
    source = editor.producer(x)
    if source is not None and isinstance(source.op, Expand):
        return _swap(editor, node, node.op, source.operand(0))
    changed = False
    for user in dict.fromkeys(editor.users(y)):
        if isinstance(user.op, Map) and _broadcasts_alone(user, x, y):
            editor.set_inputs(user, [x if v is y else v for v in user.inputs])
            changed = True
    return changed


def _broadcasts_alone(user: Node, x: Value, y: Value) -> bool:
    """Whether a map gives the same shape where it reads x in place of y, its expansion."""
    return _gives_same_shape(user, [x if v is y else v for v in user.inputs])


def _map(editor: Editor, node: Node) -> bool:
    """A map that returns its only operand is nothing; operands need no leading axes of size 1."""
    op = node.op
    assert isinstance(op, Map)
    if not op.program.code and len(node.inputs) == 1:
        x = node.operand(0)
        return x.dtype == DType(op.dtype) and x.shape == node.outputs[0].shape and editor.alias(node, x)
    inputs = list(node.inputs)
    for i, value in enumerate(inputs):
        shorter = _without_leading_ones(editor, value)
        if shorter is not None:
            trial = [*inputs[:i], shorter, *inputs[i + 1 :]]
            if _gives_same_shape(node, trial):
                inputs = trial
    if inputs == node.inputs:
        return False
    editor.rewire(node, inputs)
    return True


def _without_leading_ones(editor: Editor, value: Value | None) -> Value | None:
    """The same tensor with fewer leading axes of size 1, where that costs nothing."""
    if value is None or value.rank < 2 or value.shape[0] != 1:
        return None
    if value.const is not None:
        first = next((i for i, size in enumerate(value.shape) if size != 1), value.rank)
        return constant(value.name, value.const.reshape(value.const.shape[first:]), value.dtype)
    source = editor.producer(value)
    if source is None or not isinstance(source.op, Reshape):
        return None
    x = source.operand(0)
    added = value.rank - x.rank
    plain = added > 0 and value.shape == (*(1,) * added, *x.shape)
    return x if plain else None


def _gives_same_shape(node: Node, inputs: list[Value | None]) -> bool:
    types = [None if v is None else v.type for v in inputs]
    return node.op.infer(types, Context())[0].shape == node.outputs[0].shape


def _reduce(editor: Editor, node: Node) -> bool:
    """A plain reduction over axes of size 1 is a reshape."""
    op, x, y = node.op, node.operand(0), node.outputs[0]
    assert isinstance(op, Reduce)
    if op.prologue is not None or op.epilogue is not None:
        return False
    axes = fixed_axes(op)
    if axes is not None and all(x.shape[a] == 1 for a in axes):
        return _swap(editor, node, Reshape(y.shape), x)
    return False


_RULES: dict[type[Op], Callable[[Editor, Node], bool]] = {
    Reshape: _reshape,
    Transpose: _transpose,
    Slice: _slice,
    Concat: _concat,
    Pad: _pad,
    Conv: _conv,
    Expand: _expand,
    Map: _map,
    Reduce: _reduce,
}
