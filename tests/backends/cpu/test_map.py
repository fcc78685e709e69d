"""map: every instruction on every type, broadcasting, tiles and their tails, storage types."""

import numpy as np
import pytest
from harness import Array, Device, compare, numbers, run
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.program import COMPARISONS, INSTRUCTIONS, Builder, binary, identity, unary

RANDOM = np.random.default_rng(0)
FLOATS = [DType.F32, DType.F64]
INTS = [DType.I8, DType.I16, DType.I32, DType.I64, DType.U8, DType.U16, DType.U32, DType.U64]
FLOAT_ONLY = {name for name, (code, _) in INSTRUCTIONS.items() if 9 <= code <= 28}
INT_ONLY = {"bitnot", "bitand", "bitor", "bitxor", "shl", "shr"}
ROUNDING = {"ceil", "floor", "round", "trunc"}
LOGIC = {"and", "or", "xor", "not"}
EDGES = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 20.0, -20.0, 1e-30, 3e38, np.inf, -np.inf, np.nan]


def operand(dtype: DType, count: int) -> Array:
    """Values with the type's extremes among them."""
    if dtype.is_float:
        values = np.concatenate([EDGES, RANDOM.standard_normal(count) * 3]).astype(dtype.numpy)
    elif dtype == DType.BOOL:
        return RANDOM.integers(0, 2, count + 16).astype(bool)
    else:
        info = np.iinfo(dtype.numpy)
        some = RANDOM.integers(max(info.min, -9), min(info.max, 70), count)
        values = np.concatenate([[info.min, info.max, 0, 1], some]).astype(dtype.numpy)
    return RANDOM.permutation(values)


def suits(name: str, dtype: DType) -> bool:
    if dtype == DType.BOOL:
        return name in LOGIC | {"eq", "ne"}
    if name in LOGIC:
        return False
    return name not in (INT_ONLY if dtype.is_float else FLOAT_ONLY | ROUNDING)


CASES = [
    (name, dtype)
    for name, (_, arguments) in INSTRUCTIONS.items()
    for dtype in [*FLOATS, *INTS, DType.BOOL]
    if arguments in (1, 2) and name != "cast" and suits(name, dtype)
]


@pytest.mark.parametrize(("name", "dtype"), CASES, ids=lambda v: v.text if isinstance(v, DType) else v)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_instruction(cpu: Device, name: str, dtype: DType) -> None:
    program = unary(name, dtype) if INSTRUCTIONS[name][1] == 1 else binary(name, dtype)
    operands = [operand(dtype, 97) for _ in program.operands]
    compare(Map(program, program.dtype), operands, cpu, tolerance=1e-6)


@pytest.mark.parametrize("target", [*FLOATS, *INTS, DType.BOOL], ids=lambda d: d.text)
@pytest.mark.parametrize("source", [*FLOATS, *INTS, DType.BOOL], ids=lambda d: d.text)
def test_cast(cpu: Device, source: DType, target: DType) -> None:
    b = Builder([source])
    program = b.finish(b.cast(0, target))
    compare(Map(program, target), [operand(source, 40)], cpu)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTS, DType.BOOL, DType.F16], ids=lambda d: d.text)
def test_select(cpu: Device, dtype: DType) -> None:
    b = Builder([DType.BOOL, dtype, dtype])
    program = b.finish(b("select", 0, 1, 2))
    a = operand(dtype, 60)
    compare(Map(program, dtype), [RANDOM.integers(0, 2, a.shape).astype(bool), a, a[::-1].copy()], cpu)


@pytest.mark.parametrize("dtype", [DType.F16, DType.BF16], ids=lambda d: d.text)
def test_small_floats_are_rounded_once(cpu: Device, dtype: DType) -> None:
    pytest.importorskip("ml_dtypes")
    bits = np.arange(0, 65536, 7, dtype=np.uint16).view(dtype.numpy)
    compare(Map(identity(dtype), dtype), [bits], cpu, tolerance=0)
    b = Builder([dtype, DType.F32])
    program = b.finish(b("add", b("mul", 0, b.const(3.0, DType.F32)), 1))
    compare(Map(program, dtype), [bits[:1000], numbers(RANDOM, (1000,), "float32")], cpu)


