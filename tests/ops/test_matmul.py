"""matmul: transposes, batches, accumulators, epilogues."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize(("batch_a", "batch_b"), [((), ()), ((2, 1), (3,)), ((4,), (1,)), ((), (2, 2))])
def test_values_and_shapes(transpose_a, transpose_b, batch_a, batch_b) -> None:
    a = RNG.standard_normal((*batch_a, 3, 5)).astype(np.float32)
    b = RNG.standard_normal((*batch_b, 5, 4)).astype(np.float32)
    stored_a = a.swapaxes(-1, -2) if transpose_a else a
    stored_b = b.swapaxes(-1, -2) if transpose_b else b
    op = MatMul(transpose_a, transpose_b)
    (found,) = op.eval([stored_a, stored_b])
    np.testing.assert_allclose(found, np.matmul(a, b), rtol=1e-5)
    types = [TensorType(DType.F32, s.shape) for s in (stored_a, stored_b)]
    assert op.infer(types, Context())[0].shape == found.shape


def test_narrow_integers_are_summed_exactly() -> None:
    a = RNG.integers(0, 256, (3, 500)).astype(np.uint8)
    b = RNG.integers(-128, 128, (500, 2)).astype(np.int8)
    op = MatMul(accumulator=DType.I32, dtype=DType.I32)
    np.testing.assert_array_equal(op.eval([a, b])[0], a.astype(np.int64) @ b.astype(np.int64))


def test_wide_integers_wrap() -> None:
    a = np.array([[2**30, 2**30]], np.int32)
    op = MatMul(accumulator=DType.I32, dtype=DType.I32)
    assert op.eval([a, np.array([[2], [2]], np.int32)])[0].tolist() == [[0]]


def test_epilogue_takes_broadcast_operands() -> None:
    b = Builder([DType.F32, DType.F32, DType.F32])
    op = MatMul(epilogue=b.finish(b("add", b("mul", 0, 1), 2)))
    x, w = np.ones((2, 3, 4), np.float32), np.ones((4, 5), np.float32)
    bias, rest = np.arange(5, dtype=np.float32), np.ones((2, 1, 1), np.float32)
    (found,) = op.eval([x, w, bias, rest])
    np.testing.assert_allclose(found, (x @ w) * bias + rest)


def test_half_precision_is_rounded_at_the_end() -> None:
    a, b = np.full((1, 4096), 1, np.float16), np.full((4096, 1), 1, np.float16)
    assert MatMul(dtype=DType.F16).eval([a, b])[0].item() == 4096


def test_inner_sizes_are_checked() -> None:
    types = [TensorType(DType.F32, (2, 3)), TensorType(DType.F32, (4, 2))]
    with pytest.raises(OpError, match="a has inner size 3, b has 4"):
        MatMul().infer(types, Context())
    context = Context()
    MatMul().infer([types[0], TensorType(DType.F32, (symbol("k"), 2))], context)
    assert len(context.guards) == 1


def test_an_accumulator_needs_a_type_that_holds_it() -> None:
    types = [TensorType(DType.I8, (2, 3)), TensorType(DType.I8, (3, 2))]
    with pytest.raises(OpError, match="result type f32 cannot hold the epilogue's i32"):
        MatMul(accumulator=DType.I32).infer(types, Context())
