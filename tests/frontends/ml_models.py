"""One-node models of ai.onnx.ml, compared with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper
from onnx_models import imported, run_onnxruntime

from edgec.interpreter import interpret

ML = "ai.onnx.ml"


def onnx_kind(x: Any) -> int:
    """The element type of an array as ONNX numbers it."""
    return 8 if x.dtype.kind in "OU" else helper.np_dtype_to_tensor_dtype(x.dtype)


def ml_model(
    operator: str, inputs: Mapping[str, Any], results: Mapping[str, int], version: int = 3, **attributes: Any
) -> onnx.ModelProto:
    """One node; `results` are names with element types."""
    node = helper.make_node(operator, list(inputs), list(results), name="node", domain=ML, **attributes)
    given = [helper.make_tensor_value_info(n, onnx_kind(x), x.shape) for n, x in inputs.items()]
    made = [helper.make_tensor_value_info(n, kind, None) for n, kind in results.items()]
    opsets = [helper.make_opsetid(ML, version), helper.make_opsetid("", 18)]
    return helper.make_model(helper.make_graph([node], "ml", given, made), opset_imports=opsets, ir_version=8)


def check_ml(
    operator: str, inputs: Mapping[str, Any], results: Mapping[str, int], version: int = 3, **attributes: Any
) -> list[Any]:
    """The interpreter's results, which equal ONNX Runtime's."""
    model = ml_model(operator, inputs, results, version, **attributes)
    found = list(interpret(imported(model), dict(inputs)).values())
    for got, wanted in zip(found, run_onnxruntime(model, inputs), strict=True):
        wanted = np.asarray(wanted)
        assert got.shape == wanted.shape, f"{got.shape}, expected {wanted.shape}"
        if wanted.dtype.kind in "OU":
            assert got.tolist() == wanted.tolist()
        else:
            assert got.dtype == wanted.dtype
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    return found
