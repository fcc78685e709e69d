"""Fused operators, activations and normalisation of com.microsoft against ONNX Runtime; a case is data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from contrib_models import Array, Case, Formula, check, f, u8
from onnx_models import imported

from edgec.frontends.onnx import ExportError

IMAGE, ROWS, TOKENS = f(2, 4, 6, 5), f(2, 3, 8), f(2, 5, 8)
BOXES = np.float32([[0, 0, 1, 1], [-0.3, 0.6, 1.2, 0.2]])
WORDS = np.int32([[1, 2, 3], [4, 0, 2]])
MASK = np.int32([[1, 1, 0], [1, 0, 0]])
TABLES = [f(6, 8), f(4, 8), f(2, 8), f(8), f(8)]
CONV = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
STATE = ("y", "state")

erf = np.vectorize(math.erf)


def gelu(x: Array) -> Array:
    return (0.5 * x * (1 + erf(x / math.sqrt(2)))).astype(np.float32)


def fast_gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(0.797885 * x + 0.035677 * x**3))


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def bias_split_gelu(x: Array, bias: Array) -> Array:
    left, right = np.split(x + bias, 2, -1)
    return left * gelu(right)


def group_norm(silent: bool, groups: int) -> Formula:
    """Of images with channels last; the sum of x, skip and bias is the second result."""

    def formula(x: Array, scale: Array, offset: Array, *added: Array) -> list[Array]:
        for term in added:
            x = x + (term[:, None, None] if term.ndim == 2 else term)
        split = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups)
        centred = split - split.mean((1, 3), keepdims=True)
        deviation = np.sqrt((centred**2).mean((1, 3), keepdims=True) + 1e-5)
        y = (centred / deviation).reshape(x.shape) * scale + offset
        return [y if silent else silu(y), x]

    return formula


def inner_softmax(x: Array, bias: Array) -> Array:
    y = np.exp(x + bias)
    return y / y.sum(-1, keepdims=True)


def nhwc_conv(x: Array, w: Array, bias: Array, z: Array) -> Array:
    return np.maximum(np.einsum("nhwc,mc->nhwm", x, w[:, :, 0, 0]) + bias + z, 0)


CASES = [
    Case("FusedConv", {**CONV, "activation": "Relu"}, [IMAGE, f(3, 4, 3, 3), f(3)]),
    Case("FusedConv", {**CONV, "activation": "Tanh", "group": 2}, [IMAGE, f(4, 2, 3, 3)]),
    Case("FusedConv", {**CONV, "activation": "Relu"}, [IMAGE, f(4, 4, 3, 3), f(4), IMAGE]),
    Case("FusedConv", {**CONV, "activation": "Sigmoid", "strides": [2, 2]}, [IMAGE, f(3, 4, 3, 3)]),
    Case(
        "FusedConv",
        {**CONV, "activation": "LeakyRelu", "activation_params": [0.2]},
        [IMAGE, f(3, 4, 3, 3), f(3)],
    ),
    Case(
        "FusedConv", {**CONV, "activation": "Clip", "activation_params": [-0.5, 0.5]}, [IMAGE, f(3, 4, 3, 3)]
    ),
    Case(
        "FusedConv",
        {**CONV, "activation": "HardSigmoid", "activation_params": [0.3, 0.4]},
        [IMAGE, f(3, 4, 3, 3)],
    ),
    Case(
        "NhwcFusedConv",
        {"activation": "Relu"},
        [f(1, 2, 3, 4), f(5, 4, 1, 1), f(5), f(1, 2, 3, 5)],
        judge=nhwc_conv,
    ),
    Case("NhwcMaxPool", {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 0]}, [u8(2, 6, 5, 3)]),
    Case(
        "ConvTransposeWithDynamicPads",
        {"strides": [2, 2]},
        [IMAGE, f(4, 3, 3, 3), np.int64([1, 0, 0, 1]), f(3)],
    ),
    Case(
        "ConvTransposeWithDynamicPads",
        {"strides": [2, 2], "group": 2},
        [IMAGE, f(4, 3, 3, 3), np.int64([1, 1, 1, 1])],
    ),
    Case("FusedMatMul", {"alpha": 0.5}, [f(2, 3, 4), f(2, 4, 5)]),
    Case("FusedMatMul", {"transA": 1, "transB": 1}, [f(2, 4, 3), f(5, 4)]),
    Case("FusedMatMul", {"transBatchA": 1}, [f(3, 2, 4), f(2, 4, 5)]),
    Case(
        "FusedMatMul",
        {"transBatchA": 1, "transA": 1, "transBatchB": 1, "transB": 1},
        [f(4, 2, 3), f(5, 2, 4)],
    ),
    Case("FusedMatMul", {"transBatchB": 1, "transB": 1, "alpha": 2.0}, [f(2, 6, 3, 4), f(5, 2, 6, 4)]),
    Case("FusedMatMul", {"transB": 1}, [f(4), f(5, 4)], judge=lambda x, y: x @ y.T),
    Case("TransposeMatMul", {"transA": 1, "alpha": 0.25}, [f(2, 4, 3), f(2, 4, 5)]),
    Case(
        "FusedGemm", {"activation": "Relu", "transB": 1, "alpha": 0.5, "beta": 2.0}, [f(3, 4), f(5, 4), f(5)]
    ),
    Case("FusedGemm", {"activation": "LeakyRelu", "activation_alpha": 0.3}, [f(3, 4), f(4, 5)]),
    Case("FusedGemm", {"activation": "Tanh", "transA": 1}, [f(4, 3), f(4, 5), f(3, 1)]),
    Case("GemmFastGelu", {}, [f(3, 4), f(4, 5), f(5)], judge=lambda x, w, bias: fast_gelu(x @ w + bias)),
    Case("Gelu", {}, [ROWS]),
    Case("BiasGelu", {}, [ROWS, f(8)]),
    Case("FastGelu", {}, [ROWS]),
    Case("FastGelu", {}, [ROWS, f(8)]),
    Case("QuickGelu", {}, [ROWS]),
    Case("QuickGelu", {"alpha": 1.0}, [ROWS]),
    Case("ScaledSiLU", {"alpha": 0.7}, [ROWS]),
    Case("BiasSplitGelu", {}, [ROWS, f(8)], judge=bias_split_gelu),
    Case("BiasAdd", {}, [ROWS, f(8), f(2, 3, 8)], judge=lambda x, bias, skip: x + bias + skip),
    Case("GatedAdd", {}, [ROWS, f(2, 3, 8), f(2, 3, 1)]),
    Case("BiasSoftmax", {"axis": 2, "is_inner_broadcast": 1}, [ROWS, f(2, 1, 8)], judge=inner_softmax),
    Case("BiasSoftmax", {"axis": 2, "is_inner_broadcast": 0}, [ROWS, f(3, 8)], judge=inner_softmax),
    Case("LayerNormalization", {"axis": -1}, [ROWS, f(8), f(8)], ("y", "mean", "deviation"), domain=""),
    Case("LayerNormalization", {"axis": 1, "epsilon": 0.1}, [ROWS, f(3, 8)], domain=""),
    Case("SimplifiedLayerNormalization", {"epsilon": 1e-3}, [ROWS, f(8)], domain=""),
    Case("SimplifiedLayerNormalization", {"axis": 1}, [ROWS, f(3, 8)], ("y", "deviation"), domain=""),
    Case(
        "SkipLayerNormalization",
        {"epsilon": 1e-3},
        [TOKENS, f(2, 5, 8), f(8), f(8), f(8)],
        ("y", "", "", "sum"),
    ),
    Case("SkipLayerNormalization", {}, [TOKENS, f(5, 8), f(8)]),
    Case("SkipLayerNormalization", {}, [TOKENS, f(1, 5, 8), f(8), f(8)], ("y", "", "", "sum")),
    Case("SkipLayerNormalization", {}, [TOKENS, f(2, 5, 8), f(8), None, f(8)]),
    Case("SkipSimplifiedLayerNormalization", {}, [TOKENS, f(2, 5, 8), f(8)], ("y", "", "", "sum")),
    Case(
        "SkipSimplifiedLayerNormalization",
        {"epsilon": 0.1},
        [TOKENS, f(2, 5, 8), f(8), f(8)],
        ("y", "", "", "sum"),
    ),
    Case("EmbedLayerNormalization", {}, [WORDS, WORDS % 2, *TABLES, MASK], ("y", "mask", "sum")),
    Case(
        "EmbedLayerNormalization",
        {"epsilon": 0.1},
        [WORDS, None, *TABLES[:2], None, *TABLES[3:]],
        ("y", "mask"),
    ),
    Case("EmbedLayerNormalization", {}, [WORDS, WORDS % 2, *TABLES, MASK, WORDS % 3], ("y", "mask")),
    Case("EmbedLayerNormalization", {}, [WORDS, WORDS % 2, *TABLES, None, WORDS[:1] % 3], ("y", "mask")),
    Case(
        "GroupNorm", {"groups": 2, "activation": 1}, [f(2, 3, 5, 4), f(4), f(4)], judge=group_norm(False, 2)
    ),
    Case(
        "SkipGroupNorm",
        {"groups": 4, "activation": 0},
        [f(2, 3, 5, 4), f(4), f(4), f(2, 4), f(4)],
        ("y", "sum"),
        judge=group_norm(True, 4),
    ),
    Case("GatedRMSNorm", {}, [ROWS, f(4), f(2, 3, 8)]),
    Case("GatedRMSNorm", {"activation": "sigmoid", "epsilon": 0.1}, [ROWS, f(8), f(2, 3, 8)]),
    Case("BranchwiseRMSNorm", {"num_branches": 2}, [ROWS, f(8)]),
    Case("BranchwiseRMSNorm", {"num_branches": 2, "epsilon": 0.1}, [ROWS, f(4)]),
    Case("BranchwiseRMSNorm", {}, [ROWS, f(3, 8)], sizes={0: "n 3 8"}),
    Case("BranchwiseRMSNorm", {}, [ROWS]),
    Case("UnfoldTensor", {"dim": 1, "size": 2}, [ROWS], sizes={0: "n m 8"}),
    Case("UnfoldTensor", {"size": 3, "step": 2}, [ROWS]),
    Case("CausalConvWithState", {"activation": "silu"}, [f(2, 3, 5), f(3, 1, 4), f(3), f(2, 3, 3)], STATE),
    Case("CausalConvWithState", {"dilation": 2}, [f(2, 3, 5), f(3, 1, 3)], STATE, sizes={0: "n 3 l"}),
    Case("TorchEmbedding", {}, [f(5, 3), np.int64([[1, 4]])], judge=lambda table, ids: table[ids]),
    Case("BiasDropout", {}, [ROWS, f(8), f(2, 3, 8)], judge=lambda x, bias, rest: x + bias + rest),
    Case("Pad", {}, [ROWS, np.int64([0, 1, 0, 0, 0, 2]), np.float32([3])]),
    Case("Pad", {"mode": "reflect"}, [ROWS, np.int64([[0, 1, 0, 0, 0, 2]])]),
    Case("Unique", {}, [np.float32([2, 1, 1, 3, 4, 3])], ("y", "index", "counts")),
    Case("Trilu", {"upper": 0}, [f(2, 4, 5), np.int64(1)]),
    Case("GridSample", {"mode": "bilinear", "padding_mode": "border"}, [IMAGE, f(2, 3, 3, 2)]),
    Case("GridSample", {"mode": "bicubic", "align_corners": 1}, [IMAGE, f(2, 3, 3, 2)]),
    Case("GatherND", {}, [ROWS, np.int64([[0, 1], [1, 2]])]),
    Case("Range", {}, [np.float32(1), np.float32(4)]),
    Case("Range", {}, [np.int64(9), np.int64(1), np.int64(-3)]),
    Case("ExpandDims", {}, [ROWS, np.int32(-2)], constants=[1]),
    Case("Inverse", {}, [f(2, 3, 3) + 3 * np.eye(3, dtype=np.float32)]),
    Case("CropAndResize", {}, [IMAGE, BOXES, np.int32([1, 0]), np.int32([3, 4])], constants=[3]),
    Case(
        "CropAndResize",
        {"mode": "nearest", "extrapolation_value": 7.0},
        [IMAGE, BOXES, np.int32([1, 0]), np.int32([1, 4])],
        constants=[3],
        sizes={0: "n c h w"},
    ),
    Case("CDist", {"metric": "euclidean"}, [f(3, 4), f(5, 4)], tolerance=1e-4),
    Case("CDist", {"metric": "sqeuclidean"}, [f(3, 4), f(5, 4)], tolerance=1e-4),
    Case("MatMulInteger16", {}, [np.int16([[1, -300], [4, 5]]), np.int16([[200, 2], [-1, 3]])]),
    Case(
        "MulInteger",
        {},
        [u8(2, 3), np.uint8(9), u8(3)],
        judge=lambda a, zero, b: (a.astype(np.int32) - zero) * b.astype(np.int32),
    ),
    Case(
        "ReduceSumInteger",
        {"axes": [1], "keepdims": 0},
        [u8(2, 3)],
        judge=lambda x: x.sum(1).astype(np.uint32),
    ),
    Case("IsAllFinite", {}, [ROWS, f(2)], judge=lambda *xs: np.array(True)),
    Case("IsAllFinite", {}, [ROWS, np.float32([1, np.inf])], judge=lambda *xs: np.array(False)),
    Case("IsAllFinite", {"isnan_only": 1}, [np.float32([1, np.inf])], judge=lambda *xs: np.array(True)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator(case: Case) -> None:
    check(case)


REFUSED = [
    (Case("BeamSearch", {}, [WORDS]), "loop around a whole model"),
    (Case("Tokenizer", {}, [WORDS]), "works on text"),
    (Case("QOrderedMatMul", {}, [ROWS]), "CUDA's own"),
    (Case("EPContext", {}, [ROWS]), "another device"),
    (Case("ReorderInput", {}, [IMAGE], domain="com.microsoft.nchwc"), "ORT_ENABLE_EXTENDED"),
    (Case("CDist", {"metric": "cosine"}, [f(3, 4), f(5, 4)]), "'cosine' is not supported"),
    (Case("FusedGemm", {"activation": "Cubic"}, [f(3, 4), f(4, 5)]), "activation is 'Cubic'"),
    (Case("NoSuchOperator", {}, [ROWS]), "com.microsoft.NoSuchOperator 'node': edgec has no form"),
]


@pytest.mark.parametrize("case, part", REFUSED, ids=lambda x: getattr(x, "name", ""))
def test_refused(case: Case, part: str) -> None:
    with pytest.raises(ExportError, match=part):
        imported(case.model())
