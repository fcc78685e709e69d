"""Simplified programs compute what they did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgec.ir.types import DType
from edgec.ops.program import Builder, Program
from edgec.ops.scalar_eval import run
from edgec.passes.scalar_rules import drop_operands, is_cheap, simplify

F, I = DType.F32, DType.I32  # noqa: E741


def program(write: str, *operands: DType) -> Program:
    """A program from prefix text: `max add x0 3 0`; numbers are f32 consts."""
    b = Builder(operands)
    words = iter(write.split())

    def term() -> int:
        word = next(words)
        if word.startswith("x") and word[1:].isdigit():
            return int(word[1:])
        if word[0].isdigit() or word[0] == "-":
            return b.const(float(word), F)
        arity = {"exp": 1, "neg": 1, "recip": 1, "not": 1, "sqrt": 1, "round": 1, "select": 3}.get(word, 2)
        return b(word, *[term() for _ in range(arity)])

    return b.finish(term())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mul x0 1", "f32(x0)"),
        ("add 0 exp x0", "exp(x0)"),
        ("pow x0 2", "mul(x0, x0)"),
        ("pow x0 3", "mul(mul(x0, x0), x0)"),
        ("div x0 4", "mul(x0, 0.25)"),
        ("div x0 6", "div(x0, 6.0)"),
        ("div 1 x0", "recip(x0)"),
        ("neg neg exp x0", "exp(x0)"),
        ("max max x0 1 2", "max(x0, 2.0)"),
        ("min 3 min x0 4", "min(x0, 3.0)"),
        ("recip add 1 exp neg x0", "sigmoid(x0)"),
        ("div x0 add exp neg x0 1", "mul(x0, sigmoid(x0))"),
        ("mul x0 add 1 2", "mul(x0, 3.0)"),
        ("mul x0 -1", "neg(x0)"),
        ("select lt x0 0 mul x0 0.1 x0", "max(x0, mul(x0, 0.1))"),
        ("select lt x0 0 mul x0 2 x0", "select(lt(x0, 0.0), mul(x0, 2.0), x0)"),
        ("add exp x0 exp x0", "add(exp(x0), exp(x0))"),
        ("sub min max add round x0 129 0 255 129", "min(max(round(x0), -129.0), 126.0)"),
        ("add min max add round x0 -3 -128 127 3", "min(max(round(x0), -125.0), 130.0)"),
        ("sub min max add x0 129 0 255 129", "sub(min(max(add(x0, 129.0), 0.0), 255.0), 129.0)"),
        ("sub min max add round x0 129 0 255 5", "sub(min(max(add(round(x0), 129.0), 0.0), 255.0), 5.0)"),
    ],
)
def test_rules(before: str, after: str) -> None:
    found = str(simplify(program(before, F))[0])
    assert found.replace("f32(x0)", "x0") == after.replace("f32(x0)", "x0")


def test_loose_rules_merge_scalings() -> None:
    merged, _ = simplify(program("mul 3 div mul x0 x0 6", F), loose=True)
    assert str(merged) == "mul(mul(x0, x0), 0.5)"
    single, _ = simplify(program("mul x0 3", F), loose=True)
    assert str(single) == "mul(x0, 3.0)"


def test_known_operands_are_put_in() -> None:
    found, kept = simplify(program("max add x0 x1 x2", F, F, F), {1: 3.0, 2: 0.0})
    assert str(found) == "max(add(x0, 3.0), 0.0)" and kept == [0]


def test_casts_that_lose_nothing_cancel() -> None:
    b = Builder([I])
    found, _ = simplify(b.finish(b.cast(b.cast(0, DType.I64), I)))
    assert found.dtype == I and "i64" not in str(found)
    b = Builder([F])
    kept, _ = simplify(b.finish(b.cast(b.cast(0, I), F)))
    assert str(kept) == "f32(i32(x0))"


def test_unread_operands_drop_but_one() -> None:
    found, kept = drop_operands(program("exp x1", F, F))
    assert str(found) == "exp(x0)" and kept == [1]
    b = Builder([F, F])
    found, kept = drop_operands(b.finish(b.const(2.0, F)))
    assert kept == [0] and len(found.operands) == 1


def test_cheapness() -> None:
    assert is_cheap(program("max add x0 3 0", F), 2)
    assert not is_cheap(program("exp x0", F), 2) and not is_cheap(program("max add x0 3 0", F), 1)


def test_zero_points_that_cancel_leave_every_value() -> None:
    before = program("sub min max add round x0 129 0 255 129", F)
    x = np.array(
        [-np.inf, -3e38, -1e8, -129.6, -129.4, -0.5, 0.5, 1.5, 126.4, 126.6, 1e8, np.inf, np.nan], "f4"
    )
    np.testing.assert_array_equal(run(simplify(before)[0], [x], F), run(before, [x], F))


_UNARY = ["exp", "neg", "sqrt", "recip"]
_BINARY = ["add", "sub", "mul", "div", "min", "max", "pow"]
terms = st.recursive(
    st.sampled_from(["x0", "x1", "0", "1", "2", "-1", "0.5", "6"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(_UNARY), inner).map(" ".join),
        st.tuples(st.sampled_from(_BINARY), inner, inner).map(" ".join),
    ),
    max_leaves=8,
)


@given(terms)
def test_meaning_is_kept(text: str) -> None:
    before = program(text, F, F)
    after, kept = simplify(before)
    operands = [
        np.array([0.3, 1.0, -2.5, 4.0], np.float32),
        np.array([2.0, -1.0, 0.7, 3.0], np.float32),
    ]
    expected = run(before, operands, F)
    found = run(after, [operands[i] for i in kept], F)
    np.testing.assert_allclose(np.broadcast_to(found, (4,)), expected, rtol=1e-5)
