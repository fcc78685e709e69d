"""3x3 convolutions by Winograd's filtering against their definition."""

from __future__ import annotations

from typing import Any

import edgert
import numpy as np
import pytest
from harness import Device

from edgec.format.forms import conv_form, pack, winograd_form
from edgec.format.winograd import weight_matrix
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.conv import Conv
from edgec.ops.program import ProgramBuilder

Array = np.ndarray[Any, Any]


def sigmoid_epilogue() -> Any:
    """A step that no product does while it stores."""
    builder = ProgramBuilder([DType.F32, DType.F32])
    return builder.finish(builder.emit("tanh", DType.F32, builder.emit("add", DType.F32, 0, 1)))


def convolution(x: Array, w: Array, bias: Array, pads: tuple[int, ...], winograd: bool) -> Graph:
    op = Conv((1, 1), pads, (1, 1), 1, sigmoid_epilogue())
    (result,) = op.infer([TensorType(DType.F32, a.shape) for a in (x, w, bias)], None)  # type: ignore[arg-type]
    graph = Graph("g", [Value("x", TensorType(DType.F32, x.shape))])
    weight = Value("w", TensorType(DType.F32, w.shape), w, conv_form(w.shape, 1))
    if winograd:
        weight.more_forms = (winograd_form(w.shape),)
    graph.outputs = [Value("y", result)]
    added = Value("b", TensorType(DType.F32, bias.shape), bias)
    graph.nodes = [Node(op, [graph.inputs[0], weight, added], graph.outputs, "conv")]
    return graph


CASES = [
    # batch, height, width, channels, outputs, pads
    (1, 14, 14, 64, 64, (1, 1, 1, 1)),
    (2, 13, 17, 40, 33, (1, 1, 1, 1)),
    (1, 9, 60, 32, 64, (0, 0, 0, 0)),
    (3, 12, 12, 64, 32, (0, 1, 2, 0)),
    (1, 11, 300, 35, 47, (1, 0, 1, 0)),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_the_definition(cpu: Device, case: tuple[Any, ...], threads: int) -> None:
    batch, height, width, channels, outputs, pads = case
    random = np.random.default_rng(5)
    x = random.standard_normal((batch, height, width, channels), np.float32)
    w = random.standard_normal((outputs, 3, 3, channels), np.float32) / np.float32(3 * channels**0.5)
    bias = random.standard_normal(outputs, np.float32)
    found = []
    with cpu.selected():
        for winograd in (False, True):
            file = write_model(Model({"main": convolution(x, w, bias, pads, winograd)}))
            found.append(edgert.load(file, threads=threads).run({"x": x})["y"])
    direct, quick = found
    assert (direct != quick).any(), "the transformed weight was not used"
    np.testing.assert_allclose(quick, direct, rtol=0, atol=1e-5)


def test_the_transform_is_exact_where_numbers_are() -> None:
    matrix = weight_matrix()
    taps = np.array([1.0, -2.0, 3.0])
    points = [0.0, 0.75, -0.75, 1.5, -1.5]
    scaled = matrix[:5] @ taps
    for i, point in enumerate(points):
        denominator = np.prod([point - other for j, other in enumerate(points) if j != i])
        assert scaled[i] * denominator == pytest.approx(1 - 2 * point + 3 * point**2)
    assert matrix[5] @ taps == 3


def test_stored_form_is_panels_of_each_point() -> None:
    w = np.zeros((17, 3, 3, 2), np.float32)
    w[16, 2, 2, 1] = 1.0
    stored = pack(w, winograd_form(w.shape)).reshape(36, 2, 2, 16)
    assert stored[35, 1, 1, 0] == 1.0
    assert np.count_nonzero(stored[35]) == 1
