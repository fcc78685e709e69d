"""ai.onnx.ml: linear models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgec.frontends.onnx import ml_scores
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.ml_scores import ML, rows_of
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.base import OpError


def linear(b: Builder, x: Value, coefficients: tuple[float, ...], added: tuple[float, ...]) -> Value:
    """x [rows, features] times coefficients [n, features] transposed, plus one number of `added` for each.

    Coefficients behind those that the features need count for nothing, as in ONNX Runtime.
    """
    n, features = len(added), x.shape[1]
    if isinstance(features, int) and 0 < n * features < len(coefficients):
        coefficients = coefficients[: n * features]
    if not coefficients or len(coefficients) % n:
        raise OpError(f"{len(coefficients)} coefficients do not make {n} rows")
    matrix = b.constant(np.array(coefficients, np.float32).reshape(n, -1).T)
    return b.binary("add", multiply(b, x, matrix), b.constant(np.array(added, np.float32)))


def transformed(b: Builder, scores: Value, kind: str) -> Value:
    """Scores after a post-transform; of a single score only PROBIT means anything."""
    return scores if scores.shape[1] == 1 and kind != "PROBIT" else ml_scores.post_transform(b, scores, kind)


@onnx_op("LinearRegressor", domain=ML)
def linear_regressor(b: Builder, call: Call) -> Value:
    count = call.integer("targets", 1)
    added = call.reals("intercepts") or (0.0,) * max(count, 1)
    if len(added) != count:
        raise OpError(f"intercepts has {len(added)} entries for {count} targets")
    scores = linear(b, rows_of(b, call.operand(0)), call.reals("coefficients"), added)
    return transformed(b, scores, call.text("post_transform", "NONE"))


@onnx_op("LinearClassifier", domain=ML)
def linear_classifier(b: Builder, call: Call) -> Sequence[Value]:
    """The best class and the scores of all; a single score is that of the second of two classes."""
    labels = ml_scores.class_labels(call, "classlabels_ints")
    kind = call.text("post_transform", "NONE")
    added = call.reals("intercepts") or (0.0,) * len(labels)
    scores = linear(b, rows_of(b, call.operand(0)), call.reals("coefficients"), added)
    if len(added) > 1:
        if len(labels) != len(added):
            raise OpError(f"there are {len(added)} scores for {len(labels)} labels")
        return [ml_scores.best_label(b, labels, scores), ml_scores.post_transform(b, scores, kind)]
    label = ml_scores.label_above(b, labels, scores, 0.0)
    scores = transformed(b, scores, kind)
    return [label, ml_scores.mirrored(b, scores, kind, True) if len(labels) == 2 else scores]
