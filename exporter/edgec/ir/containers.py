"""Types of sequences, optionals and maps: what they hold, joined, compared and read from text."""

from __future__ import annotations

import re
from collections.abc import Callable

from edgec.ir.dims import Dim
from edgec.ir.types import DType, ElementType, TensorType


class ContainerError(ValueError):
    """Types that cannot be in one container, or a text that is no type."""


def container(dtype: DType, element: ElementType | None, key: DType | None = None) -> TensorType:
    """The type of a value that is a sequence, optional or map.

    >>> str(container(DType.OPTIONAL, ElementType(DType.F32, (3,))))
    'optional(f32[3])'
    """
    return TensorType(dtype, (), element, key)


def element_of(type: TensorType) -> ElementType:
    """What a container of values of this type holds: sizes that are formulas are -1."""
    shape = tuple(d if isinstance(d, int) else -1 for d in type.shape)
    return ElementType(type.dtype, shape, type.element, type.key)


def type_of(element: ElementType, size: Callable[[int], Dim]) -> TensorType:
    """The type of a value taken out of a container; `size(axis)` names each size that is not known.

    Raises ContainerError where the rank is not known.
    """
    if element.shape is None:
        raise ContainerError(f"the rank of an element of type {element} is not known")
    shape = tuple(size(axis) if d < 0 else d for axis, d in enumerate(element.shape))
    return TensorType(element.dtype, shape, element.element, element.key)


def join(a: ElementType | None, b: ElementType | None) -> ElementType | None:
    """The narrowest type that holds both: sizes that differ become -1, shapes of different rank None.

    None, of which nothing is known, gives way to the other. Raises ContainerError for different dtypes.

    >>> str(join(ElementType(DType.F32, (2, 3)), ElementType(DType.F32, (2, 4))))
    'f32[2, ?]'
    """
    if a is None or b is None:
        return b if a is None else a
    if a.dtype != b.dtype or a.key != b.key:
        raise ContainerError(f"{a} and {b} cannot be in one container")
    if a.dtype.is_container:
        return ElementType(a.dtype, (), join(a.element, b.element), a.key)
    if a.empty or b.empty:
        return b if a.empty else a
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return ElementType(a.dtype, None)
    return ElementType(a.dtype, tuple(p if p == q else -1 for p, q in zip(a.shape, b.shape)))


def joined(a: TensorType, b: TensorType) -> TensorType:
    """`join` for the types of two containers; sizes of tensors are the caller's concern."""
    return TensorType(a.dtype, a.shape, join(a.element, b.element), a.key)


_TEXT = re.compile(r"\s*([a-z0-9]+)\s*([\[(])")


def parse_element(text: str) -> ElementType:
    """The type that `str` of an ElementType or of a container's TensorType gives.

    Raises ContainerError for a text that is no type, or one nested more than 8 deep.

    >>> str(parse_element("optional(sequence(f32[?, 3]))"))
    'optional(sequence(f32[?, 3]))'
    """
    element, rest = _parse(text, 8)
    if rest.strip():
        raise ContainerError(f"'{text}' is no type: '{rest}' is left over")
    return element


def _parse(text: str, depth: int) -> tuple[ElementType, str]:
    found = _TEXT.match(text)
    if found is None or found[1].upper() not in DType.__members__ or not depth:
        raise ContainerError(f"'{text}' is no type")
    dtype, rest = DType.parse(found[1]), text[found.end() :]
    if dtype.is_container != (found[2] == "("):
        raise ContainerError(f"'{text}' is no type")
    return _parse_container(dtype, rest, depth) if dtype.is_container else _parse_tensor(dtype, rest)


def _parse_container(dtype: DType, rest: str, depth: int) -> tuple[ElementType, str]:
    key: DType | None = None
    if dtype is DType.MAP:
        name, _, rest = rest.partition(",")
        if name.strip() not in ("i64", "string"):
            raise ContainerError(f"'{name}' is no type of keys, expected i64 or string")
        key = DType.parse(name.strip())
    element: ElementType | None = None
    if rest.lstrip().startswith("?"):
        rest = rest.lstrip()[1:]
    else:
        element, rest = _parse(rest, depth - 1)
    if not rest.startswith(")"):
        raise ContainerError(f"'{rest}' does not begin with ')'")
    return ElementType(dtype, (), element, key), rest[1:]


def _parse_tensor(dtype: DType, rest: str) -> tuple[ElementType, str]:
    inside, bracket, rest = rest.partition("]")
    if not bracket:
        raise ContainerError(f"'[{inside}' is not closed")
    if inside in ("...", "-"):
        return ElementType(dtype, None, empty=inside == "-"), rest
    sizes = [s.strip() for s in inside.split(",")] if inside.strip() else []
    if not all(s == "?" or s.isdigit() for s in sizes):
        raise ContainerError(f"'[{inside}]' is no shape")
    return ElementType(dtype, tuple(-1 if s == "?" else int(s) for s in sizes)), rest
