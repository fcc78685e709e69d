"""Inputs with expected outputs, computed from the source model, for a file to carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from edgec.frontends.onnx import import_model
from edgec.ir.graph import Reference
from edgec.samples import random_inputs

Array = np.ndarray[Any, Any]
Run = Callable[[Mapping[str, Array]], dict[str, Array]]

TOLERANCE = 1e-4


def make_references(
    source: onnx.ModelProto,
    count: int,
    shapes: Mapping[str, Sequence[int | str]] | None = None,
    tolerance: float = TOLERANCE,
) -> list[Reference]:
    """`count` seeded inputs with the outputs that `source` has for them.

    They come from ONNX Runtime if it is installed and takes the model, else from onnx's reference evaluator;
    each Reference says which. Axes that `shapes` leaves open get the sizes of `samples.sizes_of_symbols`.
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
            return [Reference(case, run(case), name, tolerance) for case in cases]
        except Exception as error:  # engines have exceptions of many kinds
            failures.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
    sizes = ", ".join(f"{name} {array.shape}" for name, array in (cases or [{}])[0].items())
    raise ValueError(
        f"references: no engine runs the model on {sizes}: {'; '.join(failures)}; "
        "give sizes that it takes with --shape"
    )


def _onnxruntime(source: onnx.ModelProto) -> tuple[str, Run]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    model = source.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return (
        f"onnxruntime {onnxruntime.__version__}",
        lambda inputs: dict(zip(names, session.run(names, dict(inputs)))),
    )


def _reference_evaluator(source: onnx.ModelProto) -> tuple[str, Run]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(source)
    names = list(evaluator.output_names)

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {n: np.asarray(a) for n, a in zip(names, evaluator.run(None, dict(inputs)))}

    return f"onnx {onnx.__version__} reference evaluator", run
