"""Operators on strings against ONNX Runtime or the reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from ml_models import ml_model
from onnx import TensorProto, helper
from onnx_models import imported, run_onnxruntime

from edgec.frontends.onnx import ExportError
from edgec.interpreter import InterpretError, interpret

WORDS = np.array(["monday", "Tuesday", "WEDNESDAY", "", "été", "monday"], object)
FLOAT, INT64, BOOL, STRING = 1, 7, 9, 8


def model(operator: str, inputs: Mapping[str, Any], results: Mapping[str, int], **attributes: Any) -> Any:
    made = ml_model(operator, inputs, results, **attributes)
    made.graph.node[0].domain = ""
    made.opset_import[1].version = 20
    return made


def check(operator: str, inputs: Mapping[str, Any], results: Mapping[str, int], **attributes: Any) -> None:
    """The interpreter's results equal ONNX Runtime's."""
    made = model(operator, inputs, results, **attributes)
    found = list(interpret(imported(made), dict(inputs)).values())
    for got, wanted in zip(found, run_onnxruntime(made, inputs), strict=True):
        assert got.shape == np.shape(wanted) and got.tolist() == np.asarray(wanted).tolist()


@pytest.mark.parametrize("action", ["NONE", "LOWER", "UPPER"])
@pytest.mark.parametrize("sensitive", [0, 1])
@pytest.mark.parametrize("stops", [[], ["monday"], ["MONDAY", "tuesday", ""], ["x"]])
@pytest.mark.parametrize("rank", [1, 2])
def test_string_normalizer(action: str, sensitive: int, stops: list[str], rank: int) -> None:
    x = WORDS if rank == 1 else WORDS.reshape(1, -1)
    given = {"case_change_action": action, "is_case_sensitive": sensitive, "locale": "C.UTF-8"}
    if stops:
        given["stopwords"] = stops
    check("StringNormalizer", {"x": x}, {"y": STRING}, **given)


def test_normalizer_that_drops_all() -> None:
    for x in (WORDS[:1], WORDS[:1].reshape(1, 1)):
        check(
            "StringNormalizer",
            {"x": x},
            {"y": STRING},
            stopwords=["monday"],
            is_case_sensitive=1,
            locale="C.UTF-8",
        )


def test_other_text_operators() -> None:
    check("Equal", {"x": WORDS, "y": WORDS[::-1].copy()}, {"z": BOOL})
    check("StringConcat", {"x": WORDS.reshape(6, 1), "y": WORDS[:2]}, {"z": STRING})
    check("RegexFullMatch", {"x": WORDS}, {"y": BOOL}, pattern=r"(?i)[a-z]+day")
    check("StringSplit", {"x": np.array(["a b", "c  d e"], object)}, {"y": STRING, "z": INT64}, maxsplit=1)
    check("Where", {"c": WORDS == "monday", "x": WORDS, "y": WORDS[:1]}, {"z": STRING})


POOLS: list[tuple[str, Any, list[Any]]] = [
    ("pool_int64s", np.array([[1, 2, 3, 1, 2], [5, 4, 3, 2, 2]]), [1, 2, 3, 4, 1, 2, 2, 2, 3, 1]),
    ("pool_int64s", np.array([1, 2, 3, 1, 2], np.int32), [1, 2, 3, 4, 1, 2, 2, 2, 3, 1]),
    ("pool_strings", np.array([list("abcab"), list("edcbb")], object), list("abcdabbbca")),
]


@pytest.mark.parametrize(("name", "x", "pool"), POOLS)
@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize(("least", "most", "skips"), [(1, 1, 0), (2, 2, 0), (1, 2, 3), (2, 2, 2)])
def test_tfidf(name: str, x: Any, pool: list[Any], mode: str, least: int, most: int, skips: int) -> None:
    given = {"ngram_counts": [0, 4], "ngram_indexes": [6, 0, 1, 2, 5, 4, 3], name: pool, "mode": mode}
    given |= {"min_gram_length": least, "max_gram_length": most, "max_skip_count": skips}
    if mode != "TF":
        given["weights"] = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    check("TfIdfVectorizer", {"x": x}, {"y": FLOAT}, **given)


def test_casts() -> None:
    x = np.array(["1.5", "-7", "INF", "nan", "1e3"], object)
    for kind in (FLOAT, TensorProto.DOUBLE):
        made = model("Cast", {"x": x}, {"y": kind}, to=kind)
        np.testing.assert_array_equal(
            interpret(imported(made), {"x": x})["y"], run_onnxruntime(made, {"x": x})[0]
        )
    check("Cast", {"x": np.array(["12", "-7"], object)}, {"y": INT64}, to=INT64)
    check("Cast", {"x": np.array([3, -12345], np.int32)}, {"y": STRING}, to=STRING)
    x = np.array([0.5, 1e-7, 3], np.float16)
    made = model("Cast", {"x": x}, {"y": STRING}, to=STRING)
    assert interpret(imported(made), {"x": x})["y"].tolist() == ["0.5", "1.1920929e-07", "3.0"]


def test_text_that_is_no_number() -> None:
    made = model("Cast", {"x": WORDS}, {"y": FLOAT}, to=FLOAT)
    with pytest.raises(InterpretError, match="'monday' is no number"):
        interpret(imported(made), {"x": WORDS})


REFUSED: list[tuple[str, dict[str, Any], Any, str]] = [
    ("RegexFullMatch", {"pattern": "(?=a)b"}, WORDS, "not part of RE2"),
    ("RegexFullMatch", {"pattern": "a("}, WORDS, "a \\( has no \\)"),
    ("StringNormalizer", {"case_change_action": "TITLE"}, WORDS, "is 'TITLE'"),
    ("StringNormalizer", {}, WORDS.reshape(1, 2, 3), "expected \\[C\\]"),
    ("StringNormalizer", {"stopwords": ["a"]}, WORDS.reshape(2, 3), "expected \\[C\\]"),
    ("StringSplit", {}, np.zeros(3), "expected strings"),
    ("Cast", {"to": TensorProto.COMPLEX64}, WORDS, "not as c64"),
]
GRAMS = {"ngram_counts": [0], "ngram_indexes": [0, 1], "pool_int64s": [1, 2], "mode": "TF"}
GRAMS |= {"min_gram_length": 1, "max_gram_length": 1, "max_skip_count": 0}
for changed, reason in (
    ({"ngram_counts": [3]}, "rising places"),
    ({"ngram_counts": [-1]}, "rising places"),
    ({"ngram_indexes": [0]}, "too few for the pool"),
    ({"ngram_indexes": [0, -1]}, "negative entries"),
    ({"mode": "LOG"}, "mode is 'LOG'"),
    ({"mode": "IDF", "weights": [1.0]}, "1 weights for 2 n-grams"),
    ({"min_gram_length": 0}, "0 to 1 tokens"),
):
    REFUSED.append(("TfIdfVectorizer", {**GRAMS, **changed}, np.array([[1, 2]]), reason))


@pytest.mark.parametrize(("operator", "attributes", "x", "reason"), REFUSED)
def test_refusals(operator: str, attributes: dict[str, Any], x: Any, reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        imported(model(operator, {"x": x}, {"y": FLOAT}, **attributes))


SCORES = np.array([[0.1, 0.9], [0.75, 0.25], [0.5, 0.5]], np.float32)


@pytest.mark.parametrize("labels", [{"classlabels_strings": ["no", "yes"]}, {"classlabels_int64s": [3, -1]}])
def test_zip_map(labels: dict[str, Any]) -> None:
    key = STRING if "classlabels_strings" in labels else INT64
    made = ml_model("ZipMap", {"x": SCORES}, {"y": FLOAT}, 1, **labels)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    value = helper.make_tensor_type_proto(FLOAT, [])
    made.graph.output[0].type.CopyFrom(
        helper.make_sequence_type_proto(helper.make_map_type_proto(key, value))
    )
    for x in (SCORES, SCORES[:1], SCORES[:0]):
        found, expected = interpret(imported(made), {"x": x})["y"], run_onnxruntime(made, {"x": x})[0]
        assert len(found) == len(expected) == len(x)
        assert all(a == pytest.approx(b) for a, b in zip(found, expected))


def map_model(operator: str, key: int, value: int, result: int, **attributes: Any) -> Any:
    made = ml_model(operator, {"x": SCORES}, {"y": result}, 1, **attributes)
    kind = helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))
    made.graph.input[0].type.CopyFrom(kind)
    return made


MAPS: list[tuple[str, int, int, int, dict[str, Any], dict[Any, Any], list[Any]]] = [
    (
        "DictVectorizer",
        STRING,
        FLOAT,
        FLOAT,
        {"string_vocabulary": ["b", "x", "a"]},
        {"a": 1.5, "b": 2.0},
        [2, 0, 1.5],
    ),
    ("DictVectorizer", STRING, INT64, INT64, {"string_vocabulary": ["a", "c"]}, {"a": 3}, [3, 0]),
    ("DictVectorizer", INT64, STRING, STRING, {"int64_vocabulary": [2, 1]}, {1: "one"}, ["", "one"]),
    ("CastMap", INT64, FLOAT, FLOAT, {}, {4: 1.5, 2: 2.5}, [2.5, 1.5]),
    ("CastMap", INT64, FLOAT, INT64, {"cast_to": "TO_INT64"}, {4: 1.5, 2: 2.5}, [2, 1]),
    (
        "CastMap",
        INT64,
        STRING,
        FLOAT,
        {"map_form": "SPARSE", "max_map": 4},
        {1: "1.5", 3: "-2"},
        [0, 1.5, 0, -2],
    ),
]


@pytest.mark.parametrize(("operator", "key", "value", "result", "attributes", "x", "expected"), MAPS)
def test_maps(
    operator: str, key: int, value: int, result: int, attributes: dict[str, Any], x: Any, expected: list[Any]
) -> None:
    made = map_model(operator, key, value, result, **attributes)
    assert interpret(imported(made), {"x": x})["y"].tolist() == [expected]
    if value == FLOAT:  # ONNX Runtime's Python interface takes no other values
        assert np.asarray(run_onnxruntime(made, {"x": x})[0]).tolist() == [expected]
