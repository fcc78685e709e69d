"""Sequences and optionals.

What is known at export leaves no container behind: `Builder.items` has the items of sequences (and the
content of optionals) that are made of known ones, and readers use those.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.importer import STEP_HANDLERS, Importer, NodeStep, Step
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.frontends.onnx.view import require_size
from edgec.ir.dims import Dim, eq
from edgec.ir.graph import Value
from edgec.ir.types import DType, ElementType
from edgec.ops.base import OpError
from edgec.ops.sequence import (
    Box,
    HasElement,
    SequenceAt,
    SequenceConcat,
    SequenceConstruct,
    SequenceErase,
    SequenceInsert,
    SequenceLength,
    SequenceSplit,
    Unbox,
)

MAX_PARTS = 64  # a split into more at export is left to the run


def construct(b: Builder, items: Sequence[Value], dtype: DType) -> Value:
    """A sequence of known items."""
    value = b.one(SequenceConstruct(dtype), *items)
    b.items[value] = tuple(items)
    return value


def box(b: Builder, content: Value) -> Value:
    """A present optional."""
    value = b.one(Box(), content)
    b.items[value] = (content,)
    return value


def unbox(b: Builder, call: Call, x: Value, result: int = 0) -> Value:
    """The content of an optional, result `result` of the node; whatever else x is, is itself."""
    if x.dtype is not DType.OPTIONAL:
        return x
    if b.items.get(x):
        return b.items[x][0]
    dtype, shape = _inside(call, x, result)
    return b.one(Unbox(dtype, shape), x)


def _inside(call: Call, x: Value, result: int = 0) -> tuple[DType, tuple[int, ...]]:
    """The dtype and shape of what a container holds; where its rank is open, those declared of the result.

    Raises Unsupported where nothing tells the rank.
    """
    element = x.type.element
    if element is not None and element.shape is not None:
        return element.dtype, element.shape
    declared = call.declared.get(call.outputs[result]) if call.uses(result) else None
    found = None if declared is None else _declared(declared)
    if found is None or found.shape is None or (element is not None and found.dtype != element.dtype):
        raise Unsupported(
            f"the rank of what '{x.name}' ({x.type}) holds is not known",
            "declare it: in the type of the result or of the input, or with --shape for an input",
        )
    return found.dtype, found.shape


def _declared(proto: onnx.TypeProto) -> ElementType | None:
    try:
        return loading.element_type(proto)
    except ValueError:
        return None


def _sequence(call: Call, index: int = 0) -> Value:
    value = call.operand(index)
    if value.dtype is not DType.SEQUENCE:
        raise OpError(f"input {index} is {value.type}, expected a sequence")
    return value


def _position(b: Builder, call: Call, index: int) -> Value | None:
    given = call.optional(index)
    return None if given is None else b.reshape(b.cast(given, DType.I64), ())


def _known_position(b: Builder, position: Value | None, count: int, ends: int) -> int | None:
    """The position as 0 to count + ends - 1 where export knows it. Raises OpError where it is not one."""
    if position is None:
        return count + ends - 1
    known = b.contents(position)
    found = None if known is None else known.reshape(-1)[0]
    if not isinstance(found, int):
        return None
    if not -count <= found < count + ends:
        raise OpError(f"position is {found}, expected {-count} to {count + ends - 1}")
    return found + count if found < 0 else found


@onnx_op("SequenceEmpty")
def sequence_empty(b: Builder, call: Call) -> Value:
    return construct(b, (), loading.dtype_of(call.integer("dtype", onnx.TensorProto.FLOAT)))


@onnx_op("SequenceConstruct")
def sequence_construct(b: Builder, call: Call) -> Value:
    items = call.operands()
    if not items:
        raise OpError("has no inputs, expected at least one")
    return construct(b, items, items[0].dtype)


@onnx_op("SequenceAt")
def sequence_at(b: Builder, call: Call) -> Value:
    x, position = _sequence(call), _position(b, call, 1)
    if position is None:
        raise OpError("input 1 is missing")
    items = b.items.get(x)
    known = None if items is None else _known_position(b, position, len(items), 0)
    if items is not None and known is not None:
        return items[known]
    dtype, shape = _inside(call, x)
    found = b.one(SequenceAt(dtype, shape), x, position)
    if items and all(item.shape == items[0].shape for item in items):
        return b.reshape(found, items[0].shape)
    return found


@onnx_op("SequenceInsert")
def sequence_insert(b: Builder, call: Call) -> Value:
    x, item, position = _sequence(call), call.operand(1), _position(b, call, 2)
    items = b.items.get(x)
    known = None if items is None else _known_position(b, position, len(items), 1)
    if items is not None and known is not None:
        held = x.type.element
        return construct(b, (*items[:known], item, *items[known:]), held.dtype if held else item.dtype)
    return b.one(SequenceInsert(), x, item, position)


@onnx_op("SequenceErase")
def sequence_erase(b: Builder, call: Call) -> Value:
    x, position = _sequence(call), _position(b, call, 1)
    items = b.items.get(x)
    known = None if items is None else _known_position(b, position, len(items), 0)
    if items and known is not None:
        return construct(b, (*items[:known], *items[known + 1 :]), items[0].dtype)
    return b.one(SequenceErase(), x, position)


@onnx_op("SequenceLength")
def sequence_length(b: Builder, call: Call) -> Value:
    x = _sequence(call)
    items = b.items.get(x)
    return b.one(SequenceLength(), x) if items is None else b.constant(len(items), DType.I64)


@onnx_op("ConcatFromSequence")
def concat_from_sequence(b: Builder, call: Call) -> Value:
    """Known items are a concat; new_axis puts an axis of size 1 into each before."""
    x, stacked = _sequence(call), call.flag("new_axis")
    items = b.items.get(x)
    if items:
        axis = resolve_axis(call.integer("axis"), items[0].rank + stacked)
        return b.concat([_with_axis(b, item, axis) if stacked else item for item in items], axis)
    dtype, shape = _item_of_result(call, x, stacked)
    axis = resolve_axis(call.integer("axis"), len(shape) + stacked)
    return b.one(SequenceConcat(axis, stacked, dtype, shape), x)


def _item_of_result(call: Call, x: Value, stacked: bool) -> tuple[DType, tuple[int, ...]]:
    element = x.type.element
    if element is not None and element.empty:
        raise OpError("the sequence is empty, expected at least one item")
    if element is not None and element.shape is not None:
        return element.dtype, element.shape
    dtype, shape = _inside(call, x)
    return dtype, (-1,) * (len(shape) - stacked)


def _with_axis(b: Builder, x: Value, axis: int) -> Value:
    return b.reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


@onnx_op("SplitToSequence")
def split_to_sequence(b: Builder, call: Call) -> Value:
    """Slices where export knows how many; keepdims counts only without given sizes."""
    x, split = call.operand(0), call.optional(1)
    axis, kept = call.axis(x.rank, 0), split is not None or call.flag("keepdims", True)
    sizes = _part_sizes(b, x.shape[axis], split)
    if sizes is None:
        given = None if split is None else b.cast(split, DType.I64)
        return b.one(SequenceSplit(axis, kept), x, given)
    parts: list[Value] = []
    start: Dim = 0
    for size in sizes:
        part = b.slice_axis(x, axis, start, size)
        parts.append(part if kept else b.reshape(part, (*part.shape[:axis], *part.shape[axis + 1 :])))
        start = start + size
    return construct(b, parts, x.dtype)


def _part_sizes(b: Builder, total: Dim, split: Value | None) -> list[Dim] | None:
    """The parts' sizes along the axis where their number is known, else None."""
    if split is not None and split.rank:
        if not isinstance(split.shape[0], int) or split.shape[0] > MAX_PARTS:
            return None
        sizes = [require_size(b, d) for d in b.dims_of(split)]
        whole = sum(sizes, start=total * 0)
        b.guard(eq(whole, total), f"sizes add up to {whole}, the axis is {total}")
        return sizes
    known = None if split is None else b.contents(split)
    size = 1 if split is None else None if known is None else known.reshape(-1)[0]
    if not isinstance(size, int) or not isinstance(total, int):
        return None
    if size < 1:
        raise OpError(f"split is {size}, expected 1 or more")
    if total > MAX_PARTS * size:
        return None
    return [min(size, total - start) for start in range(0, total, size)]


