"""Models as ONNX Runtime's optimiser leaves them: small graphs, and what it fuses in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import imported, info, run_onnxruntime

from edgec.interpreter import interpret

Array = Any
RANDOM = np.random.default_rng(3)
FLOAT, HIDDEN, HEADS = TensorProto.FLOAT, 16, 2


def f(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


class Writer:
    """Nodes and initialisers of a graph; calling it writes a node and gives the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}

    def __call__(self, operator: str, *inputs: str | Array, **attributes: Any) -> str:
        return self.many(operator, 1, *inputs, **attributes)[0]

    def many(self, operator: str, count: int, *inputs: str | Array, **attributes: Any) -> list[str]:
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        outputs = [f"{operator}_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, names, outputs, name=outputs[0], **attributes))
        return outputs

    def constant(self, array: Array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name


def number(value: float) -> Array:
    return np.float32(value)


def linear(w: Writer, x: str, rows: int, columns: int) -> str:
    return w("Add", w("MatMul", x, f(rows, columns) / 4), f(columns))


def layer_norm(w: Writer, x: str) -> str:
    centred = w("Sub", x, w("ReduceMean", x, axes=[-1]))
    variance = w("ReduceMean", w("Pow", centred, number(2)), axes=[-1])
    scaled = w("Div", centred, w("Sqrt", w("Add", variance, number(1e-5))))
    return w("Add", w("Mul", scaled, f(HIDDEN)), f(HIDDEN))


def gelu(w: Writer, x: str) -> str:
    gate = w("Add", w("Erf", w("Div", x, number(np.sqrt(2)))), number(1))
    return w("Mul", w("Mul", x, gate), number(0.5))


def heads(w: Writer, x: str, perm: Sequence[int]) -> str:
    shape = np.int64([0, 0, HEADS, HIDDEN // HEADS])
    return w("Transpose", w("Reshape", linear(w, x, HIDDEN, HIDDEN), shape), perm=perm)


def transformer(w: Writer) -> str:
    """A layer of BERT with a mask of padded words."""
    x = layer_norm(w, "x")
    mask = w("Cast", w("Unsqueeze", w("Unsqueeze", "mask", axes=[1]), axes=[2]), to=FLOAT)
    mask = w("Mul", w("Sub", number(1), mask), number(-10000))
    query, key, value = heads(w, x, [0, 2, 1, 3]), heads(w, x, [0, 2, 3, 1]), heads(w, x, [0, 2, 1, 3])
    scores = w("Add", w("Div", w("MatMul", query, key), number(np.sqrt(HIDDEN // HEADS))), mask)
    mixed = w("Transpose", w("MatMul", w("Softmax", scores, axis=3), value), perm=[0, 2, 1, 3])
    merged = w("Reshape", mixed, np.int64([0, 0, HIDDEN]))
    x = layer_norm(w, w("Add", linear(w, merged, HIDDEN, HIDDEN), x))
    inner = linear(w, gelu(w, linear(w, x, HIDDEN, 24)), 24, HIDDEN)
    return layer_norm(w, w("Add", inner, x))


def convolutions(w: Writer) -> str:
    x = w("Relu", w("Conv", "x", f(4, 3, 3, 3), f(4), pads=[1, 1, 1, 1]))
    x = w("Sigmoid", w("Conv", x, f(4, 4, 1, 1)))
    x = w("LeakyRelu", w("Conv", x, f(3, 4, 3, 3)), alpha=0.2)
    return w("HardSigmoid", w("Conv", x, f(3, 3, 1, 1)), alpha=0.3, beta=0.4)


def products(w: Writer) -> str:
    x = w("MatMul", w("Transpose", "x", perm=[0, 2, 1]), "x")
    x = w("Mul", w("MatMul", x, w("Transpose", x, perm=[0, 2, 1])), number(0.25))
    flat = w("Reshape", x, np.int64([-1, HIDDEN]))
    return w("LeakyRelu", w("Gemm", flat, f(HIDDEN, 5), f(5)), alpha=0.3)


def gates(w: Writer) -> str:
    quick = w("Mul", "x", w("Sigmoid", w("Mul", "x", number(1.702))))
    squares = w("ReduceMean", w("Pow", quick, number(2)), axes=[-1])
    scaled = w("Div", quick, w("Sqrt", w("Add", squares, number(1e-5))))
    return w("Mul", scaled, f(HIDDEN))


def dynamic(w: Writer) -> str:
    numbers, scale, zero = w.many("DynamicQuantizeLinear", 3, "x")
    weight = RANDOM.integers(-127, 128, (HIDDEN, 6)).astype(np.int8)
    total = w("MatMulInteger", numbers, weight, zero, np.int8(0))
    return w("Add", w("Mul", w("Cast", total, to=FLOAT), w("Mul", scale, number(0.02))), f(6))


def requantized(w: Writer, x: str, scale: float = 0.05, zero: int = 128) -> str:
    given = (number(scale), np.uint8(zero))
    return w("DequantizeLinear", w("QuantizeLinear", x, *given), *given)


def quantized(w: Writer) -> str:
    """Integers between a convolution, a sum, a sigmoid and a mean."""
    x = requantized(w, "x")
    weight = RANDOM.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    kernel = w("DequantizeLinear", weight, number(0.01), np.int8(0))
    x = requantized(w, w("Conv", x, kernel, pads=[1, 1, 1, 1]))
    x = requantized(w, w("Add", x, requantized(w, w("LeakyRelu", x, alpha=0.1))))
    x = requantized(w, w("Sigmoid", x), 1 / 256, 0)
    x = requantized(w, w("Concat", x, x, axis=1), 1 / 256, 0)
    return requantized(w, w("GlobalAveragePool", x), 1 / 256, 0)


IMAGE, WORDS = {"x": f(2, 3, 8, 8)}, {"x": f(2, 5, HIDDEN)}
MASKED = {**WORDS, "mask": np.int64([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])}
# graph, inputs, the opset, operators that the optimiser makes, and how far results may be apart
CASES = [
    (transformer, MASKED, 12, "SkipLayerNormalization BiasGelu Attention LayerNormalization", 1e-4),
    (convolutions, IMAGE, 13, "FusedConv", 1e-5),
    (products, WORDS, 13, "FusedMatMul FusedGemm", 1e-3),
    (gates, WORDS, 13, "QuickGelu SimplifiedLayerNormalization", 1e-5),
    (dynamic, WORDS, 13, "DynamicQuantizeMatMul", 1e-4),
    (
        quantized,
        IMAGE,
        13,
        "QLinearConv QLinearAdd QLinearLeakyRelu QLinearSigmoid QLinearConcat",
        1 / 256 + 1e-6,
    ),
]


def built(graph: Callable[[Writer], str], feeds: Mapping[str, Array], opset: int) -> onnx.ModelProto:
    writer = Writer()
    result = graph(writer)
    given = [
        info(n, ["batch", *a.shape[1:]], helper.np_dtype_to_tensor_dtype(a.dtype)) for n, a in feeds.items()
    ]
    constants = [onnx.numpy_helper.from_array(a, n) for n, a in writer.constants.items()]
    outputs = [info(result, None)]
    found = helper.make_graph(writer.nodes, "graph", given, outputs, constants)
    return helper.make_model(found, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def optimised(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """The model after the graph optimisations that every device shares."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(path)


@pytest.mark.parametrize(
    "graph, feeds, opset, made, tolerance", CASES, ids=lambda x: getattr(x, "__name__", "")
)
def test_optimised(
    graph: Callable[[Writer], str],
    feeds: Mapping[str, Array],
    opset: int,
    made: str,
    tolerance: float,
    tmp_path: Path,
) -> None:
    model = built(graph, feeds, opset)
    found = optimised(model, tmp_path / "optimised.onnx")
    assert set(made.split()) <= {n.op_type for n in found.graph.node}, {n.op_type for n in found.graph.node}
    (wanted,) = run_onnxruntime(model, feeds)
    (name,) = (o.name for o in found.graph.output)
    for version in (model, found):
        got = interpret(imported(version), feeds)[name]
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
