"""`edgec bench`: how fast is a file?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from edgec.cli.cold import runner
from edgec.cli.common import (
    MemoryBudget,
    UsageError,
    bytes_text,
    command,
    gather_inputs,
    need_file,
    need_model,
    out,
    parse_bytes,
    parse_sizes,
    print_json,
)
from edgec.cli.timing import cold_start, interleaved, throughput

PEER = "onnxruntime"


@command
def bench(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    source: Annotated[Path | None, typer.Argument(help="the ONNX model, for --vs")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="cpu, opencl, opencl:1, auto; may be repeated")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="threads; the usable cores if not given")] = None,
    vs: Annotated[str, typer.Option(help="onnxruntime: measure it in the same run")] = "",
    input: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=file.npy, image.png, a number, or random")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,48,320: sizes of random inputs")] = None,
    memory_budget: MemoryBudget = None,
    seconds: Annotated[float, typer.Option(min=0, help="how long to run for")] = 3.0,
    sessions: Annotated[
        int, typer.Option(min=1, help="also how many runs a second this many make side by side")
    ] = 1,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure load, first run, latency and memory; with --vs beside ONNX Runtime, taking turns.

    With --sessions, each has a thread of its own, and one for its run unless --threads says otherwise.
    """
    graph = need_model(model).main
    if vs not in ("", PEER):
        raise UsageError(f"--vs {vs!r}: expected {PEER}")
    if vs and source is None:
        source = model.with_suffix(".onnx")
        if not source.exists():
            raise UsageError(
                "--vs: give the ONNX model too: edgec bench model.edge model.onnx --vs onnxruntime"
            )
    inputs = gather_inputs(graph, input or [], parse_sizes(shape or []), 0)
    engines = {name: model for name in device or ["cpu"]}
    if vs and source is not None:
        engines[PEER] = need_file(source)
    budget = parse_bytes(memory_budget) or 0
    found = measure(engines, threads or 0, inputs, seconds, budget)
    for name, path in engines.items() if sessions > 1 else ():
        calls = [runner(name, str(path), threads or 1, budget, inputs) for _ in range(sessions)]
        found[name]["runs_per_second"] = throughput(calls, seconds)
    if json:
        print_json(found)
    else:
        show(found)


def measure(
    engines: dict[str, Path], threads: int, inputs: dict[str, Any], seconds: float, budget: int = 0
) -> dict[str, dict[str, Any]]:
    """Per engine: import, load, first run and memory in a fresh process, then latencies in turns."""
    cold = {name: cold_start(name, path, threads, budget, inputs) for name, path in engines.items()}
    calls = {name: runner(name, str(path), threads, budget, inputs) for name, path in engines.items()}
    warm = interleaved(calls, seconds)
    return {name: {**cold[name], **dataclasses.asdict(warm[name])} for name in engines}


def show(found: dict[str, dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("engine", "load ms", "first ms", "median ms", "p90 ms", "runs", "memory"):
        table.add_column(title, justify="left" if title == "engine" else "right")
    for name, row in found.items():
        numbers = [f"{row[k]:.2f}" for k in ("load_ms", "first_ms")]
        numbers += [f"{row[k]:.3f}" for k in ("median_ms", "p90_ms")]
        table.add_row(name, *numbers, str(row["runs"]), bytes_text(row["memory_bytes"]))
    out.print(table)
    for name, row in found.items():
        if "runs_per_second" in row:
            out.print(f"{name}: {row['runs_per_second']:.1f} runs a second, all sessions together")
    names = list(found)
    if PEER in found and len(names) > 1:
        ratio = found[names[0]]["median_ms"] / found[PEER]["median_ms"]
        out.print(f"{names[0]} takes {ratio:.2f} of the time of {PEER}")
