"""Checking that a graph is well formed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgec.ir.containers import join
from edgec.ir.dims import Dim, Expr, substitute, symbols_of
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import TensorType


class VerifyError(ValueError):
    """A graph is not well formed; the text names the node."""


def verify(graph: Graph, outer_symbols: Iterable[str] = ()) -> None:
    """Raises VerifyError unless the graph is well formed.

    Operands are defined before they are used and each value once; every node's shape rule, run again,
    gives the declared types (counted sizes aside); constants have their declared type; every symbol has a
    source; bodies take what their node passes; names, outputs and symbols refer to live values.
    """
    known = set(outer_symbols) | set(graph.symbols)
    defined: set[Value] = set(graph.inputs)
    for value in graph.inputs:
        _check_symbols(value.shape, known, f"input '{value.name}'")
    for node in graph.nodes:
        who = f"{node.op.name} '{node.name}'"
        for operand in node.inputs:
            if operand is not None:
                _check_defined(operand, defined, who)
        for value in node.outputs:
            if value in defined or value.const is not None:
                raise VerifyError(f"{who}: result %{value.name} is defined twice")
            _check_symbols(value.shape, known, who)
            defined.add(value)
        _check_attributes(node, known, who)
        _check_types(node, who)
        for body in node.graphs:
            verify(body, known)
    for value in graph.outputs:
        _check_defined(value, defined, "output")
    for name, symbol in graph.symbols.items():
        _check_defined(symbol.value, defined, f"symbol {name}")
    for guard in graph.guards:
        _check_symbols([guard.expr], known, f"guard of '{guard.node}'")
    for name, source in graph.names.items():
        if source.value is not None:
            _check_defined(source.value, defined, f"source name '{name}'")
            if source.perm is not None and sorted(source.perm) != list(range(source.value.rank)):
                raise VerifyError(f"source name '{name}': {source.perm} does not permute {source.value}")


def _check_defined(value: Value, defined: set[Value], who: str) -> None:
    if value.const is None:
        if value not in defined:
            raise VerifyError(f"{who}: %{value.name} is used before it is defined")
    elif value.const.shape != value.shape or value.const.dtype != value.dtype.numpy:
        found = f"{value.const.dtype}{list(value.const.shape)}"
        raise VerifyError(f"{who}: constant %{value.name} is {found}, declared {value.type}")


def _check_symbols(dims: Iterable[Dim], known: set[str], who: str) -> None:
    for dim in dims:
        unknown = symbols_of(dim) - known
        if unknown:
            raise VerifyError(f"{who}: no source for symbol {', '.join(sorted(unknown))}")


def _check_attributes(node: Node, known: set[str], who: str) -> None:
    for value in node.op.attributes().values():
        items = value if isinstance(value, tuple) else (value,)
        _check_symbols([i for i in items if isinstance(i, Expr)], known, who)


def _check_types(node: Node, who: str) -> None:
    # ops imports ir; the shape rules are reached through the node's own operator
    from edgec.ops.base import Context, OpError

    counted = iter(range(1_000_000))
    context = Context(lambda _: _fresh(next(counted)))
    try:
        types = node.op.infer_node([None if v is None else v.type for v in node.inputs], node.graphs, context)
    except OpError as error:
        raise VerifyError(f"{who}: {error}") from error
    counts = {str(found): node.outputs[output].shape[axis] for output, axis, found, _ in context.counts}
    for index, (value, type_) in enumerate(zip(node.outputs, types)):
        if not _fits(value.type, type_, counts):
            raise VerifyError(f"{who}: result {index} is {value.type}, its shape rule says {type_}")


def _fresh(number: int) -> Expr:
    from edgec.ir.dims import symbol

    return symbol(f"?{number}")


def _fits(declared: TensorType, inferred: TensorType, counts: Mapping[str, Dim]) -> bool:
    """Whether the types are equal once the sizes that a run counts have their declared names."""
    if declared.dtype != inferred.dtype or declared.rank != inferred.rank or declared.key != inferred.key:
        return False
    if join(declared.element, inferred.element) != declared.element:
        return False
    return all(a == substitute(b, counts) for a, b in zip(declared.shape, inferred.shape))
