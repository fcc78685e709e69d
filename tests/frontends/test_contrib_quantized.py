"""Quantised operators of com.microsoft against ONNX Runtime; a case is data.

Its kernels for sums, products, means and softmax of 8-bit integers round in fixed point or multiply by
reciprocals: there results may be one off. All others must be equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contrib_models import RANDOM, Array, Case, Formula, check, f, i8, u8
from onnx_models import imported

from edgec.frontends.onnx import ExportError


def step(value: float) -> Array:
    return np.float32(value)


A, IMAGE = [u8(2, 3, 4), step(0.02), np.uint8(120)], [u8(2, 4, 6, 5), step(0.03), np.uint8(100)]
SIGNED = [i8(2, 3, 4), step(0.02), np.int8(-5)]
OUT, SIGNED_OUT = [step(0.05), np.uint8(130)], [step(0.05), np.int8(3)]
WINDOW = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}
CONV = [u8(2, 4, 6, 5), step(0.02), np.uint8(120), i8(6, 4, 3, 3), step(0.01), np.int8(0)]


def mean(x: Array, x_step: Array, zero: Array, y_step: Array, y_zero: Array) -> Array:
    value = ((x.astype(np.float32) - zero) * x_step).mean(1, keepdims=True)
    return np.clip(np.round(value / y_step) + y_zero, 0, 255).astype(np.uint8)


def add_from_zero(x: Array, x_step: Array, y: Array, y_step: Array, result_step: Array) -> Array:
    return np.clip(np.round((x * x_step + y * y_step) / result_step), 0, 255).astype(np.uint8)


ELEMENTWISE = [
    Case("QLinearAdd", {}, [*A, u8(3, 1), step(0.03), np.uint8(90), *OUT], slack=1),
    Case(
        "QLinearAdd", {}, [*SIGNED, i8(4), step(0.03), np.int8(9), *SIGNED_OUT], slack=1, sizes={0: "a b c"}
    ),
    Case("QLinearAdd", {}, [A[0], A[1], None, u8(4), step(0.03), None, step(0.1)], judge=add_from_zero),
    Case("QLinearMul", {}, [*A, u8(3, 1), step(0.03), np.uint8(90), *OUT], slack=1),
    Case("QLinearMul", {}, [*SIGNED, i8(2, 3, 4), step(0.03), np.int8(9), *SIGNED_OUT], slack=1),
    Case("QLinearSigmoid", {}, [*A, step(1 / 256), np.uint8(0)]),
    Case("QLinearSigmoid", {}, [*SIGNED, step(1 / 256), np.int8(-128)]),
    Case("QLinearLeakyRelu", {"alpha": 0.2}, [*A, *OUT]),
    Case("QLinearLeakyRelu", {}, [*SIGNED, *SIGNED_OUT]),
    Case("QLinearGlobalAveragePool", {}, [*IMAGE, *OUT], slack=1),
    Case("QLinearGlobalAveragePool", {"channels_last": 1}, [u8(2, 6, 5, 4), *IMAGE[1:], *OUT], slack=1),
    Case("QLinearAveragePool", WINDOW, [*IMAGE, *OUT], slack=1),
    Case("QLinearAveragePool", {**WINDOW, "count_include_pad": 1}, [*IMAGE, *OUT], slack=1),
    Case("QLinearAveragePool", {**WINDOW, "channels_last": 1}, [u8(2, 6, 5, 4), *IMAGE[1:], *OUT], slack=1),
    Case("QLinearReduceMean", {"axes": [1], "keepdims": 1}, [*A, *OUT], judge=mean),
    Case("QLinearSoftmax", {"opset": 13, "axis": 1}, [*A, step(1 / 256), np.uint8(0)], slack=1),
    Case("QLinearSoftmax", {"opset": 12, "axis": 1}, [*A, step(1 / 256), np.uint8(0)], slack=1),
    Case("QLinearSoftmax", {"opset": 13, "axis": -1}, [*SIGNED, step(1 / 256), np.int8(-128)], slack=1),
    Case("QLinearConcat", {"axis": 1}, [*OUT, *A, u8(2, 2, 4), step(0.1), np.uint8(7)]),
    Case("QLinearConcat", {"axis": 0}, [*SIGNED_OUT, *SIGNED, i8(1, 3, 4), step(0.05), np.int8(3)]),
    Case("QLinearWhere", {}, [f(2, 3, 4) > 0, *A, u8(4), step(0.03), np.uint8(9), *OUT], slack=1),
    Case("QuantizeLinear", {}, [f(3, 4), step(0.01), np.uint16(30000)]),
    Case("QuantizeLinear", {}, [f(3, 4), step(0.01), np.int16(-300)]),
    Case("QuantizeLinear", {"axis": 0}, [f(3, 4), np.abs(f(3)), i8(3)]),
    Case("QuantizeLinear", {"axis": 1}, [f(3, 4), np.abs(f(4)), u8(4)]),
    Case("QuantizeLinear", {}, [f(3, 4), step(0.1)]),
    Case("DequantizeLinear", {}, [np.uint16([[1, 65535]]), step(0.01), np.uint16(30000)]),
    Case("DequantizeLinear", {}, [np.int32([[1, -70000]]), step(0.01)]),
    Case("DequantizeLinear", {"axis": 0}, [i8(3, 4), f(3), i8(3)]),
]
PRODUCTS = [
    Case("QLinearConv", {}, [*CONV, *OUT], slack=1),
    Case(
        "QLinearConv",
        {"channels_last": 1, "pads": [1, 1, 1, 1]},
        [u8(2, 6, 5, 4), *CONV[1:], *OUT, np.int32([1, -2, 300, 4, 5, 6])],
        slack=1,
        constants=[3, 8],
    ),
    Case("QGemm", {}, [u8(3, 4), step(0.02), np.uint8(100), u8(4, 5), step(0.01), np.uint8(90)]),
    Case(
        "QGemm",
        {"transB": 1, "alpha": 0.5},
        [
            u8(3, 4),
            step(0.02),
            np.uint8(100),
            i8(5, 4),
            step(0.01),
            np.int8(3),
            np.int32([9, 8, 7, 6, 5]),
            *OUT,
        ],
        slack=1,
    ),
    Case(
        "QGemm",
        {"transA": 1},
        [u8(4, 3), step(0.02), np.uint8(100), i8(4, 5), np.abs(f(5)), np.zeros(5, np.int8), None, *OUT],
        slack=1,
        constants=[3, 4, 5],
    ),
    Case("MatMulIntegerToFloat", {}, [u8(2, 3, 4), i8(4, 5), step(0.02), step(0.01)]),
    Case(
        "MatMulIntegerToFloat",
        {},
        [u8(3, 4), i8(4, 5), step(0.02), np.abs(f(5)), np.uint8(120), i8(5), f(5)],
        sizes={0: "n 4"},
        constants=[1, 3, 5],
    ),
    Case("MatMulIntegerToFloat", {}, [i8(3, 4), i8(4, 5), step(0.02), step(0.01), np.int8(7)]),
    Case("DynamicQuantizeMatMul", {}, [f(2, 3, 4), i8(4, 5), step(0.02)], tolerance=1e-4),
    Case("DynamicQuantizeMatMul", {}, [f(3, 4), u8(4, 5), step(0.02), np.uint8(120), f(5)], sizes={0: "n 4"}),
    Case(
        "DynamicQuantizeMatMul",
        {},
        [f(3, 4), i8(4, 5), np.abs(f(5)), i8(5)],
        tolerance=1e-4,
        constants=[1, 2, 3],
    ),
]


def n_bits(bits: int, block: int, *more: Array, width: int = 40, **options: Any) -> Case:
    """5 columns of `width` rows; further inputs are zero points, none, and a bias."""
    count = -(-width // block)
    packed, scales = u8(5, count, block * bits // 8), np.abs(f(5 * count))
    attributes = {"N": 5, "K": width, "bits": bits, "block_size": block}
    constants = [i for i in range(1, 3 + len(more)) if i < 3 or more[i - 3] is not None]
    given = [f(2, 3, width), packed, scales, *more]
    return Case(
        "MatMulNBits", attributes, given, constants=constants, tolerance=1e-4, sizes={0: "b s 40"}, **options
    )


def with_weights_as_they_are(x: Array, packed: Array, greatest: Array) -> Array:
    """x times the weights that an identity brings out of the other form."""
    other = bnb4(1)
    other.inputs = [np.eye(32, dtype=np.float32), packed, greatest]
    return x @ other.expected()[0].T


def bnb4(kind: int, judge: Formula | None = None, **attributes: int) -> Case:
    given = [f(3, 32 if attributes.get("transB", 1) else 6), u8(96), np.abs(f(12))]
    settings = {"N": 6, "K": 32, "block_size": 16, "quant_type": kind, **attributes}
    return Case("MatMulBnb4", settings, given, constants=[1, 2], tolerance=1e-4, judge=judge)


BLOCKS = [
    n_bits(4, 16),
    n_bits(4, 32),
    n_bits(4, 16, u8(5 * 2)),
    n_bits(4, 32, u8(5)),
    n_bits(4, 16, f(5, 3)),
    n_bits(8, 16),
    n_bits(8, 32, u8(10)),
    n_bits(2, 16),
    n_bits(2, 32, u8(5)),
    n_bits(4, 16, None, None, f(5)),
    n_bits(4, 64, u8(5), None, f(5)),
    bnb4(0),
    bnb4(1),
    bnb4(1, transB=0, judge=with_weights_as_they_are),
    Case(
        "GatherBlockQuantized",
        {"bits": 4, "block_size": 16},
        [u8(7, 20), np.int64([[1, 6], [0, 2]]), f(7, 3), u8(7, 2)],
        constants=[0, 2, 3],
    ),
    Case(
        "GatherBlockQuantized",
        {"bits": 8, "block_size": 16},
        [u8(7, 40), np.int32([1, -1]), f(7, 3)],
        constants=[0, 2],
    ),
    Case(
        "GatherBlockQuantized",
        {"bits": 2, "block_size": 16},
        [u8(7, 8), np.int64(3), f(7, 2)],
        constants=[0, 2],
    ),
]
WORDS = np.int32([[1, 2, 3], [4, 0, 2]])
TABLES = [u8(6, 8), u8(4, 8), u8(2, 8), u8(8), u8(8)]
STEPS, ZEROS = [step(v) for v in (0.01, 0.02, 0.03, 0.01, 0.02)], [np.uint8(v) for v in (9, 120, 130, 0, 128)]
EMBEDDED = [
    Case(
        "QEmbedLayerNormalization",
        {"epsilon": 1e-3},
        [WORDS, WORDS % 2, *TABLES, np.int32([[1, 1, 0], [1, 1, 1]]), *STEPS, *ZEROS],
        ("y", "mask"),
    ),
    Case(
        "QEmbedLayerNormalization",
        {},
        [
            WORDS,
            None,
            *TABLES[:2],
            None,
            *TABLES[3:],
            None,
            *STEPS[:2],
            None,
            *STEPS[3:],
            *ZEROS[:2],
            None,
            *ZEROS[3:],
        ],
        ("y", "mask"),
    ),
]


@pytest.mark.parametrize("case", ELEMENTWISE + PRODUCTS + BLOCKS + EMBEDDED, ids=lambda case: case.name)
def test_operator(case: Case) -> None:
    check(case)


REFUSED = [
    (n_bits(4, 16, None, RANDOM.integers(0, 3, 40).astype(np.int32)), "g_idx"),
    (
        Case("MatMulNBits", {"N": 5, "K": 16, "bits": 3, "block_size": 16}, [f(2, 16), u8(5, 1, 6), f(5)]),
        "bits is 3",
    ),
    (Case("GatherBlockQuantized", {"quantize_axis": 0}, [u8(7, 8), np.int64(3), f(1, 8)]), "gathered axis"),
]


@pytest.mark.parametrize("case, part", REFUSED, ids=lambda x: getattr(x, "name", ""))
def test_refused(case: Case, part: str) -> None:
    with pytest.raises(ExportError, match=part):
        imported(case.model())
