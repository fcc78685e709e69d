"""Pipelines of classic machine learning: exported once, run at several sizes, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgec
import edgert
from edgec.format.write import write_model

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
helper, ML = onnx.helper, "ai.onnx.ml"
FLOAT, INT64, STRING = 1, 7, 8
RANDOM = np.random.default_rng(0)


def built(nodes: list[Any], given: Any, results: list[Any]) -> Any:
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, 3)]
    graph = helper.make_graph(nodes, "pipeline", [given], results)
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def numbers_pipeline() -> Any:
    """Features with missing ones filled in, scaled; trees; a map of scores for each row."""
    trees = {
        "nodes_treeids": [0] * 5 + [1] * 3,
        "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
        "nodes_featureids": [0, 2, 0, 0, 0, 1, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"],
        "nodes_values": [0.1, -0.2, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0],
        "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
        "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
        "class_treeids": [0, 0, 0, 1, 1],
        "class_nodeids": [2, 3, 4, 1, 2],
        "class_ids": [0, 1, 2, 0, 2],
        "class_weights": [1.0, 1.5, 0.5, 0.25, 2.0],
        "classlabels_strings": ["cat", "dog", "eel"],
    }
    nodes = [
        helper.make_node(
            "Imputer", ["x"], ["a"], domain=ML, imputed_value_floats=[0.5], replaced_value_float=float("nan")
        ),
        helper.make_node("Scaler", ["a"], ["b"], domain=ML, offset=[0.1, 0.0, -0.1], scale=[1.0, 2.0, 0.5]),
        helper.make_node(
            "TreeEnsembleClassifier", ["b"], ["label", "scores"], domain=ML, post_transform="SOFTMAX", **trees
        ),
        helper.make_node(
            "ZipMap", ["scores"], ["maps"], domain=ML, classlabels_strings=["cat", "dog", "eel"]
        ),
    ]
    map_type = helper.make_map_type_proto(STRING, helper.make_tensor_type_proto(FLOAT, []))
    results = [
        helper.make_tensor_value_info("label", STRING, ["n"]),
        helper.make_value_info("maps", helper.make_sequence_type_proto(map_type)),
    ]
    return built(nodes, helper.make_tensor_value_info("x", FLOAT, ["n", 3]), results)


def text_pipeline() -> Any:
    """Words without stop words, in lower case; counts of one and two of them; a linear model with names."""
    nodes = [
        helper.make_node(
            "StringNormalizer",
            ["x"],
            ["a"],
            case_change_action="LOWER",
            stopwords=["the", "a"],
            locale="C.UTF-8",
        ),
        helper.make_node(
            "TfIdfVectorizer",
            ["a"],
            ["b"],
            mode="TFIDF",
            min_gram_length=1,
            max_gram_length=2,
            max_skip_count=1,
            ngram_counts=[0, 3],
            ngram_indexes=[0, 1, 2, 3],
            pool_strings=["good", "bad", "film", "good", "film"],
            weights=[1.0, 1.5, 0.5, 2.0],
        ),
        helper.make_node(
            "LinearClassifier",
            ["b"],
            ["label", "scores"],
            domain=ML,
            coefficients=[1.0, -2.0, 0.1, 1.0],
            intercepts=[-0.2],
            classlabels_strings=["thumb down", "thumb up"],
            post_transform="LOGISTIC",
        ),
    ]
    results = [
        helper.make_tensor_value_info("label", STRING, [1]),
        helper.make_tensor_value_info("scores", FLOAT, [1, 2]),
    ]
    return built(nodes, helper.make_tensor_value_info("x", STRING, ["n"]), results)


def expected(model: Any, feeds: dict[str, Any]) -> list[Any]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


def test_numbers_to_maps() -> None:
    model = numbers_pipeline()
    session = edgert.load(write_model(edgec.export(model).model), device="cpu")
    for rows in (5, 1, 70, 0):
        x = RANDOM.standard_normal((rows, 3)).astype(np.float32)
        x[::3, 1] = np.nan
        labels, maps = session.run({"x": x}).values()
        wanted_labels, wanted_maps = expected(model, {"x": x})
        assert labels.tolist() == np.asarray(wanted_labels).tolist()
        assert len(maps) == len(wanted_maps) == rows
        assert all(a == pytest.approx(b, rel=1e-5) for a, b in zip(maps, wanted_maps))


TEXTS = ["the Good film", "a BAD bad film", "GOOD nice Film good", "the a", "émile"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_to_names(text: str) -> None:
    model = text_pipeline()
    session = edgert.load(write_model(edgec.export(model).model), device="cpu")
    x = np.array(text.split(), object)
    label, scores = session.run({"x": x}).values()
    wanted = expected(model, {"x": x})
    assert label.tolist() == np.asarray(wanted[0]).tolist()
    np.testing.assert_allclose(scores, wanted[1], rtol=1e-5, atol=1e-6)
