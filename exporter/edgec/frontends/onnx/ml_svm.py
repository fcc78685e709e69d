"""ai.onnx.ml: support vector machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgec.frontends.onnx import ml_scores
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.ml_linear import linear, transformed
from edgec.frontends.onnx.ml_scores import ML, Labels, number, rows_of
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.base import OpError
from edgec.ops.gather import Gather
from edgec.ops.reduce import Reduce
from edgec.ops.svm import PairwiseCoupling

Array = np.ndarray[Any, Any]


def kernel_values(b: Builder, call: Call, x: Value, vectors: Array) -> Value:
    """The kernel of each row of x with each support vector: f32 [rows, vectors]."""
    given = call.reals("kernel_params") or (0.0, 0.0, 0.0)
    if len(given) != 3:
        raise OpError(f"kernel_params has {len(given)} entries, expected gamma, coef0 and degree")
    gamma, coef, degree = given
    kind = call.text("kernel_type", "LINEAR")
    if kind == "RBF":
        return _rbf(b, x, vectors, gamma)
    product = multiply(b, x, b.constant(np.ascontiguousarray(vectors.T)))
    if kind == "LINEAR":
        return product
    p = scalar.Builder([DType.F32])
    line = p("add", p("mul", 0, p.const(gamma, DType.F32)), p.const(coef, DType.F32))
    if kind == "POLY":
        return b.map(p.finish(p("pow", line, p.const(degree, DType.F32))), [product])
    if kind == "SIGMOID":
        return b.map(p.finish(p("tanh", line)), [product])
    raise OpError(f"kernel_type is '{kind}', expected LINEAR, POLY, RBF or SIGMOID")


def _rbf(b: Builder, x: Value, vectors: Array, gamma: float) -> Value:
    """exp(-gamma |x - v|^2), the square written out; in f64, since its terms cancel."""
    wide, others = b.cast(x, DType.F64), vectors.astype(np.float64)
    squares = b.one(Reduce("sum", (1,)), b.binary("mul", wide, wide))
    product = multiply(b, wide, b.constant(np.ascontiguousarray(others.T)))
    p = scalar.Builder([DType.F64] * 3)
    distance = p("sub", p("add", 0, 1), p("mul", p.const(2.0, DType.F64), 2))
    distance = p("max", distance, p.const(0.0, DType.F64))
    result = p.cast(p("exp", p("mul", p.const(-gamma, DType.F64), distance)), DType.F32)
    return b.map(p.finish(result), [squares, b.constant((others**2).sum(1)), product], DType.F32)


def _vectors(call: Call, count: int) -> Array:
    numbers = call.reals("support_vectors")
    if not numbers or len(numbers) % count:
        raise OpError(f"support_vectors has {len(numbers)} entries for {count} vectors")
    return np.array(numbers, np.float32).reshape(count, -1)


@onnx_op("SVMRegressor", domain=ML)
def svm_regressor(b: Builder, call: Call) -> Value:
    x, count = rows_of(b, call.operand(0)), call.integer("n_supports", 0)
    coefficients, rho = call.reals("coefficients"), call.reals("rho")[:1]
    if not rho:
        raise OpError("rho is empty")
    features = kernel_values(b, call, x, _vectors(call, count)) if count > 0 else x
    result = linear(b, features, coefficients, rho)
    if not call.flag("one_class"):
        return result
    inside = b.binary("gt", result, number(b, 0.0, result))
    return select(b, inside, number(b, 1.0, result), number(b, -1.0, result))


@onnx_op("SVMClassifier", domain=ML)
def svm_classifier(b: Builder, call: Call) -> Sequence[Value]:
    """Scores of classes, or of the pairs of classes, which vote."""
    labels = ml_scores.class_labels(call, "classlabels_ints")
    x = rows_of(b, call.operand(0))
    if sum(call.integers("vectors_per_class", ())) == 0:
        return _linear_classifier(b, call, x, labels)
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    scores = _pair_scores(b, call, x, pairs)
    label = ml_scores.pick_labels(b, labels, _most_votes(b, scores, pairs, len(labels)))
    kind = call.text("post_transform", "NONE")
    if call.reals("prob_a"):
        chances = _probabilities(b, call, scores, pairs, len(labels))
        return [label, ml_scores.post_transform(b, chances, kind)]
    if len(pairs) == 1:
        return [label, ml_scores.mirrored(b, transformed(b, scores, kind), kind, kind != "NONE")]
    return [label, ml_scores.post_transform(b, scores, kind)]


def _linear_classifier(b: Builder, call: Call, x: Value, labels: Labels) -> list[Value]:
    """One score per class; of two classes the second wins wherever a score is high enough."""
    coefficients = call.reals("coefficients")
    scores = linear(b, x, coefficients, call.reals("rho")[:1] * len(labels))
    best = b.one(ArgReduce("max", 1, False), scores)
    if len(labels) == 2 and not call.reals("prob_a"):
        top = b.one(Reduce("max", (1,), False), scores)
        positive = min(coefficients) >= 0
        high = b.binary("ge" if positive else "gt", top, number(b, 0.5 if positive else 0.0, top))
        best = select(b, high, b.constant(1, DType.I64), best)
    scores = transformed(b, scores, call.text("post_transform", "NONE"))
    return [ml_scores.pick_labels(b, labels, best), scores]


def _pair_scores(b: Builder, call: Call, x: Value, pairs: Sequence[tuple[int, int]]) -> Value:
    """[rows, pairs]: each pair's weighted kernel values of the support vectors of its two classes."""
    counts = call.integers("vectors_per_class")
    total, classes, rho = sum(counts), len(counts), call.reals("rho")
    given = np.array(call.reals("coefficients"), np.float32)
    if len(pairs) != classes * (classes - 1) // 2 or min(counts) < 0:
        raise OpError(f"vectors_per_class is {counts}, expected a count for each label")
    if len(rho) < len(pairs) or len(given) < (classes - 1) * total:
        raise OpError(f"{len(rho)} rho and {len(given)} coefficients, too few for {classes} classes")
    given = given[: (classes - 1) * total].reshape(classes - 1, total)
    starts = np.cumsum([0, *counts])
    weights = np.zeros((len(pairs), total), np.float32)
    for row, (i, j) in enumerate(pairs):
        for own, other in ((i, j - 1), (j, i)):
            part = slice(starts[own], starts[own + 1])
            weights[row, part] = given[other, part]
    kernels = kernel_values(b, call, x, _vectors(call, total))
    return linear(b, kernels, tuple(weights.reshape(-1).tolist()), rho[: len(pairs)])


