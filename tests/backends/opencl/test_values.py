"""Strings and containers beside a device: their nodes stay on the host, tensors go to and fro."""

import numpy as np
import pytest
from harness import Device
from onnx import TensorProto, helper

import edgec
import edgert
from edgec.format.write import write_model


@pytest.fixture(scope="module")
def file() -> bytes:
    """y = 2 * (what is at `at` in [x + x, relu(x)]), and words in the order of `at`."""
    constants = [helper.make_tensor("words", TensorProto.STRING, [2], [b"double", b"positive"])]
    nodes = [
        helper.make_node("Add", ["x", "x"], ["a"]),
        helper.make_node("Relu", ["x"], ["b"]),
        helper.make_node("SequenceConstruct", ["a", "b"], ["s"]),
        helper.make_node("SequenceAt", ["s", "at"], ["c"]),
        helper.make_node("Add", ["c", "c"], ["y"]),
        helper.make_node("Gather", ["words", "at"], ["word"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3]),
        helper.make_tensor_value_info("at", TensorProto.INT64, []),
    ]
    outputs = [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        helper.make_tensor_value_info("word", TensorProto.STRING, []),
        helper.make_value_info(
            "s", helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
        ),
    ]
    graph = helper.make_graph(nodes, "mixed", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    return write_model(edgec.export(model).model)


def test_tensors_go_into_containers_and_back(opencl: Device, file: bytes) -> None:
    session = edgert.load(file, device=opencl.name)
    for n, at in ((2, 0), (5, 1), (2, 1)):
        x = np.linspace(-1, 1, 3 * n, dtype=np.float32).reshape(n, 3)
        found = session.run({"x": x, "at": at})
        items = [x + x, np.maximum(x, 0)]
        np.testing.assert_allclose(found["y"], 2 * items[at], rtol=1e-6)
        for item, expected in zip(found["s"], items):
            np.testing.assert_allclose(item, expected, rtol=1e-6)
        assert found["word"].item() == ("double", "positive")[at]


def test_placement_says_why(opencl: Device, file: bytes) -> None:
    reasons = {p.op: p.reason for p in edgert.load(file, device=opencl.name).placement() if p.device == "cpu"}
    assert set(reasons) == {"sequence_construct", "sequence_at", "gather"}
    assert all("host's memory" in reason for reason in reasons.values())


def test_strict_refuses(opencl: Device, file: bytes) -> None:
    with pytest.raises(edgert.EdgertError, match="strings and containers are in the host's memory"):
        edgert.load(file, device=opencl.name, strict=True)
