"""topk, nonzero, compress and unique."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_reference import onnx_node

from edgec.ir.dims import Dim, Expr, symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError
from edgec.ops.select import Compress, NonZero, TopK, Unique

X = np.random.default_rng(0).integers(0, 5, (4, 7)).astype(np.float32)


def _counted(op: Op, *shapes: tuple[int, ...]) -> Context:
    context = Context(lambda name: symbol(f"count.{name}"))
    types = [TensorType(DType.BOOL if i else DType.F32, s) for i, s in enumerate(shapes)]
    op.infer(types, context)
    return context


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize(("axis", "k"), [(0, 2), (1, 7), (1, 0)])
def test_topk(largest: bool, axis: int, k: int) -> None:
    values, places = TopK(k, axis, largest).eval([X])
    keys = -X if largest else X
    order = np.argsort(keys, axis, kind="stable").take(range(k), axis)
    np.testing.assert_array_equal(places, order)
    np.testing.assert_array_equal(values, np.take_along_axis(X, order, axis))


def test_topk_of_unsigned_and_too_many() -> None:
    assert TopK(2, 0).eval([np.array([3, 200, 7], np.uint8)])[0].tolist() == [200, 7]
    with pytest.raises(OpError, match="k is 8"):
        TopK(8, 1).eval([X])
    with pytest.raises(OpError, match="k is 8, at most axis 1's 7"):
        TopK(8, 1).infer([TensorType(DType.F32, X.shape)], Context())


def test_nonzero() -> None:
    np.testing.assert_array_equal(NonZero().eval([X])[0], onnx_node("NonZero", [X])[0])
    assert NonZero().eval([np.array(3.0)])[0].shape == (0, 1)
    (count,) = _counted(NonZero(), (4, 7)).counts
    assert count[:2] == (0, 1) and count[3] == 28


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_compress(axis: int | None) -> None:
    condition = np.array([True, False, True])
    given = {} if axis is None else {"axis": axis}
    (expected,) = onnx_node("Compress", [X, condition], **given)
    np.testing.assert_array_equal(Compress(axis).eval([X, condition])[0], expected)
    bound: Dim = _counted(Compress(axis), (4, 7), (3,)).counts[0][3]
    assert bound == 3


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("ordered", [True, False])
def test_unique(axis: int | None, ordered: bool) -> None:
    x: Array = X[[0, 1, 0, 2]][:, [3, 1, 3, 0, 1]]
    values, first, inverse, counts = Unique(axis, ordered).eval([x])
    source = x.reshape(-1) if axis is None else x
    lane = axis or 0
    np.testing.assert_array_equal(values.take(inverse, lane), source)
    np.testing.assert_array_equal(source.take(first, lane), values)
    assert counts.sum() == source.shape[lane]
    if not ordered:
        assert (np.diff(first) > 0).all()
    else:
        np.testing.assert_array_equal(values, np.unique(x, axis=axis))


def test_results_of_unique_share_one_count() -> None:
    context = Context(lambda name: symbol(f"count.{name}"))
    types = Unique().infer([TensorType(DType.F32, (4, 7))], context)
    assert isinstance(types[0].shape[0], Expr)
    assert types[0].shape == types[1].shape == types[3].shape and types[2].shape == (28,)


def test_counts_need_a_graph() -> None:
    with pytest.raises(OpError, match="only a run can know"):
        NonZero().infer([TensorType(DType.F32, (3,))], Context())
