"""Timing engines side by side, so that a drifting clock meets all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgec.validate.engines import EngineError, save_arrays

Array = np.ndarray[Any, Any]

WARM_UP_RUNS = 3


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one run, over `runs` runs."""

    runs: int
    median_ms: float
    p90_ms: float
    least_ms: float


def interleaved(
    calls: Mapping[str, Callable[[], Any]], seconds: float, most_runs: int = 10_000
) -> dict[str, Latency]:
    """The latency of each call; they take turns, run by run, for about `seconds` in all.

    Each is called at least once after warming up, however long that takes.
    """
    for _ in range(WARM_UP_RUNS):
        for call in calls.values():
            call()
    samples: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    for _ in range(most_runs):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            samples[name].append(1e3 * (time.perf_counter() - start))
        if time.perf_counter() >= end:
            break
    return {name: latency(found) for name, found in samples.items()}


def throughput(calls: Sequence[Callable[[], Any]], seconds: float) -> float:
    """How many calls a second all of `calls` make, each again and again in a thread of its own.

    Raises what a call raises.
    """
    for call in calls:
        call()
    ready = threading.Barrier(len(calls))

    def repeat(call: Callable[[], Any]) -> float:
        ready.wait()
        start, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - start < seconds:
            call()
            count += 1
        return count / (time.perf_counter() - start)

    with ThreadPoolExecutor(len(calls)) as pool:
        return sum(pool.map(repeat, calls))


def latency(samples: list[float]) -> Latency:
    """Median, 90th percentile and least of run times in milliseconds.

    >>> latency([3.0, 1.0, 2.0])
    Latency(runs=3, median_ms=2.0, p90_ms=3.0, least_ms=1.0)
    """
    ordered = sorted(samples)
    p90 = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return Latency(len(ordered), statistics.median(ordered), p90, ordered[0])


def cold_start(
    engine: str, model: Path, threads: int, budget: int, inputs: Mapping[str, Array]
) -> dict[str, float]:
    """Import, load and first run in a fresh process (see `cold.measure`). Raises EngineError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "inputs.pickle")
        save_arrays(path, inputs)
        command = [sys.executable, "-m", "edgec.cli.cold", engine, str(model), str(threads), str(budget)]
        command.append(str(path))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EngineError(f"{engine}: {lines[-1]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
