"""Move reshapes after maps, so that maps meet the operators whose epilogues they can be."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.ir.dims import Dim
from edgec.ir.graph import Graph, Node, Value
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.ops.view import Reshape
from edgec.passes.editor import Editor


def sink_reshapes(graph: Graph) -> bool:
    """map(reshape(a), reshape(b), c) becomes reshape(map(a, b, c)) where a and b have one shape.

    A tensor that lacks only leading axes of size 1 counts as reshaped. Constants must mean the same under
    both shapes: one element, or trailing axes that the reshape keeps. A tensor that has the map's own shape
    is reshaped to a's where the map can then be a's epilogue and could not be the tensor's.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Map):
            _sink(editor, node, node.op)
    return editor.finish()


def _sink(editor: Editor, node: Node, op: Map) -> None:
    result = node.outputs[0]
    sources = {v: _source(editor, v, result.shape) for v in node.inputs if v is not None and v.const is None}
    shapes = {s.shape for s in sources.values() if s is not None}
    if len(shapes) != 1:
        return
    (shape,) = shapes
    whole = [v for v, source in sources.items() if source is None]
    if whole and not _joins_an_operator(editor, sources, whole, result.shape):
        return
    constants = [v for v in node.inputs if v is not None and v.const is not None]
    if not all(_means_the_same(v, shape, result) for v in constants):
        return
    for value in whole:
        sources[value] = editor.add(Reshape(shape), [value], node, value.name)
    inputs = [sources.get(v, v) if v is not None else None for v in node.inputs]
    if not _gives(op, inputs, shape):
        return
    feeding = [editor.producer(v) for v in node.inputs]
    made = editor.add(op, inputs, node)
    producer = editor.producer(made)
    assert producer is not None
    producer.absorbed = node.absorbed
    editor.detach(node)
    editor.insert(Node(Reshape(result.shape), [made], [result], node.name))
    for source in feeding:
        if source is not None and source in editor:
            editor.remove_dead(source, producer)


def _source(editor: Editor, value: Value, shape: tuple[Dim, ...]) -> Value | None:
    """The tensor that a map of result `shape` reads under another shape as `value`."""
    lacking = len(shape) - value.rank
    if lacking > 0 and shape == (*(1,) * lacking, *value.shape):
        return value
    source = editor.producer(value)
    reshaped = source is not None and isinstance(source.op, Reshape) and value.shape == shape
    return source.operand(0) if source is not None and reshaped else None


def _joins_an_operator(
    editor: Editor, sources: dict[Value, Value | None], whole: Sequence[Value], shape: tuple[Dim, ...]
) -> bool:
    """Whether a map could be the epilogue of what makes one of `sources`, and of none of `whole`."""
    return all(v.shape == shape and not _takes_epilogue(editor, v) for v in whole) and any(
        s is not None and editor.only_user(v) is not None and _takes_epilogue(editor, s)
        for v, s in sources.items()
    )


def _takes_epilogue(editor: Editor, value: Value) -> bool:
    """Whether maps on `value` join the operator that makes it, through maps that do so themselves."""
    producer = editor.producer(value)
    if producer is None or not isinstance(producer.op, Map):
        return producer is not None and hasattr(producer.op, "epilogue")
    return any(
        v is not None
        and v.shape == value.shape
        and editor.only_user(v) is producer
        and _takes_epilogue(editor, v)
        for v in producer.inputs
    )


def _gives(op: Map, inputs: list[Value | None], shape: tuple[Dim, ...]) -> bool:
    try:
        return op.infer([None if v is None else v.type for v in inputs], Context())[0].shape == shape
    except OpError:
        return False


def _means_the_same(constant: Value, shape: tuple[Dim, ...], result: Value) -> bool:
    """Whether a constant broadcasts along the same elements under both shapes."""
    rank = constant.rank
    if all(size == 1 for size in constant.shape):
        return rank <= len(shape)
    return rank <= len(shape) and shape[len(shape) - rank :] == result.shape[result.rank - rank :]
