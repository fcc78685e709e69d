"""Movement operators against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.view import Bitcast, Concat, Expand, Extents, Iota, Pad, Reshape, Slice, Transpose

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
TYPE = TensorType(DType.F32, (2, 3, 4))
N = symbol("n")


def test_reshape_guards_its_element_count() -> None:
    assert Reshape((4, 6)).eval([X])[0].shape == (4, 6)
    context = Context()
    (found,) = Reshape((N, 2)).infer([TYPE], context)
    assert found.shape == (N, 2) and len(context.guards) == 1
    Reshape((N // 2 * 2,)).infer([TensorType(DType.F32, (N // 2, 2))], context)
    assert len(context.guards) == 1
    with pytest.raises(OpError, match=r"\[2, 3, 4\] has as many elements as \[5\]"):
        Reshape((5,)).infer([TYPE], Context())
    with pytest.raises(OpError, match="24 elements do not fill"):
        Reshape((5,)).eval([X])


def test_transpose() -> None:
    np.testing.assert_array_equal(Transpose((2, 0, 1)).eval([X])[0], X.transpose(2, 0, 1))
    with pytest.raises(OpError, match="no permutation"):
        Transpose((0, 1, 1)).infer([TYPE], Context())


SLICES: list[tuple[Any, Any, Any, Any]] = [
    ((0, 1, 0), (1, 1, 2), (2, 2, 2), X[:, 1:3, 0:4:2]),
    ((1, 2, 3), (-1, -2, -1), (2, 2, 4), X[::-1, ::-2, ::-1]),
    ((0, 0, 4), (1, 1, 1), (2, 3, 0), X[:, :, 4:]),
]


@pytest.mark.parametrize(("starts", "steps", "shape", "expected"), SLICES)
def test_slice(starts: Any, steps: Any, shape: Any, expected: Any) -> None:
    op = Slice(starts, steps, shape)
    np.testing.assert_array_equal(op.eval([X])[0], expected)
    assert op.infer([TYPE], Context())[0].shape == shape


def test_slice_outside_is_refused() -> None:
    op = Slice((0, 2, 0), (1, 1, 1), (2, 2, 4))
    with pytest.raises(OpError, match="axis 1 of size 3 has no elements 2 to 3"):
        op.infer([TYPE], Context())
    with pytest.raises(OpError, match="axis 1 of size 3 has no elements 2 to 3"):
        op.eval([X])


@pytest.mark.parametrize("kind", ["constant", "edge", "reflect", "wrap"])
@pytest.mark.parametrize("pads", [(1, 0, 2, 0, 2, 1), (3, 5, 0, 0, 0, 7)])
def test_pad(kind: str, pads: tuple[int, ...]) -> None:
    if kind == "reflect":
        pads = (1, 0, 3, 0, 2, 3)
    pairs = list(zip(pads[:3], pads[3:]))
    expected = np.pad(X, pairs, kind)
    op = Pad(kind, pads)
    np.testing.assert_array_equal(op.eval([X, None])[0], expected)
    assert op.infer([TYPE, None], Context())[0].shape == expected.shape


def test_pad_value() -> None:
    (found,) = Pad("constant", (1, 0)).eval([np.array([True]), np.array(True)])
    assert found.tolist() == [True, True]
    with pytest.raises(OpError, match="axis 0 of size 2 is reflected by 2"):
        Pad("reflect", (2, 0)).infer([TensorType(DType.F32, (2,))], Context())
    with pytest.raises(OpError, match="cannot be padded"):
        Pad("edge", (1, 0)).eval([np.zeros(0, np.float32)])


def test_concat() -> None:
    np.testing.assert_array_equal(Concat(1).eval([X, X[:, :1]])[0], np.concatenate([X, X[:, :1]], 1))
    context = Context()
    (found,) = Concat(1).infer([TYPE, TensorType(DType.F32, (2, N, 4))], context)
    assert found.shape == (2, N + 3, 4) and not context.guards
    Concat(0).infer([TYPE, TensorType(DType.F32, (2, N, 4))], context)
    assert context.guards[0][1] == "axis 1 of operand 1 is n, of operand 0 3"


def test_expand() -> None:
    x = X[:, :1]
    np.testing.assert_array_equal(Expand((5, 2, 3, 4)).eval([x])[0], np.broadcast_to(x, (5, 2, 3, 4)))
    context = Context()
    Expand((N, 4)).infer([TensorType(DType.F32, (1, 4))], context)
    assert not context.guards
    with pytest.raises(OpError, match="does not broadcast"):
        Expand((2, 5, 4)).infer([TYPE], Context())


def test_index_makers() -> None:
    assert Iota(4, DType.F32).eval([])[0].tolist() == [0, 1, 2, 3]
    assert Extents((1, 2), (2,)).bind({}).eval([])[0].dtype == np.int64
    assert Extents((N, N * 2), (1, 2)).bind({"n": 3}).eval([])[0].tolist() == [[3, 6]]
    assert Extents((N,), ()).eval([])[0].item() == N


def test_dims_move_as_elements() -> None:
    dims = np.array([N, 3, 5], object)
    assert Slice((0,), (2,), (2,)).eval([dims])[0].tolist() == [N, 5]
    assert Concat(0).eval([dims, np.array([7])])[0].tolist() == [N, 3, 5, 7]
    assert Pad("constant", (1, 0)).eval([dims, np.array(1)])[0].tolist() == [1, N, 3, 5]
    assert Reshape((3, 1)).eval([dims])[0].shape == (3, 1)


def test_bitcast() -> None:
    (found,) = Bitcast(DType.I32).eval([np.array([[1.0, -0.0]], np.float32)])
    assert found.tolist() == [[0x3F800000, -(2**31)]]
    with pytest.raises(OpError, match="f32 and i64 have different sizes"):
        Bitcast(DType.I64).infer([TYPE], Context())


def test_steps_that_a_run_finds() -> None:
    k, context = symbol("k", None), Context()
    op = Slice((0, 0, 0), (1, 1, k), (2, 3, 2))
    assert op.infer([TYPE], context)[0].shape == (2, 3, 2) and context.guards[0][1] == "step k is not 0"
    np.testing.assert_array_equal(op.bind({"k": 3}).eval([X])[0], X[:, :, ::3])
