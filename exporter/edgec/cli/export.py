"""`edgec export`: a trained network into an .edge file."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from edgec.cli.common import (
    NEGATIVE,
    MemoryBudget,
    UsageError,
    bytes_text,
    command,
    err,
    need_file,
    out,
    parse_bytes,
    parse_shapes,
    print_json,
)
from edgec.cli.summary import summary_of, summary_rows

if TYPE_CHECKING:  # they import onnx, which the other commands can do without
    from edgec.frontends.onnx.errors import ExportError
    from edgec.pipeline import ExportReport


@command
def export(
    model: Annotated[Path, typer.Argument(help="an ONNX model")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="beside the model if not given")
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(help="NAME=1,3,224,224 or NAME=batch,3,224,224: the shape of an input")
    ] = None,
    embed_reference: Annotated[
        int,
        typer.Option(
            "--embed-reference", min=0, help="how many inputs with their expected outputs to put in"
        ),
    ] = 0,
    winograd: Annotated[
        bool, typer.Option(help="quicker 3x3 convolutions by weights that take four times the bytes")
    ] = True,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="leave out what changes f32 results beyond the order of sums"),
    ] = False,
    memory_budget: MemoryBudget = None,
    keep: Annotated[str, typer.Option(help="all: no fusion and no folding, every tensor can be seen")] = "",
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Compile an ONNX model into one .edge file.

    With --memory-budget, loading the file takes that many bytes for its activations where it is not told
    otherwise. With --exact, there is no Winograd filtering, no scale is folded into weights or epilogues, and
    the smallest weights are not rounded to 0. exp, log, tanh, erf and the like are within 2 ulp.
    """
    from edgec.frontends.onnx.errors import ExportError
    from edgec.pipeline import export as compile_model

    need_file(model)
    shapes = parse_shapes(shape or [])
    if keep not in ("", "all"):
        raise UsageError(f"--keep {keep!r}: expected all")
    budget = parse_bytes(memory_budget)
    path = output or model.with_suffix(".edge")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=err, transient=True, disable=json) as progress:
            task = progress.add_task(f"reading {model}")
            report = partial(progress.update, task)
            exported = compile_model(
                model, path, shapes=shapes or None, keep=keep, winograd=winograd, exact=exact,
                embed_reference=embed_reference, memory_budget=budget,
                progress=lambda text: report(description=escape(text)),
            )  # fmt: skip
    except ExportError as error:
        refuse(model, error, json)
        raise typer.Exit(NEGATIVE) from None
    found = {**facts_of(exported), "path": str(path), "runs_on": placements(path)}
    if json:
        print_json(found)
    else:
        show(found)


def facts_of(report: ExportReport) -> dict[str, Any]:
    """The summary of the written model, with what only the export itself knows."""
    found = summary_of(report.model)
    found["source_operators"] = report.source_counts
    found["copies"] = [dataclasses.asdict(copy) for copy in report.copies]
    found["warnings"] = report.warnings
    return {**found, "bytes": report.bytes, "seconds": report.seconds}


def refuse(model: Path, error: ExportError, json: bool) -> None:
    """Lists everything that the model holds and edgec cannot express."""
    if json:
        print_json({"path": str(model), "problems": [dataclasses.asdict(p) for p in error.problems]})
        return
    count = len(error.problems)
    err.print(
        f"[bold red]edgec:[/] {escape(str(model))} cannot be exported, {count} problem{'s'[: count != 1]}:"
    )
    table = Table(box=None, pad_edge=False)
    for title in ("node", "operator", "reason", "what to do"):
        table.add_column(title, overflow="fold")
    for p in error.problems:
        table.add_row(escape(p.node), escape(p.operator), escape(p.reason), escape(p.advice))
    err.print(table)


def placements(path: Path) -> dict[str, str]:
    """Per device kind that is here, how many nodes it will run, or why it will not."""
    try:
        import edgert

        kinds = dict.fromkeys(d["device"].partition(":")[0] for d in edgert.devices())
    except (ImportError, OSError, RuntimeError) as error:
        return {"cpu": f"not known, the runtime cannot be loaded: {error}"}
    found = {}
    for kind in kinds:
        try:
            placed = edgert.load(str(path), device=kind).placement()
        except (ValueError, RuntimeError, OSError) as error:
            found[kind] = str(error)
            continue
        here = [p for p in placed if p.device.startswith(kind)]
        reasons = sorted({f"{p.op}: {p.reason}" for p in placed if p not in here})
        found[kind] = f"{len(here)} of {len(placed)} nodes" + "".join(f"; {r}" for r in reasons)
    return found


def show(found: dict[str, Any]) -> None:
    """The summary of an export as a table."""
    size = bytes_text(found["bytes"])
    name = f"[bold green]{escape(found['path'])}[/]"
    out.print(f"{name}: {size}, made in {found['seconds']:.1f} s", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for title, text in summary_rows(found):
        table.add_row(title, escape(text))
    for device, text in found["runs_on"].items():
        table.add_row(f"on {device}", escape(text))
    out.print(table)
