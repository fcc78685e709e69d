"""Whatever can run a network, behind one interface: ONNX engines, the interpreter, devices."""

from __future__ import annotations

import importlib.metadata
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgec.format.read import read_model
from edgec.interpreter import interpret, interpret_values
from edgec.ir.graph import Graph
from edgec.ops.containers import unwrap

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

ONNX_ENGINES = ("onnxruntime", "reference")


class EngineError(RuntimeError):
    """An engine that is not here, or that failed. The text names it and says why."""


class Engine(Protocol):
    """Runs one model. `name` tells engines apart in reports."""

    name: str

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        """The outputs by name, in order."""

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        """Every tensor it holds, by the source model's name and in the source model's layout."""


def engine(
    which: str,
    edge: Path | None,
    source: Path | None,
    threads: int | None = None,
    memory_budget: int | None = None,
) -> Engine:
    """The engine called `which`: onnxruntime, reference, interpreter, or a device of edgert.

    A device may name an instruction set, which is forced in a process of its own: `cpu@portable`.
    ONNX engines run `source`, the others `edge`; `memory_budget` is for devices in this process. Raises
    EngineError where the file is not given or the engine is not installed.
    """
    path = source if which in ONNX_ENGINES else edge
    if path is None:
        wanted = "the ONNX model" if which in ONNX_ENGINES else "an .edge file"
        raise EngineError(f"{which} needs {wanted}, which is not given")
    if which == "onnxruntime":
        return OnnxRuntime(path, threads)
    if which == "reference":
        return ReferenceEvaluator(path)
    if which == "interpreter":
        return Interpreter(path)
    if "@" in which:
        return ForcedDevice(path, which, threads)
    return Device(path, which, threads, memory_budget)


def version_of(package: str) -> str:
    """`package` with its version, as references and reports name it."""
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def as_value(found: Any) -> Any:
    """An engine's output as an array, or as the list, dict or None that it is."""
    return found if found is None or isinstance(found, (list, dict)) else np.asarray(found)


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Turns whatever an engine raises, which is of many kinds, into an EngineError with its first line."""
    try:
        yield
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise EngineError(f"{name}: {lines[0]}") from error


class OnnxRuntime:
    """onnxruntime on the CPU."""

    def __init__(self, path: Path, threads: int | None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise EngineError("onnxruntime is not installed: pip install 'edgec[onnxruntime]'") from error
        self.name = version_of("onnxruntime")
        self.path = path
        self.options = onnxruntime.SessionOptions()
        self.options.log_severity_level = 3
        self.options.intra_op_num_threads = threads or 0
        self.session = self._load(str(path))

    def _load(self, model: str | bytes) -> Any:
        import onnxruntime

        with failures(self.name):
            return onnxruntime.InferenceSession(model, self.options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        names = [output.name for output in self.session.get_outputs()]
        with failures(self.name):
            return dict(zip(names, self.session.run(names, dict(inputs))))

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        import onnx

        model = onnx.load(str(self.path))
        known = {output.name for output in model.graph.output}
        names = [name for node in model.graph.node for name in node.output if name]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
        session = self._load(model.SerializeToString())
        with failures(self.name):
            found = zip(names, session.run(names, dict(inputs)))
        return {name: array for name, array in found if isinstance(array, np.ndarray)}


class ReferenceEvaluator:
    """The reference evaluator of the onnx package: slow, and the word on what an operator means."""

    def __init__(self, path: Path) -> None:
        try:
            from onnx.reference import ReferenceEvaluator as Evaluator
        except ImportError as error:
            raise EngineError("onnx is not installed: pip install 'edgec[export]'") from error
        self.name = f"{version_of('onnx')} reference evaluator"
        with failures(self.name):
            self.evaluator = Evaluator(str(path))

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        names = list(self.evaluator.output_names)
        with failures(self.name):
            return {n: as_value(a) for n, a in zip(names, self.evaluator.run(None, dict(inputs)))}

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        with failures(self.name):
            found = self.evaluator.run(None, dict(inputs), intermediate=True)
        assert isinstance(found, dict)
        return {name: array for name, array in found.items() if isinstance(array, np.ndarray)}


class Interpreter:
    """edgec's own definition of the operators, in NumPy, over an .edge file."""

    def __init__(self, path: Path) -> None:
        self.name = "interpreter"
        self.model = read_model(path)

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        return interpret(self.model, inputs)

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        return named_values(self.model.main, inputs)


def named_values(graph: Graph, inputs: Mapping[str, Array]) -> Arrays:
    """The interpreter's values under their source names, in the order in which they are made."""
    values = interpret_values(graph, inputs)
    order = {value: position for position, value in enumerate(values)}
    kept = [(name, s) for name, s in graph.names.items() if s.value is not None and s.value in order]
    kept.sort(key=lambda item: order[item[1].value] if item[1].value is not None else 0)
    found: Arrays = {}
    for name, source in kept:
        assert source.value is not None
        array = values[source.value]
        shown = unwrap(array) if source.value.dtype.is_container else array
        found[name] = shown if source.perm is None else shown.transpose(source.perm)
    return found


class Device:
    """A device of edgert in this process: cpu, opencl, opencl:1, auto."""

    def __init__(
        self, path: Path, device: str, threads: int | None, memory_budget: int | None = None
    ) -> None:
        try:
            import edgert
        except (ImportError, OSError) as error:
            raise EngineError(f"{device}: the runtime cannot be loaded: {error}") from error
        self.name = device
        self.session = edgert.load(str(path), device=device, threads=threads, memory_budget=memory_budget)

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        return dict(self.session.run(dict(inputs)))

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        return dict(self.session.run_layers(dict(inputs)))


@dataclass
class ForcedDevice:
    """A device with a forced instruction set, `cpu@avx2`; it is chosen once a process, so it has its own."""

    path: Path
    name: str
    threads: int | None = None

    def run(self, inputs: Mapping[str, Array]) -> Arrays:
        return self._call("run", inputs)

    def layers(self, inputs: Mapping[str, Array]) -> Arrays:
        return self._call("layers", inputs)

    def _call(self, method: str, inputs: Mapping[str, Array]) -> Arrays:
        device, _, isa = self.name.partition("@")
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder, "given.pickle"), Path(folder, "made.pickle")
            save_arrays(given, inputs)
            command = [sys.executable, "-m", "edgec.validate.worker", method, str(self.path), device]
            command += [str(self.threads or 0), str(given), str(made)]
            path = os.pathsep.join(filter(None, sys.path))
            environment = {**os.environ, "EDGERT_ISA": isa, "PYTHONPATH": path}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no message"]
                raise EngineError(f"{self.name}: exit code {done.returncode}: {lines[-1]}")
            return load_arrays(made)


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Writes arrays, lists, dicts and None for a process of ours to read."""
    with path.open("wb") as file:
        pickle.dump(dict(arrays), file)


def load_arrays(path: Path) -> Arrays:
    """What `save_arrays` wrote; only for files that this process or its children made."""
    with path.open("rb") as file:
        found: Arrays = pickle.load(file)
    return found
