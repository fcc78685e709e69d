"""One engine with one network in a process of its own.

    python -m benchmarks.worker ENGINE MODEL ARRAYS THREADS

It says how it started on the first line, then answers each line of its input, a number of seconds, with
how long a run took in a slice of that length. Every line of its output is one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines import ENGINES, Array, Arrays, Engine, version_of

WARM_UP = 0.2  # of a slice
LEAST_RUNS = 4
MOST_WORDS = 300  # characters of an error
clock = time.perf_counter


def memory(key: str) -> int:
    """Bytes of VmRSS, what the process has in memory, or of VmHWM, the most it has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return 1024 * int(line.split()[1])
    raise KeyError(key)


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def read_arrays(path: Path) -> Arrays:
    """The arrays of an .npz file by name, in its order, each with memory of its own."""
    with np.load(path) as file:
        return {name: np.array(file[name]) for name in file.files}


def relative_error(found: list[Array], expected: list[Array]) -> float:
    """The largest error of any output, relative to its largest value; inf where it has another size.

    >>> relative_error([np.array([1.0, 2.5])], [np.array([1.0, 2.0])])
    0.25
    """
    worst = 0.0
    for got, want in zip(found, expected):
        if got.size != want.size:
            return float("inf")
        a, b = (np.asarray(array, np.float64).reshape(-1) for array in (got, want))
        error = float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-6))
        worst = max(worst, error if error == error else float("inf"))
    return worst if found else float("inf")


def begin(engine: Engine, model: Path, arrays: Path, threads: int) -> tuple[dict[str, Any], list[Array]]:
    """Import, load and first run, each timed; what they added to the process; and the right outputs."""
    inputs, expected = read_arrays(arrays / "inputs.npz"), read_arrays(arrays / "expected.npz")
    outputs = {name: np.full_like(array, -1) for name, array in expected.items()}
    forget_peak()
    before, start = memory("VmRSS"), clock()
    engine.start()
    imported = clock()
    engine.load(model, threads)
    loaded = clock()
    engine.bind(inputs, outputs)
    engine.run()
    found = engine.results()
    first = clock()
    return {
        "import_ms": 1e3 * (imported - start),
        "load_ms": 1e3 * (loaded - imported),
        "first_ms": 1e3 * (first - loaded),
        "memory_bytes": memory("VmRSS") - before,
        "peak_bytes": memory("VmHWM") - before,
        "error": relative_error(found, list(expected.values())),
        "version": version_of(engine),
        "facts": engine.facts(),
    }, list(expected.values())


def time_slice(engine: Engine, seconds: float) -> dict[str, float]:
    """The median of the runs that fit into the slice after warming up."""
    run = engine.run
    warm = clock() + WARM_UP * seconds
    run()
    while clock() < warm:
        run()
    samples: list[float] = []
    end = clock() + seconds
    while len(samples) < LEAST_RUNS or clock() < end:
        start = clock()
        run()
        samples.append(clock() - start)
    return {"ms": 1e3 * float(np.median(samples)), "runs": len(samples)}


def main() -> None:
    name, model, arrays, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # engines print

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    engine = ENGINES[name]()
    try:
        answer, expected = begin(engine, Path(model), Path(arrays), int(threads))
        say(answer)
        for line in sys.stdin:
            timed = time_slice(engine, float(line))
            say({**timed, "error": relative_error(engine.results(), expected)})
    except Exception as error:
        say({"failure": " ".join(f"{type(error).__name__}: {error}".split())[:MOST_WORDS]})
        raise


if __name__ == "__main__":
    main()
