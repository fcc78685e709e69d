"""`edgec inspect`: what is inside a file."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from edgec.cli.common import (
    MemoryBudget,
    bytes_text,
    command,
    need_file,
    need_model,
    out,
    parse_bytes,
    print_json,
    shape_text,
)
from edgec.cli.summary import counts_text, summary_of, summary_rows
from edgec.ir.text import graph_text


@command
def inspect(
    model: Annotated[Path, typer.Argument(help="an .edge file or an ONNX model")],
    device: Annotated[str, typer.Option(help="show the placement on this device")] = "cpu",
    memory_budget: MemoryBudget = None,
    brief: Annotated[bool, typer.Option("--brief", help="leave the graph's text out")] = False,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show a file: graph, tensors, guards, memory plan, placement."""
    need_file(model)
    budget = parse_bytes(memory_budget)
    found = onnx_facts(model) if model.suffix == ".onnx" else edge_facts(model, device, budget)
    if json:
        print_json(found)
        return
    text = found.pop("graph", None)
    if text and not brief:
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for title, row in rows(found):
        table.add_row(title, escape(row))
    out.print(table)


def edge_facts(path: Path, device: str, budget: int | None = None) -> dict[str, Any]:
    """What the file holds, and what the runtime would do with it if it can be loaded here."""
    model = need_model(path)
    found = summary_of(model)
    found["bytes"] = path.stat().st_size
    found["graph"] = "\n".join(graph_text(graph) for graph in model.entries.values())
    try:
        import edgert
        from edgert.sample import random_inputs

        session = edgert.load(str(path), device=device, memory_budget=budget)
        with suppress(edgert.EdgertError):  # a run tells the arena, where the sizes of the inputs are known
            session.run(random_inputs(session))
        found["runtime"] = session.describe()
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        found["runtime"] = {"error": str(error)}
    return found


def onnx_facts(path: Path) -> dict[str, Any]:
    """Opsets, inputs, outputs, operators and metadata of an ONNX model."""
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's own, which its versions name differently
        raise ValueError(f"{path}: not an ONNX model: {error}") from error
    initialized = {i.name for i in model.graph.initializer}
    return {
        "opsets": {o.domain or "ai.onnx": o.version for o in model.opset_import},
        "inputs": {v.name: _onnx_type(v) for v in model.graph.input if v.name not in initialized},
        "outputs": {v.name: _onnx_type(v) for v in model.graph.output},
        "operators": dict(Counter(_operators(model.graph)).most_common()),
        "functions": [f"{f.domain}.{f.name}" for f in model.functions],
        "metadata": {m.key: m.value for m in model.metadata_props},
        "bytes": path.stat().st_size,
    }


def _onnx_type(value: Any) -> str:
    import onnx

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        return str(kind)
    tensor = value.type.tensor_type
    name = str(onnx.TensorProto.DataType.Name(tensor.elem_type)).lower()
    dims = [d.dim_param or (d.dim_value if d.HasField("dim_value") else "?") for d in tensor.shape.dim]
    return name + shape_text(dims)


def _operators(graph: Any) -> list[str]:
    found = []
    for node in graph.node:
        found.append(f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                found += _operators(body)
    return found


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Titles and texts for people."""
    if "opsets" in found:
        pairs = [
            (k, ", ".join(f"{n} {v}" for n, v in found[k].items())) for k in ("opsets", "inputs", "outputs")
        ]
        return [*pairs, ("operators", counts_text(found["operators"])), ("size", bytes_text(found["bytes"]))]
    result = [*summary_rows(found), ("size", bytes_text(found["bytes"]))]
    for message in found["guards"]:
        result.append(("guard", message))
    runtime = found["runtime"]
    if "error" in runtime:
        return [*result, ("runtime", runtime["error"])]
    for key in ("arena_bytes", "arena_bound_bytes", "weight_bytes"):
        if key in runtime:
            result.append((key.replace("_bytes", ""), bytes_text(runtime[key])))
    if runtime["memory_budget"]:
        result.append(("budget", bytes_text(runtime["memory_budget"])))
    for band in runtime["bands"]:
        text = f"{len(band['nodes'])} nodes, {band['nodes'][0]} to {band['nodes'][-1]}"
        result.append(("band", f"{text}, {band['lines']} lines at a time"))
    if runtime["tuning"] != "none":
        result.append(("tuning", runtime["tuning"]))
    nodes = runtime.get("nodes", [])
    for device, count in Counter(str(n["device"]) for n in nodes).items():
        result.append((f"on {device}", f"{count} of {len(nodes)} nodes"))
    for node in nodes:
        if node.get("reason"):
            result.append(("placed", f"{node['op']} '{node['name']}' on {node['device']}: {node['reason']}"))
    return result
