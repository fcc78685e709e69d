"""Sequences and optionals. A container is a value of shape () that never changes once it is made.

The rank of what is taken out of a container is an attribute, since the container's type need not tell it; so
are sizes that are known. A run checks both, and its sizes are counts that only the run can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.containers import ContainerError, container, element_of, join, parse_element, type_of
from edgec.ir.dims import Dim
from edgec.ir.graph import UNBOUNDED
from edgec.ir.types import DType, ElementType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.containers import sequence, unwrap, wrap
from edgec.ops.shapes import Operands, check_axis, operand, optional


def _container(operands: Operands, dtype: DType) -> TensorType:
    found = operand(operands, 0, dtype.text)
    if found.dtype != dtype:
        raise OpError(f"operand is {found}, expected a value of type {dtype.text}")
    return found


def _check_index(operands: Operands, index: int) -> None:
    position = optional(operands, index)
    if position is not None and (position.dtype != DType.I64 or position.rank):
        raise OpError(f"position is {position}, expected an i64 scalar")


def _joined(a: ElementType | None, b: ElementType | None) -> ElementType | None:
    try:
        return join(a, b)
    except ContainerError as error:
        raise OpError(str(error)) from error


def _taken(
    dtype: int, shape: Sequence[int], source: TensorType, size: Callable[[int], Dim], what: str
) -> TensorType:
    """The type of what `source` holds, of that dtype and shape (-1: a size that only the run tells)."""
    inside = source.element
    if inside is not None and (inside.dtype != dtype or not _ranks_agree(inside, shape)):
        raise OpError(f"{what} is {inside}, expected {ElementType(DType(dtype), tuple(shape))}")
    nested, key = (None, None) if inside is None else (inside.element, inside.key)
    return type_of(ElementType(DType(dtype), tuple(shape), nested, key), size)


def _ranks_agree(inside: ElementType, shape: Sequence[int]) -> bool:
    return inside.shape is None or len(inside.shape) == len(shape)


def _position(index: Array | None, count: int, ends: int, default: int) -> int:
    """An index as 0 to count + ends - 1; negative ones count from the end of `count` items."""
    if index is None:
        return default
    found = int(index.reshape(()))
    if not -count <= found < count + ends:
        raise OpError(f"position is {found}, expected {-count} to {count + ends - 1}")
    return found + count if found < 0 else found


def _fitting(item: Any, dtype: int, shape: Sequence[int], what: str) -> Array:
    """An item as an operator's result. Raises OpError where it is of another type or shape."""
    if DType(dtype).is_container:
        return wrap(item)
    array = np.asarray(item)
    same = len(shape) == array.ndim and all(d in (-1, n) for d, n in zip(shape, array.shape))
    if DType.of(array.dtype) != dtype or not same:
        found = f"{DType.of(array.dtype).text}{list(array.shape)}"
        raise OpError(f"{what} is {found}, expected {ElementType(DType(dtype), tuple(shape))}")
    return array


