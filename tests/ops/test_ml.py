"""lookup, tree_ensemble and pairwise_coupling; tests of the frontend compare ONNX's operators on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError
from edgec.ops.lookup import Lookup
from edgec.ops.svm import PairwiseCoupling
from edgec.ops.trees import TreeEnsemble


def types(*operands: Any) -> list[TensorType]:
    return [TensorType(DType.of(o.dtype), o.shape) for o in operands]


def test_lookup() -> None:
    words = np.array([["b", "é"], ["", "b"]], object)
    keys = np.array(["", "b", "c", "b"], object)
    assert Lookup().eval([words, keys])[0].tolist() == [[3, 4], [0, 3]]
    x = np.array([np.nan, -0.0, 3.0], np.float32)
    assert Lookup().eval([x, np.array([0.0, np.nan], np.float32)])[0].tolist() == [1, 0, 2]
    assert Lookup().infer(types(words, keys), Context()) == [TensorType(DType.I64, (2, 2))]
    with pytest.raises(OpError, match="expected one type"):
        Lookup().infer(types(words, np.zeros(3)), Context())


def trees(**changed: Any) -> list[Any]:
    """Two trees over two features: node 0 with leaf 0 and node 1, which has leaves 1 and 2; and leaf 2."""
    found: dict[str, Any] = {
        "x": np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [np.nan, 1.0]], np.float32),
        "nodes": np.array([[0, 0, -1, 1], [1, 8 + 3, -3, -2]], np.int32),
        "splits": np.array([0.5, 1.5], np.float32),
        "roots": np.array([0, -3], np.int32),
        "leaves": np.array([0, 2, 3, 4], np.int32),
        "targets": np.array([0, 1, 0, 1], np.int32),
        "weights": np.array([1.0, 10.0, 2.0, 5.0], np.float32),
    }
    return list({**found, **changed}.values())


RESULTS = {
    "sum": [[1, 15], [2, 5], [0, 10], [2, 5]],
    "average": [[0.5, 7.5], [1, 2.5], [0, 5], [1, 2.5]],
    "min": [[1, 5], [2, 5], [0, 5], [2, 5]],
    "max": [[1, 10], [2, 5], [0, 5], [2, 5]],
}


@pytest.mark.parametrize("aggregate", RESULTS)
def test_trees(aggregate: str) -> None:
    assert TreeEnsemble(2, aggregate).eval(trees())[0].tolist() == RESULTS[aggregate]


DAMAGED = [
    ({"nodes": np.array([[0, 0, 0, 1], [1, 0, -1, -2]], np.int32)}, "no higher number than its parent"),
    ({"nodes": np.array([[0, 0, 1, 2], [1, 0, -1, -2]], np.int32)}, "none of 2 nodes and 3 leaves"),
    ({"nodes": np.array([[0, 0, 1, -4], [1, 0, -1, -2]], np.int32)}, "none of 2 nodes and 3 leaves"),
    ({"nodes": np.array([[2, 0, -1, -1], [1, 0, -1, -2]], np.int32)}, "compares feature 2, x has 2"),
    ({"nodes": np.array([[0, 6, -1, -1], [1, 0, -1, -2]], np.int32)}, "unknown mode"),
    ({"nodes": np.array([[0, 16, -1, -1], [1, 0, -1, -2]], np.int32)}, "unknown mode"),
    ({"roots": np.array([2], np.int32)}, "none of 2 nodes"),
    ({"leaves": np.array([0, 2, 1, 4], np.int32)}, "do not divide"),
    ({"leaves": np.array([0, 2, 3, 5], np.int32)}, "do not divide"),
    ({"targets": np.array([0, 1, 0, 2], np.int32)}, "none of 2"),
]


@pytest.mark.parametrize(("changed", "reason"), DAMAGED)
def test_damaged_trees(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpError, match=reason):
        TreeEnsemble(2).eval(trees(**changed))


def test_coupling_of_consistent_probabilities() -> None:
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    r = (p[:, :, None] / (p[:, :, None] + p[:, None, :])).astype(np.float32)
    np.testing.assert_allclose(PairwiseCoupling().eval([r])[0], p, atol=0.01)
    assert PairwiseCoupling().infer(types(r), Context()) == [TensorType(DType.F32, (2, 3))]


REFUSED: list[tuple[Op, list[Any], str]] = [
    (PairwiseCoupling(), [np.zeros((2, 3, 4), np.float32)], "a square of classes"),
    (PairwiseCoupling(), [np.zeros((2, 3, 3))], "expected f32"),
    (TreeEnsemble(2, "median"), trees(), "aggregate 'median'"),
    (TreeEnsemble(2), trees(splits=np.zeros(3, np.float32)), "2 nodes have 3 splits"),
    (TreeEnsemble(2), trees(weights=np.zeros(4)), "weights are f64"),
]


@pytest.mark.parametrize(("op", "operands", "reason"), REFUSED)
def test_refused_types(op: Op, operands: list[Any], reason: str) -> None:
    with pytest.raises(OpError, match=reason):
        op.infer(types(*operands), Context())
