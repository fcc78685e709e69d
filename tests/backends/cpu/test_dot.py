"""Products of bytes in form `dot`: conv and matmul on every instruction set against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from dot_cases import KINDS, bytes_of, dot_model, epilogue
from harness import Array, Device, assert_close, runs
from hypothesis import given, settings
from hypothesis import strategies as st

import edgert
from edgec.format.write import write_model
from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul

ISAS = ("portable", "avx2", "avx512", "avx512vnni", "neon", "neondot")
DEVICES = [Device("cpu", isa, threads) for isa in ISAS for threads in (1, 2) if runs(isa)]


def check(op: Conv | MatMul, operands: list[Array]) -> None:
    """All devices give what the definition gives; f16 rounds once."""
    x, w, *_ = operands
    model = dot_model(op, operands)
    inputs = {f"x{i}": o for i, o in enumerate(operands) if i != 1}
    (expected,) = op.eval(operands)
    data = write_model(model)
    for device in DEVICES:
        with device.selected():
            session = edgert.load(data, device="cpu", threads=device.threads, strict=True)
            (found,) = session.run(inputs).values()
        assert_close(found, np.asarray(expected), 1e-6, f"{op} of {x.dtype}{x.shape}, {w.shape} on {device}")


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from([DType.U8, DType.I8]),
    kind=st.sampled_from(KINDS),
    batch=st.lists(st.integers(1, 2), max_size=2),
    m=st.integers(1, 40),
    k=st.integers(1, 70),
    n=st.integers(1, 70),
)
def test_matmul(dtype: DType, kind: str, batch: list[int], m: int, k: int, n: int) -> None:
    program, extras, result = epilogue(kind, n)
    op = MatMul(False, False, program, int(DType.I32), int(result))
    check(op, [bytes_of(dtype, *batch, m, k), bytes_of(DType.I8, k, n), *extras])


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    dtype=st.sampled_from([DType.U8, DType.I8]),
    kind=st.sampled_from(KINDS),
    spatial=st.integers(1, 3),
    channels=st.integers(1, 20),
    outputs=st.integers(1, 40),
)
def test_conv(
    data: st.DataObject, dtype: DType, kind: str, spatial: int, channels: int, outputs: int
) -> None:
    kernel = [data.draw(st.integers(1, 3)) for _ in range(spatial)]
    dilations = [*(data.draw(st.integers(1, 2)) for _ in range(spatial - 1)), 1]
    strides = tuple(data.draw(st.integers(1, 3)) for _ in range(spatial))
    pads = tuple(data.draw(st.integers(0, 2)) for _ in range(2 * spatial))
    sizes = [data.draw(st.integers((k - 1) * d + 1, 9)) for k, d in zip(kernel, dilations)]
    program, extras, result = epilogue(kind, outputs)
    op = Conv(strides, pads, tuple(dilations), 1, program, int(DType.I32), int(result))
    x = bytes_of(dtype, data.draw(st.integers(1, 2)), *sizes, channels)
    check(op, [x, bytes_of(DType.I8, outputs, *kernel, channels), *extras])


@pytest.mark.parametrize("dtype", [DType.U8, DType.I8])
@pytest.mark.parametrize(("m", "k", "n"), [(300, 33, 80), (49, 20, 256), (70, 5, 4100), (1, 9, 3)])
def test_bytes_added_to_products(dtype: DType, m: int, k: int, n: int) -> None:
    """More rows than are waiting for the epilogue at once."""
    program, extras, result = epilogue("bytes", n, (m,))
    op = MatMul(False, False, program, int(DType.I32), int(result))
    check(op, [bytes_of(dtype, m, k), bytes_of(DType.I8, k, n), *extras])


@pytest.mark.parametrize("params", [(1, 8, 16, 8), (1, 9, 16, 16), (2, 4, 16, 16)])
def test_a_form_of_other_sizes_is_not_read(params: tuple[int, ...]) -> None:
    """The file may hold anything under that name: the definition's way is taken then."""
    x, w = bytes_of(DType.U8, 3, 8), bytes_of(DType.I8, 8, 16)
    op = MatMul(accumulator=int(DType.I32), dtype=int(DType.I32))
    data = write_model(dot_model(op, [x, w]))
    key = np.array([1, 8, 16, 16], np.int64).tobytes()
    assert data.count(key) == 1
    data = data.replace(key, np.array(params, np.int64).tobytes())
    session = edgert.load(data, device="cpu", threads=1)
    np.testing.assert_array_equal(*session.run({"x0": x}).values(), x.astype(np.int32) @ w.astype(np.int32))
