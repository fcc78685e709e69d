"""reduce, arg_reduce and cumulative against ONNX's reference, and their edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_reference import onnx_node

from edgec.ir.dims import evaluate, symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.base import Context, OpError
from edgec.ops.cumulative import Cumulative
from edgec.ops.program import Builder, unary
from edgec.ops.reduce import Reduce

X = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("kind", ["sum", "prod", "max", "min", "mean"])
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [True, False])
def test_reduce(kind: str, axes: tuple[int, ...], keepdims: bool) -> None:
    op = "Reduce" + kind.capitalize()
    (expected,) = onnx_node(op, [X, np.array(axes)], keepdims=int(keepdims))
    (found,) = Reduce(kind, axes, keepdims).eval([X])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found.shape == np.shape(expected) and found.dtype == np.float32


EMPTY: list[tuple[str, Any, Any]] = [
    ("sum", np.float32, 0),
    ("prod", np.float32, 1),
    ("max", np.float32, -np.inf),
    ("min", np.int32, 2**31 - 1),
    ("max", np.bool_, False),
    ("min", np.bool_, True),
    ("mean", np.float32, np.nan),
    ("mean", np.int32, 0),
]


@pytest.mark.parametrize(("kind", "dtype", "expected"), EMPTY)
def test_nothing_reduced(kind: str, dtype: Any, expected: Any) -> None:
    (found,) = Reduce(kind, (0,), False).eval([np.zeros((0, 2), dtype)])
    np.testing.assert_array_equal(found, np.full(2, expected, dtype))


def test_integers_wrap_and_mean_truncates() -> None:
    assert Reduce("sum", (0,), False).eval([np.array([100, 100], np.int8)])[0].item() == -56
    assert Reduce("mean", (0,), False).eval([np.array([-3, 0], np.int32)])[0].item() == -1


def test_nan_propagates() -> None:
    assert np.isnan(Reduce("max", (0,), False).eval([np.array([1, np.nan, 2], np.float32)])[0])


def test_prologue_and_epilogue() -> None:
    before = Builder([DType.F32, DType.F32])
    prologue = before.finish(before("mul", before("sub", 0, 1), before("sub", 0, 1)))
    op = Reduce("sum", (2,), False, prologue, unary("sqrt", DType.F32))
    mean = X.mean(2, keepdims=True)
    (found,) = op.eval([X, mean])
    np.testing.assert_allclose(found, np.sqrt(np.square(X - mean).sum(2)), rtol=1e-5)
    types = [TensorType(DType.F32, X.shape), TensorType(DType.F32, mean.shape)]
    assert op.infer(types, Context())[0] == TensorType(DType.F32, (3, 4))


def test_axes_are_checked() -> None:
    with pytest.raises(OpError, match="axis 3 is not one of the 3 axes"):
        Reduce("sum", (3,)).infer([TensorType(DType.F32, (1, 2, 3))], Context())


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("last", [0, 1])
def test_arg_reduce(kind: str, last: int) -> None:
    x = np.random.default_rng(1).integers(0, 3, (4, 6)).astype(np.float32)
    op = "Arg" + kind.capitalize()
    (expected,) = onnx_node(op, [x], axis=1, keepdims=0, select_last_index=last)
    np.testing.assert_array_equal(ArgReduce(kind, 1, False, bool(last)).eval([x])[0], expected)


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_cumulative(exclusive: int, reverse: int) -> None:
    (expected,) = onnx_node("CumSum", [X, np.array(1)], exclusive=exclusive, reverse=reverse)
    (found,) = Cumulative("sum", 1, bool(exclusive), bool(reverse)).eval([X])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_cumulative_product() -> None:
    found = Cumulative("prod", 0, exclusive=True).eval([np.array([2, 3, 4])])[0]
    assert found.tolist() == [1, 2, 6]


def test_axes_that_a_run_finds() -> None:
    a, n = symbol("a", None), symbol("n")
    op, context = Reduce("sum", (a,)), Context()
    (found,) = op.infer([TensorType(DType.F32, (n, 4))], context)
    assert [evaluate(d, {"n": 7, "a": 1}) for d in found.shape] == [7, 1]
    assert [evaluate(g, {"a": 2}) for g, _ in context.guards] == [0]
    assert op.bind({"a": 1}).eval([X])[0].shape == (3, 1, 5)
    assert Cumulative("sum", a).bind({"a": 2}).eval([X])[0].shape == X.shape
    with pytest.raises(OpError, match="need keepdims"):
        Reduce("sum", (a,), False).infer([TensorType(DType.F32, (n, 4))], Context())
