"""Map and reduce on object arrays of dims mean what they mean on integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgec.ir.dims import Expr, evaluate, symbol
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.map import Map
from edgec.ops.program import Builder, Program, binary, unary
from edgec.ops.reduce import Reduce

BINARY = ["add", "sub", "mul", "div", "mod", "min", "max", "eq", "ne", "lt", "le", "gt", "ge"]
N, K = symbol("n"), symbol("k", None)


def _value(dim: object, n: int, k: int) -> int:
    return evaluate(dim, {"n": n, "k": k}) if isinstance(dim, Expr) else int(dim)


@pytest.mark.parametrize("op", BINARY)
@given(n=st.integers(0, 20), k=st.integers(-9, 9), c=st.integers(1, 7))
def test_binary(op: str, n: int, k: int, c: int) -> None:
    program = binary(op, DType.I64)
    run = Map(program, program.dtype)
    symbolic = run.eval([np.array([N, N - 3, K], object), np.array(c)])[0]
    plain = run.eval([np.array([n, n - 3, k]), np.array(c)])[0]
    assert [_value(d, n, k) for d in symbolic] == plain.astype(np.int64).tolist()


@pytest.mark.parametrize("op", ["neg", "abs", "sign"])
@given(k=st.integers(-9, 9))
def test_unary(op: str, k: int) -> None:
    run = Map(unary(op, DType.I64), DType.I64)
    symbolic = run.eval([np.array([K, K + 2], object)])[0]
    assert [_value(d, 0, k) for d in symbolic] == run.eval([np.array([k, k + 2])])[0].tolist()


def _where() -> Program:
    b = Builder([DType.BOOL, DType.I64, DType.I64])
    return b.finish(b("select", b("not", 0), 1, 2))


def test_select_on_known_and_symbolic_conditions() -> None:
    run = Map(_where(), DType.I64)
    condition = np.array([0, 1], object)
    assert run.eval([condition, np.array([N, 5], object), np.array([7, K], object)])[0].tolist() == [N, K]


def test_scalars_keep_their_rank() -> None:
    (found,) = Map(binary("mul", DType.I64), DType.I64).eval([np.array(N, object), np.array(2)])
    assert found.shape == () and found.item() == 2 * N


def test_floats_are_not_symbolic() -> None:
    b = Builder([DType.I64])
    with pytest.raises(OpError, match="becomes f32"):
        Map(b.finish(b.cast(0, DType.F32)), DType.F32).eval([np.array([N], object)])


def test_reduce() -> None:
    x = np.array([[N, 2], [3, K]], object)
    assert Reduce("sum", (1,), False).eval([x])[0].tolist() == [N + 2, K + 3]
    assert Reduce("prod", (0,), True).eval([x])[0].tolist() == [[3 * N, 2 * K]]
    assert Reduce("max", (0, 1), False).eval([np.array([[N, N + 1]], object)])[0].item() == N + 1
