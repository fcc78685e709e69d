"""pool against a definition by loops over windows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onnx_reference import channels_first, channels_last, onnx_node

from edgec.ir.dims import evaluate, symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.pool import Pool

X = np.random.default_rng(0).standard_normal((2, 11, 9, 3)).astype(np.float32)
GRID = list(
    itertools.product(
        [(3, 3), (2, 3)], [(1, 1), (3, 2)], [(0, 0, 0, 0), (1, 1, 0, 1)], [(1, 1), (2, 1)], [False, True]
    )
)


def _windows(op: Pool, size: int, axis: int) -> list[list[int]]:
    """Positions (some in the padding) that each window of one axis covers."""
    begin, end = op.pads[axis], op.pads[2 + axis]
    kernel, stride, dilation = op.kernel[axis], op.strides[axis], op.dilations[axis]
    extent = (kernel - 1) * dilation + 1
    starts = [s for s in range(-begin, size + end, stride) if s + extent <= size + end]
    if op.ceil_mode and (size + begin + end - extent) % stride and starts[-1] + stride < size:
        starts.append(starts[-1] + stride)
    return [[s + k * dilation for k in range(kernel)] for s in starts]


def _loops(op: Pool, x: np.ndarray) -> np.ndarray:
    rows, columns = _windows(op, x.shape[1], 0), _windows(op, x.shape[2], 1)
    result = np.zeros((x.shape[0], len(rows), len(columns), x.shape[3]))
    for (i, ys), (j, xs) in itertools.product(enumerate(rows), enumerate(columns)):
        ys_in = [y for y in ys if 0 <= y < x.shape[1]]
        xs_in = [c for c in xs if 0 <= c < x.shape[2]]
        values = x[:, ys_in][:, :, xs_in].reshape(x.shape[0], -1, x.shape[3]).astype(np.float64)
        if op.kind == "max":
            result[:, i, j] = values.max(1)
        elif op.kind == "lp":
            result[:, i, j] = (np.abs(values) ** op.p).sum(1) ** (1 / op.p)
        else:
            padded = [[p for p in ps if p < n + e] for ps, n, e in zip((ys, xs), x.shape[1:3], op.pads[2:])]
            count = len(padded[0]) * len(padded[1]) if op.count_include_pad else values.shape[1]
            result[:, i, j] = values.sum(1) / count
    return result


@pytest.mark.parametrize(("kernel", "strides", "pads", "dilations", "ceil"), GRID)
def test_windows(kernel, strides, pads, dilations, ceil) -> None:
    for kind, include in (("max", False), ("average", False), ("average", True), ("lp", False)):
        op = Pool(kind, kernel, strides, pads, dilations, ceil, include, 3)
        (found,) = op.eval([X])
        np.testing.assert_allclose(found, _loops(op, X), rtol=1e-5, atol=1e-6)
        assert op.infer([TensorType(DType.F32, X.shape)], Context())[0].shape == found.shape


def test_indices_are_positions_in_channels_first_storage() -> None:
    op = Pool("max", (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), indices=True)
    expected, places = onnx_node("MaxPool", [channels_first(X)], 2, kernel_shape=(2, 2), strides=(2, 2))
    found, positions = op.eval([X])
    np.testing.assert_array_equal(found, channels_last(expected))
    np.testing.assert_array_equal(positions, channels_last(places))


def test_integers_and_nan() -> None:
    op = Pool("max", (2,), (2,), (1, 1), (1,))
    assert op.eval([np.array([[[-5], [-7]]], np.int8)])[0].ravel().tolist() == [-5, -7]
    assert np.isnan(op.eval([np.array([[[np.nan], [1]]], np.float32)])[0][0, 0, 0])


def test_ceil_mode_of_a_symbolic_size() -> None:
    h = symbol("h")
    op = Pool("max", (3,), (2,), (0, 1), (1,), ceil_mode=True)
    (found,) = op.infer([TensorType(DType.F32, (1, h, 1))], Context())
    for size in range(3, 12):
        assert evaluate(found.shape[1], {"h": size}) == op.eval([np.zeros((1, size, 1))])[0].shape[1]


def test_indices_are_for_max_only() -> None:
    with pytest.raises(OpError, match="max pooling only"):
        Pool("average", (2,), (1,), (0, 0), (1,), indices=True).infer(
            [TensorType(DType.F32, (1, 4, 1))], Context()
        )
