"""Small models for the tests of the ONNX writer, and what runs what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

from edgec import to_onnx
from edgec.format.write import write_model
from edgec.ir.dims import Dim
from edgec.ir.graph import Graph, InputDim, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op

Array = np.ndarray[Any, Any]


def one_node(op: Op, types: Sequence[TensorType], constants: Mapping[int, Array] = {}) -> Model:
    """A model of one node on inputs x0, x1 ...; operands of `constants` are known."""
    values = [Value(f"x{i}", t, constants.get(i)) for i, t in enumerate(types)]
    symbols: dict[str, Any] = {}
    for value in values:
        for axis, dim in enumerate(value.shape):
            if not isinstance(dim, int):
                symbols.setdefault(str(dim), InputDim(value, axis))
    results = op.infer(list(types), Context())
    outputs = [Value(f"y{i}", t) for i, t in enumerate(results)]
    inputs = [v for v in values if v.const is None]
    node = Node(op, list(values), outputs, "node")
    return Model({"main": Graph("one_node", inputs, outputs, [node], symbols)})


def tensor(dtype: DType, *shape: Dim) -> TensorType:
    return TensorType(dtype, shape)


def written(model: Model, opset: int | None = None) -> onnx.ModelProto:
    """What comes back from the model's file; checked."""
    proto = to_onnx(write_model(model), opset=opset)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def run(proto: onnx.ModelProto, inputs: Sequence[Array]) -> list[Array]:
    """The outputs by ONNX Runtime, or by the reference evaluator where that lacks an operator."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    feeds = dict(zip([i.name for i in proto.graph.input], inputs))
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    except Exception:
        return list(ReferenceEvaluator(proto).run(None, feeds))
    return list(session.run(None, feeds))


def operators(proto: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in proto.graph.node]
