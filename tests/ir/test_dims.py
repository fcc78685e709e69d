"""The normal form of dims: evaluating it equals computing with integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.ir import dims
from edgec.ir.dims import (
    Dim,
    DimError,
    Expr,
    bcast,
    bounds,
    ceildiv,
    eq,
    evaluate,
    floordiv,
    less,
    maximum,
    minimum,
    mod,
    product,
    select,
    substitute,
    symbol,
    symbols_of,
)

N, M, K = symbol("n"), symbol("m"), symbol("k", None)


class Undefined(Exception):
    """Division by zero, or a broadcast of two different sizes."""


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise Undefined
    return a // b


def _modulo(a: int, b: int) -> int:
    if b == 0:
        raise Undefined
    return a % b


def _broadcast(a: int, b: int) -> int:
    if a != b and 1 not in (a, b):
        raise Undefined
    return b if a == 1 else a


# name -> (how dims build it, what it means on integers, how many arguments)
OPERATIONS: dict[str, tuple[Callable[..., Dim], Callable[..., int], int]] = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, 2),
    "sub": (lambda a, b: a - b, lambda a, b: a - b, 2),
    "mul": (lambda a, b: a * b, lambda a, b: a * b, 2),
    "floordiv": (floordiv, _divide, 2),
    "ceildiv": (ceildiv, lambda a, b: -_divide(-a, b), 2),
    "mod": (mod, _modulo, 2),
    "min": (minimum, min, 2),
    "max": (maximum, max, 2),
    "eq": (eq, lambda a, b: int(a == b), 2),
    "less": (less, lambda a, b: int(a < b), 2),
    "select": (select, lambda c, a, b: a if c else b, 3),
}
Tree = Any  # a leaf (int or symbol name) or (operation, *trees)
LEAVES = st.one_of(st.integers(-4, 6), st.sampled_from(["n", "m", "k"]))
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda inner: st.sampled_from(sorted(OPERATIONS)).flatmap(
        lambda op: st.tuples(st.just(op), *[inner] * OPERATIONS[op][2])
    ),
    max_leaves=8,
)
VALUES = st.fixed_dictionaries({"n": st.integers(0, 9), "m": st.integers(0, 9), "k": st.integers(-9, 9)})


def _build(tree: Tree) -> Dim:
    if isinstance(tree, tuple):
        return OPERATIONS[tree[0]][0](*(_build(t) for t in tree[1:]))
    return {"n": N, "m": M, "k": K}[tree] if isinstance(tree, str) else int(tree)


def _compute(tree: Tree, values: dict[str, int]) -> int:
    if isinstance(tree, tuple):
        return OPERATIONS[tree[0]][1](*(_compute(t, values) for t in tree[1:]))
    return values[tree] if isinstance(tree, str) else int(tree)


@settings(max_examples=600, deadline=None)
@given(TREES, VALUES)
def test_normal_form_means_the_same(tree: Tree, values: dict[str, int]) -> None:
    try:
        expected = _compute(tree, values)
    except Undefined:
        return
    try:
        dim = _build(tree)
        found = evaluate(dim, values)
    except DimError:
        return  # a part that the integers did not reach divides by zero
    assert found == expected
    low, high = bounds(dim)
    assert (low is None or low <= found) and (high is None or found <= high)


@given(st.integers(1, 5), st.integers(1, 5))
def test_bcast(a: int, b: int) -> None:
    dim = bcast(N, M)
    try:
        expected = _broadcast(a, b)
    except Undefined:
        with pytest.raises(DimError, match="do not broadcast"):
            evaluate(dim, {"n": a, "m": b})
        return
    assert evaluate(dim, {"n": a, "m": b}) == expected


EQUAL: list[tuple[Dim, Dim]] = [
    ((2 * N + 4) // 2 - N, 2),
    (floordiv(floordiv(N, 2), 3), floordiv(N, 6)),
    (N * M // M, N),
    (mod(4 * N + 3, 4), 3),
    (ceildiv(N * 6, 3), 2 * N),
    (maximum(N + 2, 1), N + 2),
    (minimum(N, N + 1), N),
    (eq(N + 1, 0), 0),
    (bcast(N, 1), N),
    (select(1, N, M), N),
    (product([N, 2, M]), 2 * M * N),
    ((N + M) * (N - M), N * N - M * M),
    (N + maximum(K, 0) - maximum(K * -1, 0), N + K),
    (3 * maximum(K - 1, 0) - 3 * maximum(1 - K, 0), 3 * K - 3),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_dims_are_the_same(a: Dim, b: Dim) -> None:
    assert a == b and hash(a) == hash(b) and str(a) == str(b)


def test_divisions_by_a_known_zero_and_wrong_broadcasts_fail() -> None:
    for wrong in (lambda: floordiv(N, 0), lambda: mod(N, 0), lambda: bcast(2, 3)):
        with pytest.raises(DimError):
            wrong()


def test_an_unknown_has_no_truth() -> None:
    with pytest.raises(TypeError, match="add a guard"):
        bool(N)


def test_substitution() -> None:
    dim = floordiv(N + M, 2)
    assert substitute(dim, {"n": M}) == M
    assert symbols_of(dim) == {"n", "m"}
    with pytest.raises(KeyError, match="needs values for m"):
        evaluate(dim, {"n": 1})


def test_text() -> None:
    assert str(2 * N * M - N + 3) == "2*m*n - n + 3"
    assert isinstance(N + 0, Expr) and dims.dims_text((1, N)) == "1, n"
