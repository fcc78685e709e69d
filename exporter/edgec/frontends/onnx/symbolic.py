"""Arithmetic on tensors whose contents are dims.

Small tensors that hold sizes are computed at import, element by element, so the shape arithmetic of a
model leaves no nodes behind. *Contents* are a NumPy object array; an element is

* an `int` or `Expr` for integers, 0, 1 or an `Expr` of such value for bool,
* a `Fraction` or a `Ratio` for floats. Float arithmetic is done exactly, which is what the model computes
  as long as the sizes stay below 2^24; a Ratio's denominator is bounded so that this stays true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Union

import numpy as np

from edgec.ir import dims
from edgec.ir.dims import Dim, Expr
from edgec.ir.types import DType
from edgec.ops.program import Instruction, Program

Contents = np.ndarray[Any, Any]
MAX_ELEMENTS = 4096
MAX_DENOMINATOR = 4096


class NotSymbolic(Exception):
    """The operation has no exact form on dims; it has to be left to run time."""


@dataclass(frozen=True)
class Ratio:
    """The float `numerator / denominator`, with a symbolic numerator and a positive denominator."""

    numerator: Expr
    denominator: int


Real = Union[Fraction, Ratio]
Element = Union[int, Expr, Fraction, Ratio]


def contents_of_array(array: np.ndarray[Any, Any]) -> Contents | None:
    """The contents of a constant; None where it is too large, not a number type, or not finite."""
    if array.size > MAX_ELEMENTS or array.dtype.kind not in "biuf":
        return None
    result = np.empty(array.shape, object)
    flat = array.reshape(-1).tolist()
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            return None
        flat = [Fraction(v) for v in flat]
    else:
        flat = [int(v) for v in flat]
    for index, value in enumerate(flat):
        result.reshape(-1)[index] = value
    return result


def is_plain(contents: Contents) -> bool:
    """Whether no element holds a symbol."""
    return not any(isinstance(v, (Expr, Ratio)) for v in contents.reshape(-1))


def array_of_contents(contents: Contents, dtype: DType) -> np.ndarray[Any, Any]:
    """The array of plain contents."""
    values = [float(v) if isinstance(v, Fraction) else v for v in contents.reshape(-1)]
    result: np.ndarray[Any, Any] = np.array(values, dtype=dtype.numpy).reshape(contents.shape)
    return result


def split(element: Element) -> tuple[Dim, int]:
    """(numerator, denominator) of any element."""
    if isinstance(element, (Fraction, Ratio)):
        return element.numerator, element.denominator
    return element, 1


def real(numerator: Dim, denominator: int) -> Real:
    """numerator / denominator in lowest terms. Raises NotSymbolic for an unwieldy denominator."""
    if isinstance(numerator, int):
        return Fraction(numerator, denominator)
    common = math.gcd(denominator, *(c for _, c in numerator.terms))
    reduced = dims.floordiv(numerator, common)
    if denominator // common > MAX_DENOMINATOR or not isinstance(reduced, Expr):
        raise NotSymbolic
    return Ratio(reduced, denominator // common)


def evaluate_program(program: Program, operands: Sequence[Contents]) -> Contents:
    """What `map(program)` makes of operands with known contents, broadcast as NumPy does.

    Raises NotSymbolic where an instruction has no exact form.
    """
    arrays = np.broadcast_arrays(*operands)
    shape = arrays[0].shape
    result = np.empty(shape, object)
    flat = [a.reshape(-1) for a in arrays]
    out = result.reshape(-1)
    for index in range(out.size):
        out[index] = _run(program, [a[index] for a in flat])
    return result


def _run(program: Program, registers: list[Element]) -> Element:
    types = program.register_types()
    for instruction in program.code:
        operands = [registers[a] for a in instruction.args]
        source = types[instruction.args[-1]] if instruction.args else instruction.dtype
        registers.append(_step(instruction, operands, source))
    return registers[-1]


def _step(instruction: Instruction, args: list[Element], source: DType) -> Element:
    if instruction.op == "const":
        return _constant(instruction)
    if instruction.op == "cast":
        return _cast(args[0], source, instruction.dtype)
    if instruction.op == "select":
        return _select(args[0], args[1], args[2])
    table = _FLOAT if source.is_float else _INT
    rule = table.get(instruction.op)
    if rule is None:
        raise NotSymbolic
    return rule(*args)


def _constant(instruction: Instruction) -> Element:
    if not instruction.dtype.is_float:
        return int(instruction.value)
    if not math.isfinite(instruction.value):
        raise NotSymbolic
    return Fraction(instruction.value)


def _cast(value: Element, source: DType, target: DType) -> Element:
    if target == DType.BOOL:
        return value if source == DType.BOOL else dims.logical_not(dims.eq(split(value)[0], 0))
    if target.is_float:
        return real(*split(value))
    if source.is_float:
        return _truncate(value)
    return value


def _truncate(value: Element) -> Dim:
    numerator, denominator = split(value)
    if denominator == 1:
        return numerator
    low, high = dims.bounds(numerator)
    if low is not None and low >= 0:
        return dims.floordiv(numerator, denominator)
    if high is not None and high <= 0:
        return dims.ceildiv(numerator, denominator)
    raise NotSymbolic


def _select(condition: Element, a: Element, b: Element) -> Element:
    chosen = split(condition)[0]
    if isinstance(chosen, int):
        return a if chosen else b
    if isinstance(a, (Fraction, Ratio)) or isinstance(b, (Fraction, Ratio)):
        (p, q), (r, s) = split(a), split(b)
        return real(dims.select(chosen, p * s, r * q), q * s)
    return dims.select(chosen, a, b)


def _truncated_quotient(a: Dim, b: Dim) -> Dim:
    if b == 0:
        return 0
    low = dims.bounds(b)[0]
    if low is None or low < 0:
        raise NotSymbolic
    negative = dims.maximum(a * -1, 0)
    return dims.floordiv(dims.maximum(a, 0), b) - dims.floordiv(negative, b)


def _floor_mod(a: Dim, b: Dim) -> Dim:
    return 0 if b == 0 else dims.mod(a, b)


def _truncated_mod(a: Dim, b: Dim) -> Dim:
    return a - _truncated_quotient(a, b) * b


def _less(a: Dim, b: Dim) -> Dim:
    return dims.less(a, b)


def _power(a: Dim, b: Dim) -> Dim:
    if not isinstance(b, int) or not 0 <= b <= 8:
        raise NotSymbolic
    return dims.product([a] * b)


_INT: dict[str, Callable[..., Element]] = {
    "neg": lambda a: a * -1,
    "abs": lambda a: dims.maximum(a, a * -1),
    "not": dims.logical_not,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _truncated_quotient,
    "mod": _floor_mod,
    "fmod": _truncated_mod,
    "pow": _power,
    "min": dims.minimum,
    "max": dims.maximum,
    "eq": dims.eq,
    "ne": lambda a, b: dims.logical_not(dims.eq(a, b)),
    "lt": _less,
    "gt": lambda a, b: _less(b, a),
    "le": lambda a, b: dims.logical_not(_less(b, a)),
    "ge": lambda a, b: dims.logical_not(_less(a, b)),
    "and": lambda a, b: a * b,
    "or": dims.maximum,
    "xor": lambda a, b: dims.logical_not(dims.eq(a, b)),
}


def _common(rule: Callable[[Dim, Dim], Dim]) -> Callable[[Element, Element], Element]:
    """Lift a rule that scales with its arguments to reals."""

    def lifted(a: Element, b: Element) -> Element:
        (p, q), (r, s) = split(a), split(b)
        return real(rule(p * s, r * q), q * s)

    return lifted


def _comparison(rule: Callable[..., Element]) -> Callable[[Element, Element], Element]:
    def lifted(a: Element, b: Element) -> Element:
        (p, q), (r, s) = split(a), split(b)
        return rule(p * s, r * q)

    return lifted


def _product(a: Element, b: Element) -> Element:
    (p, q), (r, s) = split(a), split(b)
    return real(p * r, q * s)


def _quotient(a: Element, b: Element) -> Element:
    (p, q), (r, s) = split(a), split(b)
    if isinstance(r, int):
        if r == 0:
            raise NotSymbolic
        return real(p * s * (1 if r > 0 else -1), q * abs(r))
    exact = dims.floordiv(p, r)
    if exact * r != p:
        raise NotSymbolic
    return real(exact * s, q)


def _rounded(rule: Callable[[Dim, int], Dim]) -> Callable[[Element], Element]:
    return lambda a: real(rule(*split(a)), 1)


def _nearest(a: Element) -> Element:
    numerator, denominator = split(a)
    if denominator == 1:
        return a
    if denominator % 2 == 0:
        raise NotSymbolic  # halves go to the even neighbour, which has no short form
    return real(dims.floordiv(numerator * 2 + denominator, 2 * denominator), 1)


_FLOAT: dict[str, Callable[..., Element]] = {
    "neg": lambda a: _product(a, Fraction(-1)),
    "add": _common(lambda a, b: a + b),
    "sub": _common(lambda a, b: a - b),
    "mul": _product,
    "div": _quotient,
    "recip": lambda a: _quotient(Fraction(1), a),
    "min": _common(dims.minimum),
    "max": _common(dims.maximum),
    "floor": _rounded(dims.floordiv),
    "ceil": _rounded(dims.ceildiv),
    "round": _nearest,
    "trunc": lambda a: real(_truncate(a), 1),
    **{name: _comparison(_INT[name]) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
}


def reduce_contents(kind: str, contents: Contents, axes: Sequence[int], keepdims: bool) -> Contents:
    """The reduction of integer contents over axes. Raises NotSymbolic for kinds without an exact form."""
    rules: dict[str, tuple[Callable[[Dim, Dim], Dim], int | None]] = {
        "sum": (lambda a, b: a + b, 0),
        "prod": (lambda a, b: a * b, 1),
        "min": (dims.minimum, None),
        "max": (dims.maximum, None),
    }
    if kind not in rules or any(isinstance(v, (Fraction, Ratio)) for v in contents.reshape(-1)):
        raise NotSymbolic
    rule, start = rules[kind]
    kept = [a for a in range(contents.ndim) if a not in axes]
    moved = contents.transpose([*kept, *axes])
    rows = moved.reshape(math.prod(moved.shape[: len(kept)]), -1)
    result = np.empty(len(rows), object)
    for index, row in enumerate(rows):
        items = list(row) if start is None else [start, *row]
        if not items:
            raise NotSymbolic
        total = items[0]
        for item in items[1:]:
            total = rule(total, item)
        result[index] = total
    shape = [1 if a in axes else n for a, n in enumerate(contents.shape)]
    return result.reshape(shape if keepdims else [n for a, n in enumerate(shape) if a not in axes])
