"""A small example of every ONNX operator that computes or moves numbers, for all element types at once.

An example is attributes, inputs and a number of results. An input is a shape (numbers of the type that is
tried), a `Numbers` (those of a range), an array (these values; of the tried type where the operator has a
type parameter for it), or None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Numbers:
    """Numbers of a shape between two bounds."""

    shape: tuple[int, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Example:
    """`without` names element types that the schema allows and that have no meaning here; the reference
    evaluator has no right answer for those in `alone`.
    """

    attributes: dict[str, Any]
    inputs: list[Any]
    results: int = 1
    without: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


NOT_ORDERED = ("complex64", "complex128", "string")
NOT_REAL = (*NOT_ORDERED, "bool")
# results between two integers are rounded in several ways: the definition truncates as ONNX Runtime does
NOT_FLOAT = (*NOT_REAL, *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)))


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def number(value: float) -> Any:
    return np.array(value, np.float32)


def one(*inputs: Any, without: tuple[str, ...] = (), **attributes: Any) -> Example:
    return Example(attributes, list(inputs), 1, without)


def two(*inputs: Any, **attributes: Any) -> Example:
    return Example(attributes, list(inputs), 2)


PAIR, IMAGE = one((2, 3), (3,)), (1, 2, 4, 5)
INSIDE, ABOVE = Numbers((2, 3), -0.75, 0.75), Numbers((2, 3), 1, 8)
BITS = (np.array([[9, 3], [4, 7]], np.uint8), np.array([1, 2], np.uint8))
LIMITS = (number(1), number(3))
ADDED, CHOSEN = ("add", "mul"), ("max", "min")
PLAIN_UNARY = (
    "Abs Asinh Atan Ceil Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity IsInf IsNaN "
    "LeakyRelu LogSoftmax LpNormalization Mish Neg Not Relu Round Selu Shape Shrink Sigmoid Sign Sin Sinh "
    "Size Softmax Softplus Softsign Swish Tan Tanh ThresholdedRelu Celu Transpose Flatten BitwiseNot NonZero"
)
OF_AXES = ("Flatten", "Hardmax", "LogSoftmax", "LpNormalization", "NonZero", "Softmax")
PLAIN_BINARY = "Add Sub Mul Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Max Min Sum Mean"

EXAMPLES: dict[str, list[Example]] = {
    **{op: [one((2, 3)), *([] if op in OF_AXES else [one(())])] for op in PLAIN_UNARY.split()},
    **{op: [PAIR, one((), (2,))] for op in PLAIN_BINARY.split()},
    **{op: [one(BITS[0], BITS[1])] for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    "BitShift": [one(*BITS, direction="LEFT"), one(*BITS, direction="RIGHT")],
    "Acos": [one(INSIDE)],
    "Asin": [one(INSIDE)],
    "Atanh": [one(INSIDE)],
    "Acosh": [one(ABOVE)],
    "Log": [one(ABOVE)],
    "Sqrt": [one(ABOVE)],
    "Reciprocal": [one(ABOVE)],
    "Div": [one((2, 3), ABOVE)],
    "Mod": [one((2, 3), ABOVE), one((2, 3), ABOVE, fmod=1)],
    "Pow": [one(Numbers((2, 3), 1, 4), Numbers((3,), 0, 3))],
    "PRelu": [one((2, 3), (3,))],
    "Clip": [one((2, 3), *LIMITS), one((2, 3), None, LIMITS[1])],
    "SwiGLU": [PAIR],
    "Where": [one(np.array([True, False, True]), (2, 3), (2, 3))],
    "Dropout": [one((2, 3))],
    # views
    "Reshape": [one((2, 3), ints(3, -1))],
    "Squeeze": [one((1, 3), ints(0))],
    "Unsqueeze": [one((2, 3), ints(1))],
    "Expand": [one((3, 1), ints(2, 1, 4))],
    "Tile": [one((2, 3), ints(2, 1))],
    "Slice": [one((4, 5), ints(3, 1), ints(0, 4), ints(0, 1), ints(-1, 2))],
    "Split": [two((2, 5), ints(2, 3), axis=1)],
    "Concat": [one((2, 3), (2, 2), axis=1)],
    "Pad": [one((2, 3), ints(0, 1, 1, 0), number(2)), one((2, 3), ints(1, 1, 0, 2), mode="edge")],
    "CenterCropPad": [Example({}, [(4, 5), ints(2, 7)], alone=("string",))],
    "DepthToSpace": [one((1, 8, 2, 3), blocksize=2), one((1, 8, 2, 3), blocksize=2, mode="CRD")],
    "SpaceToDepth": [one((1, 2, 4, 6), blocksize=2)],
    "Trilu": [
        Example({}, [(3, 4)], alone=("string",)),
        Example({"upper": 0}, [(3, 4), np.array(1)], alone=("string",)),
    ],
    "EyeLike": [one((3, 4), k=1)],
    "ReverseSequence": [one((4, 3), ints(1, 4, 2))],
    # reading and writing at places
    "Gather": [one((4, 3), ints(3, -1, 0))],
    "GatherElements": [one((3, 2), np.array([[1, 0], [2, -1]]), axis=0)],
    "GatherND": [one((3, 2), np.array([[1, 0], [2, -1]]))],
    "Compress": [one((3, 2), np.array([True, False, True]), axis=0)],
    "Scatter": [one((3, 2), np.array([[1, 0]]), (1, 2))],
    "ScatterElements": [
        one((3, 2), np.array([[1, 0], [1, 2]]), (2, 2)),
        *(
            one((3, 2), np.array([[1, 0], [1, 2]]), (2, 2), reduction=kind, without=("string",))
            for kind in ADDED
        ),
        *(
            one((3, 2), np.array([[1, 0], [1, 2]]), (2, 2), reduction=kind, without=NOT_ORDERED)
            for kind in CHOSEN
        ),
    ],
    "ScatterND": [
        one((3, 2), np.array([[2], [0]]), (2, 2)),
        *(one((3, 2), np.array([[1], [1]]), (2, 2), reduction=kind, without=("string",)) for kind in ADDED),
        *(one((3, 2), np.array([[1], [1]]), (2, 2), reduction=kind, without=NOT_ORDERED) for kind in CHOSEN),
    ],
    "TensorScatter": [one((2, 4, 3), (2, 2, 3), ints(1, 2), axis=1)],
    "OneHot": [one(np.array([1, 0, 2]), np.array(3), np.array([2, 5]))],
    "TopK": [two(np.array([[3, 1, 4], [1, 5, 9]]), ints(2))],
    "Unique": [Example({"sorted": 1}, [np.array([3, 1, 3, 2, 1])], 4)],
    # reductions
    **{
        op: [one((2, 3, 2), ints(1))]
        for op in ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", "ReduceSum")
    },
    "ReduceSumSquare": [one((2, 3, 2), ints(1))],
    **{op: [one(Numbers((2, 3, 2), 1, 4), ints(1))] for op in ("ReduceLogSum", "ReduceLogSumExp")},
    "ArgMax": [one((3, 4), axis=1), one((3, 4), axis=0, select_last_index=1)],
    "ArgMin": [one((3, 4), axis=1)],
    "CumSum": [one((3, 4), np.array(1)), one((3, 4), np.array(0), exclusive=1, reverse=1)],
    "CumProd": [one((3, 4), np.array(1))],
    # products
    "MatMul": [one((2, 3), (3, 4)), one((2, 2, 3), (3,))],
    "Gemm": [one((2, 3), (3, 4), (4,), alpha=2.0), one((3, 2), (4, 3), transA=1, transB=1)],
    "Einsum": [one((2, 3), (3, 4), equation="ij,jk->ki"), one((3, 3), equation="ii->i")],
    "MatMulInteger": [one((2, 3), (3, 4), np.array(1, np.uint8), np.array(2, np.uint8))],
    "ConvInteger": [one(IMAGE, (3, 2, 2, 2), np.array(1, np.uint8))],
    "Conv": [one(IMAGE, (3, 2, 2, 2), (3,)), one((1, 4, 6), (4, 1, 3), group=4)],
    "ConvTranspose": [one(IMAGE, (2, 3, 2, 2), (3,), strides=[2, 1])],
    "CausalConvWithState": [two((1, 4, 6), (4, 1, 3), (4,), (1, 4, 2))],
    "DeformConv": [one((1, 2, 4, 4), (3, 2, 2, 2), Numbers((1, 8, 3, 3), -1, 1), (3,))],
    "Det": [one((2, 3, 3))],
    # images
    "AveragePool": [
        one(IMAGE, kernel_shape=[2, 2]),
        one(IMAGE, kernel_shape=[3, 2], ceil_mode=1, strides=[2, 2]),
    ],
    "LpPool": [one(IMAGE, kernel_shape=[2, 2], dilations=[2, 1])],
    "MaxPool": [one(IMAGE, kernel_shape=[2, 2]), one(IMAGE, kernel_shape=[2, 2], pads=[1, 0, 0, 1])],
    "MaxUnpool": [one((1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]]), kernel_shape=[2, 2], strides=[2, 2])],
    "MaxRoiPool": [one(IMAGE, np.array([[0, 0, 0, 3, 3]]), pooled_shape=[2, 2])],
    "GlobalAveragePool": [one(IMAGE)],
    "GlobalLpPool": [one(IMAGE)],
    "GlobalMaxPool": [one(IMAGE)],
    "Resize": [
        Example({"mode": "nearest"}, [IMAGE, None, None, ints(1, 2, 8, 3)], alone=NOT_ORDERED),
        *(
            one(IMAGE, None, None, ints(1, 2, 8, 3), mode=mode, without=NOT_FLOAT)
            for mode in ("linear", "cubic")
        ),
    ],
    "Upsample": [one(IMAGE, np.array([1, 1, 2, 3], np.float32), mode="nearest")],
    "GridSample": [
        one(IMAGE, Numbers((1, 3, 2, 2), -1, 1), mode="nearest", without=NOT_ORDERED),
        one(IMAGE, Numbers((1, 3, 2, 2), -1, 1), mode="linear", without=NOT_FLOAT),
    ],
    "AffineGrid": [one((1, 2, 3), ints(1, 1, 3, 4))],
    "RoiAlign": [one(IMAGE, np.array([[0, 0, 3, 3]]), ints(0), output_height=2, output_width=2)],
    "Col2Im": [one((1, 4, 6), ints(3, 4), ints(2, 2), without=("string", "bool"))],
    # normalisation
    "BatchNormalization": [one(IMAGE, (2,), (2,), (2,), Numbers((2,), 1, 2))],
    "InstanceNormalization": [one(IMAGE, (2,), (2,))],
    "LayerNormalization": [one((2, 3, 4), (4,), (4,)), Example({}, [(2, 4), (4,)], 3, alone=("double",))],
    "GroupNormalization": [one((1, 4, 3), (4,), (4,), num_groups=2)],
    "RMSNormalization": [one((2, 3, 4), (4,))],
    "LRN": [one((4, 4, 3, 2), size=3)],
    "MeanVarianceNormalization": [one(IMAGE)],
    "NegativeLogLikelihoodLoss": [one((3, 4), np.array([1, 0, 3]), Numbers((4,), 1, 2))],
    "SoftmaxCrossEntropyLoss": [two((3, 4), np.array([1, 0, 3]))],
    # sequences of vectors
    "RNN": [two((3, 2, 4), (1, 5, 4), (1, 5, 5), (1, 10), hidden_size=5)],
    "GRU": [two((3, 2, 4), (1, 15, 4), (1, 15, 5), (1, 30), hidden_size=5)],
    "LSTM": [Example({"hidden_size": 5}, [(3, 2, 4), (1, 20, 4), (1, 20, 5), (1, 40)], 3)],
    "Attention": [one((1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 4), without=("bfloat16", "float16", "double"))],
    "RotaryEmbedding": [one((1, 2, 3, 4), Numbers((1, 3, 2), -1, 1), Numbers((1, 3, 2), -1, 1))],
    # signals
    "DFT": [one((1, 5, 1)), one((1, 5, 2), inverse=1)],
    "STFT": [one((1, 16, 1), np.array(4), (8,))],
    "BlackmanWindow": [one(np.array(6))],
    "HammingWindow": [one(np.array(6))],
    "HannWindow": [one(np.array(6), periodic=0)],
    "Range": [one(np.array(1), np.array(9), np.array(3))],
    "MelWeightMatrix": [one(np.array(4), np.array(16), np.array(8000), number(0), number(4000))],
    # quantised
    "QuantizeLinear": [one((2, 3), number(2), np.array(0))],
    "DequantizeLinear": [one((2, 3), number(0.5))],
    "DynamicQuantizeLinear": [Example({}, [(2, 3)], 3)],
    "QLinearMatMul": [
        one((2, 3), number(0.5), np.array(1), (3, 2), number(0.25), np.array(1), number(4), np.array(0))
    ],
    "QLinearConv": [
        one(IMAGE, number(0.5), np.array(1), (3, 2, 2, 2), number(0.25), np.array(1), number(4), np.array(0))
    ],
}
