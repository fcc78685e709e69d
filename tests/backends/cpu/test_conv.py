"""conv and conv_transpose: shapes, groups, epilogues, stored forms, other accumulators."""

import numpy as np
import pytest
from epilogues import CANCELLED, KINDS, epilogue
from harness import Array, Device, compare, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.format import forms
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose

RANDOM = np.random.default_rng(0)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Conv | ConvTranspose, list[Array], bool]:
    """A conv or conv_transpose with operands, and whether the weight is stored packed."""
    transposed = draw(st.booleans())
    spatial = draw(st.integers(1, 3))
    groups, inputs, outputs = draw(
        st.one_of(
            st.tuples(st.just(1), st.integers(1, 40), st.integers(1, 70)),
            st.tuples(st.integers(2, 20), st.integers(1, 3), st.integers(1, 9)),
            st.tuples(st.integers(1, 40), st.just(1), st.just(1)),
        )
    )
    sizes, kernel, strides, dilations, begins, ends, extra = [], [], [], [], [], [], []
    for _ in range(spatial):
        kernel.append(draw(st.integers(1, 4 if spatial < 3 else 2)))
        dilations.append(draw(st.integers(1, 2)))
        strides.append(draw(st.integers(1, 3)))
        begins.append(draw(st.integers(0, 2)))
        ends.append(draw(st.integers(0, 2)))
        extra.append(draw(st.integers(0, strides[-1] - 1)))
        span = (kernel[-1] - 1) * dilations[-1] + 1
        sizes.append(draw(st.integers(max(1, span - begins[-1] - ends[-1]), 30 if spatial == 1 else 9)))
        if transposed and (sizes[-1] - 1) * strides[-1] + span + extra[-1] <= begins[-1] + ends[-1]:
            begins[-1] = ends[-1] = 0
    x = numbers(RANDOM, (draw(st.integers(1, 2)), *sizes, groups * inputs), "float32")
    w = numbers(RANDOM, (groups * outputs, *kernel, inputs), "float32")
    common = (tuple(strides), (*begins, *ends), tuple(dilations), groups)
    bare = ConvTranspose(*common, tuple(extra)) if transposed else Conv(*common)
    types = [TensorType(DType.F32, x.shape), TensorType(DType.F32, w.shape)]
    shape = [int(d) for d in bare.infer(types, Context())[0].shape]
    program, operands, dtype = epilogue(draw(st.sampled_from(KINDS)), shape, RANDOM)
    if transposed:
        op: Conv | ConvTranspose = ConvTranspose(*common, tuple(extra), program, DType.F32, dtype)
    else:
        op = Conv(*common, program, DType.F32, dtype)
    return op, [x, w, *operands], draw(st.booleans())


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_products(cpu: Device, case: tuple[Conv | ConvTranspose, list[Array], bool]) -> None:
    op, operands, packed = case
    if not packed:
        compare(op, operands, cpu, floor=CANCELLED)
        return
    form = forms.conv_transpose_form if isinstance(op, ConvTranspose) else forms.conv_form
    compare(op, operands, cpu, {1}, {1: form(operands[1].shape, op.groups)}, floor=CANCELLED)


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 34)),
    kernel=st.tuples(st.integers(1, 5), st.sampled_from([1, 3, 5, 7])),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    pads=st.tuples(*[st.integers(0, 5)] * 4),
    channels=st.integers(1, 50),
    kind=st.sampled_from(KINDS),
)
def test_depthwise(
    cpu: Device,
    size: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    channels: int,
    kind: str,
) -> None:
    """Lines of any length, with windows that lie in the margins in part and as a whole."""
    ends = [max(e, k - n - b) for n, k, b, e in zip(size, kernel, pads[:2], pads[2:], strict=True)]
    x = numbers(RANDOM, (2, *size, channels), "float32")
    w = numbers(RANDOM, (channels, *kernel, 1), "float32")
    bare = Conv(strides, (*pads[:2], *ends), (1, 1), channels)
    types = [TensorType(DType.F32, x.shape), TensorType(DType.F32, w.shape)]
    shape = [int(d) for d in bare.infer(types, Context())[0].shape]
    program, operands, dtype = epilogue(kind, shape, RANDOM)
    op = Conv(strides, (*pads[:2], *ends), (1, 1), channels, program, DType.F32, dtype)
    compare(op, [x, w, *operands], cpu, {1}, {1: forms.conv_form(w.shape, channels)}, floor=CANCELLED)


@pytest.mark.parametrize(
    ("size", "kernel", "inputs", "outputs", "groups", "stride"),
    [
        ((56, 56), (3, 3), 3, 32, 1, 2),
        ((28, 30), (3, 3), 96, 96, 96, 1),
        ((28, 30), (5, 5), 40, 40, 40, 2),
        ((14, 14), (1, 1), 130, 200, 1, 1),
        ((7, 7), (3, 3), 320, 300, 1, 1),
        ((1, 300), (1, 9), 64, 48, 1, 1),
        ((49, 10), (9, 3), 1, 64, 1, 2),
        ((10, 50), (7, 3), 3, 40, 1, 3),
        ((9, 9), (3, 3), 70, 20, 1, 1),
    ],
)
def test_sizes_of_networks(
    cpu: Device,
    size: tuple[int, int],
    kernel: tuple[int, int],
    inputs: int,
    outputs: int,
    groups: int,
    stride: int,
) -> None:
    """Large enough to be cut between threads and into blocks of panels."""
    x = numbers(RANDOM, (1, *size, inputs), "float32")
    w = numbers(RANDOM, (outputs, *kernel, inputs // groups), "float32")
    pads = tuple(k // 2 for k in kernel)
    shape = [1, *(-(-s // stride) for s in size), outputs]
    program, operands, _ = epilogue("residual", shape, RANDOM)
    op = Conv((stride, stride), (*pads, *pads), (1, 1), groups, program)
    compare(op, [x, w, *operands], cpu, {1, 2}, {1: forms.conv_form(w.shape, groups)}, floor=CANCELLED)


@pytest.mark.parametrize(
    ("x", "w", "accumulator"),
    [
        ("float64", "float64", DType.F64),
        ("float16", "float16", DType.F32),
        ("int8", "int8", DType.I32),
        ("uint8", "int8", DType.I32),
        ("int32", "int32", DType.I64),
    ],
)
def test_other_types(cpu: Device, x: str, w: str, accumulator: DType) -> None:
    operands = [numbers(RANDOM, (2, 6, 5, 4), x), numbers(RANDOM, (6, 3, 2, 2), w)]
    compare(Conv((2, 1), (1, 0, 1, 1), (1, 1), 2, None, accumulator, accumulator), operands, cpu)
    compare(ConvTranspose((2, 1), (1, 0, 1, 1), (1, 1), 2, (), None, accumulator, accumulator), operands, cpu)


def test_nan_and_infinity_pass(cpu: Device) -> None:
    """A NaN survives the clamp that a product does itself."""
    x = np.array([[np.nan], [np.inf], [-np.inf], [1]], np.float32).reshape(1, 2, 2, 1)
    program, operands, _ = epilogue("relu6", [1, 2, 2, 3], RANDOM)
    w = np.ones((3, 1, 1, 1), np.float32)
    compare(Conv((1, 1), (0,) * 4, (1, 1), 1, program), [x, w, *operands], cpu)
