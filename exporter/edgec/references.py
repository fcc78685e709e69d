"""Inputs with expected outputs, computed from the source model, for a file to carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from edgec.frontends.onnx import import_model
from edgec.frontends.onnx.loading import ModelSource
from edgec.ir.graph import Reference
from edgec.samples import random_inputs

Array = np.ndarray[Any, Any]
Run = Callable[[Mapping[str, Array]], dict[str, Array]]

TOLERANCE = 1e-4
NUDGE = 2.0**-22  # relative: what rounding does to numbers of f32
NUDGES = 2
MARGIN = 4  # how much more than a nudge of the inputs rounding on the way may do
SMALLEST_SCALE = 1e-6


def make_references(
    source: ModelSource,
    count: int,
    shapes: Mapping[str, Sequence[int | str]] | None = None,
    tolerance: float = TOLERANCE,
) -> list[Reference]:
    """`count` seeded inputs with the outputs that `source`, a model or its path, has for them.

    They come from ONNX Runtime if it is installed and takes the model, else from onnx's reference evaluator;
    each Reference says which. Axes that `shapes` leaves open get the sizes of `samples.sizes_of_symbols`.
    `tolerance` is wider where the outputs are mostly rounding: where nudging the inputs moves them more.
    Raises ValueError where neither can run the model at these sizes.

    >>> make_references(onnx.load("model.onnx"), 2)  # doctest: +SKIP
    [Reference(inputs={'x': ...}, outputs={'y': ...}, source='onnxruntime 1.20.0', tolerance=0.0001), ...]
    """
    graph = import_model(source, shapes).main
    for value in (*graph.inputs, *graph.outputs):
        if value.dtype.is_container:
            raise ValueError(f"references: '{value.name}' is {value.type}; a file keeps tensors only")
    cases = [random_inputs(graph, {}, seed) for seed in range(count)]
    failures = []
    for make in (_onnxruntime, _reference_evaluator):
        try:
            name, run = make(source)
            return [_reference(case, run, name, tolerance, seed) for seed, case in enumerate(cases)]
        except Exception as error:  # engines have exceptions of many kinds
            failures.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
    sizes = ", ".join(f"{name} {array.shape}" for name, array in (cases or [{}])[0].items())
    raise ValueError(
        f"references: no engine runs the model on {sizes}: {'; '.join(failures)}; "
        "give sizes that it takes with --shape"
    )


def _reference(inputs: dict[str, Array], run: Run, name: str, tolerance: float, seed: int) -> Reference:
    """`inputs` with the outputs that `run` gives, and a tolerance that rounding keeps.

    A detector finds nothing in noise, and its outputs are then what rounding leaves of nothing: another order
    of the same sums gives others. How far is seen by moving the inputs as little as rounding would.
    """
    outputs, random = run(inputs), np.random.default_rng(seed)
    for _ in range(NUDGES if any(a.dtype.kind == "f" for a in inputs.values()) else 0):
        moved = run({key: _nudged(a, random) for key, a in inputs.items()})
        tolerance = max([tolerance, *(MARGIN * _apart(moved[key], a) for key, a in outputs.items())])
    return Reference(inputs, outputs, name, tolerance)


def _nudged(array: Array, random: np.random.Generator) -> Array:
    """Floats, each a little larger or smaller; all else as it is."""
    if array.dtype.kind != "f":
        return array
    factors = 1 + NUDGE * random.choice([-1, 1], array.shape)
    return np.asarray((array * factors).astype(array.dtype))


def _apart(moved: Array, array: Array) -> float:
    """The largest difference of two float arrays by the scale of the second; 0 where that says nothing."""
    if array.dtype.kind != "f" or array.shape != moved.shape or not array.size:
        return 0.0
    wide, scale = array.astype(np.float64), float(np.abs(array).max())
    found = float(np.abs(moved - wide).max()) / max(scale, SMALLEST_SCALE)
    return found if np.isfinite(found) else 0.0


def _onnxruntime(source: ModelSource) -> tuple[str, Run]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    model = source.SerializeToString() if isinstance(source, onnx.ModelProto) else str(source)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return (
        f"onnxruntime {onnxruntime.__version__}",
        lambda inputs: dict(zip(names, session.run(names, dict(inputs)))),
    )


def _reference_evaluator(source: ModelSource) -> tuple[str, Run]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(source if isinstance(source, onnx.ModelProto) else str(source))
    names = list(evaluator.output_names)

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {n: np.asarray(a) for n, a in zip(names, evaluator.run(None, dict(inputs)))}

    return f"onnx {onnx.__version__} reference evaluator", run
