"""What an export did, in numbers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

from edgec.ir.graph import Graph, Model
from edgec.passes.copies import remaining_copies

KINDS_SHOWN = 8


def graph_counts(model: Model) -> dict[str, int]:
    """How many nodes of each core operator, bodies included, the most frequent first."""
    graphs = [g for entry in model.entries.values() for g in entry.walk()]
    return dict(Counter(node.op.name for g in graphs for node in g.nodes).most_common())


def summary_of(model: Model) -> dict[str, Any]:
    """Operators, fused groups, remaining copies, symbols, guards and metadata of a model."""
    graphs = [g for entry in model.entries.values() for g in entry.walk()]
    nodes = [node for g in graphs for node in g.nodes]
    fused = [node for node in nodes if node.absorbed]
    return {
        "operators": graph_counts(model),
        "fused_groups": len(fused),
        "fused_operators": sum(len(node.absorbed) for node in fused),
        "copies": [dataclasses.asdict(c) for e in model.entries.values() for c in remaining_copies(e)],
        "inputs": {v.name: str(v.type) for v in model.main.inputs},
        "outputs": {v.name: str(v.type) for v in model.main.outputs},
        "symbols": _symbols(model.main),
        "guards": [f"{guard.node}: {guard.message}" for g in graphs for guard in g.guards],
        "constant_bytes": _constant_bytes(graphs),
        "references": [reference.source for reference in model.references],
        "metadata": model.metadata,
    }


def _symbols(graph: Graph) -> dict[str, str]:
    return {name: type(source).__name__ for name, source in graph.symbols.items()}


def _constant_bytes(graphs: list[Graph]) -> int:
    arrays = {id(v.const): v.const for g in graphs for v in g.values() if v.const is not None}
    return sum(array.nbytes for array in arrays.values())


def counts_text(counts: dict[str, int]) -> str:
    """`12: conv 5, map 4, ...` with the most frequent kinds."""
    shown = [f"{kind} {n}" for kind, n in list(counts.items())[:KINDS_SHOWN]]
    more = len(counts) - len(shown)
    return f"{sum(counts.values())}: {', '.join(shown)}" + (f" and {more} kinds more" if more > 0 else "")


def summary_rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Titles and texts for people."""
    if "source_operators" in found:
        yield "before", counts_text(found["source_operators"])
    yield "operators", counts_text(found["operators"])
    yield (
        "fused",
        f"{found['fused_groups']} groups hold {found['fused_operators']} source operators and tensors",
    )
    yield "copies", f"{len(found['copies'])} transposes remain" + _copies_text(found["copies"])
    yield "inputs", ", ".join(f"{name} {type_}" for name, type_ in found["inputs"].items())
    yield "outputs", ", ".join(f"{name} {type_}" for name, type_ in found["outputs"].items())
    if found["symbols"]:
        yield "symbols", ", ".join(found["symbols"])
    if found["guards"]:
        yield "guards", f"{len(found['guards'])} conditions are checked at run time"
    for warning in found.get("warnings", ()):
        yield "warning", warning
    if found["references"]:
        yield "references", ", ".join(found["references"])


def _copies_text(copies: list[dict[str, str]]) -> str:
    if not copies:
        return ""
    shown = "".join(f"\n{c['reason']}" for c in copies[:KINDS_SHOWN])
    return shown + (f"\nand {len(copies) - KINDS_SHOWN} more" if len(copies) > KINDS_SHOWN else "")
