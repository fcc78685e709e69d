"""Tree ensembles of ai.onnx.ml against ONNX Runtime, on random trees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ml_models import check_ml, ml_model
from onnx import numpy_helper
from onnx_models import imported, run_onnxruntime

from edgec.frontends.onnx import ExportError
from edgec.interpreter import InterpretError, interpret

FLOAT, INT64, STRING = 1, 7, 8
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
X = np.random.default_rng(0).integers(-3, 4, (40, 5)).astype(np.float32) / 2
HOLES = np.where(X == 0.5, np.float32(np.nan), X)
Attributes = dict[str, Any]


def random_trees(
    seed: int, trees: int, modes: list[str], prefix: str, targets: list[int], positive: bool = False
) -> Attributes:
    """Attributes of trees of depth up to 4 whose leaves each have a weight for some of `targets`."""
    random = np.random.default_rng(seed)
    nodes: list[tuple[Any, ...]] = []
    entries: list[tuple[int, int, int, float]] = []
    for tree in range(trees):
        depths = [0]
        for number, depth in enumerate(depths):  # grows while it is walked
            if depth == 4 or (depth > 0 and random.random() < 0.3):
                nodes.append((tree, number, 0, "LEAF", 0.0, 0, 0, 0))
                weights = random.random(len(targets)) if positive else random.standard_normal(len(targets))
                entries += [(tree, number, t, float(w)) for t, w in zip(targets, weights)]
                continue
            mode, feature = str(random.choice(modes)), int(random.integers(5))
            split, missing = float(random.integers(-3, 4)) / 2, int(random.integers(2))
            nodes.append((tree, number, feature, mode, split, len(depths), len(depths) + 1, missing))
            depths += [depth + 1, depth + 1]
    names = "treeids nodeids featureids modes values truenodeids falsenodeids missing_value_tracks_true"
    found = {f"nodes_{name}": list(column) for name, column in zip(names.split(), zip(*nodes))}
    ids = f"{prefix}_ids"
    keys = (f"{prefix}_treeids", f"{prefix}_nodeids", ids, f"{prefix}_weights")
    return found | {key: list(column) for key, column in zip(keys, zip(*entries))}


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("based", [False, True])
@pytest.mark.parametrize("modes", [MODES[:1], MODES])
def test_regressor(aggregate: str, targets: int, based: bool, modes: list[str]) -> None:
    trees = random_trees(targets, 7, modes, "target", list(range(targets)))
    if based:
        trees["base_values"] = [0.5, -1.0, 2.0][:targets]
    for x in (X, HOLES):
        given = {"aggregate_function": aggregate, "n_targets": targets, **trees}
        check_ml("TreeEnsembleRegressor", {"x": x}, {"y": FLOAT}, 1, **given)


@pytest.mark.parametrize("kind", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
@pytest.mark.parametrize("targets", [1, 3])
def test_transforms_of_regressors(kind: str, targets: int) -> None:
    trees = random_trees(4, 3, MODES[:1], "target", list(range(targets)))
    given = {"post_transform": kind, "n_targets": targets, **trees}
    check_ml("TreeEnsembleRegressor", {"x": X}, {"y": FLOAT}, 1, **given)


@pytest.mark.parametrize("x", [X.astype(np.float64), (X * 2).astype(np.int64), (X * 2).astype(np.int32)])
def test_input_types(x: Any) -> None:
    trees = random_trees(5, 3, MODES[:1], "class", [0, 1, 2])
    results = {"label": INT64, "scores": FLOAT}
    check_ml("TreeEnsembleClassifier", {"x": x}, results, 1, classlabels_int64s=[4, 5, 6], **trees)


def test_tensors_of_doubles() -> None:
    trees = random_trees(6, 3, MODES[:1], "target", [0])
    for name in ("nodes_values", "target_weights"):
        values = np.array(trees.pop(name)) / 3
        trees[f"{name}_as_tensor"] = numpy_helper.from_array(values, name)
    x = (X / 3).astype(np.float64)
    check_ml("TreeEnsembleRegressor", {"x": x}, {"y": FLOAT}, 3, n_targets=1, **trees)


@pytest.mark.parametrize("kind", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
@pytest.mark.parametrize(("classes", "used"), [(2, [0]), (2, [1]), (3, [0, 1, 2])])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("based", [False, True])
def test_classifier(kind: str, classes: int, used: list[int], positive: bool, based: bool) -> None:
    if used == [1] and based:
        pytest.skip("ONNX Runtime takes the scores for 0")
    trees = random_trees(classes, 3, MODES[:1], "class", used, positive)
    if based:
        trees["base_values"] = [0.25] if classes == 2 else [0.25, -0.25, 0.5]
    labels: Attributes = {"classlabels_strings": [f"c{i}" for i in range(classes)]}
    kinds = {"label": STRING, "scores": FLOAT}
    if kind == "NONE":
        labels, kinds["label"] = {"classlabels_int64s": [5, 3, 9][:classes]}, INT64
    check_ml("TreeEnsembleClassifier", {"x": X}, kinds, 1, post_transform=kind, **labels, **trees)


def test_two_classes_with_scores_of_their_own() -> None:
    trees = random_trees(9, 3, MODES[:1], "class", [0, 1])
    given = {"classlabels_int64s": [5, 3], **trees}
    model = ml_model("TreeEnsembleClassifier", {"x": X}, {"label": INT64, "scores": FLOAT}, 1, **given)
    found = interpret(imported(model), {"x": X})
    assert found["label"].tolist() == np.where(found["scores"][:, 1] > found["scores"][:, 0], 3, 5).tolist()
    expected = run_onnxruntime(model, {"x": X})[1]  # whose labels are another matter
    np.testing.assert_allclose(found["scores"], expected, rtol=1e-5, atol=1e-6)


def ensemble(
    nodes: list[tuple[Any, ...]], leaves: list[tuple[int, float]], roots: list[int], **more: Any
) -> Any:
    """Attributes of TreeEnsemble 5; a node is (feature, mode, split, true, is leaf, false, is leaf)."""
    names = "featureids modes splits truenodeids trueleafs falsenodeids falseleafs".split()
    found: Attributes = {f"nodes_{name}": list(column) for name, column in zip(names, zip(*nodes))}
    found["nodes_modes"] = numpy_helper.from_array(np.array(found["nodes_modes"], np.uint8), "modes")
    kind = more.pop("dtype", np.float32)
    found["nodes_splits"] = numpy_helper.from_array(np.array(found["nodes_splits"], kind), "splits")
    targets, weights = zip(*leaves)
    found["leaf_weights"] = numpy_helper.from_array(np.array(weights, kind), "weights")
    return {**found, "leaf_targetids": list(targets), "tree_roots": roots, **more}


TREES = [(0, 0, 0.5, 1, 0, 0, 1), (2, 3, -0.5, 1, 1, 2, 1), (1, 4, 1.0, 3, 1, 4, 1), (0, 0, 0.0, 2, 1, 2, 1)]
LEAVES = [(0, 1.5), (1, -2.0), (0, 0.25), (1, 4.0), (0, -1.0)]


@pytest.mark.parametrize("aggregate", [0, 1, 2, 3])
def test_version_five(aggregate: int) -> None:
    given = ensemble(TREES, LEAVES, [0, 2], n_targets=2, aggregate_function=aggregate)
    check_ml("TreeEnsemble", {"x": X}, {"y": FLOAT}, 5, **given)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_version_five_of_other_floats(kind: Any) -> None:
    given = ensemble(TREES, LEAVES, [0, 2, 3], n_targets=2, dtype=kind)
    x = X.astype(kind)
    model = ml_model("TreeEnsemble", {"x": x}, {"y": {np.float16: 10, np.float64: 11}[kind]}, 5, **given)
    wide = ml_model(
        "TreeEnsemble", {"x": X}, {"y": FLOAT}, 5, **ensemble(TREES, LEAVES, [0, 2, 3], n_targets=2)
    )
    found = interpret(imported(model), {"x": x})["y"]
    assert found.dtype == kind
    np.testing.assert_allclose(found, interpret(imported(wide), {"x": X})["y"], rtol=1e-3)


def test_membership_and_missing_values() -> None:
    members = numpy_helper.from_array(np.array([0.5, 0.0, np.nan, np.nan], np.float32), "members")
    nodes = [(0, 6, 0.0, 1, 0, 0, 1), (1, 6, 0.0, 1, 1, 2, 1)]
    given = ensemble(nodes, [(0, 1.0), (0, 2.0), (0, 4.0)], [0], n_targets=1, membership_values=members)
    given["nodes_missing_value_tracks_true"] = [0, 1]
    x = np.array([[0.5, 1], [0.0, np.nan], [1.0, 0], [np.nan, 0]], np.float32)
    model = ml_model("TreeEnsemble", {"x": x}, {"y": FLOAT}, 5, **given)
    assert interpret(imported(model), {"x": x})["y"].tolist() == [[4.0], [2.0], [1.0], [1.0]]


GOOD = random_trees(1, 2, MODES[:1], "target", [0])


def changed(name: str, index: int, value: Any) -> Attributes:
    copy = list(GOOD[name])
    copy[index] = value
    return {**GOOD, name: copy}


REFUSED: list[tuple[Attributes, str]] = [
    (changed("nodes_modes", 0, "BRANCH_IN"), "mode 'BRANCH_IN'"),
    (changed("nodes_truenodeids", 0, 999), "are both roots of tree 0"),
    (changed("nodes_falsenodeids", 2, 999), "both roots|refers to node"),
    (changed("nodes_truenodeids", 0, 0), "goes round"),
    (changed("nodes_nodeids", 1, 0), "have one number"),
    (changed("nodes_featureids", 0, 2**40), "above 2"),
    (changed("target_ids", 0, 3), "none of 1"),
    (changed("target_ids", 0, -1), "none of 1"),
    ({**GOOD, "nodes_values": [0.0]}, "nodes_values has 1 entries"),
    ({**GOOD, "target_weights": [0.0]}, "target_weights has 1 entries"),
    ({**GOOD, "base_values": [1.0, 2.0]}, "base_values has 2 entries for 1 scores"),
]


@pytest.mark.parametrize(("attributes", "reason"), REFUSED)
def test_refusals(attributes: Attributes, reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        imported(ml_model("TreeEnsembleRegressor", {"x": X}, {"y": FLOAT}, n_targets=1, **attributes))


def test_a_cycle_below_the_root_is_refused() -> None:
    nodes = [(0, 0, 0.5, 1, 0, 0, 1), (2, 0, -0.5, 1, 1, 1, 0)]
    given = ensemble(nodes, LEAVES, [0], n_targets=2)
    with pytest.raises(ExportError, match="node 1 of a tree is below itself"):
        imported(ml_model("TreeEnsemble", {"x": X}, {"y": FLOAT}, 5, **given))


def test_features_that_x_has_not() -> None:
    model = ml_model("TreeEnsembleRegressor", {"x": X[:, :2]}, {"y": FLOAT}, n_targets=1, **GOOD)
    with pytest.raises(InterpretError, match="x has 2"):
        interpret(imported(model), {"x": X[:, :2]})
