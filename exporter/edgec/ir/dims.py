"""Symbolic dimensions.

A dim is an `int` or an `Expr`: a polynomial with integer coefficients over atoms, where an atom is a
symbol or one of the calls floordiv, ceildiv, mod, min, max, eq, select, bcast. Constructors keep one
normal form, so equal polynomials compare equal and most shape arithmetic cancels at export.

>>> n = symbol("n")
>>> (2 * n + 4) // 2 - n
2
>>> str(floordiv(n - 1, 2) + 1)
'floordiv(n + 1, 2)'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

Dim = Union[int, "Expr"]
Bound = Union[int, None]

CALLS: dict[str, int] = {
    "floordiv": 2,
    "ceildiv": 2,
    "mod": 2,
    "min": 2,
    "max": 2,
    "eq": 2,
    "select": 3,
    "bcast": 2,
}


class DimError(ValueError):
    """An expression has no value: division by zero, or bcast of two different sizes."""


@dataclass(frozen=True)
class Symbol:
    """A named unknown. `low` is a known lower bound: 0 for sizes, None for tensor elements."""

    name: str
    low: Bound = 0

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Call:
    """A non-polynomial operation on dims; `op` is a key of CALLS."""

    op: str
    args: tuple[Dim, ...]

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.args))})"


Atom = Union[Symbol, Call]
Monomial = tuple[Atom, ...]


@dataclass(frozen=True)
class Expr:
    """A sum of integer multiples of products of atoms, in normal form. Build it with operators."""

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: Dim) -> Dim:
        return _from_terms([*self.terms, *_terms(other)])

    def __radd__(self, other: Dim) -> Dim:
        return self + other

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + other * -1

    def __rsub__(self, other: Dim) -> Dim:
        return self * -1 + other

    def __mul__(self, other: Dim) -> Dim:
        return _from_terms(
            [(tuple(sorted((*m, *n), key=str)), a * b) for m, a in self.terms for n, b in _terms(other)]
        )

    def __rmul__(self, other: Dim) -> Dim:
        return self * other

    def __floordiv__(self, other: Dim) -> Dim:
        return floordiv(self, other)

    def __rfloordiv__(self, other: Dim) -> Dim:
        return floordiv(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return mod(self, other)

    def __rmod__(self, other: Dim) -> Dim:
        return mod(other, self)

    def __bool__(self) -> bool:
        raise TypeError(f"the truth of dim {self} is not known at export; add a guard instead")

    def __str__(self) -> str:
        parts: list[str] = []
        for monomial, coefficient in self.terms:
            atoms = "*".join(map(str, monomial))
            size = abs(coefficient)
            body = str(size) if not monomial else atoms if size == 1 else f"{size}*{atoms}"
            sign = "-" if coefficient < 0 else "+"
            parts.append(f" {sign} {body}" if parts else ("-" + body if sign == "-" else body))
        return "".join(parts)

    __repr__ = __str__


def symbol(name: str, low: Bound = 0) -> Expr:
    """A new unknown called `name`; the same name is the same symbol."""
    return Expr((((Symbol(name, low),), 1),))


def _terms(dim: Dim) -> tuple[tuple[Monomial, int], ...]:
    if isinstance(dim, Expr):
        return dim.terms
    return (((), int(dim)),) if dim else ()


def _from_terms(terms: Iterable[tuple[Monomial, int]]) -> Dim:
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    kept = _without_both_parts({m: c for m, c in total.items() if c})
    if not kept:
        return 0
    if set(kept) == {()}:
        return kept[()]
    return Expr(tuple(sorted(kept.items(), key=lambda t: (-len(t[0]), str(t[0])))))


def _without_both_parts(terms: dict[Monomial, int]) -> dict[Monomial, int]:
    """`terms` with max(p, 0) - max(-p, 0), as sizes under pads that may crop have it, written p."""
    parts = {m: p for m in terms if len(m) == 1 and (p := _positive_part_of(m[0])) is not None}
    for monomial, part in parts.items():
        for other, negative in parts.items():
            if negative == part * -1 and terms[other] == -terms[monomial]:
                rest = [(m, c) for m, c in terms.items() if m not in (monomial, other)]
                return dict(_terms(_from_terms([*rest, *_terms(part * terms[monomial])])))
    return terms


def _positive_part_of(atom: Atom) -> Expr | None:
    """p where the atom is max(p, 0)."""
    if not isinstance(atom, Call) or atom.op != "max" or 0 not in atom.args:
        return None
    return next((a for a in atom.args if isinstance(a, Expr)), None)


def _call(op: str, *args: Dim) -> Expr:
    return Expr((((Call(op, args),), 1),))


def _split_multiples(dim: Dim, divisor: int) -> tuple[Dim, Dim]:
    """dim = divisor * q + r, with every coefficient of r in [0, divisor)."""
    quotient = [(m, c // divisor) for m, c in _terms(dim)]
    rest = [(m, c % divisor) for m, c in _terms(dim)]
    return _from_terms(quotient), _from_terms(rest)


def _exact_quotient(dim: Dim, divisor: Expr) -> Dim | None:
    """Multivariate long division; None where it leaves a remainder."""
    lead, lead_coefficient = divisor.terms[0]
    quotient: Dim = 0
    rest = dim
    for _ in range(64):
        if isinstance(rest, int):
            return quotient if rest == 0 else None
        for monomial, coefficient in rest.terms:
            left = _remove(monomial, lead)
            if left is not None and coefficient % lead_coefficient == 0:
                break
        else:
            return None
        step = _from_terms([(left, coefficient // lead_coefficient)])
        quotient, rest = quotient + step, rest - step * divisor
    return None


def _remove(monomial: Monomial, factors: Monomial) -> Monomial | None:
    left = list(monomial)
    for factor in factors:
        if factor not in left:
            return None
        left.remove(factor)
    return tuple(left)


def floordiv(a: Dim, b: Dim) -> Dim:
    """a // b rounded towards minus infinity. A symbolic divisor is taken to be non-zero."""
    if isinstance(b, int):
        if b == 0:
            raise DimError(f"{a} is divided by zero")
        if isinstance(a, int):
            return a // b
        if b < 0:
            return floordiv(a * -1, -b)
        quotient, rest = _split_multiples(a, b)
        low, high = bounds(rest)
        if low is not None and high is not None and low // b == high // b:
            return quotient + low // b
        constant = next((c for m, c in _terms(rest) if not m), 0)
        inner = _sole_call(rest - constant, "floordiv")
        if inner is not None and isinstance(inner.args[1], int) and inner.args[1] > 0:
            return quotient + floordiv(inner.args[0] + constant * inner.args[1], inner.args[1] * b)
        return quotient + _call("floordiv", rest, b)
    exact = _exact_quotient(a, b)
    return exact if exact is not None else _call("floordiv", a, b)


