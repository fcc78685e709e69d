"""resize against ONNX's reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_reference import channels_first, channels_last, onnx_node

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.resize import Resize

X = np.random.default_rng(0).standard_normal((1, 5, 6, 2)).astype(np.float32)
SIZES = [(10, 12), (3, 4), (7, 6)]


def _compare(op: Resize, attributes: dict[str, Any]) -> None:
    given = [channels_first(X), None, None, np.array([1, 2, *op.sizes])]
    (expected,) = onnx_node("Resize", given, coordinate_transformation_mode=op.coordinates, **attributes)
    (found,) = op.eval([X])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)
    assert op.infer([TensorType(DType.F32, X.shape)], Context())[0].shape == found.shape


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"])
@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_interpolation(sizes: Any, coordinates: str, kind: str) -> None:
    _compare(Resize(kind, (1, 2), sizes, coordinates=coordinates), {"mode": kind})


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric"])
def test_nearest(sizes: Any, nearest: str, coordinates: str) -> None:
    op = Resize("nearest", (1, 2), sizes, coordinates=coordinates, nearest=nearest)
    _compare(op, {"mode": "nearest", "nearest_mode": nearest})


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_antialias_and_exclude_outside(kind: str) -> None:
    _compare(Resize(kind, (1, 2), (3, 4), antialias=True), {"mode": kind, "antialias": 1})
    op = Resize("cubic", (1, 2), (8, 9), cubic_a=-0.5, exclude_outside=True)
    _compare(op, {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1})


def test_scales_enter_the_coordinates() -> None:
    scales = np.array([1, 1, 0.6, 0.6], np.float32)
    (expected,) = onnx_node("Resize", [channels_first(X), None, scales], mode="linear")
    op = Resize("linear", (1, 2), (3, 3), (0.6000000238418579, 0.6000000238418579))
    np.testing.assert_allclose(op.eval([X])[0], channels_last(expected), rtol=1e-4, atol=1e-5)


def test_crop() -> None:
    roi = np.array([0.4, 0.6, 0.6, 1.2], np.float32)
    full = np.array([0, 0, *roi[:2], 1, 1, *roi[2:]], np.float32)
    attributes = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 10.0}
    given = [channels_first(X), full, None, np.array([1, 2, 3, 3])]
    (expected,) = onnx_node("Resize", given, mode="linear", **attributes)
    op = Resize("linear", (1, 2), (3, 3), coordinates="tf_crop_and_resize", extrapolation=10.0)
    np.testing.assert_allclose(op.eval([X, roi])[0], channels_last(expected), rtol=1e-4, atol=1e-5)
    with pytest.raises(OpError, match="roi is None, expected 4 numbers"):
        op.infer([TensorType(DType.F32, X.shape), None], Context())


def test_bytes_stay_bytes() -> None:
    x = np.array([[[[0], [255]]]], np.uint8)
    (found,) = Resize("linear", (2,), (4,)).eval([x])
    assert found.dtype == np.uint8 and found.ravel().tolist() == [0, 63, 191, 255]