@register
@dataclass(frozen=True)
class SequenceConstruct(Op):
    """A sequence of the operands, in order; of none, it holds nothing of element type `dtype`.

    Operands: n tensors or containers of type `dtype`. Source: ONNX SequenceConstruct, SequenceEmpty.
    """

    name = "sequence_construct"
    dtype: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        element: ElementType | None = None
        for i in range(len(operands)):
            element = _joined(element, element_of(operand(operands, i, "item")))
        if element is None:
            element = ElementType(DType(self.dtype), None, empty=True)
        if element.dtype != self.dtype:
            raise OpError(f"items are {element}, expected {DType(self.dtype).text}")
        return [container(DType.SEQUENCE, element)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [wrap([unwrap(o) for o in operands])]


@register
@dataclass(frozen=True)
class SequenceAt(Op):
    """The item at a position; negative positions count from the end.

    Operands: sequence, position i64 []. Result: `dtype`, `shape` with -1 where the item tells the size; an
    item of another type is the run's error, as is a position that is not there. Source: ONNX SequenceAt.
    """

    name = "sequence_at"
    dtype: int
    shape: tuple[int, ...] = ()

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source = _container(operands, DType.SEQUENCE)
        operand(operands, 1, "position")
        _check_index(operands, 1)
        return [_taken(self.dtype, self.shape, source, lambda a: context.count(0, a, UNBOUNDED), "the item")]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        items = sequence(operands[0])
        found = _position(operands[1], len(items), 0, 0)
        return [_fitting(items[found], self.dtype, self.shape, f"item {found}")]


@register
@dataclass(frozen=True)
class SequenceInsert(Op):
    """The sequence with one more item before `position`, or at the end without one.

    Operands: sequence, item, position i64 [] or None: -n to n for n items. Source: ONNX SequenceInsert.
    """

    name = "sequence_insert"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source = _container(operands, DType.SEQUENCE)
        _check_index(operands, 2)
        element = _joined(source.element, element_of(operand(operands, 1, "item")))
        return [container(DType.SEQUENCE, element)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        items = list(sequence(operands[0]))
        position = _position(operands[2] if len(operands) > 2 else None, len(items), 1, len(items))
        items.insert(position, unwrap(operands[1]))
        return [wrap(items)]


@register
@dataclass(frozen=True)
class SequenceErase(Op):
    """The sequence without the item at `position`, or without the last one.

    Operands: sequence, position i64 [] or None. Source: ONNX SequenceErase.
    """

    name = "sequence_erase"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source = _container(operands, DType.SEQUENCE)
        _check_index(operands, 1)
        return [source]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        items = list(sequence(operands[0]))
        if not items:
            raise OpError("the sequence is empty")
        del items[_position(operands[1] if len(operands) > 1 else None, len(items), 0, len(items) - 1)]
        return [wrap(items)]


@register
@dataclass(frozen=True)
class SequenceLength(Op):
    """How many items a sequence has: i64 []. Source: ONNX SequenceLength."""

    name = "sequence_length"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        _container(operands, DType.SEQUENCE)
        return [TensorType(DType.I64, ())]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [np.array(len(sequence(operands[0])), np.int64)]


@register
@dataclass(frozen=True)
class SequenceConcat(Op):
    """The items, tensors of type `dtype` and shape `shape` (-1: not known), one behind the other.

    Operand: sequence with at least one item. They are joined along `axis`, or stacked on a new axis there
    with `new_axis`; all other sizes must be equal. Source: ONNX ConcatFromSequence.
    """

    name = "sequence_concat"
    axis: int
    new_axis: bool
    dtype: int
    shape: tuple[int, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source = _container(operands, DType.SEQUENCE)
        if DType(self.dtype).is_container:
            raise OpError(f"items are {DType(self.dtype).text}, expected tensors")
        shape = list(self.shape)
        check_axis(self.axis, len(shape) + self.new_axis)
        if self.new_axis:
            shape.insert(self.axis, -1)
        else:
            shape[self.axis] = -1
        item = _taken(self.dtype, self.shape, source, lambda _: 0, "an item")
        sizes = [context.count(0, a, UNBOUNDED) if d < 0 else d for a, d in enumerate(shape)]
        return [TensorType(item.dtype, tuple(sizes))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        items = sequence(operands[0])
        if not items:
            raise OpError("the sequence is empty, expected at least one item")
        parts = [_fitting(item, self.dtype, self.shape, f"item {i}") for i, item in enumerate(items)]
        return [np.stack(parts, self.axis) if self.new_axis else np.concatenate(parts, self.axis)]


@register
@dataclass(frozen=True)
class SequenceSplit(Op):
    """x cut along `axis` into a sequence.

    Operands: x, split i64: [] for parts of that size, the last as large as what is left; [n] for the sizes of
    n parts, which add up to the axis's; None for parts of size 1, without the axis unless `keepdims`.
    Source: ONNX SplitToSequence.
    """

    name = "sequence_split"
    axis: int
    keepdims: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, split = operand(operands, 0, "x"), optional(operands, 1)
        check_axis(self.axis, x.rank)
        if split is not None and (split.dtype != DType.I64 or split.rank > 1):
            raise OpError(f"split is {split}, expected an i64 scalar or vector")
        part = list(element_of(x).shape or ())
        part[self.axis] = 1 if split is None else -1
        if split is None and not self.keepdims:
            del part[self.axis]
        return [container(DType.SEQUENCE, ElementType(x.dtype, tuple(part)))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands[:1])
        split = operands[1] if len(operands) > 1 else None
        total = x.shape[self.axis]
        if split is None:
            parts = np.split(x, total, self.axis) if total else []
            return [wrap(parts if self.keepdims else [p.squeeze(self.axis) for p in parts])]
        if split.ndim == 0:
            if split < 1:
                raise OpError(f"split is {split}, expected 1 or more")
            ends = list(range(int(split), total, int(split)))
        else:
            if (split < 0).any() or split.sum() != total:
                raise OpError(f"split is {split.tolist()}, expected sizes that add up to {total}")
            ends = np.cumsum(split)[:-1].tolist()
        whole = split.ndim == 1 and split.size == 0 or total == 0 and split.ndim == 0
        return [wrap([] if whole else np.split(x, ends, self.axis))]


@register
@dataclass(frozen=True)
class Box(Op):
    """An optional: of the operand, or absent without one.

    Operand: a tensor or sequence, or nothing. `content` is the type that an absent one would hold, in the
    form that ElementType prints. Source: ONNX Optional.
    """

    name = "box"
    content: str = ""

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = optional(operands, 0)
        if x is not None and x.dtype is DType.OPTIONAL:
            raise OpError(f"operand is {x}, which is an optional already")
        try:
            declared = parse_element(self.content) if self.content else None
        except ContainerError as error:
            raise OpError(str(error)) from error
        element = _joined(declared, None if x is None else element_of(x))
        return [container(DType.OPTIONAL, element)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [wrap(unwrap(operands[0]) if operands else None)]


@register
@dataclass(frozen=True)
class Unbox(Op):
    """What a present optional holds; an absent one is the run's error.

    Operand: optional. Result: `dtype`, `shape` with -1 where the content tells the size. Source: ONNX
    OptionalGetElement.
    """

    name = "unbox"
    dtype: int
    shape: tuple[int, ...] = ()

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source = _container(operands, DType.OPTIONAL)
        return [
            _taken(self.dtype, self.shape, source, lambda a: context.count(0, a, UNBOUNDED), "the content")
        ]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        content = unwrap(operands[0])
        if content is None:
            raise OpError("the optional is absent, expected one with a value")
        return [_fitting(content, self.dtype, self.shape, "the content")]


@register
@dataclass(frozen=True)
class HasElement(Op):
    """Whether an optional is present: bool []. Source: ONNX OptionalHasElement."""

    name = "has_element"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        _container(operands, DType.OPTIONAL)
        return [TensorType(DType.BOOL, ())]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [np.array(unwrap(operands[0]) is not None)]
