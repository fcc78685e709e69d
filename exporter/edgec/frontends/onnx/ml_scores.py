"""What the classifiers and regressors of ai.onnx.ml share: rows of features, post-transforms, labels."""

from __future__ import annotations

import math
from typing import Union

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.reduce import Reduce
from edgec.ops.softmax import Softmax

ML = "ai.onnx.ml"
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")  # in the order of their codes
Labels = Union[tuple[int, ...], tuple[str, ...]]


def rows_of(b: Builder, x: Value, dtype: DType = DType.F32) -> Value:
    """x as [rows, features] of `dtype`; a vector is one row."""
    if x.rank not in (1, 2):
        raise OpError(f"the input is {x.type}, expected [features] or [rows, features]")
    return b.cast(x if x.rank == 2 else b.reshape(x, (1, *x.shape)), dtype)


def number(b: Builder, value: float, x: Value) -> Value:
    """A constant of x's dtype."""
    return b.constant(value, x.dtype)


def post_transform(b: Builder, scores: Value, kind: str) -> Value:
    """Scores [rows, n] after a transform of ai.onnx.ml. Raises OpError for an unknown one."""
    if kind == "NONE":
        return scores
    if kind == "SOFTMAX":
        return b.one(Softmax(1), scores)
    if kind == "LOGISTIC":
        return b.unary("sigmoid", scores)
    if kind == "SOFTMAX_ZERO":
        return _softmax_zero(b, scores)
    if kind == "PROBIT":
        return _probit(b, scores)
    raise OpError(f"post_transform is '{kind}', expected one of {', '.join(TRANSFORMS)}")


def _softmax_zero(b: Builder, x: Value) -> Value:
    """Softmax over the scores that are not 0, which stay 0; 0.5 for all where no score is anything else."""
    top = b.one(Reduce("max", (1,)), x)
    p = scalar.Builder([x.dtype, x.dtype])
    other = p("gt", p("abs", 0), p.const(1e-7, x.dtype))
    grown = p("exp", p("sub", 0, 1))
    powers = b.map(p.finish(p("select", other, grown, p.const(0.0, x.dtype))), [x, top], x.dtype)
    total = b.one(Reduce("sum", (1,)), powers)
    empty = b.binary("eq", total, number(b, 0.0, x))
    return select(b, empty, number(b, 0.5, x), b.binary("div", powers, total))


def _probit(b: Builder, x: Value) -> Value:
    """The quantile of the normal distribution, by Winitzki's approximation of the inverse of erf."""
    p = scalar.Builder([x.dtype])

    def const(value: float) -> int:
        return p.const(value, x.dtype)

    y = p("sub", p("mul", 0, const(2.0)), const(1.0))
    log = p("log", p("mul", p("sub", const(1.0), y), p("add", const(1.0), y)))
    half = p("add", const(2.0 / (math.pi * 0.147)), p("mul", const(0.5), log))
    inner = p("sub", p("mul", half, half), p("mul", const(1.0 / 0.147), log))
    size = p("mul", const(math.sqrt(2.0)), p("sqrt", p("sub", p("sqrt", inner), half)))
    result = p("select", p("lt", y, const(0.0)), p("neg", size), size)
    return b.map(p.finish(result), [x], x.dtype)


def class_labels(call: Call, integers: str = "classlabels_int64s") -> Labels:
    """The labels of a classifier: strings where it has any. Raises OpError where it has none."""
    texts = call.texts("classlabels_strings")
    found: Labels = texts or call.integers(integers, ())
    if not found:
        raise OpError(f"neither classlabels_strings nor {integers} has labels")
    return found


def label_vector(b: Builder, labels: Labels) -> Value:
    """Labels as a constant vector."""
    if isinstance(labels[0], str):
        return b.constant(np.array(labels, object), DType.STRING)
    return b.constant(labels, DType.I64)


def pick_labels(b: Builder, labels: Labels, position: Value) -> Value:
    """labels[position]."""
    return b.one(Gather(0), label_vector(b, labels), position)


def best_label(b: Builder, labels: Labels, scores: Value) -> Value:
    """The label of the greatest score of each row, the first among equals."""
    return pick_labels(b, labels, b.one(ArgReduce("max", 1, False), scores))


def two_labels(labels: Labels) -> Labels:
    """(negative, positive): the labels where there are two, else 0 and 1 as ONNX says."""
    if len(labels) == 2:
        return labels
    return ("0", "1") if isinstance(labels[0], str) else (0, 1)


def label_above(b: Builder, labels: Labels, score: Value, limit: float) -> Value:
    """The positive label where score [rows, 1] is above the limit, else the negative one."""
    above = b.cast(b.binary("gt", score, number(b, limit, score)), DType.I64)
    return pick_labels(b, two_labels(labels), b.reshape(above, (score.shape[0],)))


def mirrored(b: Builder, score: Value, kind: str, from_one: bool) -> Value:
    """[rows, 1] as scores of both classes: 1 - s and s, or -s and s; LOGISTIC takes that of -s and s."""
    if kind == "LOGISTIC":
        return b.unary("sigmoid", b.concat([b.unary("neg", score), score], 1))
    other = b.binary("sub", number(b, 1.0, score), score) if from_one else b.unary("neg", score)
    return b.concat([other, score], 1)
