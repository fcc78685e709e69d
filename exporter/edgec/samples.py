"""Inputs for a model: seeded random ones that fit its specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgec.ir.dims import DimError, evaluate, symbols_of
from edgec.ir.graph import Graph, Value
from edgec.ir.types import DType, ElementType

Array = np.ndarray[Any, Any]

FIRST_AXIS_SIZE = 1
OTHER_AXIS_SIZE = 64
INTEGERS = 8
ITEMS = 3
WORDS = ("", "a", "b", "word", "two words", "A", "é", "0")


class InputError(ValueError):
    """Inputs that cannot be made, or do not fit. The text says what was expected."""


def sizes_of_symbols(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """A size for each symbol of the inputs' shapes.

    They follow from `shapes` (input name to sizes); where those say nothing, a first axis is 1
    and any other 64. Raises InputError for shapes that do not fit.

    >>> from edgec.ir.dims import symbol
    >>> from edgec.ir.types import TensorType
    >>> x = Value("x", TensorType(DType.F32, (symbol("n"), 3)))
    >>> sizes_of_symbols(Graph("main", [x]), {"x": (2, 3)})
    {'n': 2}
    """
    names = [v.name for v in graph.inputs]
    for name in shapes:
        if name not in names:
            raise InputError(f"input '{name}' is not one of {', '.join(names)}")
    sizes: dict[str, int] = {}
    for value in graph.inputs:
        given = shapes.get(value.name, ())
        if value.name in shapes and len(given) != value.rank:
            raise InputError(f"input '{value.name}': shape {list(given)}, expected {value.type}")
        sizes |= {str(d): size for d, size in zip(value.shape, given) if str(d) in symbols_of(d)}
    for value in graph.inputs:
        for axis, dim in enumerate(value.shape):
            for name in symbols_of(dim):
                sizes.setdefault(name, OTHER_AXIS_SIZE if axis else FIRST_AXIS_SIZE)
    for value in graph.inputs:
        if value.name in shapes and list(shapes[value.name]) != _sizes(value, sizes):
            raise InputError(f"input '{value.name}': shape {list(shapes[value.name])}, expected {value.type}")
    return sizes


def random_array(value: Value, sizes: Mapping[str, int], random: np.random.Generator) -> Any:
    """Standard normal for floats, below 8 for integers, either for bool, in the type of `value`.

    Strings are short words; sequences have 3 items, optionals are there, maps have 8 keys.
    """
    if value.dtype.is_container:
        return _content(value.dtype, value.type.element, value.type.key, random)
    return _tensor(value.dtype, _sizes(value, sizes), random)


def _content(
    dtype: DType, element: ElementType | None, key: DType | None, random: np.random.Generator
) -> Any:
    if element is None:
        return {DType.SEQUENCE: [], DType.MAP: {}}.get(dtype)
    if dtype is DType.SEQUENCE:
        return [] if element.empty else [_element(element, random) for _ in range(ITEMS)]
    if dtype is DType.OPTIONAL:
        return _element(element, random)
    keys = WORDS if key is DType.STRING else range(INTEGERS)
    return dict(zip(keys, _tensor(element.dtype, [len(keys)], random).tolist()))


def _element(element: ElementType, random: np.random.Generator) -> Any:
    """An item; sizes that are open are 1 to 8, and so is the one axis where the rank is open."""
    if element.dtype.is_container:
        return _content(element.dtype, element.element, element.key, random)
    sizes = [-1] if element.shape is None else element.shape
    return _tensor(element.dtype, [int(random.integers(1, 9)) if d < 0 else d for d in sizes], random)


def _tensor(dtype: DType, shape: Sequence[int], random: np.random.Generator) -> Array:
    if dtype is DType.STRING:
        return random.choice(np.array(WORDS, object), shape)
    if dtype is DType.BOOL:
        return random.integers(0, 2, shape).astype(bool)
    if dtype.is_int:
        return random.integers(0, INTEGERS, shape).astype(dtype.numpy)
    return random.standard_normal(shape).astype(dtype.numpy)


def random_inputs(graph: Graph, shapes: Mapping[str, Sequence[int]], seed: int) -> dict[str, Array]:
    """An array for each input of the graph; the same for the same seed and shapes."""
    sizes = sizes_of_symbols(graph, shapes)
    random = np.random.default_rng(seed)
    return {value.name: random_array(value, sizes, random) for value in graph.inputs}


def _sizes(value: Value, sizes: Mapping[str, int]) -> list[int]:
    try:
        return [evaluate(dim, sizes) for dim in value.shape]
    except DimError as error:
        raise InputError(f"input '{value.name}': {error}") from error
