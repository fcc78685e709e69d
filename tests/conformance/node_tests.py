"""Runs ONNX's own node tests on an engine, in worker processes, so that a crash is one failed test.

    python tests/conformance/node_tests.py                 counts per engine, into docs/conformance.md
    python tests/conformance/node_tests.py CPU --gaps      also rewrite gaps/cpu.txt
    python tests/conformance/node_tests.py CPU -k resize   tests whose name holds "resize", with reasons
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("INTERPRETER", "CPU", "OPENCL")
PEERS = ("ONNXRUNTIME", "REFERENCE")
SILENCE_LIMIT = 120  # seconds a worker may take for one test


@lru_cache(maxsize=1)
def cases() -> dict[str, Any]:
    """Every node test of the installed onnx package by name."""
    from onnx.backend.test import loader

    return {case.name: case for case in loader.load_model_tests(kind="node")}


# -- in a worker


def prepare(engine: str, model: Any) -> Any:
    """Something with run(inputs) -> outputs."""
    if engine in ENGINES:
        from edgec.onnx_backend import EdgecBackend

        return EdgecBackend.prepare(model, engine)
    if engine == "REFERENCE":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return _Named(lambda feeds: evaluator.run(None, feeds), model)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return _Named(lambda feeds: session.run(None, feeds), model)


class _Named:
    """Feeds inputs, given in order, by name."""

    def __init__(self, run: Any, model: Any) -> None:
        self._run, self._names = run, [i.name for i in model.graph.input]

    def run(self, inputs: list[Any]) -> Any:
        return self._run(dict(zip(self._names, inputs)))


def run_case(engine: str, case: Any) -> str | None:
    """None where the engine passes, else why it does not."""
    from onnx.backend.test.runner import Runner, _normalize_tensor

    try:
        prepared = prepare(engine, case.model)
        for inputs, expected in case.data_sets:
            outputs = prepared.run([_normalize_tensor(i) for i in inputs])
            wanted = [_normalize_tensor(e) for e in expected]
            Runner.assert_similar_outputs(wanted, outputs, rtol=case.rtol, atol=case.atol)
    except Exception as error:
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    """One line: the problem itself, without the test's own names for nodes."""
    problems = getattr(error, "problems", None)
    if problems:
        return f"{problems[0].operator}: {problems[0].reason}"[:160]
    if isinstance(error, AssertionError):
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return ("wrong result: " + " ".join(lines[:3]))[:160]
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]


def work(engine: str) -> None:
    """Run the tests named on standard input, a JSON line for each; a crash costs one forked child."""
    names = [line.strip() for line in sys.stdin]
    cases()
    while names:
        done = _in_child(engine, names)
        if done < len(names):
            print(json.dumps([names[done], "the process crashed or hung"]), flush=True)
        names = names[done + 1 :]


def _in_child(engine: str, names: list[str]) -> int:
    """Run tests in a child process until it is through or dies; how many it got through."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        with os.fdopen(sink, "w") as out:
            for name in names:
                print(json.dumps([name, run_case(engine, cases()[name])]), file=out, flush=True)
        os._exit(0)
    os.close(sink)
    done = 0
    with os.fdopen(source) as results:
        while True:
            watchdog = threading.Timer(SILENCE_LIMIT, os.kill, (child, signal.SIGKILL))
            watchdog.start()
            line = results.readline()
            watchdog.cancel()
            if not line.endswith("\n"):
                break
            print(line, end="", flush=True)
            done += 1
    os.waitpid(child, 0)
    return done


# -- in the parent


def run_tests(engine: str, names: Iterable[str], jobs: int = 1) -> dict[str, str | None]:
    """For each test None, or the reason why the engine fails it."""
    wanted = list(names)
    parts = [wanted[i::jobs] for i in range(jobs)]
    found: dict[str, str | None] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda part: _run_worker(engine, part), parts):
            found.update(part)
    return found


def _run_worker(engine: str, names: list[str]) -> dict[str, str | None]:
    roots = [str(ROOT / "exporter"), str(ROOT / "runtime" / "python"), os.environ.get("PYTHONPATH", "")]
    process = subprocess.run(
        [sys.executable, __file__, engine, "--worker"],
        input="\n".join(names),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots)), "OMP_NUM_THREADS": "1"},
        check=True,
    )
    return dict(json.loads(line) for line in process.stdout.splitlines() if line.startswith('["test_'))


def gap_file(engine: str) -> Path:
    return ROOT / "gaps" / f"{engine.lower()}.txt"


def read_gaps(engine: str) -> dict[str, str]:
    """The known failures of an engine with their reasons: lines `test_name: reason`."""
    lines = gap_file(engine).read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, reason in pairs}


def write_gaps(engine: str, results: Mapping[str, str | None]) -> None:
    failed = sorted((name, reason) for name, reason in results.items() if reason is not None)
    gap_file(engine).write_text("".join(f"{name}: {reason}\n" for name, reason in failed))


TABLE = """# Conformance

ONNX's own node tests (onnx {version}, {total} tests), each run through `edgec.onnx_backend` on every backend,
and through the peers' own interfaces in the same harness with the same tolerances. What a backend does
not pass is listed with its reason in its gap file; the run of the tests fails where a listed one passes or
another one fails. A peer that does not know the newest opset yet fails the tests written in it.

| engine | passed | not passed | gaps |
|---|---:|---:|---|
{rows}

Nodes without a kernel for OpenCL run on the CPU in such a session; `placement()` names them and why. The
OpenCL device is the first that `edgec devices` lists.

Made by `python tests/conformance/node_tests.py`.
"""


def write_table(results: Mapping[str, Mapping[str, str | None]]) -> None:
    """docs/conformance.md from results per engine."""
    import onnx

    rows = []
    for engine, found in results.items():
        passed = sum(reason is None for reason in found.values())
        link = f"[{engine.lower()}.txt](../gaps/{engine.lower()}.txt)" if engine in ENGINES else ""
        rows.append(f"| {label(engine)} | {passed} | {len(found) - passed} | {link} |")
    text = TABLE.format(version=onnx.__version__, total=len(cases()), rows="\n".join(rows))
    (ROOT / "docs" / "conformance.md").write_text(text)


def label(engine: str) -> str:
    """How the table names an engine."""
    import onnx

    if engine == "ONNXRUNTIME":
        import onnxruntime

        return f"ONNX Runtime {onnxruntime.__version__} (CPU)"
    if engine == "REFERENCE":
        return f"ONNX reference evaluator {onnx.__version__}"
    return f"edgec {engine.lower()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join((*ENGINES, *PEERS)))
    parser.add_argument("-k", default="", help="only tests whose name holds this text")
    parser.add_argument("--gaps", action="store_true", help="rewrite the gap files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.engines[0])
        return
    names = [name for name in cases() if options.k in name]
    results = {}
    for engine in options.engines or (*ENGINES, *PEERS):
        results[engine] = run_tests(engine, names, options.jobs)
        passed = sum(reason is None for reason in results[engine].values())
        print(f"{label(engine)}: {passed} of {len(names)} pass", flush=True)
        if options.k:
            print("".join(f"  {n}: {r}\n" for n, r in results[engine].items() if r), end="")
        elif options.gaps and engine in ENGINES:
            write_gaps(engine, results[engine])
    if not options.engines and not options.k:
        write_table(results)


if __name__ == "__main__":
    main()
