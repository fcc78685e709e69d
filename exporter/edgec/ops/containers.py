"""Python values of sequences, optionals and maps.

A sequence is a list, an optional None or its content, a map a dict; a tensor in one is an array. Between
operators a container is an array of shape () that holds the Python value, so that it can be copied,
reshaped and chosen like any scalar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.types import DType, ElementType
from edgec.ops.base import Array, OpError


@dataclass(frozen=True, eq=False)
class _Held:
    """Keeps NumPy from looking into what an array holds."""

    content: Any


def wrap(content: Any) -> Array:
    """The array of shape () that holds a list, dict, array or None."""
    return np.array(_Held(content), object)


def unwrap(operand: Any) -> Any:
    """What `wrap` was given; a value that is not wrapped is itself."""
    if isinstance(operand, np.ndarray) and operand.dtype == object and operand.shape == ():
        found = operand.item()
        return found.content if isinstance(found, _Held) else operand
    return operand


def sequence(operand: Any) -> list[Any]:
    """The items of a sequence operand. Raises OpError for anything else."""
    found = unwrap(operand)
    if not isinstance(found, list):
        raise OpError(f"operand is {type(found).__name__}, expected a sequence (a list)")
    return found


def checked(content: Any, dtype: DType, element: ElementType | None) -> Any:
    """`content` as a value of a container of this type: lists of arrays, None, dicts.

    Raises OpError saying what does not fit, and where.

    >>> checked([[1.0]], DType.SEQUENCE, ElementType(DType.F32, (1,)))
    Traceback (most recent call last):
    edgec.ops.base.OpError: item 0 is float64 of shape (1,), expected f32[1]
    """
    content = unwrap(content)
    if dtype is DType.OPTIONAL:
        if content is None or element is None:
            return content
        return _checked_element(content, element)
    if dtype is DType.MAP:
        if not isinstance(content, dict):
            raise OpError(f"is {type(content).__name__}, expected a dict")
        return content
    if not isinstance(content, (list, tuple)):
        raise OpError(f"is {type(content).__name__}, expected a list")
    return [_item(i, item, element) for i, item in enumerate(content)]


def _item(index: int, item: Any, element: ElementType | None) -> Any:
    try:
        return item if element is None else _checked_element(item, element)
    except OpError as error:
        raise OpError(f"item {index} {error}") from error


def _checked_element(content: Any, element: ElementType) -> Any:
    if element.dtype.is_container:
        return checked(content, element.dtype, element.element)
    array = np.asarray(content)
    if array.dtype.kind in "SUT":
        array = array.astype(object)
    if array.dtype != element.dtype.numpy or not _shape_fits(array.shape, element):
        raise OpError(f"is {array.dtype} of shape {array.shape}, expected {element}")
    return array


def _shape_fits(shape: Sequence[int], element: ElementType) -> bool:
    if element.shape is None:
        return not element.empty
    return len(shape) == len(element.shape) and all(d in (-1, n) for d, n in zip(element.shape, shape))
