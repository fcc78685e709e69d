"""Measures one engine in a process of its own: import, load, first inference, memory.

    python -m edgec.cli.cold ENGINE MODEL THREADS BUDGET INPUTS    prints one JSON object

Nothing but NumPy is imported before the measuring starts.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Runner = Callable[[], Any]


def peak_memory() -> int:
    """The most bytes this process has had in memory so far."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def runner(engine: str, model: str, threads: int, budget: int, inputs: dict[str, Any]) -> Runner:
    """A call that runs `model` once on the engine: onnxruntime or a device of edgert.

    `threads` and the memory `budget` 0 leave the choice to the engine. ONNX Runtime's threads do not spin
    between runs.
    """
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.force_spinning_stop", "1")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, inputs)
    import edgert

    loaded = edgert.load(model, device=engine, threads=threads or None, memory_budget=budget or None)
    return lambda: loaded.run(inputs)


def measure(engine: str, model: str, threads: int, budget: int, inputs: dict[str, Any]) -> dict[str, float]:
    """Milliseconds of import, load and first run; bytes that they added to the process."""
    before = peak_memory()
    start = time.perf_counter()
    __import__("onnxruntime" if engine == "onnxruntime" else "edgert")
    imported = time.perf_counter()
    call = runner(engine, model, threads, budget, inputs)
    loaded = time.perf_counter()
    call()
    first = time.perf_counter()
    return {
        "import_ms": 1e3 * (imported - start),
        "load_ms": 1e3 * (loaded - imported),
        "first_ms": 1e3 * (first - loaded),
        "memory_bytes": peak_memory() - before,
    }


def main() -> None:
    engine, model, threads, budget, path = sys.argv[1:]
    with open(path, "rb") as file:
        inputs = pickle.load(file)
    print(json.dumps(measure(engine, model, int(threads), int(budget), inputs)))


if __name__ == "__main__":
    main()