def _most_votes(b: Builder, scores: Value, pairs: Sequence[tuple[int, int]], classes: int) -> Value:
    """The class that most pairs are for: the first of a pair where its score is positive."""
    gained, start = np.zeros((len(pairs), classes), np.float32), np.zeros(classes, np.float32)
    for row, (i, j) in enumerate(pairs):
        gained[row, i], gained[row, j] = 1, -1
        start[j] += 1
    won = b.cast(b.binary("gt", scores, number(b, 0.0, scores)), DType.F32)
    votes = b.binary("add", multiply(b, won, b.constant(gained)), b.constant(start))
    return b.one(ArgReduce("max", 1, False), votes)


def _probabilities(
    b: Builder, call: Call, scores: Value, pairs: Sequence[tuple[int, int]], classes: int
) -> Value:
    """Platt's probabilities of the pairs, coupled to those of the classes."""
    slopes, offsets = call.reals("prob_a"), call.reals("prob_b")
    if len(slopes) < len(pairs) or len(offsets) < len(pairs):
        raise OpError(
            f"prob_a and prob_b have {len(slopes)} and {len(offsets)} entries for {len(pairs)} pairs"
        )
    slope, offset = (b.constant(np.array(v[: len(pairs)], np.float32)) for v in (slopes, offsets))
    line = b.binary("add", b.binary("mul", scores, slope), offset)
    chance = b.unary("sigmoid", b.unary("neg", line))
    chance = b.binary("max", chance, number(b, 1e-7, chance))
    chance = b.binary("min", chance, number(b, float(np.float32(1 - 1e-7)), chance))
    both = b.concat([chance, b.binary("sub", number(b, 1.0, chance), chance)], 1)
    places = np.zeros((classes, classes), np.int64)  # what stands on the diagonal is not read
    for row, (i, j) in enumerate(pairs):
        places[i, j], places[j, i] = row, row + len(pairs)
    return b.one(PairwiseCoupling(), b.one(Gather(1), both, b.constant(places)))
