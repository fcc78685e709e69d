"""Move reshapes after maps, so that maps meet the operators whose epilogues they can be."""

from __future__ import annotations

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.ops.view import Reshape
from edgec.passes.editor import Editor


def sink_reshapes(graph: Graph) -> bool:
    """map(reshape(a), reshape(b), c) becomes reshape(map(a, b, c)) where a and b have one shape.

    Constants must mean the same under both shapes: one element, or trailing axes that the reshape keeps.
    Only where nothing else reads the reshapes.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Map):
            _sink(editor, node, node.op)
    return editor.finish()


def _sink(editor: Editor, node: Node, op: Map) -> None:
    result = node.outputs[0]
    inputs: list[Value | None] = []
    reshapes: list[Node] = []
    for value in node.inputs:
        source = _reshape_only_for(editor, value, node)
        if source is not None:
            reshapes.append(source)
            inputs.append(source.operand(0))
        elif value is not None and value.const is not None:
            inputs.append(value)
        else:
            return
    shapes = {r.operand(0).shape for r in reshapes}
    if len(shapes) != 1 or any(r.outputs[0].shape != result.shape for r in reshapes):
        return
    (shape,) = shapes
    if not all(_means_the_same(v, shape, result) for v in inputs if v is not None and v.const is not None):
        return
    try:
        types = op.infer([None if v is None else v.type for v in inputs], Context())
    except OpError:
        return
    if types[0].shape != shape:
        return
    made = editor.add(op, inputs, node)
    producer = editor.producer(made)
    assert producer is not None
    producer.absorbed = node.absorbed
    editor.detach(node)
    editor.insert(Node(Reshape(result.shape), [made], [result], node.name))
    for reshape in reshapes:
        editor.remove_dead(reshape, producer)


def _reshape_only_for(editor: Editor, value: Value | None, node: Node) -> Node | None:
    """The reshape that makes `value` for `node` alone."""
    source = editor.producer(value)
    if value is None or source is None or not isinstance(source.op, Reshape):
        return None
    readers = set(editor.users(value))
    needed = readers != {node} or editor.is_output(value) or editor.is_symbol_source(value)
    return None if needed else source


def _means_the_same(constant: Value, shape: tuple[object, ...], result: Value) -> bool:
    """Whether a constant broadcasts along the same elements under both shapes."""
    rank = constant.rank
    if all(size == 1 for size in constant.shape):
        return rank <= len(shape)
    return rank <= len(shape) and shape[len(shape) - rank :] == result.shape[result.rank - rank :]
