"""Takes ONNX's own tests to an .edge file and back, runs what comes back, and exports it once more.

python tests/writers/round_trip.py [-k text] [--opset N] [--gaps]
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GAPS = ROOT / "gaps" / "to_onnx.txt"
SECONDS = 60  # for one test
NOT_EXPORTED = "edgec does not export it"


def check(name: str, opset: int | None = None) -> str | None:
    """None where the test's model comes back and computes the same, else why not."""
    from suite import cases, data_sets, model_of

    from edgec import export, interpret, to_onnx
    from edgec.format.write import write_model

    case = cases()[name]
    outputs = [o.name for o in model_of(case).graph.output]
    try:
        stored = write_model(export(model_of(case)).model)
        sets = data_sets(case)
        given = interpret(stored, sets[0][0])
        wrong = _difference(sets[0][1], [given[n] for n in outputs], case)
    except Exception:
        return NOT_EXPORTED
    if wrong:
        return NOT_EXPORTED
    back = to_onnx(stored, opset=opset)
    _validate(back)
    for inputs, expected in sets:
        wrong = _judge(model_of(case), back, inputs, expected, case)
        if wrong:
            return wrong
    again = interpret(write_model(export(back).model), sets[0][0])
    wrong = _difference(sets[0][1], [again[n] for n in outputs], case)
    return wrong and f"exported again: {wrong}"


def _judge(source: Any, back: Any, inputs: Sequence[Any], expected: Sequence[Any], case: Any) -> str | None:
    """None where a runtime that is right about the test's own model is right about ours, or none is."""
    for evaluate in (run_onnxruntime, run_reference):
        try:
            wrong = _difference(expected, evaluate(back, inputs), case)
        except Exception as error:
            wrong = _reason(error)
        if wrong is None:
            return None
        try:
            if _difference(expected, evaluate(source, inputs), case) is None:
                return f"{evaluate.__name__[4:]}: {wrong}"
        except Exception:
            continue
    return None


def _validate(model: Any) -> None:
    import onnx

    onnx.checker.check_model(model, full_check=True)


def run_reference(model: Any, inputs: Sequence[Any]) -> list[Any]:
    """The outputs by onnx's reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    return list(ReferenceEvaluator(model).run(None, _feeds(model, inputs)))


def _feeds(model: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    given = zip([i.name for i in model.graph.input], inputs)
    return {name: _array(value) for name, value in given if value is not None}


def run_onnxruntime(model: Any, inputs: Sequence[Any]) -> list[Any]:
    """The outputs by ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = session.run(None, _feeds(model, inputs))
    return [_typed(x, info.type) for x, info in zip(found, model.graph.output)]


def _array(value: Any) -> Any:
    import numpy as np

    return np.asarray(value) if isinstance(value, np.generic) else value


def _typed(found: Any, type_: Any) -> Any:
    """ONNX Runtime gives small floats as bytes."""
    import numpy as np
    import onnx

    if type_.HasField("tensor_type") and isinstance(found, np.ndarray) and found.dtype == np.uint8:
        return found.view(onnx.helper.tensor_dtype_to_np_dtype(type_.tensor_type.elem_type))
    return found


def _difference(expected: Sequence[Any], found: Sequence[Any], case: Any) -> str | None:
    from onnx.backend.test.runner import Runner

    try:
        Runner.assert_similar_outputs(expected, found, rtol=case.rtol, atol=case.atol)
    except AssertionError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return ("wrong result: " + " ".join(lines[:3]))[:160]
    return None


def _reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    return f"{type(error).__name__}: {lines[0]}"[:240]


def work(opset: int | None) -> None:
    """Check the tests named on standard input, each in a process of its own; a JSON line for each."""
    import onnxruntime  # noqa: F401  (once, not in every child)
    from onnx.reference import ReferenceEvaluator  # noqa: F401
    from suite import cases

    import edgec.onnx_backend
    import edgec.writers.onnx.convert  # noqa: F401

    cases()
    for name in [line.strip() for line in sys.stdin]:
        print(json.dumps([name, _in_child(name, opset)]), flush=True)


def _in_child(name: str, opset: int | None) -> str | None:
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        with warnings.catch_warnings(), os.fdopen(sink, "w") as out:
            warnings.simplefilter("ignore")
            try:
                found = check(name, opset)
            except Exception as error:
                found = _reason(error)
            json.dump([found], out)
        os._exit(0)
    os.close(sink)
    ready, _, _ = select.select([source], [], [], SECONDS)
    with os.fdopen(source) as results:
        text = results.read() if ready else ""
    if not ready:
        os.kill(child, 9)
    os.waitpid(child, 0)
    return json.loads(text)[0] if text else "the process crashed or hung"


def run(names: Iterable[str], opset: int | None = None) -> dict[str, str | None]:
    """By test None, or why it does not come back."""
    roots = [ROOT / "exporter", ROOT / "runtime" / "python", ROOT / "tests" / "conformance"]
    path = os.pathsep.join([*map(str, roots), os.environ.get("PYTHONPATH", "")])
    process = subprocess.run(
        [sys.executable, __file__, "--worker", *(["--opset", str(opset)] if opset else [])],
        input="\n".join(names),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    return dict(json.loads(line) for line in process.stdout.splitlines() if line.startswith('["test_'))


def read_gaps() -> dict[str, str]:
    """The tests that do not come back, with their reasons: lines `test_name: reason`."""
    lines = GAPS.read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, reason in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests whose name holds this text")
    parser.add_argument("--opset", type=int, help="the opset to write")
    parser.add_argument("--gaps", action="store_true", help="rewrite the gap file")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.opset)
        return
    sys.path[:0] = [str(ROOT / "tests" / "conformance")]
    from suite import cases

    found = run([n for n in cases() if options.k in n], options.opset)
    tried = {n: r for n, r in found.items() if r != NOT_EXPORTED}
    failed = {n: r for n, r in tried.items() if r is not None}
    print(f"{len(tried) - len(failed)} of {len(tried)} come back; {len(found) - len(tried)} are not exported")
    print("".join(f"  {n}: {r}\n" for n, r in sorted(failed.items())), end="")
    if options.gaps:
        GAPS.write_text("".join(f"{n}: {r}\n" for n, r in sorted(failed.items())))


if __name__ == "__main__":
    main()
