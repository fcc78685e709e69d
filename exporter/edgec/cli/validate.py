"""`edgec validate`: does a file compute what it should?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from edgec.cli.common import (
    NEGATIVE,
    command,
    gather_inputs,
    need_file,
    need_model,
    out,
    parse_sizes,
    print_json,
    shape_text,
)
from edgec.validate import Comparison, Difference, Report
from edgec.validate import validate as compare


@command
def validate(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    source: Annotated[Path | None, typer.Argument(help="the ONNX model it was made from")] = None,
    device: Annotated[str, typer.Option(help="cpu, cpu@ISA, opencl, auto, or interpreter")] = "cpu",
    against: Annotated[
        str | None,
        typer.Option(help="onnxruntime, reference, interpreter, embedded, or another device"),
    ] = None,
    input: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=file.npy, image.png, a number, or random")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,48,320: sizes of random inputs")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="how many seeded random inputs")] = 1,
    layers: Annotated[
        bool, typer.Option("--layers", help="compare every tensor, name the first that diverges")
    ] = False,
    tolerance: Annotated[float | None, typer.Option(min=0, help="bound on max|a-b| / max|b|; 1e-4")] = None,
    threads: Annotated[int | None, typer.Option(help="threads; the usable cores if not given")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Compare a file with a reference. Exits with 1 where they diverge.

    References that the file carries need neither onnx nor the original model.
    """
    graph = need_model(model).main
    if source is not None:
        need_file(source)
    sizes = parse_sizes(shape or [])
    cases = [gather_inputs(graph, input, sizes, 0)] if input else []
    report = compare(
        model,
        source,
        device=device,
        against=against,
        inputs=cases,
        shapes=sizes,
        seeds=range(seeds),
        threads=threads,
        layers=layers,
        tolerance=tolerance,
    )
    if json:
        print_json({**dataclasses.asdict(report), "ok": report.ok, "worst": report.worst})
    else:
        show(report)
    if not report.ok:
        raise typer.Exit(NEGATIVE)


def show(report: Report) -> None:
    """The report as tables."""
    for comparison in report.comparisons:
        title = f"{report.model}: {report.subject} against {comparison.reference}, {comparison.inputs}"
        out.print(f"[bold]{escape(title)}[/]", highlight=False)
        out.print(table_of(comparison.layers or comparison.outputs, comparison.tolerance))
        if comparison.first:
            out.print(first_text(comparison), highlight=False)
    verdict = "[bold green]agrees[/]" if report.ok else "[bold red]diverges[/]"
    worst, limit = report.worst, max(c.tolerance for c in report.comparisons)
    out.print(f"{verdict}: largest error {worst:.2e}, tolerance {limit:.0e}", highlight=False)


def table_of(found: list[Difference], tolerance: float) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("tensor", "shape", "error", ""):
        table.add_column(title, justify="right" if title == "error" else "left")
    for d in found:
        style = "green" if d.agrees(tolerance) else "red"
        table.add_row(escape(d.name), escape(shape_text(d.shape)), f"[{style}]{d.error:.2e}[/]", d.note)
    return table


def first_text(comparison: Comparison) -> str:
    """One sentence on where the divergence starts."""
    text = f"first to diverge: [bold]{escape(comparison.first)}[/]"
    if comparison.inside:
        text += f"; without fusion: [bold]{escape(comparison.inside)}[/]"
    elif comparison.group:
        text += f", made by a node that also holds {escape(', '.join(comparison.group))}"
    return text
