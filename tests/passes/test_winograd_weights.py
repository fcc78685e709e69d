"""Which convolutions get weights for Winograd's filtering, and that nobody else is disturbed by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgec.format.read import read_model
from edgec.format.write import write_model
from edgec.interpreter import interpret
from edgec.ir.dims import symbol
from edgec.ir.graph import FormSpec, Graph, InputDim, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context
from edgec.ops.conv import Conv
from edgec.passes.pack_weights import pack_weights
from edgec.passes.winograd_weights import winograd_weights


def convolution(size: Any, channels: int, outputs: int, kernel: int = 3, stride: int = 1) -> Graph:
    """x [1, size, size, channels] through one convolution."""
    x = Value("x", TensorType(DType.F32, (1, size, size, channels)))
    w = np.random.default_rng(0).standard_normal((outputs, kernel, kernel, channels), np.float32)
    weight = Value("w", TensorType(DType.F32, w.shape), w)
    op = Conv((stride, stride), (1, 1, 1, 1), (1, 1))
    (type_,) = op.infer([x.type, weight.type], Context())
    y = Value("y", type_)
    graph = Graph("main", [x], [y], [Node(op, [x, weight], [y], "conv")])
    if not isinstance(size, int):
        graph.symbols["size"] = InputDim(x, 1)
    return graph


@pytest.mark.parametrize(
    ("gains", "arguments"),
    [
        (True, (14, 32, 32)),
        (True, (symbol("size"), 32, 32)),
        (False, (7, 64, 64)),  # four tiles
        (False, (14, 512, 512)),  # too many weights
        (False, (14, 8, 32)),
        (False, (14, 32, 32, 5)),
        (False, (14, 32, 32, 3, 2)),
    ],
)
def test_where_it_gains(gains: bool, arguments: tuple[Any, ...]) -> None:
    graph = convolution(*arguments)
    pack_weights(graph)
    assert winograd_weights(graph) == gains
    forms = graph.nodes[0].operand(1).more_forms
    assert [f.kind for f in forms] == ["winograd"] * gains
    assert not winograd_weights(graph)


def test_the_file_holds_both_forms() -> None:
    graph = convolution(14, 16, 20)
    pack_weights(graph)
    winograd_weights(graph)
    file = write_model(Model({"main": graph}))
    weight = read_model(file).main.nodes[0].operand(1)
    assert weight.form is not None and weight.form.kind == "panels"
    assert weight.more_forms == (FormSpec("winograd", (4, 16, 20, 16)),)
    x = np.ones((1, 14, 14, 16), np.float32)
    np.testing.assert_array_equal(interpret(file, {"x": x})["y"], interpret(graph, {"x": x})["y"])
    assert write_model(read_model(file)) == file
