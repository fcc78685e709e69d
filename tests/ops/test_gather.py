"""Gathers and scatters against ONNX's reference."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_reference import onnx_node

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.gather import Gather, GatherElements, GatherNd
from edgec.ops.scatter import ScatterElements, ScatterNd

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 5, 6)).astype(np.float32)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (0,)])
def test_gather(axis: int, shape: tuple[int, ...]) -> None:
    indices = RNG.integers(-4, 4, shape)
    (expected,) = onnx_node("Gather", [X, indices], axis=axis)
    op = Gather(axis)
    (found,) = op.eval([X, np.asarray(indices)])
    np.testing.assert_array_equal(found, expected)
    types = [TensorType(DType.F32, X.shape), TensorType(DType.I64, shape)]
    assert op.infer(types, Context())[0].shape == found.shape


def test_gather_in_batches() -> None:
    indices = RNG.integers(0, 6, (4, 2, 3))
    (found,) = Gather(2, 1).eval([X, indices])
    expected = np.stack([X[i][:, indices[i]] for i in range(4)])
    np.testing.assert_array_equal(found, expected)


def test_index_out_of_range() -> None:
    with pytest.raises(OpError, match="index 5 is out of range for an axis of size 4"):
        Gather(0).eval([X, np.array([1, 5])])
    with pytest.raises(OpError, match="index -5"):
        ScatterNd().eval([X, np.array([[-5]]), X[:1]])


def test_gather_of_dims() -> None:
    n = symbol("n")
    assert Gather(0).eval([np.array([n, 3], object), np.array(0)])[0].item() == n


def test_gather_elements_of_a_smaller_box() -> None:
    indices = RNG.integers(-5, 5, (3, 7, 2))
    (found,) = GatherElements(1).eval([X, indices])
    expected = np.take_along_axis(X[:3, :, :2], indices, 1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("batch", "shape"), [(0, (3, 2)), (0, (2, 2, 3)), (1, (4, 2)), (1, (4, 3, 1)), (2, (4, 5, 1))]
)
def test_gather_nd(batch: int, shape: tuple[int, ...]) -> None:
    indices = RNG.integers(-4, 4, shape)
    (expected,) = onnx_node("GatherND", [X, np.where(indices < 0, indices + 4, indices)], batch_dims=batch)
    positive = np.where(indices < 0, indices + 4, indices)
    op = GatherNd(batch)
    (found,) = op.eval([X, positive])
    np.testing.assert_array_equal(found, expected)
    types = [TensorType(DType.F32, X.shape), TensorType(DType.I64, shape)]
    assert op.infer(types, Context())[0].shape == found.shape


def test_gather_nd_of_unknown_depth_is_refused() -> None:
    types = [TensorType(DType.F32, X.shape), TensorType(DType.I64, (3, symbol("n")))]
    with pytest.raises(OpError, match="a last axis of known size"):
        GatherNd().infer(types, Context())


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatter_elements(reduction: str) -> None:
    unique = reduction == "none"
    indices = np.argsort(RNG.random((3, 5, 2)), 1)[:, :4] if unique else RNG.integers(0, 5, (3, 4, 2))
    updates = RNG.standard_normal(indices.shape).astype(np.float32)
    (expected,) = onnx_node("ScatterElements", [X, indices, updates], axis=1, reduction=reduction)
    (found,) = ScatterElements(1, reduction).eval([X, indices, updates])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatter_nd(reduction: str) -> None:
    indices = np.array([[0, 1], [3, 4], [2, 0]] if reduction == "none" else [[0, 1], [3, 4], [0, 1]])
    updates = RNG.standard_normal((3, 6)).astype(np.float32)
    (expected,) = onnx_node("ScatterND", [X, indices, updates], reduction=reduction)
    (found,) = ScatterNd(reduction).eval([X, indices, updates])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_last_of_repeated_writes_wins() -> None:
    x, indices = np.zeros(3, np.float32), np.array([[1], [1]])
    found = ScatterNd().eval([x, indices, np.array([5, 7], np.float32)])[0]
    assert found.tolist() == [0, 7, 0] and not x.any()


def test_half_precision_is_combined_in_single() -> None:
    x = np.array([2048], np.float16)
    found = ScatterElements(0, "add").eval([x, np.array([0, 0]), np.ones(2, np.float16)])[0]
    assert found.tolist() == [2050]
