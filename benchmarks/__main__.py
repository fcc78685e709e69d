"""Measures edgec beside its peers on every network, in one interleaved run.

    make bench ARGS="..."    or    python -m benchmarks [NETWORK ...] [--engines edgec,onnxruntime,...]

Each engine runs in fresh processes on its own cores, pinned; they take turns in short slices. Times are
medians over the rounds, and ratios are medians of the ratios within rounds. Outputs are compared with ONNX
Runtime's, and a wrong result (edgec's by more than 1e-4, others' by more than 1e-3) has no time. Import,
load and first run, and the memory that they add, are beyond Python and NumPy, with the file in the page
cache. Peers live in environments of their own, which make bench PEERS=all sets up.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from rich.console import Console

from benchmarks import plot, report
from benchmarks.engines import ENGINES
from benchmarks.limits import Limits, measure_limits
from benchmarks.networks import Network, networks
from benchmarks.results import CAPPED, join
from benchmarks.suite import Plan, Progress, about_engines, measure_all, prepared

QUICK = {"rounds": 3, "seconds": 0.1, "starts": 1}
AVX2_MACHINE = "x86-64-v3"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "Model"))
    ]
    name = names[0] if names else platform.machine()
    text = f"{name}, {os.cpu_count()} cores; Python {platform.python_version()}; f32, batch 1"
    return {"cpu": name, "cores": os.cpu_count(), "text": text}


def chosen_from(text: str, known: Sequence[str], what: str) -> list[str]:
    names = text.split(",") if text else list(known)
    for name in names:
        if name not in known:
            raise SystemExit(f"benchmarks: {name}: no such {what}, expected some of {', '.join(known)}")
    return names


def parsed() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("benchmarks", description=__doc__, formatter_class=raw)
    parser.add_argument("networks", nargs="*", help="all if none is given")
    parser.add_argument("--engines", default="", help=f"of {','.join(ENGINES)}")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--cores", default="", help="the cores to use, as 0,1; those allowed if not given")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each slice")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes for starts and memory")
    parser.add_argument(
        "--behind", type=float, default=2.0, help="peers slower than the best by this get two rounds only"
    )
    parser.add_argument("--prepare", action="store_true", help="fetch and convert, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="a rough look: fewer rounds, shorter slices")
    parser.add_argument("--json", type=Path, help="join all figures to those there, network by network")
    parser.add_argument("--resume", action="store_true", help="leave out what the JSON file holds")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    parser.add_argument("--plot", type=Path, help="write a plot there (SVG)")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    return options


def read(path: Optional[Path]) -> dict[str, Any]:
    """The results that the file holds; without rows if there is none."""
    found: dict[str, Any] = json.loads(path.read_text()) if path and path.exists() else {}
    return {"engines": {}, "limits": {}, "rows": [], **found, "machine": machine()}


def write(path: Path, results: dict[str, Any]) -> None:
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(json.dumps(results, indent=1) + "\n")
    unfinished.replace(path)


def limits_of(cores: Sequence[Sequence[int]], capped: bool) -> dict[str, Limits]:
    """The machine's for each thread count, and if `capped` also those without what AVX2 lacks."""
    kinds = {"": "native"}
    if capped and platform.machine() == "x86_64":
        kinds[CAPPED] = AVX2_MACHINE
    try:
        return {f"{len(some)}{end}": measure_limits(some, kinds[end]) for some in cores for end in kinds}
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"benchmarks: no limits: {error}", file=sys.stderr)
        return {}


def prepare_all(networks: Sequence[Network], engines: Sequence[str]) -> None:
    for network in networks:
        missing = {name: why for name, why in prepared(network, engines).items() if isinstance(why, str)}
        print(f"{network.name}: {len(engines) - len(missing)} engines have their file", file=sys.stderr)
        for name, why in missing.items():
            print(f"  {name}: {why}", file=sys.stderr, flush=True)


def main() -> None:
    options = parsed()
    known = networks()
    names = chosen_from(",".join(options.networks), list(known), "network")
    engines = chosen_from(options.engines, list(ENGINES), "engine")
    allowed = [int(c) for c in options.cores.split(",") if c] or sorted(os.sched_getaffinity(0))
    counts = [int(n) for n in options.threads.split(",")]
    cores = [allowed[:n] for n in counts if n <= len(allowed)]
    for n in counts:
        if n > len(allowed):
            print(f"benchmarks: {n} threads left out: {len(allowed)} cores are allowed", file=sys.stderr)

    results = read(options.json)
    held = {(row["network"], row["threads"]) for row in results["rows"]} if options.resume else set()
    about = about_engines(engines)
    results["engines"].update(about)
    present = [name for name in engines if "missing" not in about[name]]
    with Console(stderr=True).status("") as status:
        tell: Progress = status.update if sys.stderr.isatty() else lambda text: None
        if options.prepare:
            prepare_all([known[n] for n in names], present)
            return
        tell("measuring the machine's limits")
        limits = limits_of(cores, capped=any(name.endswith(CAPPED) for name in present))
        results["limits"].update({key: vars(found) for key, found in limits.items()})
        plan = Plan(options.rounds, options.seconds, options.starts, cores, options.behind)
        for row in measure_all([known[n] for n in names], present, plan, limits, held, tell):
            join(results, row)
            if options.json:
                write(options.json, results)
    results["rows"].sort(key=lambda row: list(known).index(row["network"]))
    report.show(results, Console(width=None if sys.stdout.isatty() else 160))
    if options.markdown:
        options.markdown.write_text(report.markdown(results))
    if options.plot:
        options.plot.write_text(plot.svg(results))


if __name__ == "__main__":
    main()
