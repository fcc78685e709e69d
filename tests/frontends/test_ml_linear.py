"""Linear models and support vector machines of ai.onnx.ml against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ml_models import check_ml, ml_model
from onnx_models import imported

from edgec.frontends.onnx import ExportError

RANDOM = np.random.default_rng(2)
X = RANDOM.standard_normal((6, 4)).astype(np.float32)
INPUTS = [X, X.astype(np.float64), (X * 3).astype(np.int64), X[0]]
TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"]
KERNELS = ["LINEAR", "POLY", "RBF", "SIGMOID"]
FLOAT, INT64, STRING = 1, 7, 8


def numbers(count: int, scale: float = 1.0) -> list[float]:
    return [float(v) for v in RANDOM.standard_normal(count) * scale]


@pytest.mark.parametrize("kind", TRANSFORMS)
@pytest.mark.parametrize("targets", [1, 3])
def test_linear_regressor(kind: str, targets: int) -> None:
    given = {"coefficients": numbers(4 * targets), "intercepts": numbers(targets), "targets": targets}
    check_ml("LinearRegressor", {"x": X}, {"y": FLOAT}, 1, post_transform=kind, **given)


def test_linear_regressor_without_intercepts() -> None:
    check_ml("LinearRegressor", {"x": X}, {"y": FLOAT}, 1, coefficients=numbers(8), targets=2)


@pytest.mark.parametrize("kind", TRANSFORMS)
@pytest.mark.parametrize(("scores", "labels"), [(1, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("texts", [False, True])
def test_linear_classifier(kind: str, scores: int, labels: int, texts: bool) -> None:
    given: dict[str, Any] = {"coefficients": numbers(4 * scores), "intercepts": numbers(scores)}
    given |= names_of(labels, texts)
    results = {"label": STRING if texts else INT64, "scores": FLOAT}
    check_ml("LinearClassifier", {"x": X}, results, 1, post_transform=kind, **given)


@pytest.mark.parametrize("x", INPUTS)
def test_input_types(x: Any) -> None:
    given = {"coefficients": numbers(12), "intercepts": numbers(3), **names_of(3, False)}
    check_ml("LinearClassifier", {"x": x}, {"label": INT64, "scores": FLOAT}, 1, **given)


def test_probit() -> None:
    x, given = (
        X * 0.1 + 0.5,
        {"coefficients": [0.2, 0.1, 0.3, 0.2, 0.3, 0.1, 0.2, 0.2], "intercepts": [0.1, 0.0]},
    )
    check_ml("LinearRegressor", {"x": x}, {"y": FLOAT}, 1, post_transform="PROBIT", targets=2, **given)


def names_of(labels: int, texts: bool) -> dict[str, Any]:
    if texts:
        return {"classlabels_strings": [f"class {i}" for i in range(labels)]}
    return {"classlabels_ints": [10 * i + 3 for i in range(labels)]}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("one_class", [0, 1])
def test_svm_regressor(kernel: str, one_class: int) -> None:
    given = {"coefficients": numbers(5), "rho": numbers(1), "support_vectors": numbers(20), "n_supports": 5}
    given |= {"kernel_type": kernel, "kernel_params": [0.3, 0.5, 3.0], "one_class": one_class}
    check_ml("SVMRegressor", {"x": X}, {"y": FLOAT}, 1, **given)


def test_linear_svm_regressor() -> None:
    given = {
        "coefficients": numbers(4),
        "rho": numbers(1),
        "kernel_type": "LINEAR",
        "kernel_params": [0.0] * 3,
    }
    check_ml("SVMRegressor", {"x": X}, {"y": FLOAT}, 1, n_supports=0, **given)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("chances", [False, True])
@pytest.mark.parametrize("kind", ["NONE", "SOFTMAX", "LOGISTIC"])
def test_svm_classifier(kernel: str, classes: int, chances: bool, kind: str) -> None:
    counts = [2 + i for i in range(classes)]
    total, pairs = sum(counts), classes * (classes - 1) // 2
    given: dict[str, Any] = {
        "vectors_per_class": counts,
        "support_vectors": numbers(total * 4),
        "coefficients": numbers(total * (classes - 1)),
        "rho": numbers(pairs),
        "kernel_type": kernel,
        "kernel_params": [0.3, 0.5, 3.0],
        "post_transform": kind,
        **names_of(classes, kernel == "RBF"),
    }
    if chances:
        given |= {"prob_a": numbers(pairs), "prob_b": numbers(pairs)}
    results = {"label": STRING if kernel == "RBF" else INT64, "scores": FLOAT}
    check_ml("SVMClassifier", {"x": X}, results, 1, **given)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("kind", TRANSFORMS)
def test_linear_svm_classifier(classes: int, positive: bool, kind: str) -> None:
    weights = numbers(4 * classes, 0.3)
    given: dict[str, Any] = {"coefficients": [abs(w) for w in weights] if positive else weights}
    given |= {"rho": [0.1], "post_transform": kind, **names_of(classes, False)}
    given |= {"kernel_type": "LINEAR", "kernel_params": [0.0] * 3}
    check_ml("SVMClassifier", {"x": X}, {"label": INT64, "scores": FLOAT}, 1, **given)


LABELS = {"classlabels_ints": [0, 1, 2]}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("LinearClassifier", {"coefficients": [1.0] * 12}, "neither classlabels_strings nor classlabels_ints"),
    ("LinearClassifier", {"coefficients": [1.0] * 7, "intercepts": [0.0] * 3, **LABELS}, "7 coefficients"),
    (
        "LinearClassifier",
        {"coefficients": [1.0] * 8, "intercepts": [0.0] * 2, **LABELS},
        "2 scores for 3 labels",
    ),
    ("LinearRegressor", {"coefficients": [1.0] * 8, "post_transform": "EXP", "targets": 2}, "is 'EXP'"),
    ("LinearRegressor", {"coefficients": [1.0] * 6, "targets": 2}, "inner size"),
    ("SVMRegressor", {"coefficients": [1.0] * 4}, "rho is empty"),
    (
        "SVMRegressor",
        {"coefficients": [1.0], "rho": [0.0], "n_supports": 3, "support_vectors": [1.0]},
        "3 vectors",
    ),
    ("SVMClassifier", {"vectors_per_class": [1, 1], **LABELS}, "a count for each label"),
    ("SVMClassifier", {"vectors_per_class": [1, 1, 1], "rho": [0.0], **LABELS}, "too few for 3 classes"),
]


@pytest.mark.parametrize(("operator", "attributes", "reason"), REFUSED)
def test_refusals(operator: str, attributes: dict[str, Any], reason: str) -> None:
    results = {"y": FLOAT} if "Regressor" in operator else {"label": INT64, "scores": FLOAT}
    with pytest.raises(ExportError, match=reason):
        imported(ml_model(operator, {"x": X}, results, **attributes))
