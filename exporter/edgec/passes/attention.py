"""Find attention: two products around a softmax."""

from __future__ import annotations

from typing import NamedTuple

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.attention import Attention
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Program
from edgec.ops.softmax import Softmax
from edgec.ops.view import Transpose
from edgec.passes.composites import term_of
from edgec.passes.editor import Editor
from edgec.passes.fuse_epilogues import join
from edgec.passes.fuse_maps import fits


def attention(graph: Graph) -> bool:
    """softmax(f(q k^T c)) v becomes `attention` over heads; numbers that scale q or k are part of c.

    Operands and result come with the axis of heads behind the one of queries and keys, between transposes
    that the layout pass moves. Run before maps are fused.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, MatMul):
            _fuse(editor, node)
    return editor.finish()


class _Found(NamedTuple):
    """A softmax of `program` on the scaled products of `first`, and the product `second` with it."""

    scale: float
    program: Program | None
    extras: list[Value | None]
    second: Node


def _fuse(editor: Editor, first: Node) -> None:
    found = _follow(editor, first)
    if found is None:
        return
    second = found.second
    (q, q_scale), (k, k_scale) = _unscaled(editor, first.operand(0)), _unscaled(editor, first.operand(1))
    batch = tuple(range(q.rank - 3))
    heads, rows, columns = (q.rank - 3 + i for i in range(3))
    plain, turned = (*batch, rows, heads, columns), (*batch, columns, heads, rows)
    size = q.shape[heads]
    if not isinstance(size, int) or (found.program is not None and not fits(found.program)):
        return
    orders = (
        plain,
        plain if _op(first).transpose_b else turned,
        turned if _op(second).transpose_b else plain,
    )
    moved = [
        editor.add(Transpose(order), [x], first, x.name)
        for x, order in zip((q, k, second.operand(1)), orders, strict=True)
    ]
    op = Attention(size, found.scale * q_scale * k_scale, scores=found.program)
    made = editor.add(op, [*moved, *found.extras], second)
    maker = editor.producer(made)
    assert maker is not None
    result = second.outputs[0]
    editor.replace(result, editor.add(Transpose(plain), [made], second, result.name))
    editor.remove_dead(second, maker)


def _op(node: Node) -> MatMul:
    assert isinstance(node.op, MatMul)
    return node.op


def _follow(editor: Editor, first: Node) -> _Found | None:
    """The attention that begins with the product `first`."""
    if not _is_plain(first):
        return None
    value, scale = first.outputs[0], 1.0
    program: Program | None = None
    extras: list[Value | None] = []
    reader = editor.only_user(value)
    while reader is not None and isinstance(reader.op, Map):
        result = reader.outputs[0]
        if result.type != value.type:
            return None
        factor = _factor(reader, value)
        if program is None and factor is not None:
            scale *= factor
        else:
            program, extras = join(program, extras, value, reader.op, reader.inputs)
        value, reader = result, editor.only_user(result)
    if reader is None or reader.op != Softmax(value.rank - 1):
        return None
    value = reader.outputs[0]
    second = editor.only_user(value)
    if second is None or not isinstance(second.op, MatMul) or not _is_plain(second):
        return None
    batches = {x.shape[:-2] for x in (*first.inputs[:2], *second.inputs[:2]) if x is not None}
    if second.operand(0) is not value or len(batches) != 1:
        return None
    return _Found(scale, program, extras, second)


def _is_plain(node: Node) -> bool:
    """Whether a product of f32 has heads, reads rows of a and has no epilogue."""
    op = _op(node)
    types = {v.dtype for v in node.inputs if v is not None}
    plain = op.epilogue is None and not op.transpose_a and types == {DType.F32}
    return plain and op.dtype == op.accumulator == DType.F32 and node.operand(0).rank >= 3


def _factor(node: Node | None, value: Value) -> float | None:
    """c where `node` is a map that makes `value` times c, or divided by 1 / c."""
    term = term_of(node)
    if term is None or term.op not in ("mul", "div"):
        return None
    left, right = term.args if term.op == "div" or term.args[0] is value else term.args[::-1]
    if left is not value or not isinstance(right, float) or not right:
        return None
    return right if term.op == "mul" else 1 / right


def _unscaled(editor: Editor, value: Value) -> tuple[Value, float]:
    """x and c where `value`, which nothing else reads, is x c."""
    node = editor.producer(value)
    if node is None or not isinstance(node.op, Map) or editor.only_user(value) is None:
        return value, 1.0
    for x in node.inputs:
        factor = None if x is None or x.type != value.type else _factor(node, x)
        if x is not None and factor is not None:
            return x, factor
    return value, 1.0
