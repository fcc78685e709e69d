"""ONNX models whose inputs and outputs are given with them: the form of the cases, and what writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
X = np.arange(12, dtype=np.float32).reshape(4, 3)
ROWS = [X[:1], X[1:3], X[3:]]


@dataclass(frozen=True)
class Case:
    """A model, inputs for it, and the outputs it must give.

    `dissolves`: no container is left once the model is exported.
    """

    name: str
    nodes: Sequence[onnx.NodeProto]
    inputs: Mapping[str, Any]
    outputs: Sequence[Any]
    types: Mapping[str, onnx.TypeProto] = field(default_factory=dict)
    dissolves: bool = False
    opset: int = 18

    def __str__(self) -> str:
        return self.name

    def model(self) -> onnx.ModelProto:
        """Inputs are declared as `types` say, else with the shapes of their arrays; outputs without type."""
        given = [helper.make_value_info(n, self.types.get(n) or type_of(v)) for n, v in self.inputs.items()]
        results = [helper.make_empty_tensor_value_info(f"y{i}") for i in range(len(self.outputs))]
        constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in CONSTANTS.items()]
        graph = helper.make_graph(list(self.nodes), self.name, given, results, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


CONSTANTS = {"0": 0, "1": 1, "-1": -1, "[0]": [0], "[1]": [1], "sizes": [1, 2, 1], "2": 2, "yes": True}


def tensor(kind: int, *shape: int | str) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(kind, shape)


def sequence(inside: onnx.TypeProto) -> onnx.TypeProto:
    return helper.make_sequence_type_proto(inside)


def optional(inside: onnx.TypeProto) -> onnx.TypeProto:
    return helper.make_optional_type_proto(inside)


def type_of(value: Any) -> onnx.TypeProto:
    array = np.asarray(value)
    return tensor(helper.np_dtype_to_tensor_dtype(array.dtype), *array.shape)


def op(operator: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node; names are separated by spaces, "-" is an input that is left out."""
    names = ["" if n == "-" else n for n in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), name=f"{outputs.split()[0]}_node", **attributes)


def graph(
    inputs: Mapping[str, onnx.TypeProto],
    outputs: str,
    *nodes: onnx.NodeProto,
    types: Sequence[onnx.TypeProto] = (),
) -> onnx.GraphProto:
    """A body; outputs declare no type unless given."""
    given = [helper.make_value_info(n, t) for n, t in inputs.items()]
    declared = types or [onnx.TypeProto()] * len(outputs.split())
    results = [helper.make_value_info(n, t) for n, t in zip(outputs.split(), declared)]
    return helper.make_graph(list(nodes), "body", given, results)


def loop_body(carried: Mapping[str, onnx.TypeProto], outputs: str, *nodes: onnx.NodeProto) -> onnx.GraphProto:
    """The body of a Loop that goes on as long as the trip count says."""
    first = {"i": tensor(INT64), "go": tensor(BOOL)}
    return graph({**first, **carried}, f"again {outputs}", op("Identity", "go", "again"), *nodes)


N_BY_3 = tensor(FLOAT, "n", 3)
