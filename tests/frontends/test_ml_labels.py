"""Label encoders of ai.onnx.ml against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ml_models import check_ml, ml_model
from onnx import helper
from onnx_models import imported

from edgec.frontends.onnx import ExportError
from edgec.interpreter import interpret

WORDS = np.array([["a", "bee"], ["", "Ωmega"]], object)
WHOLE = np.array([[1, 2, 3], [-1, 2, 9]])
REAL = np.array([0.5, -1.0, np.nan, 2.0, -0.0], np.float32)
FLOAT, INT64, STRING = 1, 7, 8
# operator, version, attributes, input, element type of the result
CASES: list[tuple[str, int, dict[str, Any], Any, int]] = [
    ("LabelEncoder", 1, {"classes_strings": ["bee", "a"], "default_int64": -7}, WORDS, INT64),
    ("LabelEncoder", 1, {"classes_strings": ["zero", "one", "two"]}, WHOLE, STRING),
    ("LabelEncoder", 2, {"keys_strings": ["a", "Ωmega"], "values_int64s": [10, 20]}, WORDS, INT64),
    ("LabelEncoder", 2, {"keys_strings": ["a", ""], "values_strings": ["x", "y"]}, WORDS, STRING),
    ("LabelEncoder", 2, {"keys_strings": ["a"], "values_floats": [0.5]}, WORDS, FLOAT),
    ("LabelEncoder", 2, {"keys_int64s": [2, 9], "values_strings": ["b", "i"]}, WHOLE, STRING),
    ("LabelEncoder", 2, {"keys_int64s": [2], "values_floats": [0.5], "default_float": 8.0}, WHOLE, FLOAT),
    ("LabelEncoder", 2, {"keys_floats": [0.5, 2.0, 0.0], "values_int64s": [1, 2, 3]}, REAL, INT64),
    ("CategoryMapper", 1, {"cats_strings": ["a", "bee"], "cats_int64s": [7, 8]}, WORDS, INT64),
    ("CategoryMapper", 1, {"cats_strings": ["p", "q"], "cats_int64s": [2, 9]}, WHOLE, STRING),
]


@pytest.mark.parametrize(("operator", "version", "attributes", "x", "kind"), CASES)
def test_encoder(operator: str, version: int, attributes: dict[str, Any], x: Any, kind: int) -> None:
    check_ml(operator, {"x": x}, {"y": kind}, version, **attributes)


def test_tensors_of_keys_and_values() -> None:
    lists = {"keys_tensor": ([1, 2, 3], 6), "values_tensor": ([10, 20, 30], 5), "default_tensor": ([-4], 5)}
    tensors = {name: helper.make_tensor("t", kind, [len(v)], v) for name, (v, kind) in lists.items()}
    x = WHOLE.astype(np.int32)
    model = ml_model("LabelEncoder", {"x": x}, {"y": 5}, 4, **tensors)
    found = interpret(imported(model), {"x": x})["y"]
    assert found.tolist() == [[10, 20, 30], [-4, 20, -4]] and found.dtype == np.int16


def test_nan_is_a_key_and_the_last_of_equal_keys_counts() -> None:
    attributes = {"keys_floats": [np.nan, 2.0, 2.0], "values_int64s": [1, 2, 3]}
    model = ml_model("LabelEncoder", {"x": REAL}, {"y": INT64}, **attributes)
    assert interpret(imported(model), {"x": REAL})["y"].tolist() == [-1, -1, 1, 3, -1]


REFUSED: list[tuple[str, dict[str, Any], Any, str]] = [
    ("LabelEncoder", {"keys_int64s": [1], "values_int64s": [1, 2]}, WHOLE, "1 keys for 2 values"),
    ("LabelEncoder", {"keys_int64s": [1]}, WHOLE, "there are no values"),
    ("LabelEncoder", {"keys_strings": ["a"], "values_int64s": [1]}, WHOLE, "the keys are string"),
    ("CategoryMapper", {"cats_strings": ["a"]}, WORDS, "1 keys for 0 values"),
]


@pytest.mark.parametrize(("operator", "attributes", "x", "reason"), REFUSED)
def test_refusals(operator: str, attributes: dict[str, Any], x: Any, reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        imported(ml_model(operator, {"x": x}, {"y": INT64}, **attributes))
