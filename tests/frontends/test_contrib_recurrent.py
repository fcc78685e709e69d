"""DynamicQuantizeLSTM against ONNX Runtime; a case is data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contrib_models import Array, Case, check, f, i8, u8

RESULTS = ("y", "hidden", "cell")
BIAS, STATE, LENGTHS = f(2, 40), f(2, 2, 5), np.int32([4, 2])


def lstm(
    directions: int = 1,
    lengths: Array = None,
    states: bool = False,
    peephole: bool = False,
    columns: bool = False,
    signed: bool = True,
    **attributes: Any,
) -> Case:
    """5 cells, 4 steps of 2 sequences of 3 numbers."""
    d, make = directions, i8 if signed else u8
    shape = (d, 20) if columns else (d,)
    scales = [np.abs(f(*shape)) / 50 for _ in range(2)]
    kind = np.int8 if signed else np.uint8
    zeros = [np.full(shape, 0 if columns else 3, kind) for _ in range(2)]
    given = [f(4, 2, 3), make(d, 3, 20), make(d, 5, 20), BIAS[:d], lengths]
    given += [STATE[:d], STATE[:d] * 0.5] if states else [None, None]
    given += [f(d, 15) / 2 if peephole else None]
    given += [scales[0], zeros[0], scales[1], zeros[1]]
    settings = {"hidden_size": 5, **attributes}
    return Case(
        "DynamicQuantizeLSTM", settings, given, RESULTS, constants=[1, 2, 3, 8, 9, 10, 11], tolerance=1e-4
    )


CASES = [
    lstm(),
    lstm(signed=False),
    lstm(direction="reverse"),
    lstm(2, direction="bidirectional"),
    lstm(lengths=LENGTHS),
    lstm(2, direction="bidirectional", lengths=LENGTHS, states=True),
    lstm(states=True, columns=True),
    lstm(peephole=True, states=True),
    lstm(clip=0.4, input_forget=1),
    lstm(activations=["HardSigmoid", "Relu", "Tanh"], activation_alpha=[0.3], activation_beta=[0.4]),
    lstm(2, direction="bidirectional", activations=["Sigmoid", "Tanh", "Relu", "Sigmoid", "Relu", "Tanh"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator(case: Case) -> None:
    case.sizes = {0: "steps batch 3"}
    check(case)
