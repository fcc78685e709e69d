"""ai.onnx.ml: encoders of labels, and what reads and makes maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import convert
from edgec.frontends.onnx.ml_scores import ML, Labels, class_labels, label_vector, rows_of
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.lookup import Lookup
from edgec.ops.maps import MapLookup, MapValues
from edgec.ops.zip_map import ZipMap

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


@onnx_op("ZipMap", domain=ML)
def zip_map(b: Builder, call: Call) -> Value:
    """A map from labels to scores for each row."""
    labels = label_vector(b, class_labels(call))
    return b.one(ZipMap(), labels, rows_of(b, call.operand(0)))


def _values_of(x: Value) -> DType:
    """The type of a map's values."""
    if x.dtype != DType.MAP or x.type.element is None:
        raise OpError(f"the input is {x.type}, expected a map")
    return x.type.element.dtype


@onnx_op("DictVectorizer", domain=ML)
def dict_vectorizer(b: Builder, call: Call) -> Value:
    """The values of a vocabulary's keys in one row, 0 or "" for those that the map has not."""
    x = call.operand(0)
    dtype = _values_of(x)
    texts = call.texts("string_vocabulary")
    words: Labels = texts or call.integers("int64_vocabulary", ())
    if not words:
        raise OpError("there is no vocabulary")
    default: float | str = "" if dtype == DType.STRING else 0.0 if dtype.is_float else 0
    found = b.one(MapLookup(int(dtype), default), x, label_vector(b, words))
    return b.reshape(found, (1, len(words)))


@onnx_op("CastMap", domain=ML)
def cast_map(b: Builder, call: Call) -> Value:
    """A map's values in one row: all by rising key (DENSE), or those of keys 0 to max_map - 1 (SPARSE)."""
    x = call.operand(0)
    dtype, kind = _values_of(x), call.text("cast_to", "TO_FLOAT")
    targets = {"TO_FLOAT": DType.F32, "TO_INT64": DType.I64, "TO_STRING": DType.STRING}
    if kind not in targets:
        raise OpError(f"cast_to is '{kind}', expected one of {', '.join(targets)}")
    if call.text("map_form", "DENSE") == "DENSE":
        values = b.one(MapValues(int(dtype)), x)
    else:
        default: float | str = "0" if dtype == DType.STRING else 0.0
        values = b.one(MapLookup(int(dtype), default), x, b.iota(call.integer("max_map", 1)))
    return b.reshape(convert(b, values, targets[kind]), (1, *values.shape))
