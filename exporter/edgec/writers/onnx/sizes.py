"""Formulas over sizes as ONNX nodes: each formula once per graph, as an i64 vector of one element."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgec.ir.dims import Atom, Dim, Expr, Symbol, bounds, symbols_of
from edgec.ir.graph import Element
from edgec.ir.types import DType
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.scope import Scope


def vector(scope: Scope, dims: Sequence[Dim]) -> str:
    """An i64 vector of the dims: a constant where all are known."""
    known = [d for d in dims if not isinstance(d, Expr)]
    if len(known) == len(dims):
        return scope.ints([int(d) for d in known])
    parts: list[str] = []
    waiting: list[int] = []
    for dim in dims:
        if not isinstance(dim, Expr):
            waiting.append(dim)
            continue
        if waiting:
            parts.append(scope.ints(waiting))
            waiting = []
        parts.append(size(scope, dim))
    if waiting:
        parts.append(scope.ints(waiting))
    return parts[0] if len(parts) == 1 else scope.emit("Concat", *parts, axis=0)


def size(scope: Scope, dim: Dim) -> str:
    """One dim as an i64 vector of one element, written in the outermost graph that knows its symbols."""
    if not isinstance(dim, Expr):
        return scope.ints([dim])
    home = _home(scope, dim)
    if dim not in home.sizes:
        who, home.who = home.who, "size"
        home.sizes[dim] = _sum(home, dim)
        home.who = who
    return home.sizes[dim]


def _home(scope: Scope, dim: Dim) -> Scope:
    needed = symbols_of(dim)
    found: Scope | None = scope
    while found is not None and found.parent is not None and needed.isdisjoint(found.graph.symbols):
        found = found.parent
    assert found is not None
    return found


def _sum(scope: Scope, dim: Expr) -> str:
    total: str | None = None
    for monomial, coefficient in dim.terms:
        term: str | None = None
        for atom in monomial:
            factor = _atom(scope, atom)
            term = factor if term is None else scope.emit("Mul", term, factor)
        number = scope.ints([coefficient if total is None else abs(coefficient)])
        if term is None:
            term = number
        elif coefficient != 1 and (total is None or abs(coefficient) != 1):
            term = scope.emit("Mul", term, number)
        total = term if total is None else scope.emit("Add" if coefficient > 0 else "Sub", total, term)
    assert total is not None
    return total


def _atom(scope: Scope, atom: Atom) -> str:
    whole = Expr((((atom,), 1),))
    home = _home(scope, whole)
    if whole in home.sizes:
        return home.sizes[whole]
    if isinstance(atom, Symbol):
        found = _symbol(home, atom.name)
    else:
        found = _CALLS[atom.op](home, *atom.args)
    home.sizes[whole] = found
    return found


def _symbol(scope: Scope, name: str) -> str:
    source = scope.graph.symbols.get(name)
    if source is None:
        raise OnnxError(f"'{scope.who}': nothing says what size '{name}' is")
    value = scope.name(source.value)
    if isinstance(source, Element):
        flat = scope.emit("Reshape", value, scope.ints([-1])) if source.value.rank != 1 else value
        picked = scope.emit("Gather", flat, scope.ints([source.index]), axis=0)
        return scope.cast(picked, source.value.dtype, DType.I64)
    if scope.target.opset >= 15:
        return scope.emit("Shape", value, start=source.axis, end=source.axis + 1)
    return scope.emit("Gather", scope.emit("Shape", value), scope.ints([source.axis]), axis=0)


def _floordiv(scope: Scope, a: Dim, b: Dim) -> str:
    x, y = size(scope, a), size(scope, b)
    low, divisor = bounds(a)[0], bounds(b)[0]
    if low is not None and low >= 0 and divisor is not None and divisor >= 0:
        return scope.emit("Div", x, y)
    return scope.emit("Div", scope.emit("Sub", x, scope.emit("Mod", x, y)), y)


def _ceildiv(scope: Scope, a: Dim, b: Dim) -> str:
    x, y = scope.emit("Neg", size(scope, a)), size(scope, b)
    quotient = scope.emit("Div", scope.emit("Sub", x, scope.emit("Mod", x, y)), y)
    return scope.emit("Neg", quotient)


def _mod(scope: Scope, a: Dim, b: Dim) -> str:
    return scope.emit("Mod", size(scope, a), size(scope, b))


def _minimum(scope: Scope, a: Dim, b: Dim) -> str:
    return scope.emit("Min", size(scope, a), size(scope, b))


def _maximum(scope: Scope, a: Dim, b: Dim) -> str:
    return scope.emit("Max", size(scope, a), size(scope, b))


def _eq(scope: Scope, a: Dim, b: Dim) -> str:
    same = scope.emit("Equal", size(scope, a), size(scope, b))
    return scope.cast(same, DType.BOOL, DType.I64)


def _select(scope: Scope, condition: Dim, a: Dim, b: Dim) -> str:
    holds = scope.cast(size(scope, condition), DType.I64, DType.BOOL)
    return scope.emit("Where", holds, size(scope, a), size(scope, b))


def _bcast(scope: Scope, a: Dim, b: Dim) -> str:
    one = scope.emit("Equal", size(scope, a), scope.ints([1]))
    return scope.emit("Where", one, size(scope, b), size(scope, a))


_CALLS: dict[str, Callable[..., str]] = {
    "floordiv": _floordiv,
    "ceildiv": _ceildiv,
    "mod": _mod,
    "min": _minimum,
    "max": _maximum,
    "eq": _eq,
    "select": _select,
    "bcast": _bcast,
}