@onnx_op("Optional")
def optional(b: Builder, call: Call) -> Value:
    """Without an input, an absent optional of the type that the attribute gives."""
    content = call.optional(0)
    if content is not None:
        return box(b, content)
    if not call.has("type"):
        raise OpError("has neither an input nor the attribute 'type'")
    value = b.one(Box(str(loading.element_type(call.attributes["type"]))))
    b.items[value] = ()
    return value


@onnx_op("OptionalGetElement")
def optional_get_element(b: Builder, call: Call) -> Value:
    """Since opset 18 the input may be a tensor or sequence, which is its own content."""
    return unbox(b, call, call.operand(0))


@onnx_op("OptionalHasElement")
def optional_has_element(b: Builder, call: Call) -> Value:
    """Since opset 18 the input may be left out, or be a tensor or sequence."""
    x = call.optional(0)
    if x is None or x.dtype is not DType.OPTIONAL:
        return b.constant(x is not None, DType.BOOL)
    known = b.items.get(x)
    return b.one(HasElement(), x) if known is None else b.constant(bool(known), DType.BOOL)


def sequence_map(importer: Importer, step: NodeStep, call: Call, stack: list[Step]) -> None:
    """The body for each item where export knows them, else the loop that ONNX defines."""
    b, operands = importer.builder, call.operands()
    listed = [b.items.get(v) for v in operands if v.dtype is DType.SEQUENCE]
    lengths = {-1 if items is None else len(items) for items in listed}
    if not listed or lengths & {-1, 0} or len(lengths) > 1 or max(lengths) > MAX_PARTS:
        importer.inline_schema(step, operands, call.version, stack)
        return
    rows = []
    for i in range(max(lengths)):
        arguments = [b.items[v][i] if v.dtype is DType.SEQUENCE else v for v in operands]
        rows.append(call.import_body(call.graph("body"), arguments))
    importer.bind_results(step, [construct(b, column, column[0].dtype) for column in zip(*rows)])


STEP_HANDLERS["", "SequenceMap"] = sequence_map