NARROW = {  # bits
    **{d: 8 for d in (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ, DType.F8E8M0)},
    **{DType.F6E2M3: 6, DType.F6E3M2: 6, DType.F4E2M1: 4, DType.I4: 4, DType.U4: 4, DType.I2: 2, DType.U2: 2},
}


def equal_bytes(op: Map, operands: list[Array], cpu: Device) -> None:
    """The result has the definition's bytes, whatever NaN means."""
    (found,) = run(op, operands, cpu)
    (expected,) = op.eval(operands)
    assert found.dtype == expected.dtype and np.array_equal(found.view(np.uint8), expected.view(np.uint8))


@pytest.mark.parametrize("dtype", NARROW, ids=lambda d: d.text)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_narrow_types(cpu: Device, dtype: DType) -> None:
    """Every code is read, and values all over the range (with halfway cases) are rounded to a code."""
    pytest.importorskip("ml_dtypes")
    codes = np.arange(1 << NARROW[dtype], dtype=np.uint8).view(dtype.numpy)
    compare(Map(identity(dtype), dtype.compute), [codes], cpu, tolerance=0)
    if dtype.is_float:
        top = np.arange(0, 65536, 3, dtype=np.uint32) << 16
        values = np.concatenate([top, top + 1, top + 0x8000]).astype(np.uint32).view(np.float32)
        nan = np.isnan(values)
        values = np.concatenate([values[~nan], np.array(EDGES, np.float32)])
    else:
        values = np.arange(256, dtype=np.uint8).view(dtype.compute.numpy)
    equal_bytes(Map(identity(dtype), dtype), [values], cpu)


@pytest.mark.parametrize("dtype", [DType.F8E5M2, DType.I4, DType.U2], ids=lambda d: d.text)
def test_narrow_rows(cpu: Device, dtype: DType) -> None:
    """Rows of a width that is no multiple of a tile's, columns repeated and not."""
    pytest.importorskip("ml_dtypes")
    codes = RANDOM.integers(0, 4, (7, 5)).astype(np.uint8).view(dtype.numpy)
    b = Builder([dtype, dtype])
    program = b.finish(b("max", 0, 1))
    for other in (codes[:, :1], codes[:1], codes.T.copy()[:, :1].reshape(1, 5)):
        compare(Map(program, dtype), [codes, np.ascontiguousarray(other)], cpu, tolerance=0)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_broadcast(cpu: Device, data: st.DataObject) -> None:
    """Operands of any broadcastable shapes, in a program with constants and shared registers."""
    rank = data.draw(st.integers(0, 4))
    sizes = [1, 2, 3, 16, 31] if rank > 2 else [1, 5, 16, 33, 600]
    shape = [data.draw(st.sampled_from(sizes)) for _ in range(rank)]
    operands = []
    for _ in range(3):
        dims = [d if data.draw(st.booleans()) else 1 for d in shape]
        operands.append(numbers(RANDOM, dims[data.draw(st.integers(0, rank)) :] if rank else [], "float32"))
    b = Builder([DType.F32] * 3)
    total = b("add", b("mul", 0, 1), 2)
    clipped = b("min", b("max", total, b.const(-1.0, DType.F32)), b.const(1.5, DType.F32))
    result = b("sub", b("mul", clipped, b("sigmoid", clipped)), b("div", 0, b.const(3.0, DType.F32)))
    compare(Map(b.finish(result), DType.F32), operands, cpu, tolerance=1e-5, floor=1.0)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 511, 512, 513, 70001])
def test_tails(cpu: Device, size: int) -> None:
    b = Builder([DType.F32, DType.I64])
    program = b.finish(b("lt", b("exp", 0), b.cast(1, DType.F32)))
    operands = [numbers(RANDOM, (size,), "float32"), numbers(RANDOM, (size,), "int64")]
    compare(Map(program, DType.BOOL), operands, cpu)


def test_comparisons_are_all_there() -> None:
    assert {name for name, _ in CASES} >= COMPARISONS
