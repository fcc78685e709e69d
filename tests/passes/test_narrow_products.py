"""Products of dequantised bytes become products of bytes: the same numbers, but for what rounds in f32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import edgec
from edgec.interpreter import interpret
from edgec.ir.graph import Model
from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(3)
U8, I8 = np.uint8, np.int8


def model_of(
    nodes: Sequence[Any], inputs: dict[str, Array], constants: dict[str, Array], result: int
) -> onnx.ModelProto:
    graph = helper.make_graph(
        [
            helper.make_node(op, names.split(), out.split(), **attributes)
            for op, names, out, attributes in nodes
        ],
        "g",
        [
            helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
            for k, v in inputs.items()
        ],
        [helper.make_tensor_value_info("y", result, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def both(source: onnx.ModelProto, inputs: dict[str, Array]) -> tuple[Model, Array, Array]:
    """The exported model, what it gives, and what the model as written gives."""
    narrow, plain = edgec.export(source).model, edgec.export(source, keep="all").model
    (found,), (expected,) = interpret(narrow, inputs).values(), interpret(plain, inputs).values()
    return narrow, found, expected


def products(model: Model) -> list[tuple[DType, DType, int]]:
    """Element types of the operands of conv and matmul, and the accumulator."""
    found = []
    for node in model.main.nodes:
        if isinstance(node.op, (Conv, MatMul)):
            found.append((node.operand(0).dtype, node.operand(1).dtype, node.op.accumulator))
    return found


def bytes_of(dtype: Any, *shape: int) -> Array:
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max + 1, shape).astype(dtype)


@pytest.mark.parametrize("zero", [0, 128, 7])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 2, 0, 1)])
@pytest.mark.parametrize("relu", [False, True])
def test_qdq_conv(zero: int, pads: tuple[int, ...], relu: bool) -> None:
    x = {"x": RANDOM.standard_normal((2, 5, 9, 8)).astype(np.float32)}
    steps = RANDOM.uniform(0.002, 0.01, 7).astype(np.float32)
    constants = {
        "sx": np.float32(0.03) * np.ones((), np.float32),
        "zx": np.array(zero, U8),
        "w": bytes_of(I8, 7, 5, 3, 3),
        "sw": steps,
        "zw": np.zeros(7, I8),
        "b": RANDOM.integers(-2000, 2000, 7).astype(np.int32),
        "sb": (np.float32(0.03) * steps).astype(np.float32),
        "zb": np.zeros(7, np.int32),
        "sy": np.array(0.11, np.float32),
        "zy": np.array(91, U8),
    }
    nodes = [
        ("QuantizeLinear", "x sx zx", "q", {}),
        ("DequantizeLinear", "q sx zx", "d", {}),
        ("DequantizeLinear", "w sw zw", "dw", {"axis": 0}),
        ("DequantizeLinear", "b sb zb", "db", {"axis": 0}),
        ("Conv", "d dw db", "c", {"pads": pads, "strides": (1, 2)}),
        *([("Relu", "c", "r", {})] if relu else []),
        ("QuantizeLinear", "r sy zy" if relu else "c sy zy", "y", {}),
    ]
    model, found, expected = both(model_of(nodes, x, constants, TensorProto.UINT8), x)
    assert products(model) == [(DType.U8, DType.I8, DType.I32)]
    apart = np.abs(found.astype(int) - expected.astype(int))
    assert apart.max() <= 1 and apart.mean() < 0.01


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", [U8, I8])
def test_qdq_gemm(transposed: bool, dtype: Any) -> None:
    x = {"x": bytes_of(dtype, 6, 20)}
    axis = 0 if transposed else 1
    constants = {
        "sx": np.array(0.02, np.float32),
        "zx": np.array(5, dtype),
        "w": bytes_of(I8, *((9, 20) if transposed else (20, 9))),
        "sw": RANDOM.uniform(0.002, 0.01, 9).astype(np.float32),
        "zw": np.zeros(9, I8),
        "b": RANDOM.standard_normal(9).astype(np.float32),
    }
    nodes = [
        ("DequantizeLinear", "x sx zx", "d", {}),
        ("DequantizeLinear", "w sw zw", "dw", {"axis": axis}),
        ("Gemm", "d dw b", "y", {"transB": int(transposed)}),
    ]
    model, found, expected = both(model_of(nodes, x, constants, TensorProto.FLOAT), x)
    assert products(model) == [(DType.of(np.dtype(dtype)), DType.I8, DType.I32)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_integers_with_a_zero_point_that_a_run_computes() -> None:
    x = {"x": RANDOM.standard_normal((1, 3, 8, 8)).astype(np.float32)}
    constants = {"w": bytes_of(I8, 4, 3, 3, 3)}
    nodes = [
        ("DynamicQuantizeLinear", "x", "q s z", {}),
        ("ConvInteger", "q w z", "y", {"pads": (1, 1, 1, 1)}),
    ]
    model, found, expected = both(model_of(nodes, x, constants, TensorProto.INT32), x)
    assert products(model) == [(DType.U8, DType.I8, DType.I32)]
    np.testing.assert_array_equal(found, expected)


def test_matmul_integer() -> None:
    x = {"x": bytes_of(U8, 2, 5, 12)}
    constants = {"w": bytes_of(U8, 12, 9) // 2, "zx": np.array(9, U8), "zw": np.array(64, U8)}
    nodes = [("MatMulInteger", "x w zx zw", "y", {})]
    model, found, expected = both(model_of(nodes, x, constants, TensorProto.INT32), x)
    assert products(model) == [(DType.U8, DType.I8, DType.I32)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("case", ["groups", "wide weights", "zero per row"])
def test_others_stay(case: str) -> None:
    x = {"x": bytes_of(U8, 1, 4, 6, 6) if case == "groups" else bytes_of(U8, 3, 12)}
    constants = {"w": bytes_of(U8, 12, 9), "zx": np.array(9, U8), "zw": np.array(0, U8)}
    node: Any = ("MatMulInteger", "x w zx zw", "y", {})
    if case == "groups":
        constants = {"w": bytes_of(I8, 4, 1, 3, 3)}
        node = ("ConvInteger", "x w", "y", {"group": 4})
    elif case == "zero per row":
        constants |= {"w": bytes_of(I8, 12, 9), "zx": np.array([1, 2, 3], U8), "zw": np.array(0, I8)}
    model, found, expected = both(model_of([node], x, constants, TensorProto.INT32), x)
    assert products(model) == [(DType.I32, DType.I32, DType.I32)]
    np.testing.assert_array_equal(found, expected)
