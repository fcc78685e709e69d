"""Turn arithmetic on a few possible rows into a table of results."""

from __future__ import annotations

import numpy as np

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.gather import Gather
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder
from edgec.ops.view import Reshape
from edgec.passes.editor import Editor, constant

_MAX_TABLE = 1 << 22  # elements


def lookup_tables(graph: Graph) -> bool:
    """A one-hot encoding times a matrix picks its rows; a map of picked rows is a pick of mapped rows.

    one_hot(i) @ w becomes gather(w, i), with a row of zeros for an index outside of the encoding;
    map(gather(table, i), constants per column) becomes gather(map(table), i).
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, MatMul):
            _pick_rows(editor, node, node.op)
        elif isinstance(node.op, Map):
            _map_table(editor, node, node.op)
    return editor.finish()


def _pick_rows(editor: Editor, node: Node, op: MatMul) -> None:
    matrix = node.operand(1)
    if op.epilogue is not None or op.transpose_a or matrix.const is None or matrix.rank != 2:
        return
    index = _encoded(editor, node.operand(0))
    if index is None or index.shape[-1] != 1 or node.outputs[0].dtype != matrix.dtype:
        return
    table = matrix.const.T if op.transpose_b else matrix.const
    count, columns = table.shape
    extended = np.concatenate([table, np.zeros((1, columns), table.dtype)])
    flat = editor.add(Reshape(index.shape[:-1]), [index], node, index.name)
    place = editor.add(_clipped(flat.dtype, count), [flat], node, index.name)
    rows = constant(matrix.name, extended, matrix.dtype)
    _become(editor, node, Gather(0), [rows, place])


def _encoded(editor: Editor, value: Value) -> Value | None:
    """x where `value` is f32(x == [0, 1, 2, ...]) along its last axis."""
    node = editor.producer(value)
    if node is None or not isinstance(node.op, Map) or len(node.inputs) != 2:
        return None
    steps = [i.op for i in node.op.program.code]
    if steps != ["eq", "cast"] or value.dtype != DType.F32:
        return None
    for x, numbers in (node.inputs, node.inputs[::-1]):
        if x is None or numbers is None or numbers.const is None or x.const is not None:
            continue
        last = value.shape[-1]
        counts = numbers.const.reshape(-1)
        in_place = numbers.shape[-1:] == (last,) and counts.size == last
        if in_place and np.array_equal(counts, np.arange(counts.size)):
            return x if x.rank == value.rank and x.dtype in (DType.I32, DType.I64) else None
    return None


def _clipped(dtype: DType, count: int) -> Map:
    """The index itself where it is below `count` and not negative, else `count`."""
    b = Builder([dtype])
    limit = b.const(count, dtype)
    inside = b("and", b("ge", 0, b.const(0, dtype)), b("lt", 0, limit))
    return Map(b.finish(b("select", inside, 0, limit)), int(dtype))


def _map_table(editor: Editor, node: Node, op: Map) -> None:
    result = node.outputs[0]
    varying = {v for v in node.inputs if v is not None and v.const is None}
    if len(varying) != 1 or not isinstance(columns := result.shape[-1] if result.rank else 0, int):
        return
    (value,) = varying
    gather = editor.producer(value)
    if gather is None or not isinstance(gather.op, Gather) or value.shape != result.shape:
        return
    table = gather.operand(0)
    if gather.op != Gather(0) or table.const is None or table.shape[1:] != (columns,):
        return
    readers = set(editor.users(value))
    needed = readers != {node} or editor.is_output(value) or editor.is_symbol_source(value)
    if needed or table.const.size > _MAX_TABLE:
        return
    if not all(v in varying or _per_column(v, columns) for v in node.inputs if v is not None):
        return
    (mapped,) = op.eval([table.const if v is value else _column(v) for v in node.inputs])
    if mapped.shape != table.const.shape:
        return
    inputs = [constant(table.name, mapped, result.dtype), gather.inputs[1]]
    _become(editor, node, gather.op, inputs)


def _per_column(value: Value, columns: int) -> bool:
    return all(size == 1 for size in value.shape[:-1]) and value.shape[-1:] in ((), (1,), (columns,))


def _column(value: Value | None) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    assert value is not None and value.const is not None
    return value.const.reshape(-1)


def _become(editor: Editor, node: Node, op: Gather, inputs: list[Value | None]) -> None:
    """Make `node` a gather, and take out what fed it before."""
    node.op = op
    editor.rewire(node, inputs)
