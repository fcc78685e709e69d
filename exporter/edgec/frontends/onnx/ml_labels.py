"""ai.onnx.ml: encoders of labels, and what reads and makes maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.ml_scores import ML
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.lookup import Lookup

Array = np.ndarray[Any, Any]
_KINDS: dict[str, Any] = {"strings": object, "int64s": np.int64, "floats": np.float32}
_DEFAULTS: dict[str, Any] = {"O": "_Unused", "i": -1, "f": -0.0}


def encoded(b: Builder, x: Value, keys: Array, values: Array, default: Array) -> Value:
    """The value beside the key that equals x; the default where there is none."""
    if len(keys) != len(values):
        raise OpError(f"there are {len(keys)} keys for {len(values)} values")
    if x.dtype != DType.of(keys.dtype):
        raise OpError(f"the input is {x.type}, the keys are {DType.of(keys.dtype).text}")
    choices = np.concatenate([values, default.astype(values.dtype).reshape(1)])
    return b.one(Gather(0), b.constant(choices), b.one(Lookup(), x, b.constant(keys)))


def _texts(values: tuple[str, ...]) -> Array:
    return np.array(values, object)


def _listed(call: Call, what: str) -> Array:
    """The entries of keys_* or values_*, whichever type is given."""
    if call.has(f"{what}_tensor"):
        return call.tensor(f"{what}_tensor").reshape(-1)
    for name, kind in _KINDS.items():
        if call.has(f"{what}_{name}"):
            return np.array(call.attributes[f"{what}_{name}"], kind)
    raise OpError(f"there are no {what}")


def _default(call: Call, values: Array) -> Array:
    if call.has("default_tensor"):
        return call.tensor("default_tensor").reshape(-1)[:1]
    names = {"O": "default_string", "i": "default_int64", "f": "default_float"}
    kind = values.dtype.kind
    if kind not in names:
        raise OpError(f"values are {values.dtype}, expected strings, integers or floats")
    return np.array([call.attributes.get(names[kind], _DEFAULTS[kind])], values.dtype)


@onnx_op("LabelEncoder", domain=ML)
def label_encoder(b: Builder, call: Call) -> Value:
    """Keys to values; before version 2 strings to their positions, or back."""
    x = call.operand(0)
    if call.version >= 2:
        keys, values = _listed(call, "keys"), _listed(call, "values")
        if x.dtype == DType.F64 and keys.dtype == np.float32:
            keys = keys.astype(np.float64)
        return encoded(b, x, keys, values, _default(call, values))
    texts = _texts(call.texts("classes_strings"))
    return _texts_and_numbers(b, call, texts, np.arange(len(texts)))


@onnx_op("CategoryMapper", domain=ML)
def category_mapper(b: Builder, call: Call) -> Value:
    """Strings to the integers beside them, or back."""
    numbers = np.array(call.integers("cats_int64s", ()), np.int64)
    return _texts_and_numbers(b, call, _texts(call.texts("cats_strings")), numbers)


def _texts_and_numbers(b: Builder, call: Call, texts: Array, numbers: Array) -> Value:
    x = call.operand(0)
    if x.dtype == DType.STRING:
        return encoded(b, x, texts, numbers, np.array([call.integer("default_int64", -1)]))
    return encoded(b, x, numbers, texts, _texts((call.text("default_string", "_Unused"),)))
