"""Move bytes rather than the numbers that they stand for."""

from __future__ import annotations

import numpy as np

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.map import Map
from edgec.ops.pool import Pool
from edgec.ops.view import Concat
from edgec.passes.editor import Editor

_BYTES = (DType.U8, DType.I8)


def move_bytes(graph: Graph) -> bool:
    """Parts are quantised before they are put together, and maxima are taken of bytes.

    q(concat(a, b)) becomes concat(q(a), q(b)) where q makes bytes, and max_pool(d(x)) becomes d(max_pool(x))
    where d is a function of bytes that nowhere falls. Then q(d(x)) is x where it is that for each byte.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Map):
            _quantise_parts(editor, node, node.op)
    for node in editor:
        if isinstance(node.op, Pool):
            _pool_bytes(editor, node, node.op)
    for node in editor:
        if isinstance(node.op, Map) and node.op.dtype in _BYTES:
            _drop_identity(editor, node)
    return editor.finish()


def _varying(node: Node) -> Value | None:
    """The only operand of a map that is no constant of one element."""
    found = [v for v in node.inputs if v is not None and (v.const is None or v.const.size != 1)]
    return found[0] if len(found) == 1 and found[0].shape == node.outputs[0].shape else None


def _path(editor: Editor, last: Node | None) -> list[Node]:
    """The maps, each the only reader of the one before, from bytes to the result of `last`."""
    found: list[Node] = []
    while last is not None and isinstance(last.op, Map) and (value := _varying(last)) is not None:
        found.insert(0, last)
        if value.dtype in _BYTES:
            return found
        if editor.only_user(value) is not last:
            break
        last = editor.producer(value)
    return []


def _all_of(dtype: DType) -> Array:
    info = np.iinfo(dtype.numpy)
    return np.arange(info.min, info.max + 1).astype(dtype.numpy)


def _table(path: list[Node], root: Value) -> Array:
    """What the maps make of every byte."""
    found, value = _all_of(root.dtype), root
    for node in path:
        (found,) = node.op.eval([found if v is value else _scalar(v) for v in node.inputs])
        value = node.outputs[0]
    return found


def _scalar(value: Value | None) -> Array | None:
    return None if value is None or value.const is None else value.const.reshape(())


def _quantise_parts(editor: Editor, node: Node, op: Map) -> None:
    whole = _varying(node)
    concat = editor.producer(whole)
    if whole is None or concat is None or not isinstance(concat.op, Concat):
        return
    if op.dtype not in _BYTES or whole.dtype != DType.F32 or editor.only_user(whole) is not node:
        return
    parts = [
        editor.add(op, [part if v is whole else v for v in node.inputs], node, part.name)
        for part in concat.inputs
        if part is not None
    ]
    node.op = concat.op
    editor.rewire(node, parts)


def _pool_bytes(editor: Editor, node: Node, op: Pool) -> None:
    path = _path(editor, editor.producer(node.operand(0)))
    if not path or not _takes_a_maximum(op) or editor.only_user(node.operand(0)) is not node:
        return
    before = _varying(path[0])
    assert before is not None
    table = _table(path, before).astype(np.float64)
    if not (table[1:] >= table[:-1]).all():
        return
    value = editor.add(op, [before], node, before.name)
    for inner in path:
        inputs = [value if v is before else v for v in inner.inputs]
        before = inner.outputs[0]
        if inner is path[-1]:
            node.op = inner.op
            editor.rewire(node, inputs)
        else:
            value = editor.add(inner.op, inputs, inner)


def _takes_a_maximum(op: Pool) -> bool:
    """And every window holds an element."""
    spatial = len(op.kernel)
    fits = all(isinstance(p, int) and p < op.kernel[i % spatial] for i, p in enumerate(op.pads))
    return op.kind == "max" and not op.indices and fits and set(op.dilations) == {1}


def _drop_identity(editor: Editor, node: Node) -> None:
    path = _path(editor, node)
    root = _varying(path[0]) if path else None
    if root is None or root.dtype != node.outputs[0].dtype:
        return
    if np.array_equal(_table(path, root), _all_of(root.dtype)) and editor.alias(node, root) and path[1:]:
        editor.remove_dead(path[-2], editor.producer(root))
