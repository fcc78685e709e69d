"""Give a graph symbols of its own, so that it can share a file with others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from edgec.ir.dims import Dim, Expr, substitute, symbol
from edgec.ir.graph import Count, Element, Graph, Guard
from edgec.ops.base import Op


def prefix_symbols(graph: Graph, prefix: str) -> None:
    """Put `prefix` before the name of every symbol of the graph and its bodies."""
    renamed: dict[str, Dim] = {}
    for inner in graph.walk():
        for name, source in inner.symbols.items():
            renamed[name] = symbol(prefix + name, None if isinstance(source, Element) else 0)
    for inner in graph.walk():
        _rename(inner, prefix, renamed)


def _rename(graph: Graph, prefix: str, renamed: Mapping[str, Dim]) -> None:
    for value in graph.values():
        value.type = dataclasses.replace(value.type, shape=tuple(substitute(d, renamed) for d in value.shape))
    for node in graph.nodes:
        node.op = _renamed_op(node.op, renamed)
    graph.guards = [Guard(substitute(g.expr, renamed), g.node, g.message) for g in graph.guards]
    symbols = {}
    for name, source in graph.symbols.items():
        if isinstance(source, Count):
            source = Count(source.value, source.axis, substitute(source.bound, renamed))
        symbols[prefix + name] = source
    graph.symbols = symbols


def _renamed_op(op: Op, renamed: Mapping[str, Dim]) -> Op:
    changed: dict[str, Any] = {}
    for name, attribute in op.attributes().items():
        if isinstance(attribute, Expr):
            changed[name] = substitute(attribute, renamed)
        elif isinstance(attribute, tuple) and any(isinstance(a, Expr) for a in attribute):
            changed[name] = tuple(substitute(a, renamed) if isinstance(a, Expr) else a for a in attribute)
    return dataclasses.replace(op, **changed) if changed else op
