"""ONNX's own reference evaluator on one node: the independent definition in these tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")


def onnx_node(op: str, inputs: list[Any], results: int = 1, opset: int = 21, **attributes: Any) -> list[Any]:
    """The results of ONNX operator `op`; an input that is None is left out."""
    from onnx.reference import ReferenceEvaluator

    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    outputs = [f"y{i}" for i in range(results)]
    node = onnx.helper.make_node(op, names, outputs, **attributes)
    given = {n: np.asarray(x) for n, x in zip(names, inputs) if x is not None}
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [
            onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
            for n, x in given.items()
        ],
        [onnx.helper.make_empty_tensor_value_info(n) for n in outputs],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    return list(ReferenceEvaluator(model).run(None, given))


def channels_last(x: Any) -> Any:
    """[N, C, *S] as [N, *S, C]."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def channels_first(x: Any) -> Any:
    """[N, *S, C] as [N, C, *S]."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))
