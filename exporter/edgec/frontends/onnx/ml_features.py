"""ai.onnx.ml: operators that prepare features."""

from __future__ import annotations

import math

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.ml_scores import ML, number, rows_of
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import maximum, product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.lookup import Lookup
from edgec.ops.reduce import Reduce
from edgec.ops.view import Pad


@onnx_op("ArrayFeatureExtractor", domain=ML)
def array_feature_extractor(b: Builder, call: Call) -> Value:
    """The named elements of the last axis; a vector gives one row."""
    x, y = call.operand(0), call.operand(1)
    if x.rank == 0:
        raise OpError(f"the input is {x.type}, expected rank 1 or more")
    picked = b.one(Gather(x.rank - 1), x, b.reshape(y, (product(y.shape),)))
    return b.reshape(picked, (1, *picked.shape)) if x.rank == 1 else picked


@onnx_op("Binarizer", domain=ML)
def binarizer(b: Builder, call: Call) -> Value:
    """1 above the threshold, else 0. Integers are compared with it as they are."""
    x, threshold = call.operand(0), call.real("threshold", 0.0)
    limit = math.floor(threshold) if x.dtype.is_int else threshold
    return b.cast(b.binary("gt", x, number(b, limit, x)), x.dtype)


@onnx_op("Imputer", domain=ML)
def imputer(b: Builder, call: Call) -> Value:
    """Elements equal to replaced_value (NaN: those that are NaN) become the imputed value of their column."""
    x = call.operand(0)
    whole = x.dtype.is_int
    values = call.integers("imputed_value_int64s", ()) if whole else call.reals("imputed_value_floats")
    if not values:
        raise OpError(f"there are no imputed values for an input of {x.dtype.text}")
    replaced = call.integer("replaced_value_int64", 0) if whole else call.real("replaced_value_float", 0.0)
    missing = b.unary("isnan", x) if replaced != replaced else b.binary("eq", x, number(b, replaced, x))
    return select(b, missing, b.constant(values, x.dtype), x)


@onnx_op("FeatureVectorizer", domain=ML)
def feature_vectorizer(b: Builder, call: Call) -> Value:
    """Inputs beside each other as f32, each cut or filled with 0 to its number of features."""
    sizes = call.integers("inputdimensions", ())
    parts = [rows_of(b, _column(b, x)) for x in call.operands()]
    if sizes and len(sizes) != len(parts):
        raise OpError(f"inputdimensions has {len(sizes)} entries for {len(parts)} inputs")
    for i, size in enumerate(sizes):
        short = maximum(size - parts[i].shape[1], 0)
        if short != 0:
            parts[i] = b.one(Pad("constant", (0, 0, 0, short)), parts[i], number(b, 0.0, parts[i]))
        parts[i] = b.slice_axis(parts[i], 1, 0, size)
    return b.concat(parts, 1)


def _column(b: Builder, x: Value) -> Value:
    """A vector is one feature of many rows."""
    return b.reshape(x, (*x.shape, 1)) if x.rank == 1 else x


@onnx_op("Normalizer", domain=ML)
def normalizer(b: Builder, call: Call) -> Value:
    """Rows divided by their greatest element, sum of sizes or length; rows where that is 0 stay."""
    shape, x = call.operand(0).shape, rows_of(b, call.operand(0))
    norm = call.text("norm", "MAX")
    if norm == "MAX":
        total = b.one(Reduce("max", (1,)), x)
    elif norm == "L1":
        total = b.one(Reduce("sum", (1,)), b.unary("abs", x))
    elif norm == "L2":
        total = b.unary("sqrt", b.one(Reduce("sum", (1,)), b.binary("mul", x, x)))
    else:
        raise OpError(f"norm is '{norm}', expected MAX, L1 or L2")
    empty = b.binary("eq", total, number(b, 0.0, total))
    total = select(b, empty, number(b, 1.0, total), total)
    return b.reshape(b.binary("div", x, total), shape)


@onnx_op("Scaler", domain=ML)
def scaler(b: Builder, call: Call) -> Value:
    """(x - offset) * scale in f32; one number each, or one per feature."""
    x = b.cast(call.operand(0), DType.F32)
    offset, scale = call.reals("offset"), call.reals("scale")
    if not offset or not scale:
        raise OpError("offset and scale must have one entry, or one per feature")
    return b.binary("mul", b.binary("sub", x, number_or_vector(b, offset)), number_or_vector(b, scale))


def number_or_vector(b: Builder, values: tuple[float, ...]) -> Value:
    found = np.array(values, np.float32)
    return b.constant(found[0] if len(found) == 1 else found)


@onnx_op("OneHotEncoder", domain=ML)
def one_hot_encoder(b: Builder, call: Call) -> Value:
    """A new last axis with 1 at the category; for an unknown one all are 0, or it is an error of the run."""
    x, texts = call.operand(0), call.texts("cats_strings")
    if x.dtype == DType.STRING:
        categories = b.constant(np.array(texts, object), DType.STRING)
    else:
        x, categories = b.cast(x, DType.I64), b.constant(call.integers("cats_int64s", ()), DType.I64)
    (count,) = categories.shape
    if count == 0:
        raise OpError(f"there are no categories for an input of {x.dtype.text}")
    found = b.one(Lookup(), x, categories)
    places = b.iota(count)
    if not call.flag("zeros", True):
        found = b.one(Gather(0), places, found)  # an unknown category is no index of it
    return b.cast(b.binary("eq", b.reshape(found, (*found.shape, 1)), places), DType.F32)
