"""`edgec to-onnx`: an .edge file back into an ONNX model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from edgec.cli.common import UsageError, bytes_text, command, need_model, out, print_json


@command
def to_onnx(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="beside the file if not given")
    ] = None,
    opset: Annotated[int | None, typer.Option(help="13 to 26, the newest if not given")] = None,
    entry: Annotated[
        str | None, typer.Option(help="which graph of the file, the main one if not given")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Turn an .edge file back into an ONNX model."""
    from edgec.writers.onnx.convert import to_onnx as convert

    source = need_model(model)
    path = output or model.with_suffix(".onnx")
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {path}: expected the name of a file in a folder that is there")
    if path.resolve() == model.resolve():
        raise UsageError(f"--output {path}: is the file itself; give the ONNX model another name")
    proto = convert(source, path, opset, entry=entry)
    facts = _facts(proto, path)
    if json:
        print_json(facts)
    else:
        _show(facts)


def _facts(proto: Any, path: Path) -> dict[str, Any]:
    counts = Counter(node.op_type for node in proto.graph.node)
    data = path.with_name(f"{path.name}.data")
    files = [path, data] if any(t.external_data for t in proto.graph.initializer) else [path]
    return {
        "path": str(path),
        "opset": proto.opset_import[0].version,
        "bytes": sum(file.stat().st_size for file in files),
        "files": [str(file) for file in files],
        "nodes": sum(counts.values()),
        "transposes": counts["Transpose"],
        "operators": dict(counts.most_common()),
    }


def _show(facts: dict[str, Any]) -> None:
    operators = ", ".join(f"{count} {name}" for name, count in facts["operators"].items())
    files = escape(" and ".join(facts["files"]))
    out.print(
        f"[bold]{files}[/]: {bytes_text(facts['bytes'])}, opset {facts['opset']}, "
        f"{facts['nodes']} nodes, {facts['transposes']} of them transposes",
        highlight=False,
        soft_wrap=True,
    )
    out.print(operators, highlight=False, soft_wrap=True)
