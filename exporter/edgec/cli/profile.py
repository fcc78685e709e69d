"""`edgec profile`: where does the time of a run go?"""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from edgec.cli.common import (
    MemoryBudget,
    bytes_text,
    command,
    gather_inputs,
    need_file,
    out,
    parse_bytes,
    parse_sizes,
    print_json,
)
from edgec.cli.limits import Limits, measure_limits
from edgec.cli.profile_page import page
from edgec.format.read import read_model
from edgec.validate.cost import operations, traffic

Row = dict[str, Any]


@command
def profile(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    device: Annotated[str, typer.Option(help="cpu, opencl, opencl:1, auto")] = "cpu",
    threads: Annotated[int | None, typer.Option(help="threads; the usable cores if not given")] = None,
    input: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=file.npy, image.png, a number, or random")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,48,320: sizes of random inputs")] = None,
    memory_budget: MemoryBudget = None,
    runs: Annotated[int, typer.Option(min=1, help="how often to run")] = 20,
    top: Annotated[int, typer.Option(min=1, help="how many nodes to print")] = 25,
    trace: Annotated[Path | None, typer.Option(help="write a trace for chrome://tracing or Perfetto")] = None,
    html: Annotated[Path | None, typer.Option(help="write one page with all nodes")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Time every node: milliseconds, GFLOP/s, bytes, and how much of the machine's limit that is.

    The limit of a node is the longer of its arithmetic at the rate that a matrix product reaches here
    and its bytes at the rate of a copy, both in cache.
    """
    import edgert

    need_file(model)
    inputs = gather_inputs(read_model(model).main, input or [], parse_sizes(shape or []), 0)
    budget = parse_bytes(memory_budget)
    session = edgert.load(str(model), device=device, threads=threads, memory_budget=budget)
    times = session.profile(inputs, runs)
    limits = measure_limits(device, threads)
    facts = session.describe()
    found = {
        "path": str(model),
        **{key: facts[key] for key in ("device", "arena_bytes", "arena_bound_bytes", "tuning")},
        "runs": runs,
        "gflops_limit": limits.gflops,
        "gigabytes_limit": limits.gigabytes,
        "nodes": (rows := [row_of(t, limits, runs) for t in times]),
        "ms": sum(r["run_ms"] for r in rows if "/" not in r["graph"]),
    }
    if trace is not None:
        trace.write_text(json_text.dumps({"traceEvents": events(found["nodes"])}))
    if html is not None:
        html.write_text(page(found))
    if json:
        print_json(found)
    else:
        show(found, top)


def row_of(time: Any, limits: Limits, runs: int) -> Row:
    """A node's time in its quickest call, and over the calls of one run, and what it did in a call."""
    seconds = max(time.least, 1e-9)
    flop = operations(time.op, time.operands, time.results)
    moved = traffic(time.operands, time.results)
    bound = max(flop / limits.gflops, moved / limits.gigabytes) * 1e-9
    return {
        "name": time.name,
        "op": time.op,
        "device": time.device,
        "graph": time.graph,
        "calls": time.calls,
        "ms": 1e3 * time.least,
        "run_ms": 1e3 * time.least * time.calls / runs,
        "mean_ms": 1e3 * time.seconds / time.calls,
        "gflops": flop / seconds * 1e-9,
        "bytes": moved,
        "of_limit": bound / seconds,
        "results": [r and f"{r[0]}{list(r[1])}" for r in time.results],
    }


def events(rows: list[Row]) -> list[Row]:
    """One run as complete events of the trace format, times in microseconds; bodies beside their graph."""
    at: dict[str, float] = {}
    found = []
    for row in rows:
        start = at.get(row["graph"], 0.0)
        shown = {k: row[k] for k in ("gflops", "bytes", "of_limit", "results")}
        found.append(
            {"name": row["name"], "cat": row["op"], "ph": "X", "ts": start, "dur": 1e3 * row["ms"],
             "pid": 0, "tid": row["graph"], "args": shown}
        )  # fmt: skip
        at[row["graph"]] = start + 1e3 * row["ms"]
    return found


def show(found: dict[str, Any], top: int) -> None:
    rows, whole = sorted(found["nodes"], key=lambda r: -r["run_ms"]), found["ms"]
    table = Table(box=None, pad_edge=False)
    for title in ("ms a run", "share", "GFLOP/s", "MB", "of limit"):
        table.add_column(title, justify="right")
    table.add_column("node", overflow="fold")
    table.add_column("result", overflow="fold")
    for row in rows[:top]:
        each = row["run_ms"]
        share = each / whole if whole else 0.0
        numbers = [f"{each:.4f}", f"{share:.0%}", f"{row['gflops']:.1f}"]
        numbers += [f"{row['bytes'] / 1e6:.2f}", f"{row['of_limit']:.0%}"]
        results = ", ".join(str(r) for r in row["results"][:2]) + " ..." * (len(row["results"]) > 2)
        table.add_row(*numbers, escape(f"{row['op']} {row['name']}"), escape(results))
    out.print(table)
    out.print(f"{len(rows)} nodes, {whole:.3f} ms a run in their quickest calls on {found['device']}")
    limits = f"{found['gflops_limit']:.0f} GFLOP/s, {found['gigabytes_limit']:.1f} GB/s"
    out.print(f"limits measured here: {limits}")
    out.print(f"arena: {bytes_text(found['arena_bytes'])}, at least {bytes_text(found['arena_bound_bytes'])}")
