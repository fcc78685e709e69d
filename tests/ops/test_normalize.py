"""normalize and softmax against ONNX's reference."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_reference import channels_first, channels_last, onnx_node

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.normalize import Normalize
from edgec.ops.softmax import Softmax

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 5, 6, 4)).astype(np.float32) * 3 + 1


def test_layer_normalization() -> None:
    scale, bias = RNG.standard_normal((2, 6, 4)).astype(np.float32)
    (expected,) = onnx_node("LayerNormalization", [X, scale, bias], axis=2, epsilon=1e-3)
    (found,) = Normalize((2, 3), 1e-3).eval([X, scale, bias])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_instance_normalization() -> None:
    scale, bias = RNG.standard_normal((2, 4)).astype(np.float32)
    (expected,) = onnx_node("InstanceNormalization", [channels_first(X), scale, bias])
    (found,) = Normalize((1, 2)).eval([X, scale, bias])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)


def test_without_centre_it_is_rms_normalization() -> None:
    scale = RNG.standard_normal(4).astype(np.float32)
    (found,) = Normalize((3,), 1e-6, center=False).eval([X, scale, None])
    expected = X / np.sqrt(np.square(X).mean(3, keepdims=True) + 1e-6) * scale
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_scale_must_broadcast() -> None:
    types = [TensorType(DType.F32, X.shape), TensorType(DType.F32, (5,))]
    with pytest.raises(OpError, match=r"scale of shape \[5\] does not broadcast"):
        Normalize((3,)).infer(types, Context())


@pytest.mark.parametrize("axis", [0, 1, 3])
@pytest.mark.parametrize("log", [False, True])
def test_softmax(axis: int, log: bool) -> None:
    x = X if log else X * 20  # the reference takes the logarithm of zeros
    (expected,) = onnx_node("LogSoftmax" if log else "Softmax", [x], axis=axis)
    (found,) = Softmax(axis, log).eval([x])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_softmax_of_nothing_is_empty() -> None:
    assert Softmax(1).eval([np.zeros((2, 0), np.float32)])[0].shape == (2, 0)


def test_softmax_of_integers_is_refused() -> None:
    with pytest.raises(OpError, match="expected a float type"):
        Softmax(0).infer([TensorType(DType.I32, (3,))], Context())
