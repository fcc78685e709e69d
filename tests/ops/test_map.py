"""What every instruction of a scalar program does at the edges, as ops/program.py states it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.map import Map
from edgec.ops.program import INSTRUCTIONS, Builder, binary, unary
from edgec.ops.scalar_eval import NUMPY

NAN, INF = math.nan, math.inf
LEAST = -(2**31)

BINARY: list[tuple[str, DType, Any, Any, Any]] = [
    ("min", DType.F32, [1, NAN, 2], [NAN, 1, 3], [NAN, NAN, 2]),
    ("max", DType.F32, [1, NAN, 2], [NAN, 1, 3], [NAN, NAN, 3]),
    ("ne", DType.F32, [NAN, 1], [NAN, 1], [True, False]),
    ("eq", DType.F32, [NAN, 0.0], [NAN, -0.0], [False, True]),
    ("le", DType.F32, [NAN, 1], [1, 1], [False, True]),
    ("div", DType.I32, [7, -7, 7, 5, LEAST], [2, 2, -2, 0, -1], [3, -3, -3, 0, LEAST]),
    ("div", DType.U8, [200, 5], [7, 0], [28, 0]),
    ("div", DType.F32, [1, -1, 0], [0, 0, 0], [INF, -INF, NAN]),
    ("mod", DType.I32, [7, -7, 7, -7, 3], [3, 3, -3, -3, 0], [1, 2, -2, -1, 0]),
    ("fmod", DType.I32, [7, -7, 7, 3], [3, 3, -3, 0], [1, -1, 1, 0]),
    ("fmod", DType.F32, [5.5, -5.5], [2, 2], [1.5, -1.5]),
    ("add", DType.U8, [250], [10], [4]),
    ("mul", DType.I8, [100], [3], [44]),
    ("shl", DType.U8, [1, 1, 1], [7, 8, 3], [128, 0, 8]),
    ("shr", DType.I32, [-8, -8, 8], [1, 32, -1], [-4, -1, 0]),
    ("pow", DType.I32, [2, 3, 1, -1, 2, 0], [10, 21, -5, -3, -1, 0], [1024, 1870418611, 1, -1, 0, 1]),
    ("pow", DType.F32, [2, -1], [0.5, 2], [math.sqrt(2), 1]),
    ("bitxor", DType.U8, [12], [10], [6]),
    ("xor", DType.BOOL, [True, False], [True, True], [False, True]),
]

UNARY: list[tuple[str, DType, Any, Any]] = [
    ("round", DType.F32, [0.5, 1.5, 2.5, -0.5, -1.5], [0, 2, 2, 0, -2]),
    ("sign", DType.F32, [NAN, -0.0, -3, 2], [NAN, 0, -1, 1]),
    ("neg", DType.I32, [LEAST, 5], [LEAST, -5]),
    ("abs", DType.I32, [LEAST, -5], [LEAST, 5]),
    ("sigmoid", DType.F32, [-INF, -200, 0, 200], [0, 0, 0.5, 1]),
    ("erf", DType.F64, [0.3], [math.erf(0.3)]),
    ("trunc", DType.F32, [-1.7, 1.7], [-1, 1]),
    ("isinf", DType.F32, [INF, -INF, NAN, 1], [True, True, False, False]),
    ("bitnot", DType.U8, [0], [255]),
    ("recip", DType.F32, [4, 0], [0.25, INF]),
]

CASTS: list[tuple[DType, Any, DType, Any]] = [
    (DType.F32, [1.9, -1.9, NAN, 1e20, -INF], DType.I32, [1, -1, 0, 2**31 - 1, LEAST]),
    (DType.F32, [300, -5, 128.7], DType.U8, [255, 0, 128]),
    (DType.F64, [1e30, -1e30], DType.I64, [2**63 - 1, -(2**63)]),
    (DType.F32, [1e30], DType.U64, [2**64 - 1]),
    (DType.I32, [300, -1], DType.U8, [44, 255]),
    (DType.F32, [NAN, 0.0, 0.1], DType.BOOL, [True, False, True]),
    (DType.BOOL, [True, False], DType.F32, [1, 0]),
]


@pytest.mark.parametrize(("op", "dtype", "a", "b", "expected"), BINARY)
def test_binary(op: str, dtype: DType, a: Any, b: Any, expected: Any) -> None:
    program = binary(op, dtype)
    operands = [np.array(v, dtype.numpy) for v in (a, b)]
    (found,) = Map(program, program.dtype).eval(operands)
    assert found.dtype == program.dtype.numpy
    np.testing.assert_array_equal(found, np.array(expected, program.dtype.numpy))


@pytest.mark.parametrize(("op", "dtype", "a", "expected"), UNARY)
def test_unary(op: str, dtype: DType, a: Any, expected: Any) -> None:
    program = unary(op, dtype)
    (found,) = Map(program, program.dtype).eval([np.array(a, dtype.numpy)])
    np.testing.assert_array_equal(found, np.array(expected, program.dtype.numpy))


@pytest.mark.parametrize(("source", "a", "target", "expected"), CASTS)
def test_cast(source: DType, a: Any, target: DType, expected: Any) -> None:
    b = Builder([source])
    (found,) = Map(b.finish(b.cast(0, target)), target).eval([np.array(a, source.numpy)])
    np.testing.assert_array_equal(found, np.array(expected, target.numpy))


def test_small_floats_are_rounded_once() -> None:
    b = Builder([DType.F16, DType.F16])
    program = b.finish(b("sub", b("add", 0, 1), 0))
    big, small = np.array([2048], np.float16), np.array([1], np.float16)
    assert Map(program, DType.F16).eval([big, small])[0].tolist() == [1]


def test_every_instruction_has_a_definition() -> None:
    assert set(INSTRUCTIONS) == set(NUMPY) | {"const", "cast"}


def test_operands_broadcast_even_where_unused() -> None:
    b = Builder([DType.F32, DType.F32])
    program = b.finish(b("neg", 1))
    (found,) = Map(program).eval([np.zeros((3, 1), np.float32), np.ones(2, np.float32)])
    assert found.shape == (3, 2)


def test_shape_rule() -> None:
    n = symbol("n")
    program = binary("add", DType.F32)
    found = Map(program).infer([TensorType(DType.F32, (n, 1)), TensorType(DType.F32, (5,))], Context())
    assert str(found[0]) == "f32[n, 5]"
    with pytest.raises(OpError, match="do not broadcast"):
        Map(program).infer([TensorType(DType.F32, (2,)), TensorType(DType.F32, (3,))], Context())
    with pytest.raises(OpError, match="operand 1 is i32, expected f32"):
        Map(program).infer([TensorType(DType.F32, ()), TensorType(DType.I32, ())], Context())
