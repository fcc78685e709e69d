"""Convolutions with few outputs, made several pixels at once: the same results, by the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.interpreter import interpret
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context
from edgec.ops.conv import Conv
from edgec.ops.program import Builder
from edgec.passes.widen_outputs import widen_outputs

RANDOM = np.random.default_rng(0)


def convolution(
    lines: int,
    columns: int,
    channels: int,
    outputs: int,
    kernel: int,
    stride: int,
    pads: tuple[int, int],
    adds: str,
) -> Graph:
    """A convolution [lines, columns] whose epilogue adds a constant, a bias or a tensor, or nothing."""
    x = Value("x", TensorType(DType.F32, (2, lines, columns, channels)))
    array = RANDOM.standard_normal((outputs, 2, kernel, channels)).astype(np.float32)
    weight = Value("w", TensorType(DType.F32, array.shape), array)
    inputs, program = [x, weight], None
    op = Conv((1, stride), (1, pads[0], 0, pads[1]), (1, 1))
    (made,) = op.infer([v.type for v in inputs], Context())
    shapes = {"constant": (1,), "bias": (outputs,), "tensor": made.shape, "line": (1, 1, made.shape[2], 1)}
    extra = []
    if adds:
        builder = Builder([DType.F32, DType.F32])
        program = builder.finish(builder("add", 0, 1))
        shape = shapes[adds]
        const = RANDOM.standard_normal(shape).astype(np.float32) if adds in ("constant", "bias") else None
        extra = [Value("e", TensorType(DType.F32, shape), const)]
    op = Conv((1, stride), (1, pads[0], 0, pads[1]), (1, 1), epilogue=program)
    y = Value("y", made)
    given_values = [x, *(v for v in extra if v.const is None)]
    return Graph("main", given_values, [y], [Node(op, [*inputs, *extra], [y], "conv")])


def check(graph: Graph) -> None:
    inputs = {v.name: RANDOM.standard_normal(v.shape).astype(np.float32) for v in graph.inputs}
    (before,) = interpret(graph, inputs).values()
    widen_outputs(graph)
    (after,) = interpret(graph, inputs).values()
    assert after.shape == before.shape
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    columns=st.integers(5, 60),
    channels=st.sampled_from([1, 3, 8]),
    outputs=st.integers(1, 12),
    kernel=st.integers(1, 9),
    stride=st.integers(1, 3),
    pads=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    adds=st.sampled_from(["", "constant", "bias", "tensor", "line"]),
)
def test_results_stay(
    columns: int, channels: int, outputs: int, kernel: int, stride: int, pads: tuple[int, int], adds: str
) -> None:
    if columns + sum(pads) >= kernel:
        check(convolution(4, columns, channels, outputs, kernel, stride, pads, adds))


CASES = [
    # columns, outputs, kernel, stride, what is added -> outputs of the new convolution
    (264, 8, 39, 1, "bias", 32),
    (264, 1, 5, 1, "constant", 16),
    (43844, 1, 256, 2, "", 16),
    (264, 1, 5, 1, "tensor", 12),
    (264, 16, 5, 1, "bias", 16),
    (264, 1, 1, 1, "bias", 1),
    (263, 1, 5, 1, "tensor", 1),
    (264, 1, 5, 1, "line", 12),
    (264, 2, 5, 1, "line", 2),
]


@pytest.mark.parametrize("columns,outputs,kernel,stride,adds,made", CASES)
def test_as_many_pixels_as_pay(
    columns: int, outputs: int, kernel: int, stride: int, adds: str, made: int
) -> None:
    graph = convolution(3, columns, 2, outputs, kernel, stride, (kernel // 2, kernel // 2), adds)
    assert widen_outputs(graph) is (made != outputs)
    (conv,) = (node for node in graph.nodes if isinstance(node.op, Conv))
    assert conv.operand(1).shape[0] == made
    assert graph.outputs[0].shape[-1] == outputs