def ceildiv(a: Dim, b: Dim) -> Dim:
    """a / b rounded towards plus infinity."""
    if isinstance(b, int):
        return floordiv(a + (b - 1), b) if b >= 0 else ceildiv(a * -1, -b)
    exact = _exact_quotient(a, b)
    return exact if exact is not None else _call("ceildiv", a, b)


def mod(a: Dim, b: Dim) -> Dim:
    """a - b * floordiv(a, b)."""
    if isinstance(b, int):
        if b == 0:
            raise DimError(f"{a} is taken modulo zero")
        if isinstance(a, int):
            return a % b
        if b > 0:
            rest = _split_multiples(a, b)[1]
            low, high = bounds(rest)
            if low is not None and high is not None and low >= 0 and high < b:
                return rest
            return _call("mod", rest, b)
    elif _exact_quotient(a, b) is not None:
        return 0
    return _call("mod", a, b)


def minimum(a: Dim, b: Dim) -> Dim:
    return _extremum("min", a, b)


def maximum(a: Dim, b: Dim) -> Dim:
    return _extremum("max", a, b)


def _extremum(op: str, a: Dim, b: Dim) -> Dim:
    low, high = bounds(a - b)
    if low is not None and low >= 0:
        return a if op == "max" else b
    if high is not None and high <= 0:
        return b if op == "max" else a
    first, second = sorted((a, b), key=str)
    return _call(op, first, second)


def eq(a: Dim, b: Dim) -> Dim:
    """1 where a equals b, else 0."""
    difference = a - b
    if isinstance(difference, int):
        return int(difference == 0)
    low, high = bounds(difference)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return 0
    first, second = sorted((a, b), key=str)
    return _call("eq", first, second)


def logical_not(a: Dim) -> Dim:
    """1 where a is 0, else 0."""
    return eq(a, 0)


def less(a: Dim, b: Dim) -> Dim:
    """1 where a < b, else 0."""
    return logical_not(eq(maximum(a, b), a))


def select(condition: Dim, a: Dim, b: Dim) -> Dim:
    """a where the condition is not 0, else b."""
    if isinstance(condition, int):
        return a if condition else b
    return a if a == b else _call("select", condition, a, b)


def bcast(a: Dim, b: Dim) -> Dim:
    """The broadcast of two sizes: a where b is 1, b where a is 1, else both must be equal.

    Raises DimError where both are known, different and not 1 (ONNX, Multidirectional Broadcasting).
    """
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if isinstance(a, int) and isinstance(b, int):
        raise DimError(f"sizes {a} and {b} do not broadcast")
    first, second = sorted((a, b), key=str)
    return _call("bcast", first, second)


