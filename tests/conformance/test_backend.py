"""The `onnx.backend.base` interface."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgec import onnx_backend

X = np.array([[-1, 2, -3]], np.float32)


def relu() -> onnx.ModelProto:
    """y = relu(x) with x [n, 3]."""
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])]
    graph = helper.make_graph(nodes, "g", info, [helper.make_empty_tensor_value_info("y")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def test_a_prepared_model_runs_without_exporting_again(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = onnx_backend.prepare(relu(), "INTERPRETER")
    monkeypatch.setattr(onnx_backend, "export", None)
    for rows in (1, 4):
        x = np.repeat(X, rows, axis=0)
        (y,) = prepared.run([x])
        np.testing.assert_array_equal(y, np.maximum(x, 0))
    np.testing.assert_array_equal(prepared.run({"x": X})[0], [[0, 2, 0]])


@pytest.mark.parametrize("device", ["INTERPRETER", "CPU"])
def test_models_and_nodes_run(device: str) -> None:
    if not onnx_backend.supports_device(device):
        pytest.skip(f"no {device} here")
    np.testing.assert_array_equal(onnx_backend.run_model(relu(), [X], device)[0], [[0, 2, 0]])
    node = helper.make_node("Add", ["a", "b"], ["c"])
    np.testing.assert_array_equal(onnx_backend.run_node(node, [X, X], device)[0], 2 * X)
    clip = helper.make_node("Clip", ["a", "", "high"], ["c"])
    np.testing.assert_array_equal(
        onnx_backend.run_node(clip, [X, None, np.float32(1)], device)[0], [[-1, 1, -3]]
    )
    square = helper.make_node("Mul", ["a", "a"], ["c"])
    for inputs in ([X], [X, X]):
        np.testing.assert_array_equal(onnx_backend.run_node(square, inputs, device)[0], X * X)
    with pytest.raises(ValueError, match="Add: 1 inputs given, expected a, b"):
        onnx_backend.run_node(node, [X], device)


def test_a_node_takes_and_gives_lists() -> None:
    insert = helper.make_node("SequenceInsert", ["s", "x"], ["y"])
    (found,) = onnx_backend.run_node(insert, [[X, X[:, :1]], X], "INTERPRETER")
    assert [item.shape for item in found] == [(1, 3), (1, 1), (1, 3)]


def test_devices() -> None:
    assert onnx_backend.supports_device("INTERPRETER")
    assert not onnx_backend.supports_device("TPU")
    with pytest.raises(ValueError, match="'TPU', expected one of CPU, OPENCL, INTERPRETER"):
        onnx_backend.prepare(relu(), "TPU")


def test_compatibility_is_whether_a_model_can_be_exported() -> None:
    assert onnx_backend.is_compatible(relu(), "INTERPRETER")
    strange = relu()
    strange.graph.node[0].op_type = "Nothing"
    assert not onnx_backend.is_compatible(strange, "INTERPRETER")
