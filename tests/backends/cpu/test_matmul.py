"""matmul: shapes, batches, transposed operands, epilogues, stored panels, other accumulators."""

import numpy as np
import pytest
from epilogues import CANCELLED, KINDS, epilogue
from harness import Array, Device, compare, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.format import forms
from edgec.ir.types import DType
from edgec.ops.matmul import MatMul

RANDOM = np.random.default_rng(0)


@st.composite
def cases(draw: st.DrawFn) -> tuple[MatMul, list[Array], bool]:
    """A matmul with operands, and whether b is stored as panels."""
    m, n, k = draw(st.integers(1, 40)), draw(st.integers(1, 70)), draw(st.integers(0, 40))
    batch = draw(st.lists(st.integers(1, 3), max_size=2))
    a_batch = [draw(st.sampled_from([1, d])) for d in batch]
    b_batch = [d if a == 1 else draw(st.sampled_from([1, d])) for a, d in zip(a_batch, batch, strict=True)]
    if draw(st.booleans()):
        a_batch, b_batch = batch, []
    packed = draw(st.booleans()) and k > 0
    transpose_a, transpose_b = draw(st.booleans()), draw(st.booleans()) and not packed
    a = numbers(RANDOM, (*a_batch, k, m) if transpose_a else (*a_batch, m, k), "float32")
    b = numbers(RANDOM, (*b_batch, n, k) if transpose_b else (*b_batch, k, n), "float32")
    program, operands, dtype = epilogue(draw(st.sampled_from(KINDS)), [*batch, m, n], RANDOM)
    return MatMul(transpose_a, transpose_b, program, DType.F32, dtype), [a, b, *operands], packed


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_matmul(cpu: Device, case: tuple[MatMul, list[Array], bool]) -> None:
    op, operands, packed = case
    if packed:
        compare(op, operands, cpu, {1}, {1: forms.matmul_form(operands[1].shape)}, floor=CANCELLED)
    else:
        compare(op, operands, cpu, floor=CANCELLED)


@pytest.mark.parametrize(
    ("m", "n", "k"), [(1, 1000, 1280), (3, 700, 300), (40, 250, 330), (128, 384, 384), (120, 6625, 64)]
)
def test_sizes_of_networks(cpu: Device, m: int, n: int, k: int) -> None:
    a, b = numbers(RANDOM, (m, k), "float32"), numbers(RANDOM, (k, n), "float32")
    program, operands, _ = epilogue("silu", [m, n], RANDOM)
    compare(MatMul(False, False, program), [a, b, *operands], cpu, {1, 2}, {1: forms.matmul_form(b.shape)})
    compare(MatMul(), [a, b], cpu)


@pytest.mark.parametrize(
    ("a", "b", "accumulator"),
    [
        ("float64", "float64", DType.F64),
        ("float16", "float16", DType.F32),
        ("int8", "int8", DType.I32),
        ("uint8", "int8", DType.I32),
        ("uint16", "uint16", DType.U32),
        ("uint32", "uint32", DType.U32),
        ("uint64", "uint64", DType.U64),
        ("int64", "int64", DType.I64),
        ("uint32", "uint32", DType.I64),
    ],
)
def test_other_types(cpu: Device, a: str, b: str, accumulator: DType) -> None:
    operands = [numbers(RANDOM, (2, 5, 7), a), numbers(RANDOM, (7, 20), b)]
    compare(MatMul(False, False, None, accumulator, accumulator), operands, cpu)
