"""Every network of the manifest on edgec and on ONNX Runtime, in one interleaved run.

    python benchmarks/compare.py [NAME ...] [--threads 1,2] [--device cpu] [--seconds 3] [--json out.json]

Latency is the median over runs that take turns. Load plus first run, and the memory that they add, come
from fresh processes. A network whose outputs differ by more than the tolerance has no row of times.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import edgec
from edgec.cli.cold import runner
from edgec.cli.timing import cold_start, interleaved
from edgec.validate import validate

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
from fetch_networks import Entry, fetch, manifest, network_path  # noqa: E402
from network_cases import network_inputs  # noqa: E402

PEER = "onnxruntime"
COLD_STARTS = 3
TOLERANCE = 1e-4

Row = dict[str, Any]


def compare(entry: Entry, folder: Path, device: str, threads: int, seconds: float) -> Row:
    """One network at one thread count: error, latencies, cold starts and memory of both."""
    source, path = network_path(entry), folder / f"{entry['name']}.edge"
    if not path.exists():
        edgec.export(str(source), str(path))
    inputs = network_inputs(entry, 0)
    row: Row = {"network": entry["name"], "threads": threads, "device": device}
    report = validate(path, source, device=device, against=PEER, inputs=[inputs], threads=threads)
    row["error"] = report.worst
    if not report.worst <= TOLERANCE:
        return row
    engines = {device: path, PEER: source}
    calls = {name: runner(name, str(model), threads, inputs) for name, model in engines.items()}
    row["latency"] = {n: dataclasses.asdict(found) for n, found in interleaved(calls, seconds).items()}
    row["cold"] = {
        name: median_row([cold_start(name, model, threads, inputs) for _ in range(COLD_STARTS)])
        for name, model in engines.items()
    }
    return row


def median_row(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each column."""
    return {key: sorted(row[key] for row in rows)[len(rows) // 2] for key in rows[0]}


def median(row: Row, engine: str) -> float:
    """Milliseconds of one run."""
    return float(row["latency"][engine]["median_ms"])


def to_first(row: Row, engine: str) -> float:
    """Milliseconds of load and first run."""
    return float(row["cold"][engine]["load_ms"] + row["cold"][engine]["first_ms"])


TITLES = ("network", "threads", "error", "ms", "peer", "ratio", "to first ms", "peer", "MB", "peer")


def cells(row: Row) -> list[str]:
    """A row of the table, in the order of TITLES; `peer` is ONNX Runtime's figure for what is left of it."""
    head, device = [row["network"], str(row["threads"])], row.get("device", "")
    if "latency" not in row:
        return [*head, row.get("failure") or f"{row['error']:.0e}", *[""] * (len(TITLES) - 3)]
    ours, peer = median(row, device), median(row, PEER)
    firsts = [f"{to_first(row, name):.1f}" for name in (device, PEER)]
    memory = [f"{row['cold'][name]['memory_bytes'] / 1e6:.1f}" for name in (device, PEER)]
    numbers = [f"{row['error']:.0e}", f"{ours:.3f}", f"{peer:.3f}", f"{ours / peer:.2f}"]
    return [*head, *numbers, *firsts, *memory]


def verdict(rows: list[Row]) -> str:
    """One line on the ratios of each thread count."""
    lines = []
    for threads in sorted({row["threads"] for row in rows}):
        done = [row for row in rows if row["threads"] == threads and "latency" in row]
        ratios = [median(row, row["device"]) / median(row, PEER) for row in done]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(f"{threads} thread(s): geometric mean {mean:.2f}, worst {max(ratios):.2f}")
    return "; ".join(lines)


def show(rows: list[Row], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for title in TITLES:
        table.add_column(title, justify="left" if title == "network" else "right")
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
    console.print(verdict(rows), highlight=False)


def markdown(rows: list[Row]) -> str:
    """One line a network as Markdown: at each thread count edgec's and the peer's milliseconds and their
    ratio; then load plus first run in milliseconds, and megabytes added, of both at the first count."""
    counts = sorted({row["threads"] for row in rows})
    titles = [
        "network",
        *(f"{n} thread{'s' * (n > 1)}, ms" for n in counts),
        "load + first, ms",
        "memory, MB",
    ]
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)]]
    for name in dict.fromkeys(row["network"] for row in rows):
        found = {row["threads"]: row for row in rows if row["network"] == name and "latency" in row}
        if not found:
            lines.append([name, *["failed"] * (len(titles) - 1)])
            continue
        first = found[min(found)]
        pairs = [
            (to_first(first, e), first["cold"][e]["memory_bytes"] / 1e6) for e in (first["device"], PEER)
        ]
        lines.append(
            [
                name,
                *(speeds(found[n]) if n in found else "failed" for n in counts),
                *(f"{ours:.1f} / {peer:.1f}" for ours, peer in zip(*pairs)),
            ]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{verdict(rows)}\n"


def speeds(row: Row) -> str:
    ours, peer = median(row, row["device"]), median(row, PEER)
    return f"{ours:.3g} / {peer:.3g} = **{ours / peer:.2f}**"


def options() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=3.0, help="per network and thread count")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    return parser.parse_args()


def main() -> None:
    given = options()
    entries = [e for e in manifest() if e["name"] in (given.names or [e["name"]])]
    fetch(entries)
    console = Console(width=120)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, console.status("") as status:
        for entry in entries:
            for threads in map(int, given.threads.split(",")):
                status.update(f"{entry['name']}, {threads} threads")
                try:
                    rows.append(compare(entry, Path(folder), given.device, threads, given.seconds))
                except (ValueError, RuntimeError) as error:
                    reason = str(error).splitlines()[0]
                    rows.append({"network": entry["name"], "threads": threads, "failure": reason})
    show(rows, console)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(markdown(rows))


if __name__ == "__main__":
    main()
