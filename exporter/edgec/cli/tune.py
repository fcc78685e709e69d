"""`edgec tune`: which variants of the kernels are quickest on this machine?"""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from edgec.cli.common import (
    bytes_text,
    command,
    err,
    gather_inputs,
    need_model,
    out,
    parse_sizes,
    print_json,
)
from edgec.cli.tuning import Found, search


@command
def tune(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    threads: Annotated[int | None, typer.Option(help="threads; the usable cores if not given")] = None,
    runs: Annotated[int, typer.Option(min=1, help="how often to run each variant")] = 30,
    input: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=file.npy, image.png, a number, or random")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,48,320: sizes of random inputs")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure the kernels' variants on this CPU and put the best beside the file, as MODEL.edge.tuning.

    The runtime reads it when it loads the file with as many threads, and does without it just as well.
    Where nothing gains more than 2 %, there is none afterwards.
    """
    inputs = gather_inputs(need_model(model).main, input or [], parse_sizes(shape or []), 0)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=json) as progress:
        task = progress.add_task(f"loading {escape(str(model))}")
        report = partial(progress.update, task)
        found = search(model, threads, inputs, runs, lambda text: report(description=text))
    path = Path(f"{model}.tuning")
    if found.pays:
        path.write_text(found.tuning.text(), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
    if json:
        facts = {**dataclasses.asdict(found), "gain": found.gain}
        print_json({"path": str(path) if found.pays else None, **facts})
    else:
        show(found, path)


def show(found: Found, path: Path) -> None:
    if not found.pays:
        out.print(f"nothing gains more than noise: {found.before_ms:.3f} ms a run as it is")
        return
    if found.changes:
        table = Table(box=None, pad_edge=False)
        for title in ("node", "usual", "ms", "now", "ms"):
            table.add_column(title, justify="right" if title == "ms" else "left", overflow="fold")
        for c in found.changes:
            table.add_row(escape(c.name), c.usual, f"{c.usual_ms:.4f}", c.way, f"{c.ms:.4f}")
        out.print(table)
    cache = found.tuning.cache
    if cache != found.cache_before:
        text = f"bands count on {bytes_text(cache)} of cache" if cache else "no bands"
        out.print(f"{text}, {bytes_text(found.cache_before)} before")
    gain = f"{found.before_ms:.3f} ms a run before, {found.after_ms:.3f} ms now: {found.gain:.1%} less"
    out.print(f"{gain}; written to {escape(str(path))}", highlight=False)
