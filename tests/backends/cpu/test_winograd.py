"""3x3 convolutions by Winograd's filtering against their definition."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from harness import Device, numbers, one_node

import edgert
from edgec.format.forms import conv_form, winograd_form
from edgec.format.write import write_model
from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.program import Builder

CASES = [
    # batch, height, width, channels, outputs, pads
    (1, 14, 14, 64, 64, (1, 1, 1, 1)),
    (2, 13, 17, 40, 33, (1, 1, 1, 1)),
    (1, 9, 60, 32, 64, (0, 0, 0, 0)),
    (3, 12, 12, 64, 32, (0, 1, 2, 0)),
    (1, 11, 300, 35, 47, (1, 0, 1, 0)),
    (1, 8, 8, 128, 200, (1, 1, 1, 1)),  # several threads share the outputs out
]
FLOAT = DType.F32
EPILOGUES = {"none": None, "bias and relu": ("add", "max"), "tanh": ("add", "tanh")}


def conv(pads: tuple[int, ...], steps: tuple[str, str] | None) -> Conv:
    op = Conv((1, 1), pads, (1, 1))
    if steps is None:
        return op
    b = Builder([FLOAT, FLOAT])
    total = b(steps[0], 0, 1)
    last = b(steps[1], total) if steps[1] == "tanh" else b(steps[1], total, b.const(0.0, FLOAT))
    return dataclasses.replace(op, epilogue=b.finish(last))


@pytest.mark.parametrize("epilogue", EPILOGUES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_the_definition(cpu: Device, case: tuple[Any, ...], epilogue: str) -> None:
    batch, height, width, channels, outputs, pads = case
    random = np.random.default_rng(5)
    x = numbers(random, (batch, height, width, channels), np.float32)
    w = numbers(random, (outputs, 3, 3, channels), np.float32) / np.float32(3 * channels**0.5)
    operands = [x, w, numbers(random, (outputs,), np.float32)][: 2 if EPILOGUES[epilogue] is None else 3]
    model = one_node(conv(pads, EPILOGUES[epilogue]), operands, {1, 2}, {1: conv_form(w.shape, 1)})
    found = []
    with cpu.selected():
        for forms in ((), (winograd_form(w.shape),)):
            model.main.nodes[0].operand(1).more_forms = forms
            session = edgert.load(write_model(model), threads=cpu.threads)
            found.append(session.run({"x0": x})["y0"])
    direct, quick = found
    assert (direct != quick).any(), "the transformed weight was not used"
    np.testing.assert_allclose(quick, direct, rtol=0, atol=1e-5)
