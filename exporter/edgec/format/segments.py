"""Cutting a graph's node list where symbols that only a run can know become known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edgec.format.tables import FormatError
from edgec.ir.dims import Dim, Expr, symbols_of
from edgec.ir.graph import Count, Element, Graph, Guard, InputDim, Node


@dataclass
class Segment:
    """Nodes from `first_node` up to the next segment's; `symbols` become known at its start."""

    first_node: int
    symbols: list[str] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)


def attribute_dims(node: Node) -> list[Expr]:
    """The symbolic integer attributes of a node."""
    found: list[Expr] = []
    for value in node.op.attributes().values():
        items = value if isinstance(value, tuple) else (value,)
        found.extend(item for item in items if isinstance(item, Expr))
    return found


def sizes_in(graph: Graph) -> Iterator[Dim]:
    """The sizes of all values and the integer attributes of all nodes, bodies included."""
    for inner in graph.walk():
        for value in inner.values():
            yield from value.shape
        for node in inner.nodes:
            yield from attribute_dims(node)


def cut(graph: Graph) -> list[Segment]:
    """The segments of a graph; the last one has no nodes if only outputs need its symbols.

    A symbol of an enclosing graph counts as known. Raises FormatError for a node that needs a symbol
    whose source has not run yet.
    """
    ready = _ready_at(graph)
    segments = [Segment(0, [s for s, at in ready.items() if at == 0])]
    known = set(segments[0].symbols)

    def advance(position: int, who: str, needed: set[str]) -> None:
        missing = {s for s in needed if s in ready and s not in known}
        if not missing:
            return
        late = sorted(s for s in missing if ready[s] > position)
        if late:
            raise FormatError(f"{who} needs symbols {', '.join(late)} before they are known")
        fresh = [s for s, at in ready.items() if at <= position and s not in known]
        known.update(fresh)
        segments.append(Segment(position, fresh))

    for position, node in enumerate(graph.nodes):
        own = {
            s
            for s, source in graph.symbols.items()
            if isinstance(source, Count) and source.value in node.outputs
        }
        operands = (v for v in node.inputs if v is not None)
        shapes: Iterable[Dim] = (d for v in (*operands, *node.outputs) for d in v.shape)
        needed = _symbols(shapes) - own | _symbols(attribute_dims(node))
        advance(position, f"{node.op.name} '{node.name}'", needed)
    end = len(graph.nodes)
    advance(end, "an output", _symbols(d for v in graph.outputs for d in v.shape))
    advance(end, "a guard", _symbols(g.expr for g in graph.guards))
    counts = {s for s, source in graph.symbols.items() if isinstance(source, Count)}
    advance(end, "a result", counts)  # of which some may have sizes that nothing else reads
    _place_guards(graph, segments)
    return segments


def _ready_at(graph: Graph) -> dict[str, int]:
    """The first node position at which each symbol of the graph can be read."""
    position = {v: i for i, node in enumerate(graph.nodes) for v in node.outputs}
    return {
        name: 0 if isinstance(source, InputDim) else position.get(source.value, -1) + 1
        for name, source in graph.symbols.items()
        if isinstance(source, (InputDim, Element, Count))
    }


def _symbols(dims: Iterable[Dim]) -> set[str]:
    return {s for dim in dims for s in symbols_of(dim)}


def _place_guards(graph: Graph, segments: list[Segment]) -> None:
    at = {s: i for i, segment in enumerate(segments) for s in segment.symbols}
    for guard in graph.guards:
        index = max((at.get(s, 0) for s in symbols_of(guard.expr)), default=0)
        segments[index].guards.append(guard)
