"""Feature operators of ai.onnx.ml against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ml_models import check_ml, ml_model
from onnx_models import imported

from edgec.frontends.onnx import ExportError
from edgec.interpreter import InterpretError, interpret

RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((5, 4)).astype(np.float32)
WHOLE = RANDOM.integers(-3, 4, (5, 4))
HOLES = np.where(X > 1, np.float32(np.nan), X)
WORDS = np.array([["a", "bee"], ["", "c"]], object)
FLOAT, INT64, STRING = 1, 7, 8
# operator, attributes, inputs, element type of the result
CASES: list[tuple[str, dict[str, Any], list[Any], int]] = [
    ("ArrayFeatureExtractor", {}, [X, np.array([2, 0])], FLOAT),
    ("ArrayFeatureExtractor", {}, [X[0], np.array([3])], FLOAT),
    ("ArrayFeatureExtractor", {}, [WORDS, np.array([[1, 0, 1]])], STRING),
    ("ArrayFeatureExtractor", {}, [RANDOM.integers(0, 9, (2, 3, 4)), np.array([1])], INT64),
    ("Binarizer", {}, [X], FLOAT),
    ("Binarizer", {"threshold": 0.5}, [X], FLOAT),
    ("Imputer", {"imputed_value_floats": [7.0], "replaced_value_float": float("nan")}, [HOLES], FLOAT),
    (
        "Imputer",
        {"imputed_value_floats": [1.0, 2.0, 3.0, 4.0], "replaced_value_float": 0.0},
        [X * (X > 0)],
        1,
    ),
    ("Imputer", {"imputed_value_int64s": [9, 8, 7, 6], "replaced_value_int64": 2}, [WHOLE], INT64),
    ("FeatureVectorizer", {"inputdimensions": [4, 4]}, [X, X * 2], FLOAT),
    ("FeatureVectorizer", {"inputdimensions": [2, 6]}, [WHOLE, WHOLE * 2], FLOAT),
    *(("Normalizer", {"norm": norm}, [X], FLOAT) for norm in ("MAX", "L1", "L2")),
    *(("Normalizer", {"norm": norm}, [WHOLE * (WHOLE > 2)], FLOAT) for norm in ("L1", "L2")),
    ("Normalizer", {"norm": "L2"}, [X[0]], FLOAT),
    ("Scaler", {"offset": [1.0], "scale": [2.0]}, [X], FLOAT),
    ("Scaler", {"offset": [1.0, 0.5, -1.0, 0.0], "scale": [2.0, 1.0, 0.5, 3.0]}, [WHOLE], FLOAT),
    ("OneHotEncoder", {"cats_int64s": [2, -1, 0]}, [WHOLE], FLOAT),
    ("OneHotEncoder", {"cats_int64s": [2, -1, 0]}, [(WHOLE + 0.75).astype(np.float32)], FLOAT),
    ("OneHotEncoder", {"cats_strings": ["bee", "a"]}, [WORDS], FLOAT),
    ("OneHotEncoder", {"cats_int64s": [-3, -2, -1, 0, 1, 2, 3], "zeros": 0}, [WHOLE], FLOAT),
]


@pytest.mark.parametrize(("operator", "attributes", "inputs", "kind"), CASES)
def test_operator(operator: str, attributes: dict[str, Any], inputs: list[Any], kind: int) -> None:
    check_ml(operator, {f"x{i}": x for i, x in enumerate(inputs)}, {"y": kind}, 1, **attributes)


def test_binarizer_of_integers() -> None:
    model = ml_model("Binarizer", {"x": WHOLE}, {"y": INT64}, threshold=0.5)
    np.testing.assert_array_equal(interpret(imported(model), {"x": WHOLE})["y"], WHOLE > 0)


def test_unknown_category_is_an_error_where_asked_for() -> None:
    model = ml_model("OneHotEncoder", {"x": WHOLE}, {"y": FLOAT}, cats_int64s=[1, 2], zeros=0)
    with pytest.raises(InterpretError, match="index 2 is out of range"):
        interpret(imported(model), {"x": WHOLE})


REFUSED: list[tuple[str, dict[str, Any], Any, str]] = [
    ("Imputer", {"imputed_value_int64s": [1]}, X, "no imputed values for an input of f32"),
    ("Normalizer", {"norm": "L3"}, X, "norm is 'L3'"),
    ("Scaler", {"scale": [1.0]}, X, "offset and scale must have"),
    ("Scaler", {"offset": [1.0, 2.0], "scale": [1.0]}, X, "broadcast"),
    ("OneHotEncoder", {"cats_int64s": [1]}, WORDS, "no categories for an input of string"),
    ("FeatureVectorizer", {"inputdimensions": [1, 2]}, X, "2 entries for 1 inputs"),
    ("ArrayFeatureExtractor", {}, X, "input 1 is missing"),
]


@pytest.mark.parametrize(("operator", "attributes", "x", "reason"), REFUSED)
def test_refusals(operator: str, attributes: dict[str, Any], x: Any, reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        imported(ml_model(operator, {"x": x}, {"y": FLOAT}, **attributes))
