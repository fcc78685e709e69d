"""attention: shapes, ranges of heads, programs on the scores with extra operands."""

import numpy as np
import pytest
from harness import Array, Device, compare, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.ir.types import DType
from edgec.ops.attention import Attention
from edgec.ops.program import Builder, Program

RANDOM = np.random.default_rng(0)
F32 = DType.F32


def scores(kind: str, shape: list[int]) -> tuple[Program | None, list[Array]]:
    """A program on scores of `shape`, and its extra operands."""
    if kind == "none":
        return None, []
    b = Builder([F32] if kind == "scale" else [F32, F32])
    scaled = b("mul", 0, b.const(0.25, F32))
    if kind == "scale":
        return b.finish(scaled), []
    if kind in ("mask", "keys"):
        mask = np.where(RANDOM.random(shape[-1]) < 0.3, np.float32(-10000), np.float32(0))
        mask[:1] = 0  # where all are masked, only the rounding of large numbers tells scores apart
        return b.finish(b("add", 0 if kind == "mask" else scaled, 1)), [mask]
    return b.finish(b("add", scaled, 1)), [numbers(RANDOM, (*shape[:-3], 1, *shape[-2:]), "float32")]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Attention, list[Array]]:
    heads, queries, keys = draw(st.integers(1, 4)), draw(st.integers(1, 40)), draw(st.integers(0, 40))
    depth, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    batch = draw(st.lists(st.integers(1, 3), max_size=2))
    firsts = tuple(draw(st.sampled_from([0, 0, 1, 3])) for _ in range(3))
    sizes = [(queries, depth), (keys, depth), (keys, width)]
    operands = [
        numbers(RANDOM, (*batch, rows, first + heads + draw(st.integers(0, 1)), columns), "float32")
        for (rows, columns), first in zip(sizes, firsts, strict=True)
    ]
    kind = draw(st.sampled_from(["none", "scale", "mask", "keys", "dense"]))
    program, extras = scores(kind, [*batch, heads, queries, keys])
    scale = draw(st.sampled_from([1.0, 0.3]))
    return Attention(heads, scale, firsts, program), [*operands, *extras]


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_attention(cpu: Device, case: tuple[Attention, list[Array]]) -> None:
    op, operands = case
    compare(op, operands, cpu, floor=1e-2)


@pytest.mark.parametrize(
    ("queries", "keys", "depth"), [(197, 197, 64), (128, 128, 32), (1, 300, 64), (49, 49, 32)]
)
def test_sizes_of_networks(cpu: Device, queries: int, keys: int, depth: int) -> None:
    qkv = [numbers(RANDOM, (2, rows, 9, depth), "float32") for rows in (queries, keys, keys)]
    program, extras = scores("mask", [2, 3, queries, keys])
    compare(Attention(3, depth**-0.5, (0, 3, 6), program), [*qkv, *extras], cpu)


def test_scores_that_are_not_finite(cpu: Device) -> None:
    q, k, v = (numbers(RANDOM, (5, 2, 20), "float32") for _ in range(3))
    program, _ = scores("keys", [2, 5, 5])
    mask = np.zeros((2, 5, 5), np.float32)
    mask[0, 1, 2] = np.nan
    mask[0, 2, 3] = np.inf
    mask[0, 3] = -np.inf
    mask[1, 0, 1:] = -np.inf
    compare(Attention(2, scores=program), [q, k, v, mask], cpu)
