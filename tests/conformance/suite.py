"""Runs ONNX's own backend tests on engines, in worker processes, so that a crash is one failed test.

    python tests/conformance/suite.py CPU -k resize     tests whose name holds "resize", with reasons
    python tests/conformance/suite.py CPU --gaps        all of them; rewrites gaps/cpu.txt
    python tests/conformance/suite.py                   all engines and peers, into docs/conformance.md
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("INTERPRETER", "CPU", "OPENCL")
PEERS = ("ONNXRUNTIME", "REFERENCE")
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
SILENCE_LIMIT = 120  # seconds a worker may take for one test
Results = Mapping[str, Mapping[str, Any]]


@lru_cache(maxsize=1)
def cases() -> dict[str, Any]:
    """Every test of the installed onnx package by name."""
    from onnx.backend.test import loader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnx computes some expected values from inf and nan
        return {case.name: case for kind in KINDS for case in loader.load_model_tests(kind=kind)}


def model_of(case: Any) -> Any:
    """The test's model, with the element types that its inputs have."""
    import onnx

    return case.model if case.model_dir is None else onnx.load(Path(case.model_dir) / "model.onnx")


def data_sets(case: Any) -> list[tuple[list[Any], list[Any]]]:
    """Pairs of inputs and expected outputs as arrays, lists and None."""
    from onnx.backend.test.runner import _normalize_tensor

    if case.model_dir is None:
        return [
            ([_normalize_tensor(i) for i in given], [_normalize_tensor(e) for e in expected])
            for given, expected in case.data_sets
        ]
    return [_stored(case, folder) for folder in sorted(Path(case.model_dir).glob("test_data_set*"))]


def _stored(case: Any, folder: Path) -> tuple[list[Any], list[Any]]:
    graph = model_of(case).graph
    parts = []
    for kind, infos in (("input", graph.input), ("output", graph.output)):
        count = len(list(folder.glob(f"{kind}_*.pb")))
        parts.append([_array(folder / f"{kind}_{i}.pb", infos[i].type) for i in range(count)])
    return parts[0], parts[1]


def _array(path: Path, type_: Any) -> Any:
    """A stored tensor, sequence or optional."""
    import onnx

    readers: dict[str, tuple[Any, Any]] = {
        "sequence_type": (onnx.SequenceProto, onnx.numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, onnx.numpy_helper.to_optional),
    }
    proto, read = readers.get(type_.WhichOneof("value"), (onnx.TensorProto, onnx.numpy_helper.to_array))
    message = proto()
    message.ParseFromString(path.read_bytes())
    return read(message)


# -- in a worker


class _Peer:
    """Feeds inputs, given in order, by name."""

    def __init__(self, run: Any, model: Any) -> None:
        constants = {t.name for t in model.graph.initializer}
        self._run = run
        self._names = [i.name for i in model.graph.input if i.name not in constants]

    def run(self, inputs: list[Any]) -> Any:
        return self._run(dict(zip(self._names, inputs)))


def _prepare_peer(engine: str, model: Any) -> _Peer:
    if engine == "REFERENCE":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return _Peer(lambda feeds: evaluator.run(None, feeds), model)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return _Peer(lambda feeds: session.run(None, feeds), model)


def run_case(engines: Sequence[str], case: Any) -> dict[str, str | None]:
    """For each engine None where it passes, else why it does not. The model is exported once for all."""
    from edgec.onnx_backend import Exported

    model, sets = model_of(case), data_sets(case)
    exported: Exported | Exception | None = None
    found = {}
    for engine in engines:
        try:
            if engine in PEERS:
                prepared: Any = _prepare_peer(engine, model)
            else:
                if exported is None:
                    exported = _exported(model)
                if isinstance(exported, Exception):
                    raise exported
                prepared = exported.load(engine, strict=True)
            found[engine] = _compare(prepared, sets, case)
        except Exception as error:
            found[engine] = _reason(error)
    return found


def _exported(model: Any) -> Any:
    from edgec.onnx_backend import Exported

    try:
        return Exported(model)
    except Exception as error:
        return error


def _compare(prepared: Any, sets: Sequence[tuple[list[Any], list[Any]]], case: Any) -> str | None:
    for given, expected in sets:
        outputs = prepared.run(given)
        try:
            _assert_similar(list(expected), list(outputs), case)
        except AssertionError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            return ("wrong result: " + " ".join(lines[:3]))[:160]
    return None


def _assert_similar(expected: Any, found: Any, case: Any) -> None:
    """As the suite's own runner, which takes an array in a sequence for a sequence of arrays."""
    from onnx.backend.test.runner import Runner

    if not isinstance(expected, (list, tuple)):
        if expected is None or found is None:
            assert expected is found, f"{found} is not {expected}"
            return
        Runner.assert_similar_outputs([expected], [found], rtol=case.rtol, atol=case.atol)
        return
    assert isinstance(found, (list, tuple)), f"{type(found).__name__} is not a sequence"
    assert len(expected) == len(found), f"{len(found)} items, expected {len(expected)}"
    for wanted, got in zip(expected, found):
        _assert_similar(wanted, got, case)


def _reason(error: Exception) -> str:
    """One line: the problem itself, without the test's own names for nodes."""
    problems = getattr(error, "problems", None)
    if problems:
        return f"{problems[0].operator}: {problems[0].reason}"[:160]
    text = " ".join(str(error).split())
    return (text if type(error).__name__ == "EdgertError" else f"{type(error).__name__}: {text}")[:160]


def work(engines: Sequence[str]) -> None:
    """Run the tests named on standard input, a JSON line for each; a crash costs one forked child."""
    names = [line.strip() for line in sys.stdin]
    cases()
    while names:
        done = _in_child(engines, names)
        if done < len(names):
            crashed = dict.fromkeys(engines, "the process crashed or hung")
            print(json.dumps([names[done], crashed]), flush=True)
        names = names[done + 1 :]


def _in_child(engines: Sequence[str], names: list[str]) -> int:
    """Run tests in a child process until it is through or dies; how many it got through."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        with os.fdopen(sink, "w") as out:
            for name in names:
                print(json.dumps([name, run_case(engines, cases()[name])]), file=out, flush=True)
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


def run_tests(engines: Sequence[str], names: Iterable[str], jobs: int = 1) -> Results:
    """By engine and test None, or the reason why the engine fails it."""
    wanted = list(names)
    found: dict[str, dict[str, str | None]] = {engine: {} for engine in engines}
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda i: _run_worker(engines, wanted[i::jobs]), range(jobs)):
            for name, reasons in part.items():
                for engine in engines:
                    found[engine][name] = reasons[engine]
    return found


def _run_worker(engines: Sequence[str], names: list[str]) -> dict[str, dict[str, str | None]]:
    roots = [str(ROOT / "exporter"), str(ROOT / "runtime" / "python"), os.environ.get("PYTHONPATH", "")]
    process = subprocess.run(
        [sys.executable, __file__, "--worker", *engines],
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


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2:])
    else:
        import report

        report.main()