def _sole_call(dim: Dim, op: str) -> Call | None:
    if isinstance(dim, Expr) and len(dim.terms) == 1 and dim.terms[0][1] == 1:
        monomial = dim.terms[0][0]
        if len(monomial) == 1 and isinstance(monomial[0], Call) and monomial[0].op == op:
            return monomial[0]
    return None


def bounds(dim: Dim) -> tuple[Bound, Bound]:
    """The least and the greatest value the dim can have, None where not known."""
    if isinstance(dim, int):
        return dim, dim
    low: Bound = 0
    high: Bound = 0
    for monomial, coefficient in dim.terms:
        term: tuple[Bound, Bound] = (coefficient, coefficient)
        for atom in monomial:
            term = _product_bounds(term, _atom_bounds(atom))
        low = None if low is None or term[0] is None else low + term[0]
        high = None if high is None or term[1] is None else high + term[1]
    return low, high


def _product_bounds(a: tuple[Bound, Bound], b: tuple[Bound, Bound]) -> tuple[Bound, Bound]:
    known = [v for v in (*a, *b) if v is not None]
    if len(known) == 4:
        corners = [x * y for x in a for y in b if x is not None and y is not None]
        return min(corners), max(corners)
    if a[0] is not None and a[0] >= 0 and b[0] is not None and b[0] >= 0:
        return a[0] * b[0], None
    if a[1] is not None and a[1] <= 0 and b[0] is not None and b[0] >= 0:
        return None, a[1] * b[0]
    return None, None


def _atom_bounds(atom: Atom) -> tuple[Bound, Bound]:
    if isinstance(atom, Symbol):
        return atom.low, None
    args = [bounds(a) for a in atom.args]
    lows = [a[0] for a in args]
    highs = [a[1] for a in args]
    if atom.op == "eq":
        return 0, 1
    if atom.op in ("floordiv", "ceildiv"):
        positive = lows[1] is not None and lows[1] >= 0
        exact = lows[1] if lows[1] == highs[1] else None
        if exact and exact > 0 and atom.op == "floordiv":
            low, high = args[0]
            return (None if low is None else low // exact), (None if high is None else high // exact)
        return (0 if positive and lows[0] is not None and lows[0] >= 0 else None), None
    if atom.op == "mod":
        exact = lows[1] if lows[1] == highs[1] else None
        return (0, exact - 1) if exact and exact > 0 else (None, None)
    if atom.op == "max":
        return _most(lows), (None if None in highs else _most(highs))
    if atom.op == "min":
        return (None if None in lows else _least(lows)), _least(highs)
    if atom.op == "select":
        least = None if None in lows[1:] else _least(lows[1:])
        return least, (None if None in highs[1:] else _most(highs[1:]))
    return (0 if all(v is not None and v >= 0 for v in lows) else None), None


def _most(values: Sequence[Bound]) -> Bound:
    known = [v for v in values if v is not None]
    return max(known) if known else None


def _least(values: Sequence[Bound]) -> Bound:
    known = [v for v in values if v is not None]
    return min(known) if known else None


_BUILD: dict[str, Callable[..., Dim]] = {
    "floordiv": floordiv,
    "ceildiv": ceildiv,
    "mod": mod,
    "min": minimum,
    "max": maximum,
    "eq": eq,
    "select": select,
    "bcast": bcast,
}


def build(op: str, *args: Dim) -> Dim:
    """The call `op` of CALLS on args, in normal form."""
    return _BUILD[op](*args)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of dims; 1 for none."""
    result: Dim = 1
    for dim in dims:
        result = result * dim
    return result


def substitute(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """dim with the named symbols replaced. Raises DimError where the result has no value."""
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for monomial, coefficient in dim.terms:
        term: Dim = coefficient
        for atom in monomial:
            term = term * _substitute_atom(atom, values)
        total = total + term
    return total


def _substitute_atom(atom: Atom, values: Mapping[str, Dim]) -> Dim:
    if isinstance(atom, Symbol):
        return values.get(atom.name, Expr((((atom,), 1),)))
    return build(atom.op, *(substitute(a, values) for a in atom.args))


def evaluate(dim: Dim, values: Mapping[str, int]) -> int:
    """The integer value of dim. Raises KeyError for a symbol without a value, DimError for none."""
    result = substitute(dim, values)
    if isinstance(result, Expr):
        raise KeyError(f"dim {dim} needs values for {', '.join(sorted(symbols_of(result)))}")
    return result


def symbols_of(dim: Dim) -> frozenset[str]:
    """The names of all symbols in dim."""
    if isinstance(dim, int):
        return frozenset()
    found: set[str] = set()
    for monomial, _ in dim.terms:
        for atom in monomial:
            if isinstance(atom, Symbol):
                found.add(atom.name)
            else:
                found.update(*(symbols_of(a) for a in atom.args))
    return frozenset(found)


def dims_text(dims: Iterable[Dim]) -> str:
    return ", ".join(map(str, dims))
