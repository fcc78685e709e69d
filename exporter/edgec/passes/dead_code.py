"""Take out what no output needs."""

from __future__ import annotations

from edgec.ir.dims import Expr, symbols_of
from edgec.ir.graph import Graph, InputDim, Node, Value
from edgec.passes.editor import node_symbols


def dead_code(graph: Graph) -> bool:
    """Remove nodes whose results nobody reads, symbols nobody uses, and source names of what is gone.

    A value that gives a symbol lives as long as a dim or guard uses the symbol.
    """
    kept, live, used = _reach(graph)
    before = (len(graph.nodes), len(graph.symbols), len(graph.names))
    graph.nodes = [node for node in graph.nodes if node in kept]
    graph.symbols = {
        name: source for name, source in graph.symbols.items() if isinstance(source, InputDim) or name in used
    }
    graph.names = {
        name: source
        for name, source in graph.names.items()
        if source.value is None or source.value in live or source.value.const is not None
    }
    return before != (len(graph.nodes), len(graph.symbols), len(graph.names))


def _reach(graph: Graph) -> tuple[set[Node], set[Value], set[str]]:
    """The nodes, values and symbols that outputs and guards need."""
    producers = graph.producers()
    kept: set[Node] = set()
    live: set[Value] = set(graph.inputs)
    used: set[str] = set()
    values = list(graph.outputs)
    names = [name for guard in graph.guards for name in symbols_of(guard.expr)]
    names += [name for v in graph.inputs for d in v.shape if isinstance(d, Expr) for name in symbols_of(d)]
    while values or names:
        if names:
            name = names.pop()
            if name not in used:
                used.add(name)
                if name in graph.symbols:
                    values.append(graph.symbols[name].value)
            continue
        value = values.pop()
        node = producers.get(value)
        live.add(value)
        if node is not None and node not in kept:
            kept.add(node)
            live.update(node.outputs)
            values.extend(v for v in node.inputs if v is not None)
            names.extend(node_symbols(node))
    return kept, live, used
