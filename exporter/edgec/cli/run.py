"""`edgec run`: one run of a file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from edgec.cli.common import (
    MemoryBudget,
    UsageError,
    command,
    gather_inputs,
    need_model,
    out,
    parse_bytes,
    parse_sizes,
    print_json,
    shape_text,
)

LARGEST_SHOWN = 5


@command
def run(
    model: Annotated[Path, typer.Argument(help="an .edge file")],
    input: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="NAME=file.npy, image.png, a number, or random")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, opencl, opencl:1, auto, or interpreter")] = "cpu",
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,48,320: sizes of random inputs")] = None,
    threads: Annotated[int | None, typer.Option(help="threads; the usable cores if not given")] = None,
    seed: Annotated[int, typer.Option(help="seed of random inputs")] = 0,
    memory_budget: MemoryBudget = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder for the outputs as .npy")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Run a file once and show its outputs. Inputs that are not given are random."""
    from edgec.validate.engines import engine

    graph = need_model(model).main
    inputs = gather_inputs(graph, input or [], parse_sizes(shape or []), seed)
    subject = engine(device, model, None, threads, parse_bytes(memory_budget))
    start = time.perf_counter()
    outputs = subject.run(inputs)
    milliseconds = 1e3 * (time.perf_counter() - start)
    if output is not None:
        save(outputs, output)
    if json:
        described = {name: describe(array) for name, array in outputs.items()}
        print_json({"device": device, "first_run_ms": milliseconds, "outputs": described})
        return
    table = Table(box=None, pad_edge=False)
    for title in ("output", "type", "shape", "min", "max", "mean", "largest at"):
        table.add_column(title)
    for name, array in outputs.items():
        found = describe(array)
        numbers = [f"{found[k]:.6g}" if k in found else "" for k in ("min", "max", "mean")]
        table.add_row(
            name, found["dtype"], shape_text(found["shape"]), *numbers, str(found.get("largest", ""))
        )
    out.print(table)
    out.print(f"first run on {device}: {milliseconds:.2f} ms")


def describe(array: Any) -> dict[str, Any]:
    """dtype, shape and, where it holds numbers, their range and the flat indices of the largest.

    Of a sequence or map its length and what it holds.
    """
    if array is None:
        return {"dtype": "absent", "shape": []}
    if isinstance(array, dict):
        return {"dtype": "map", "shape": [len(array)], "items": {str(k): v for k, v in array.items()}}
    if isinstance(array, list):
        return {"dtype": "sequence", "shape": [len(array)], "items": [describe(item) for item in array]}
    found: dict[str, Any] = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if array.size and array.dtype.kind in "biuf":
        wide = array.astype(np.float64).reshape(-1)
        found |= {"min": wide.min(), "max": wide.max(), "mean": wide.mean()}
        found["largest"] = [int(i) for i in np.argsort(-wide, kind="stable")[:LARGEST_SHOWN]]
    return found


def save(outputs: Mapping[str, Any], folder: Path) -> None:
    """Writes each output as a .npy file named after it; NAME.0.npy and so on for the items of a sequence,
    NAME.keys.npy and NAME.values.npy for a map, nothing for an absent optional.

    Raises UsageError if `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output {folder}: not a folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, output in outputs.items():
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        for member, array in members(safe, output):
            np.save(folder / f"{member}.npy", array)


def members(name: str, output: Any) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """The arrays that an output holds, strings as fixed-width text, each with its name."""
    if isinstance(output, dict):
        yield f"{name}.keys", np.array(list(output))
        yield f"{name}.values", np.array(list(output.values()))
    elif isinstance(output, list):
        for index, item in enumerate(output):
            yield from members(f"{name}.{index}", item)
    elif output is not None:
        yield name, output.astype(str) if output.dtype == object else output
