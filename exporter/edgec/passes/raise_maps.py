"""Move maps before concats, to the operators whose epilogues they can be."""

from __future__ import annotations

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.ops.view import Concat, Reshape, Transpose
from edgec.passes.editor import Editor
from edgec.passes.fuse_maps import is_exact


def raise_maps(graph: Graph) -> bool:
    """map(concat(view(a), view(b))) becomes concat(view(map(a)), view(map(b))).

    For maps of one tensor and numbers, where operators that take epilogues make a and b, and nothing else
    reads what lies between.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Map):
            _raise(editor, node, node.op)
    return editor.finish()


def _raise(editor: Editor, node: Node, op: Map) -> None:
    tensors = [v for v in node.inputs if v is not None and not (v.const is not None and v.const.size == 1)]
    joined = editor.producer(tensors[0]) if len(tensors) == 1 else None
    if joined is None or not isinstance(joined.op, Concat) or editor.only_user(tensors[0]) is not node:
        return
    if node.outputs[0].type != tensors[0].type:
        return
    paths = [_path(editor, joined, v) for v in joined.inputs]
    sources = [path[-1] for path in paths if path]
    if len(sources) < len(paths) or not all(_keeps_type(op, node, tensors[0], v) for v in sources):
        return
    for path in paths:
        _insert(editor, node, op, tensors[0], joined, path)
    editor.take_result(joined, node)


def _path(editor: Editor, reader: Node, value: Value | None) -> list[Value]:
    """`value` and what it is a view of, down to an operator's result; empty if a map cannot go there."""
    path: list[Value] = []
    while value is not None and is_exact(value) and editor.only_user(value) is reader:
        path.append(value)
        producer = editor.producer(value)
        if producer is None or not isinstance(producer.op, (Reshape, Transpose)):
            return path if producer is not None and hasattr(producer.op, "epilogue") else []
        reader, value = producer, producer.operand(0)
    return []


def _keeps_type(op: Map, node: Node, tensor: Value, source: Value) -> bool:
    types = [source.type if v is tensor else v.type if v is not None else None for v in node.inputs]
    try:
        return op.infer(types, Context())[0] == source.type
    except OpError:
        return False


def _insert(editor: Editor, node: Node, op: Map, tensor: Value, joined: Node, path: list[Value]) -> None:
    """Put the map behind the last value of the path; what the views between gave is not there any more."""
    source = path[-1]
    made = editor.add(op, [source if v is tensor else v for v in node.inputs], node, source.name)
    producer = editor.producer(made)
    assert producer is not None
    for reader in [r for r in editor.users(source) if r is not producer]:
        editor.set_inputs(reader, [made if v is source else v for v in reader.inputs])
    editor.absorb(path[:-1], producer)
