"""conv and conv_transpose against ONNX's reference; shapes and messages of their rules."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_reference import channels_first, channels_last, onnx_node

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.program import Builder

RNG = np.random.default_rng(0)
# channels, groups, outputs, strides, pads, dilations
CASES = [
    (3, 1, 8, (1, 1), (0, 0, 0, 0), (1, 1)),
    (3, 1, 8, (2, 1), (1, 0, 2, 1), (1, 2)),
    (20, 1, 5, (1, 2), (1, 1, 1, 1), (2, 1)),
    (8, 8, 8, (2, 2), (1, 1, 1, 1), (1, 1)),
    (8, 8, 16, (1, 1), (1, 0, 0, 1), (1, 1)),
    (36, 2, 6, (1, 1), (0, 1, 1, 0), (1, 1)),
]


def _random(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("channels", "groups", "outputs", "strides", "pads", "dilations"), CASES)
def test_conv(channels, groups, outputs, strides, pads, dilations) -> None:
    x, w = _random(2, 9, 10, channels), _random(outputs, 3, 2, channels // groups)
    (expected,) = onnx_node(
        "Conv",
        [channels_first(x), channels_first(w)],
        strides=strides,
        pads=pads,
        dilations=dilations,
        group=groups,
    )
    op = Conv(strides, pads, dilations, groups)
    (found,) = op.eval([x, w])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-4)
    (declared,) = op.infer([TensorType(DType.F32, x.shape), TensorType(DType.F32, w.shape)], Context())
    assert declared.shape == found.shape


@pytest.mark.parametrize(("channels", "groups", "outputs", "strides", "pads", "dilations"), CASES)
def test_conv_transpose(channels, groups, outputs, strides, pads, dilations) -> None:
    x, w = _random(2, 5, 6, channels), _random(outputs, 3, 2, channels // groups)
    extra = tuple(s - 1 for s in strides)
    expected = [
        onnx_node(
            "ConvTranspose",
            [channels_first(part), np.moveaxis(weight, (0, -1), (1, 0))],
            strides=strides,
            pads=pads,
            dilations=dilations,
            output_padding=extra,
        )[0]
        for part, weight in zip(np.split(x, groups, -1), np.split(w, groups))
    ]
    op = ConvTranspose(strides, pads, dilations, groups, extra)
    (found,) = op.eval([x, w])
    np.testing.assert_allclose(found, channels_last(np.concatenate(expected, 1)), rtol=1e-4, atol=1e-4)
    (declared,) = op.infer([TensorType(DType.F32, x.shape), TensorType(DType.F32, w.shape)], Context())
    assert declared.shape == found.shape


def test_one_spatial_axis_with_bias_and_clamp() -> None:
    x, w, bias = _random(1, 20, 4), _random(6, 5, 4), _random(6)
    b = Builder([DType.F32, DType.F32])
    epilogue = b.finish(b("max", b("add", 0, 1), b.const(0.0, DType.F32)))
    (expected,) = onnx_node("Conv", [channels_first(x), channels_first(w), bias])
    (found,) = Conv((1,), (0, 0), (1,), epilogue=epilogue).eval([x, w, bias])
    np.testing.assert_allclose(found, np.maximum(channels_last(expected), 0), rtol=1e-4, atol=1e-4)


def test_integers_are_exact() -> None:
    x = RNG.integers(-128, 128, (1, 6, 6, 70)).astype(np.int8)
    w = RNG.integers(-128, 128, (4, 3, 3, 70)).astype(np.int8)
    op = Conv((1, 1), (0, 0, 0, 0), (1, 1), accumulator=DType.I32, dtype=DType.I32)
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.int64), (3, 3), (1, 2))
    expected = np.einsum("nhwcij,oijc->nhwo", windows, w.astype(np.int64))
    np.testing.assert_array_equal(op.eval([x, w])[0], expected)


def test_symbolic_sizes_and_guards() -> None:
    n, h = symbol("n"), symbol("h")
    context = Context()
    (found,) = Conv((2, 2), (0, 0, 0, 0), (1, 1)).infer(
        [TensorType(DType.F32, (n, h, 8, 3)), TensorType(DType.F32, (5, 3, 3, 3))], context
    )
    assert found.shape == (n, (h - 3) // 2 + 1, 3, 5)
    assert [m for _, m in context.guards] == ["padded input size h is at least the kernel's 3"]


def test_wrong_channels_are_named() -> None:
    with pytest.raises(OpError, match="input 'x' has 3 channels, weight expects 4"):
        Conv((1, 1), (0, 0, 0, 0), (1, 1)).infer(
            [TensorType(DType.F32, (1, 8, 8, 3)), TensorType(DType.F32, (5, 3, 3, 4))], Context()
        )
