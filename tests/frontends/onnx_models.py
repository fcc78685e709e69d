"""Small ONNX models for the frontend's tests, and the reference evaluator to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edgec.frontends.onnx import import_model
from edgec.interpreter import interpret
from edgec.ir.graph import Graph, Model
from edgec.ir.verify import verify

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def info(name: str, shape: Sequence[int | str | None] | None, kind: int = FLOAT) -> onnx.ValueInfoProto:
    """A declared tensor; None for an axis without size, or for no shape at all."""
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[str],
    constants: Mapping[str, Any] | None = None,
    opset: int = 21,
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """A model whose outputs declare neither type nor shape."""
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    results = [helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = helper.make_graph(list(nodes), "model", list(inputs), results, tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("custom", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> onnx.NodeProto:
    """A node named after its first output."""
    return helper.make_node(operator, list(inputs), list(outputs), name=f"{outputs[0]}_node", **attributes)


def imported(model: onnx.ModelProto, shapes: Mapping[str, Sequence[int | str]] | None = None) -> Model:
    """The imported model, checked by `verify`."""
    result = import_model(model, shapes)
    for graph in result.entries.values():
        verify(graph)
    return result


def operators(graph: Graph) -> list[str]:
    """Names of the core operators of a graph in order, bodies not included."""
    return [n.op.name for n in graph.nodes]


def run_onnxruntime(model: onnx.ModelProto, feeds: Mapping[str, Any]) -> list[Any]:
    """ONNX Runtime's results; skips the test where it is not installed."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(feeds)))


def check(
    model: onnx.ModelProto, feeds: Mapping[str, Any], tolerance: float = 1e-5, peer: str = "reference"
) -> Model:
    """The imported model's results equal the reference evaluator's, or peer "onnxruntime"'s."""
    result = imported(model)
    if peer == "onnxruntime":
        expected = run_onnxruntime(model, feeds)
    else:
        expected = ReferenceEvaluator(model).run(None, dict(feeds))
    found = interpret(result, feeds)
    for info, wanted in zip(model.graph.output, expected):
        got = found[info.name]
        wanted = np.asarray(wanted)
        assert got.shape == wanted.shape, f"{info.name}: {got.shape}, expected {wanted.shape}"
        assert got.dtype == wanted.dtype, f"{info.name}: {got.dtype}, expected {wanted.dtype}"
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
    return result
