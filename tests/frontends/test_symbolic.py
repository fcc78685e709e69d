"""Arithmetic on contents agrees with NumPy once the symbols have values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgec.frontends.onnx import symbolic
from edgec.frontends.onnx.symbolic import NotSymbolic, Ratio
from edgec.ir import dims
from edgec.ir.types import DType
from edgec.ops import program as scalar

N, M = dims.symbol("n"), dims.symbol("m")


def contents(*values: object) -> np.ndarray:
    result = np.empty(len(values), object)
    result[:] = values
    return result


def valued(element: object, n: int, m: int) -> Fraction:
    numerator, denominator = symbolic.split(element)  # type: ignore[arg-type]
    return Fraction(dims.evaluate(numerator, {"n": n, "m": m}), denominator)


INTEGER_RULES = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: int(a / b),
    "mod": lambda a, b: a % b,
    "min": min,
    "max": max,
    "eq": lambda a, b: int(a == b),
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "ge": lambda a, b: int(a >= b),
    "ne": lambda a, b: int(a != b),
}


@pytest.mark.parametrize("op", INTEGER_RULES)
@given(n=st.integers(0, 40), m=st.integers(1, 40), k=st.integers(-5, 5))
def test_integers(op: str, n: int, m: int, k: int) -> None:
    program = scalar.binary(op, DType.I64)
    (found,) = symbolic.evaluate_program(program, [contents(N * 2 + k), contents(M)])
    assert valued(found, n, m) == INTEGER_RULES[op](2 * n + k, m)


FLOAT_RULES = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "min": min,
    "max": max,
}


@pytest.mark.parametrize("op", FLOAT_RULES)
@given(n=st.integers(0, 40), m=st.integers(0, 40))
def test_floats(op: str, n: int, m: int) -> None:
    program = scalar.binary(op, DType.F32)
    half = symbolic.real(N, 2)
    (found,) = symbolic.evaluate_program(program, [contents(half), contents(Fraction(3, 4))])
    assert valued(found, n, m) == FLOAT_RULES[op](Fraction(n, 2), Fraction(3, 4))


@pytest.mark.parametrize(("op", "rule"), [("floor", np.floor), ("ceil", np.ceil)])
@given(n=st.integers(0, 40))
def test_rounding(op: str, rule: np.ufunc, n: int) -> None:
    (found,) = symbolic.evaluate_program(scalar.unary(op, DType.F32), [contents(symbolic.real(N, 4))])
    assert valued(found, n, 0) == int(rule(n / 4))


def test_quotients_of_equal_sizes_are_exact() -> None:
    program = scalar.binary("div", DType.F32)
    double, single = contents(symbolic.real(N * 2, 1)), contents(symbolic.real(N, 1))
    found = symbolic.evaluate_program(program, [double, single])
    assert found[0] == Fraction(2)


def test_what_has_no_exact_form_is_left_to_the_run() -> None:
    with pytest.raises(NotSymbolic):
        symbolic.evaluate_program(scalar.unary("sqrt", DType.F32), [contents(symbolic.real(N, 1))])
    with pytest.raises(NotSymbolic):
        symbolic.real(N, symbolic.MAX_DENOMINATOR * 2 + 1)


def test_ratios_are_in_lowest_terms() -> None:
    assert symbolic.real(N * 2, 4) == Ratio(N, 2)  # type: ignore[arg-type]
    assert symbolic.real(6, 4) == Fraction(3, 2)


@pytest.mark.parametrize("kind", ["sum", "prod", "min", "max"])
def test_reductions(kind: str) -> None:
    values = contents(N, 3, M)
    found = symbolic.reduce_contents(kind, values, [0], False)
    rule = {"sum": np.sum, "prod": np.prod, "min": np.min, "max": np.max}[kind]
    assert valued(found.item(), 5, 2) == int(rule([5, 3, 2]))
