"""Small models of many kinds, on every engine and at several sizes, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from harness import cpu_devices
from onnx.reference import ReferenceEvaluator
from small_models import CASES, SmallModel

import edgert
from edgec.format.write import write_model
from edgec.interpreter import interpret
from edgec.pipeline import export
from edgec.validate.measure import difference

Array = np.ndarray[Any, Any]


def expected_of(case: SmallModel) -> list[dict[str, Array]]:
    """What the case's peer computes for each of its inputs."""
    names = [output.name for output in case.model.graph.output]
    if case.peer == "reference":
        evaluator = ReferenceEvaluator(case.model)
        return [dict(zip(names, map(np.asarray, evaluator.run(None, feed)))) for feed in case.feeds]
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1  # with more it quantises the parts of a batch apart
    model = case.model.SerializeToString()
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return [dict(zip(names, session.run(names, feed))) for feed in case.feeds]


def agree(case: SmallModel, engine: str, found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    for name, wanted in expected.items():
        dtype = found[name].dtype
        assert dtype == wanted.dtype, f"{engine}: {name} is {dtype}, not {wanted.dtype}"
        measured = difference(name, found[name], wanted)
        assert measured.agrees(case.tolerance), f"{engine}: {measured}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_engine_agrees(case: SmallModel) -> None:
    """One session runs all sizes, and the first ones again at the end."""
    expected = expected_of(case)
    exported = export(case.model).model
    for feed, wanted in zip(case.feeds, expected):
        agree(case, "interpreter", interpret(exported, feed), wanted)
    file = write_model(exported)
    again = [*zip(case.feeds, expected), (case.feeds[0], expected[0])]
    for device in cpu_devices():
        with device.selected():
            session = edgert.load(file, device=device.name, threads=device.threads)
            for feed, wanted in again:
                agree(case, str(device), session.run(feed), wanted)


@pytest.mark.opencl
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_opencl_agrees(case: SmallModel) -> None:
    """OpenCL takes what it can of every model and leaves the rest to the CPU."""
    session = edgert.load(write_model(export(case.model).model), device="opencl")
    expected = expected_of(case)
    for feed, wanted in [*zip(case.feeds, expected), (case.feeds[0], expected[0])]:
        agree(case, "opencl", session.run(feed), wanted)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_changes_without_fusion(case: SmallModel) -> None:
    exported = export(case.model, keep="all").model
    for feed, wanted in zip(case.feeds, expected_of(case)):
        agree(case, "interpreter", interpret(exported, feed), wanted)
