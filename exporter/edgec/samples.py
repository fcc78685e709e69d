"""Inputs for a model: seeded random ones that fit its specs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from edgec.ir.dims import Dim, DimError, evaluate, symbols_of
from edgec.ir.graph import Element, Graph, Value
from edgec.ir.types import DType, ElementType

Array = np.ndarray[Any, Any]

FIRST_AXIS_SIZE = 1
OTHER_AXIS_SIZE = 64
SIZES = (OTHER_AXIS_SIZE, 256, 128, 32, 512, 1024, 96, 320, 160, 224, 48, 16, 8, 4, 2, 1, 2048, 4096, 16000)
MOST_CHOSEN = 6  # of how many symbols every choice is tried
INTEGERS = 8
ITEMS = 3
WORDS = ("", "a", "b", "word", "two words", "A", "é", "0")


class InputError(ValueError):
    """Inputs that cannot be made, or do not fit. The text says what was expected."""


def sizes_of_symbols(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """A size for each symbol of the inputs' shapes.

    They follow from `shapes` (input name to sizes); where those say nothing, a first axis is 1 and any other
    64, or the first other sizes found that the graph's guards let pass. Raises InputError for shapes that do
    not fit.

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
    first: dict[str, bool] = {}
    for value in graph.inputs:
        for axis, dim in enumerate(value.shape):
            first |= {name: axis == 0 for name in symbols_of(dim) if name not in (first | sizes)}
    sizes |= _chosen(graph, sizes, first)
    for value in graph.inputs:
        if value.name in shapes and list(shapes[value.name]) != _sizes(value, sizes):
            raise InputError(f"input '{value.name}': shape {list(shapes[value.name])}, expected {value.type}")
    return sizes


def _chosen(graph: Graph, known: Mapping[str, int], first: Mapping[str, bool]) -> dict[str, int]:
    """Sizes for the symbols of `first`, which tells whether a symbol is that of a first axis.

    Of the choices in `_choices`, the first under which the fewest guards on input sizes fail.
    """
    names = {*known, *first}
    guards = [g.expr for inner in graph.walk() for g in inner.guards if symbols_of(g.expr) <= names]
    best: dict[str, int] = {}
    fewest = len(guards) + 1
    for choice in _choices(first, (*SIZES[:1], *known.values(), *SIZES[1:])):
        failing = sum(not _holds(expr, {**known, **choice}) for expr in guards)
        if failing < fewest:
            best, fewest = choice, failing
        if fewest == 0:
            break
    return best


def _choices(first: Mapping[str, bool], sizes: Sequence[int]) -> Iterator[dict[str, int]]:
    """First axes of 1 and others of one of `sizes`; then with ever more symbols the other way round."""
    turnable = sorted(first, key=lambda name: first[name])[:MOST_CHOSEN]
    for size in dict.fromkeys(sizes):
        for count in range(len(turnable) + 1):
            for turned in combinations(turnable, count):
                yield {n: FIRST_AXIS_SIZE if first[n] != (n in turned) else size for n in first}


def _holds(guard: Dim, sizes: Mapping[str, int]) -> bool:
    try:
        return evaluate(guard, sizes) != 0
    except DimError:
        return False


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


def random_inputs(
    graph: Graph,
    shapes: Mapping[str, Sequence[int]],
    seed: int,
    given: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """An array for each input of the graph, those in `given` as they are; the same for the same arguments.

    Elements that guards are on, as on the sample rate of a network for one rate, are such that those pass.
    """
    sizes = sizes_of_symbols(graph, shapes)
    random = np.random.default_rng(seed)
    arrays = dict(given or {})
    made = [value for value in graph.inputs if value.name not in arrays]
    arrays |= {value.name: random_array(value, sizes, random) for value in made}
    for name, source in graph.symbols.items():
        if isinstance(source, Element) and source.value in made:
            key = source.value.name
            arrays[key] = _passing(arrays[key], source.index, name, [g.expr for g in graph.guards])
    return {value.name: arrays[value.name] for value in graph.inputs}


def _passing(array: Array, index: int, name: str, guards: Sequence[Dim]) -> Array:
    """Element `index` becomes the first value of its type that all guards on it alone let pass, if any."""
    array = np.array(array)
    elements = array.reshape(-1)
    guards = [guard for guard in guards if symbols_of(guard) == {name}]
    tried = [int(elements[index]), 0, 1, *(int(n) for g in guards for n in re.findall(r"-?\d+", str(g)))]
    held = [n for n in tried if np.array(n).astype(elements.dtype) == n]
    passing = [n for n in held if all(_holds(guard, {name: n}) for guard in guards)]
    elements[index] = next(iter(passing), tried[0])
    return array


def _sizes(value: Value, sizes: Mapping[str, int]) -> list[int]:
    try:
        return [evaluate(dim, sizes) for dim in value.shape]
    except DimError as error:
        raise InputError(f"input '{value.name}': {error}") from error
