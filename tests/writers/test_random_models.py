"""Random graphs go to an .edge file and back, and ONNX Runtime still computes what they should."""

from __future__ import annotations

from random import Random

import onnx
import pytest
from engines import LIMITS, difference, text_of
from grower import NEWEST, Case, random_case
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as LacksKernel
from round_trip import run_onnxruntime

from edgec import export, to_onnx
from edgec.format.write import write_model
from edgec.writers.onnx.errors import OnnxError

SEEDS = 80
WRITTEN = (None, 13, 17, 21)


def exported(case: Case) -> bytes | None:
    """The case's file; None where edgec says that it cannot make one."""
    try:
        return write_model(export(case.model).model)
    except ValueError as error:
        assert any(limit in str(error) for limit in LIMITS), error
        return None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_comes_back(seed: int) -> None:
    case = random_case(Random(seed), 7, NEWEST)
    file = exported(case) if case is not None else None
    if case is None or file is None:
        return
    try:
        back = to_onnx(file, opset=WRITTEN[seed % len(WRITTEN)])
    except OnnxError as error:
        assert "choose a newer one" in str(error)
        return
    onnx.checker.check_model(back, full_check=True)
    try:
        found = run_onnxruntime(back, [case.feeds[i.name] for i in back.graph.input])
    except LacksKernel:
        return
    for wanted, array in zip(case.expected, found, strict=True):
        assert not difference(array, wanted), f"{wanted.name}\n{text_of(case)}"
