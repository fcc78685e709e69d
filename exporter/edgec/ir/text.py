"""Printing a graph."""

from __future__ import annotations

from collections.abc import Iterator

from edgec.ir.dims import dims_text
from edgec.ir.graph import Count, Element, Graph, InputDim, Node, SymbolSource, Value

_SHOWN_ELEMENTS = 8


def graph_text(graph: Graph) -> str:
    """The graph as text: symbols, guards, and a line for each node.

    >>> from edgec.ir.types import DType, TensorType
    >>> x = Value("x", TensorType(DType.F32, (1, 3)))
    >>> print(graph_text(Graph("main", [x], [x])))
    graph main(%x: f32[1, 3]) -> %x
    """
    return "\n".join(_lines(graph, ""))


def _lines(graph: Graph, indent: str) -> Iterator[str]:
    names = _unique_names(graph)
    inputs = ", ".join(f"%{names[v]}: {v.type}" for v in graph.inputs)
    outputs = ", ".join(_operand(v, names) for v in graph.outputs)
    yield f"{indent}graph {graph.name}({inputs}) -> {outputs}"
    for symbol, source in graph.symbols.items():
        yield f"{indent}  symbol {symbol} = {_source(source, names)}"
    for guard in graph.guards:
        yield f"{indent}  guard {guard.expr}: '{guard.node}': {guard.message}"
    for node in graph.nodes:
        yield indent + "  " + _node(node, names)
        for body in node.graphs:
            yield from _lines(body, indent + "    ")


def _source(source: SymbolSource, names: dict[Value, str]) -> str:
    name = names.get(source.value, source.value.name)
    if isinstance(source, InputDim):
        return f"axis {source.axis} of %{name}"
    if isinstance(source, Element):
        return f"%{name}[{source.index}]"
    assert isinstance(source, Count)
    return f"axis {source.axis} of %{name}, counted, at most {source.bound}"


def _node(node: Node, names: dict[Value, str]) -> str:
    results = ", ".join(f"%{names[v]}: {v.type}" for v in node.outputs)
    operands = ", ".join("-" if v is None else _operand(v, names) for v in node.inputs)
    line = f"{results} = {node.op} [{operands}]"
    line += f"  # {node.name}" if node.name else ""
    return line + (f", with {len(node.absorbed)} absorbed" if node.absorbed else "")


def _operand(value: Value, names: dict[Value, str]) -> str:
    if value.const is None:
        return f"%{names[value]}"
    if value.const.size <= _SHOWN_ELEMENTS and value.form is None:
        flat = ", ".join(str(v) for v in value.const.reshape(-1).tolist())
        return f"{value.dtype.text}[{dims_text(value.shape)}]{{{flat}}}"
    form = f" {value.form.kind}" if value.form else ""
    return f"const {value.type}{form}"


def _unique_names(graph: Graph) -> dict[Value, str]:
    names: dict[Value, str] = {}
    taken: set[str] = set()
    for value in graph.values():
        name, number = value.name or "v", 1
        while name in taken:
            number += 1
            name = f"{value.name or 'v'}~{number}"
        taken.add(name)
        names[value] = name
    return names
