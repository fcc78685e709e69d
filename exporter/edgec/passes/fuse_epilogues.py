"""Put maps into the operators they follow (epilogues) and the reductions they feed (prologues)."""

from __future__ import annotations

import dataclasses

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Context, OpError
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder, Program
from edgec.ops.reduce import Reduce
from edgec.passes.editor import Editor
from edgec.passes.fuse_maps import fits, is_exact
from edgec.passes.scalar_rules import simplify

Fusible = Conv | ConvTranspose | MatMul | Reduce


def fuse_epilogues(graph: Graph) -> bool:
    """A map that alone reads a conv, conv_transpose, matmul or reduce of its own shape becomes its epilogue.

    A map that is then left and that only a reduce reads, over tensors of one shape, becomes its prologue.
    What is stored in between must be of the type it is computed in, so that no rounding is lost.
    """
    return _fuse(graph, loose=True)


def fuse_epilogues_exactly(graph: Graph) -> bool:
    """The same, with every scaling in an epilogue as it was before."""
    return _fuse(graph, loose=False)


def _fuse(graph: Graph, loose: bool) -> bool:
    editor = Editor(graph)
    # a map that reads two such operators goes into the later one, whose result then lives shortest
    for node in reversed(list(editor)):
        while node in editor and isinstance(node.op, Fusible):
            if not _fuse_epilogue(editor, node, node.op, loose):
                break
    for node in list(editor):
        if isinstance(node.op, Reduce):
            _fuse_prologue(editor, node, node.op)
    return editor.finish()


def _fuse_epilogue(editor: Editor, node: Node, op: Fusible, loose: bool) -> bool:
    value = node.outputs[0]
    readers = list(dict.fromkeys(editor.users(value)))
    if len(readers) != 1 or editor.is_output(value) or editor.is_symbol_source(value):
        return False
    reader, result = readers[0], readers[0].outputs[0]
    if not isinstance(reader.op, Map) or result.shape != value.shape or not is_exact(value):
        return False
    own = 1 + op.split() if isinstance(op, Reduce) else 2
    program, extras = join(op.epilogue, node.inputs[own:], value, reader.op, reader.inputs, loose)
    inputs = [*node.inputs[:own], *extras]
    epilogue = program if program.code else None
    changed: Fusible
    if isinstance(op, Reduce):
        changed = dataclasses.replace(op, epilogue=epilogue)
    else:
        changed = dataclasses.replace(op, epilogue=epilogue, dtype=int(result.dtype))
    if not fits(program) or not _gives(changed, inputs, result):
        return False
    node.op = changed
    editor.set_inputs(node, inputs)
    editor.take_result(node, reader)
    return True


def join(
    present: Program | None,
    extras: list[Value | None],
    value: Value,
    reader: Map,
    operands: list[Value | None],
    loose: bool = True,
) -> tuple[Program, list[Value | None]]:
    """An epilogue over `extras`, then a map that reads its result: one program and its extra operands."""
    outside = [v for v in dict.fromkeys([*extras, *operands]) if v is not None and v is not value]
    accumulator = value.dtype if present is None else present.operands[0]
    b = Builder([accumulator, *(v.dtype for v in outside)])
    places = {v: i for i, v in enumerate(outside, 1)}
    made = 0
    if present is not None:
        made = b.inline(present, [0, *(places[v] for v in extras if v is not None)])
    arguments = [made if v is value else places[v] for v in operands if v is not None]
    program, kept = simplify(b.finish(b.inline(reader.program, arguments)), loose=loose)
    program, kept = _with_accumulator(program, kept, accumulator)
    return program, [outside[i - 1] for i in kept if i > 0]


def _with_accumulator(program: Program, kept: list[int], accumulator: DType) -> tuple[Program, list[int]]:
    """The same program with register 0 the accumulator, even if it does not read it."""
    if 0 in kept:
        return program, kept
    b = Builder([accumulator, *program.operands])
    result = b.inline(program, list(range(1, len(program.operands) + 1)))
    return b.finish(result), [0, *kept]


def _fuse_prologue(editor: Editor, node: Node, op: Reduce) -> None:
    x = node.operand(0)
    producer = editor.producer(x)
    if producer is None or not isinstance(producer.op, Map) or op.prologue is not None:
        return
    if editor.only_user(x) is not node or not is_exact(x):
        return
    first = next((v for v in producer.inputs if v is not None and v.type.shape == x.shape), None)
    if first is None or first.const is not None or first.dtype.compute != x.dtype:
        return
    others = [v for v in dict.fromkeys(producer.inputs) if v is not None and v is not first]
    b = Builder([first.dtype, *(v.dtype for v in others)])
    places = {v: i for i, v in enumerate([first, *others])}
    program = b.finish(b.inline(producer.op.program, [places[v] for v in producer.inputs if v is not None]))
    changed = dataclasses.replace(op, prologue=program)
    inputs: list[Value | None] = [first, *others, *node.inputs[1:]]
    if not fits(program) or not _gives(changed, inputs, node.outputs[0]):
        return
    node.op = changed
    editor.set_inputs(node, inputs)
    editor.inherit(node, producer)
    editor.remove_dead(producer, node)


def _gives(op: Fusible, inputs: list[Value | None], result: Value) -> bool:
    """Whether the operator, with nothing left to check at run time, gives exactly the result's type."""
    context = Context()
    try:
        types = op.infer([None if v is None else v.type for v in inputs], context)
    except OpError:
        return False
    return types[0] == result.type
