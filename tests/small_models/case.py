"""What a small model is: its text, its weights, and inputs of several sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import onnx
import onnx.parser
from onnx import numpy_helper

Array = np.ndarray[Any, Any]
Given = Union[Array, Sequence[int], int, float]  # an array, or the shape of a seeded one

TOLERANCE = 1e-4


@dataclass(frozen=True)
class SmallModel:
    """A model with inputs. One session runs all of `feeds`, so sizes change from run to run.

    `peer` computes what is expected: onnxruntime, or reference for what ONNX Runtime lacks or gets wrong.
    """

    name: str
    model: onnx.ModelProto
    feeds: tuple[dict[str, Array], ...]
    peer: str = "onnxruntime"
    tolerance: float = TOLERANCE


CASES: dict[str, SmallModel] = {}


def small_model(
    name: str,
    text: str,
    feeds: Sequence[Mapping[str, Given]],
    weights: Mapping[str, Given] | None = None,
    *,
    opset: int = 18,
    peer: str = "onnxruntime",
    tolerance: float = TOLERANCE,
) -> None:
    """Adds a model to CASES. `text` is ONNX's text form of a graph without its name.

    >>> small_model("twice", "(float[n] x) => (y) { y = Add(x, x) }", [{"x": (3,)}])
    """
    domains = f'["": {opset}, "com.microsoft": 1, "ai.onnx.ml": 3]'
    model = onnx.parser.parse_model(f"<ir_version: 8, opset_import: {domains}>\n{name} {text}")
    random = np.random.default_rng(len(CASES))
    tensors = [numpy_helper.from_array(_array(w, random, 0.3), n) for n, w in (weights or {}).items()]
    model.graph.initializer.extend(tensors)
    for node in model.graph.node:
        node.name = node.output[0] or node.op_type
    inputs = tuple({n: _array(given, random, 1) for n, given in feed.items()} for feed in feeds)
    CASES[name] = SmallModel(name, model, inputs, peer, tolerance)


def _array(given: Given, random: np.random.Generator, scale: float) -> Array:
    """`given` itself, or normal f32 numbers in that shape."""
    if isinstance(given, (tuple, list)):
        return (scale * random.standard_normal(given)).astype(np.float32)
    return np.asarray(given)


def whole(high: int, *shape: int, low: int = 0, dtype: str = "int64") -> Array:
    """Seeded integers from `low` to below `high`."""
    return np.random.default_rng(high).integers(low, high, shape).astype(dtype)


def empty(*shape: int, dtype: str = "float32") -> Array:
    """An array with a size of 0."""
    return np.zeros(shape, dtype)


__all__ = ["CASES", "SmallModel", "empty", "small_model", "whole"]
