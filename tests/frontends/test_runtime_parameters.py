"""Sizes, scales, axes and lengths that are inputs of the model; the same node with them constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from single_node import check, one_node

from edgec.onnx_backend import Exported

RANDOM = np.random.default_rng(3)


def f(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


def i(*values: int) -> Any:
    return np.array(values, np.int64)


IMAGE, SIGNAL, SPECTRUM = f(1, 2, 5, 7), f(2, 12, 3, 1), f(2, 7, 3, 2)
SCALES = np.array([1, 1, 0.6, 1.7], np.float32)
ALIGNED = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
NO_LARGER = {"keep_aspect_ratio_policy": "not_larger", "axes": [2, 3]}
NO_SMALLER = {"keep_aspect_ratio_policy": "not_smaller", "axes": [3, 2], "mode": "linear"}
BLOCKS = {"strides": [2, 1], "pads": [0, 1, 1, 0], "dilations": [1, 2]}

# operator, opset, attributes, inputs (None is absent); the first is the data
CASES: list[tuple[str, int, dict[str, Any], list[Any]]] = [
    ("Resize", 19, {"mode": "nearest"}, [IMAGE, None, SCALES]),
    ("Resize", 19, {"mode": "linear"}, [IMAGE, None, SCALES]),
    ("Resize", 19, {"mode": "cubic", "antialias": 1}, [IMAGE, None, SCALES]),
    ("Resize", 19, {"mode": "linear", "axes": [3, 2]}, [IMAGE, None, SCALES[[3, 2]]]),
    ("Resize", 19, ALIGNED, [IMAGE, None, SCALES]),
    ("Resize", 19, NO_LARGER, [IMAGE, None, None, i(9, 9)]),
    ("Resize", 19, NO_SMALLER, [IMAGE, None, None, i(9, 9)]),
    ("DFT", 20, {}, [SIGNAL, None, i(1)[0]]),
    ("DFT", 20, {}, [SIGNAL, i(16)[0], i(-3)[0]]),
    ("DFT", 20, {"onesided": 1}, [SIGNAL, i(9)[0], i(1)[0]]),
    ("DFT", 20, {"inverse": 1}, [SPECTRUM, i(5)[0], i(2)[0]]),
    ("DFT", 20, {"inverse": 1, "onesided": 1}, [SPECTRUM, None, i(1)[0]]),
    ("DFT", 20, {"inverse": 1, "onesided": 1}, [SPECTRUM, i(11)[0], i(1)[0]]),
    ("STFT", 17, {}, [f(2, 20, 1), i(3)[0], None, i(8)[0]]),
    ("STFT", 17, {"onesided": 0}, [f(2, 20, 1), i(4)[0], f(6), i(6)[0]]),
    ("Col2Im", 18, {}, [f(1, 12, 12), i(4, 6), i(2, 3)]),
    ("Col2Im", 18, BLOCKS, [f(2, 12, 9), i(6, 6), i(2, 3)]),
    ("MelWeightMatrix", 17, {}, [i(8)[0], i(64)[0], i(16000)[0], np.float32(10), np.float32(8000)]),
]


def named(case: Any) -> str:
    return f"{case[0]}-{'-'.join(case[2])}"


# whether a signal is complex has to be known
OPEN = [(case, "sizes open") for case in CASES if case[0] not in ("DFT", "STFT")]


@pytest.mark.parametrize(
    ("case", "how"),
    [*((case, how) for case in CASES for how in ("constant", "given")), *OPEN],
    ids=lambda value: value if isinstance(value, str) else named(value),
)
def test_parameters(case: Any, how: str) -> None:
    op, opset, attributes, inputs = case
    parameters = [k for k, x in enumerate(inputs) if k and x is not None] if how == "constant" else []
    model = one_node(op, opset, attributes, inputs, 1, parameters, how == "sizes open")
    check(model, inputs, 2e-5)


@pytest.mark.parametrize("window", [None, f(6)], ids=["plain", "windowed"])
def test_signal_of_open_length(window: Any) -> None:
    """Length and batch of the signal are open, what else a transform needs is constant."""
    inputs = [f(2, 20, 1), i(3)[0], window, i(6)[0]]
    model = one_node("STFT", 17, {}, inputs, 1, [1, 3] if window is None else [1, 2, 3])
    for dim in model.graph.input[0].type.tensor_type.shape.dim[:2]:
        dim.Clear()
    check(model, inputs, 2e-5)


@pytest.mark.parametrize("order", [0, 1])
def test_max_pool_indices(order: int) -> None:
    """Positions in row-major or column-major images."""
    x = f(2, 3, 4, 5)
    attributes = {"kernel_shape": [2, 2], "storage_order": order}
    model = one_node("MaxPool", 12, attributes, [x], 2)
    rows = np.zeros((2, 3, 3, 4), np.int64)
    for n, c, h, w in np.ndindex(rows.shape):
        k, j = np.unravel_index(x[n, c, h : h + 2, w : w + 2].argmax(), (2, 2))
        place = (h + k) * 5 + w + j if order == 0 else (w + j) * 4 + h + k
        rows[n, c, h, w] = (n * 3 + c) * 20 + place
    best = np.max([x[..., k : k + 3, j : j + 4] for k in (0, 1) for j in (0, 1)], 0)
    check(model, [x], 0, [best, rows])


@pytest.mark.parametrize("equation", ["ii->i", "ii->", "iij->j", "...ii->...i", "iji,jk->ik", "iiii->i"])
def test_diagonals(equation: str) -> None:
    terms = equation.split("->")[0].split(",")
    sizes = dict(zip("ijk.", (3, 4, 2, 5)))
    inputs = [f(*(sizes[c] for c in term.replace("...", "."))) for term in terms]
    check(one_node("Einsum", 12, {"equation": equation}, inputs), inputs, 1e-5)


DEFORMED: list[tuple[dict[str, Any], tuple[int, ...], tuple[int, ...], int, bool]] = [
    ({"pads": [1, 1, 1, 1]}, (2, 4, 5, 6), (3, 4, 3, 3), 1, True),
    ({"strides": [2, 1], "offset_group": 2}, (1, 4, 6, 5), (2, 4, 2, 3), 2, True),
    ({"dilations": [2, 1], "group": 2}, (2, 4, 6, 5), (6, 2, 2, 2), 1, False),
]


@pytest.mark.parametrize("case", DEFORMED, ids=lambda case: "-".join(case[0]))
def test_deform_conv(case: Any) -> None:
    attributes, shape, weight, parts, masked = case
    ones, pads = [1, 1], attributes.get("pads", [0] * 4)
    strides, dilations = attributes.get("strides", ones), attributes.get("dilations", ones)
    places = [
        (shape[2 + a] + pads[a] + pads[2 + a] - (weight[2 + a] - 1) * dilations[a] - 1) // strides[a] + 1
        for a in (0, 1)
    ]
    taps = weight[2] * weight[3] * parts
    offset = RANDOM.uniform(-2, 2, (shape[0], 2 * taps, *places)).astype(np.float32)
    mask = RANDOM.random((shape[0], taps, *places)).astype(np.float32) if masked else None
    inputs = [f(*shape), f(*weight), offset, f(weight[0]), mask]
    check(one_node("DeformConv", 19, attributes, inputs), inputs, 1e-4)


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float16", "bool"])
def test_where_of_any_type(dtype: str) -> None:
    x, y = (f(3, 4) + 1j * f(3, 4) if "complex" in dtype else f(3, 4) for _ in "xy")
    inputs = [f(2, 1, 4) > 0, x.astype(dtype), y[:1].astype(dtype)]
    check(one_node("Where", 16, {}, inputs), inputs, 0)


@pytest.mark.parametrize("mode", ["up", "nearest", "down"])
@pytest.mark.parametrize("saturate", [0, 1])
def test_powers_of_two(mode: str, saturate: int) -> None:
    """Cast to f8e8m0 in every rounding mode; the expected codes are ONNX's own."""
    from onnx.numpy_helper import to_float8e8m0

    values = [0, 0.124, 1, 1.1, 1.5, 3, -2.5, 3e38, 1e-40, np.inf, np.nan, *RANDOM.lognormal(0, 20, 99)]
    x = np.array(values, np.float32)
    wanted = to_float8e8m0(x, bool(saturate), mode)
    model = one_node("Cast", 24, {"to": 24, "round_mode": mode, "saturate": saturate}, [x])
    check(model, [x], 0, [wanted])


def test_old_resize_shrinks_by_known_scales_only() -> None:
    """Opset 10 rounds up where it shrinks and down where it does not: a run's scales have to be 1 or more."""
    inputs = [f(1, 1, 4, 4), np.array([1, 1, 2, 1.5], np.float32)]
    model = one_node("Resize", 10, {}, inputs)
    rows, columns = np.arange(8) // 2, np.floor(np.arange(6) / 1.5).astype(int)
    check(model, inputs, 0, [inputs[0][:, :, rows][..., columns]])
    inputs[1] = np.array([1, 1, 0.5, 1], np.float32)
    with pytest.raises(ValueError, match="1 or more before opset 11"):
        Exported(model).load("INTERPRETER").run(inputs)
