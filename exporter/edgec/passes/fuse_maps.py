"""Put maps into the maps that read them."""

from __future__ import annotations

import dataclasses

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.ops.program import MAX_INSTRUCTIONS, MAX_OPERANDS, Builder, Program
from edgec.passes.editor import Editor
from edgec.passes.scalar_rules import is_cheap, simplify

# tile bytecode keeps registers in the L1 cache; more operands than this spill it
_MAX_FUSED_OPERANDS = min(8, MAX_OPERANDS)
_MAX_FUSED_INSTRUCTIONS = min(48, MAX_INSTRUCTIONS)
_CHEAP = 3  # instructions that are recomputed rather than stored


def fuse_maps(graph: Graph) -> bool:
    """Inline a map's program where its result is read.

    Only where the result is not rounded when stored, and it is read by one map, or by maps alone and is
    cheap to recompute from one tensor. A result smaller than its reader's is computed once.
    """
    editor = Editor(graph)
    for node in editor:
        while isinstance(node.op, Map) and _inline_one(editor, node):
            pass
    return editor.finish()


def _inline_one(editor: Editor, node: Node) -> bool:
    """Inline one producer of `node`; False where none fits."""
    for value in dict.fromkeys(node.inputs):
        producer = editor.producer(value)
        if value is None or producer is None or not isinstance(producer.op, Map):
            continue
        if not _may_inline(editor, producer, value, node):
            continue
        fused = inlined(node, producer)
        if fused is None:
            continue
        node.op, inputs = fused
        editor.set_inputs(node, inputs)
        if editor.is_dead(value):
            editor.inherit(node, producer)
            editor.remove_dead(producer, node)
        return True
    return False


def is_exact(value: Value) -> bool:
    """Whether storing the value rounds nothing: its type is the type it is computed in."""
    return value.dtype.compute == value.dtype


def _may_inline(editor: Editor, producer: Node, value: Value, reader: Node) -> bool:
    assert isinstance(producer.op, Map)
    if not is_exact(value) or editor.is_output(value) or editor.is_symbol_source(value):
        return False
    readers = dict.fromkeys(editor.users(value))
    tensors = [v for v in producer.inputs if v is not None and v.const is None]
    if len(readers) > 1:
        if not all(isinstance(r.op, Map) for r in readers) or len(set(tensors)) > 1:
            return False
        if not is_cheap(producer.op.program, _CHEAP):
            return False
    return value.shape == reader.outputs[0].shape


def inlined(node: Node, producer: Node) -> tuple[Map, list[Value | None]] | None:
    """`node` with its operand made by the map `producer` computed in place; None if that grows too big."""
    op, inner = node.op, producer.op
    assert isinstance(op, Map) and isinstance(inner, Map)
    made = producer.outputs[0]
    outside = [v for v in dict.fromkeys([*node.inputs, *producer.inputs]) if v is not made]
    types = [v.dtype for v in outside if v is not None]
    b = Builder(types)
    result = b.inline(inner.program, [outside.index(v) for v in producer.inputs])
    arguments = [result if v is made else outside.index(v) for v in node.inputs]
    program, kept = simplify(b.finish(b.inline(op.program, arguments)))
    inputs = [outside[i] for i in kept]
    if not fits(program):
        return None
    changed = dataclasses.replace(op, program=program)
    try:
        types_found = changed.infer([None if v is None else v.type for v in inputs], Context())
    except OpError:
        return None
    return (changed, inputs) if types_found[0] == node.outputs[0].type else None


def fits(program: Program) -> bool:
    """Whether a fused program is within the limits of what is worth fusing."""
    return len(program.operands) <= _MAX_FUSED_OPERANDS and len(program.code) <= _MAX_FUSED_INSTRUCTIONS
