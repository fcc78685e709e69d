"""Find attention: two products around a softmax."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.attention import Attention
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder, Program
from edgec.ops.softmax import Softmax
from edgec.ops.view import Transpose
from edgec.passes.composites import term_of
from edgec.passes.editor import Editor
from edgec.passes.fuse_epilogues import join
from edgec.passes.fuse_maps import fits


def attention(graph: Graph) -> bool:
    """softmax(f(q k^T)) v becomes `attention` over heads; scalings of q and k become part of f.

    Operands and result come with the axis of heads behind the one of queries and keys, between transposes
    that the layout pass moves. Run before maps are fused.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, MatMul):
            _fuse(editor, node)
    return editor.finish()


def _fuse(editor: Editor, first: Node) -> None:
    found = _follow(editor, first)
    if found is None:
        return
    program, extras, second = found
    q, k, v = first.operand(0), first.operand(1), second.operand(1)
    (q, factor), (k, other) = _unscaled(editor, q), _unscaled(editor, k)
    if factor * other != 1.0:
        program = _scaled(program, factor * other)
    batch = tuple(range(q.rank - 3))
    heads, rows, columns = (q.rank - 3 + i for i in range(3))
    swapped = (*batch, rows, heads, columns)
    key_order = swapped if _op(first).transpose_b else (*batch, columns, heads, rows)
    value_order = (*batch, columns, heads, rows) if _op(second).transpose_b else swapped
    size = q.shape[heads]
    if not isinstance(size, int) or not fits(program or Program((DType.F32,), ())):
        return
    moved = [
        editor.add(Transpose(order), [x], first, x.name)
        for x, order in ((q, swapped), (k, key_order), (v, value_order))
    ]
    made = editor.add(Attention(size, scores=program), [*moved, *extras], second)
    maker = editor.producer(made)
    assert maker is not None
    result = second.outputs[0]
    editor.replace(result, editor.add(Transpose(swapped), [made], second, result.name))
    editor.remove_dead(second, maker)


def _op(node: Node) -> MatMul:
    assert isinstance(node.op, MatMul)
    return node.op


def _follow(editor: Editor, first: Node) -> tuple[Program | None, list[Value | None], Node] | None:
    """The program on the products of `first`, its extra operands, and the product that ends an attention."""
    if not _is_plain(first):
        return None
    value = first.outputs[0]
    program: Program | None = None
    extras: list[Value | None] = []
    reader = editor.only_user(value)
    while reader is not None and isinstance(reader.op, Map):
        if reader.outputs[0].type != value.type:
            return None
        program, extras = join(program, extras, value, reader.op, reader.inputs)
        value = reader.outputs[0]
        reader = editor.only_user(value)
    if reader is None or reader.op != Softmax(value.rank - 1):
        return None
    value = reader.outputs[0]
    second = editor.only_user(value)
    if second is None or not isinstance(second.op, MatMul) or not _is_plain(second):
        return None
    batches = {x.shape[:-2] for x in (*first.inputs[:2], *second.inputs[:2]) if x is not None}
    return (program, extras, second) if second.operand(0) is value and len(batches) == 1 else None


def _is_plain(node: Node) -> bool:
    """Whether a product of f32 has heads, reads rows of a and has no epilogue."""
    op = _op(node)
    types = {v.dtype for v in node.inputs if v is not None}
    plain = op.epilogue is None and not op.transpose_a and types == {DType.F32}
    return plain and op.dtype == op.accumulator == DType.F32 and node.operand(0).rank >= 3


def _unscaled(editor: Editor, value: Value) -> tuple[Value, float]:
    """x and c where `value`, which nothing else reads, is x c."""
    term = term_of(editor.producer(value))
    if term is None or term.op != "mul" or editor.only_user(value) is None:
        return value, 1.0
    factors = [a for a in term.args if isinstance(a, float)]
    tensors = [a for a in term.args if isinstance(a, Value) and a.type == value.type]
    return (tensors[0], factors[0]) if factors and tensors else (value, 1.0)


def _scaled(program: Program | None, factor: float) -> Program:
    """The program on `factor` times its operand 0."""
    operands: Sequence[DType] = (DType.F32,) if program is None else program.operands
    b = Builder(operands)
    product = b("mul", 0, b.const(factor, DType.F32))
    return b.finish(product if program is None else b.inline(program, [product, *range(1, len(operands))]))
