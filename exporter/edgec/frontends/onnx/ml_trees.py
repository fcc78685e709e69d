"""ai.onnx.ml: TreeEnsemble, TreeEnsembleClassifier and TreeEnsembleRegressor."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from edgec.frontends.onnx import ml_scores
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.ml_forest import Branch, Child, Forest, Leaf
from edgec.frontends.onnx.ml_linear import transformed
from edgec.frontends.onnx.ml_scores import ML, rows_of
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.trees import MODES

_MODES = {f"BRANCH_{name}": mode for name, mode in zip(("LEQ", "LT", "GTE", "GT", "EQ", "NEQ"), MODES)}
_MEMBER = 6


def _column(call: Call, name: str, count: int, default: Any = None) -> list[Any]:
    """`count` entries of an attribute, or of the tensor of that name; those of `default` where not given."""
    values = call.attributes.get(name)
    if values is None or len(values) == 0:
        tensor = call.attributes.get(f"{name}_as_tensor")
        values = [default] * count if tensor is None and default is not None else tensor
    if values is None or len(values) != count:
        raise OpError(f"{name} has {0 if values is None else len(values)} entries, expected {count}")
    return list(np.asarray(values).tolist())


def _listed(call: Call, name: str) -> list[float]:
    """Numbers of an attribute or the tensor of that name; none where neither is given."""
    found = call.attributes.get(name)
    if found is None or len(found) == 0:
        found = call.attributes.get(f"{name}_as_tensor", ())
    return [float(v) for v in np.asarray(found).reshape(-1).tolist()]


def listed_forest(call: Call, entries: str, ids: str) -> Forest:
    """The trees of a TreeEnsembleClassifier or -Regressor: nodes called (tree, number)."""
    trees = call.integers("nodes_treeids", ())
    names = list(zip(trees, _column(call, "nodes_nodeids", len(trees))))
    modes = _column(call, "nodes_modes", len(trees))
    kinds = dict(zip(names, modes))
    if len(kinds) != len(names):
        raise OpError("two nodes of a tree have one number")

    def child(tree: int, number: int) -> Child:
        return Leaf((tree, number)) if kinds.get((tree, number)) == "LEAF" else (tree, number)

    columns = (
        _column(call, "nodes_featureids", len(trees)),
        _column(call, "nodes_values", len(trees)),
        _column(call, "nodes_truenodeids", len(trees)),
        _column(call, "nodes_falsenodeids", len(trees)),
        _column(call, "nodes_missing_value_tracks_true", len(trees), 0),
    )
    branches: dict[Hashable, Branch] = {}
    below: set[Hashable] = set()
    for (tree, number), mode, feature, split, true, false, missing in zip(names, modes, *columns):
        if mode == "LEAF":
            continue
        if mode not in _MODES:
            raise OpError(f"node {(tree, number)} has mode '{mode}', expected one of {', '.join(_MODES)}")
        below.update(((tree, true), (tree, false)))
        branches[tree, number] = Branch(
            feature, _MODES[mode], split, child(tree, true), child(tree, false), bool(missing)
        )
    roots = _roots(names, below)
    forest = Forest(branches, [child(*root) for root in roots])
    if len(branches) > len(reached := set(forest.order())):
        raise OpError(
            f"no root leads to node {next(n for n in branches if n not in reached)}: the tree goes round"
        )
    _add_entries(call, forest, entries, ids)
    return forest


def _roots(names: Sequence[tuple[int, int]], below: set[Hashable]) -> list[tuple[int, int]]:
    """The node of each tree that is below no other, in the order of the trees."""
    found: dict[int, tuple[int, int]] = {}
    for name in names:
        if name not in below:
            if name[0] in found:
                raise OpError(f"nodes {found[name[0]]} and {name} are both roots of tree {name[0]}")
            found[name[0]] = name
    missing = {tree for tree, _ in names} - set(found)
    if missing:
        raise OpError(f"tree {min(missing)} goes round: it has no root")
    return list(found.values())


def _add_entries(call: Call, forest: Forest, entries: str, ids: str) -> None:
    trees = call.integers(f"{entries}_treeids", ())
    nodes = _column(call, f"{entries}_nodeids", len(trees))
    targets, weights = _column(call, ids, len(trees)), _column(call, f"{entries}_weights", len(trees))
    for tree, node, target, weight in zip(trees, nodes, targets, weights):
        forest.entries.setdefault((tree, node), []).append((target, weight))


def _features(b: Builder, call: Call) -> Value:
    """x as rows of f64 where it is f64, else of f32."""
    x = call.operand(0)
    return rows_of(b, x, DType.F64 if x.dtype == DType.F64 else DType.F32)


def _with_base(b: Builder, scores: Value, base: Sequence[float]) -> Value:
    """The scores plus the base value of each, where there is one for each."""
    if len(base) not in (0, scores.shape[1]):
        raise OpError(f"base_values has {len(base)} entries for {scores.shape[1]} scores")
    return b.binary("add", scores, b.constant(base, scores.dtype)) if base else scores


@onnx_op("TreeEnsembleRegressor", domain=ML)
def regressor(b: Builder, call: Call) -> Value:
    forest, targets = listed_forest(call, "target", "target_ids"), call.integer("n_targets")
    aggregate = call.text("aggregate_function", "SUM").lower()
    scores = forest.emit(b, _features(b, call), targets, aggregate)
    scores = b.cast(_with_base(b, scores, _listed(call, "base_values")), DType.F32)
    return transformed(b, scores, call.text("post_transform", "NONE"))


@onnx_op("TreeEnsembleClassifier", domain=ML)
def classifier(b: Builder, call: Call) -> Sequence[Value]:
    """The best class; of two classes where leaves speak of one only, whether its score is high enough."""
    labels = ml_scores.class_labels(call)
    forest = listed_forest(call, "class", "class_ids")
    pairs = [pair for entries in forest.entries.values() for pair in entries]
    used, base = {target for target, _ in pairs}, _listed(call, "base_values")
    scores = forest.emit(b, _features(b, call), len(labels), "sum")
    kind = call.text("post_transform", "NONE")
    limit = 0.5 if len(labels) == 2 and min((w for _, w in pairs), default=0.0) >= 0 else 0.0
    if len(labels) == 1 or (len(labels) == 2 and 1 not in used):
        score = _with_base(b, b.slice_axis(scores, 1, 0, 1), base)
        label = ml_scores.label_above(b, labels, score, limit)
        score = transformed(b, b.cast(score, DType.F32), kind)
        return [label, ml_scores.mirrored(b, score, kind, limit > 0) if len(labels) == 2 else score]
    scores = _with_base(b, scores, base)
    if len(labels) == 2 and 0 not in used:
        label = ml_scores.label_above(b, labels, b.slice_axis(scores, 1, 1, 1), limit)
    else:
        label = ml_scores.best_label(b, labels, scores)
    return [label, ml_scores.post_transform(b, b.cast(scores, DType.F32), kind)]


@onnx_op("TreeEnsemble", domain=ML)
def tree_ensemble(b: Builder, call: Call) -> Value:
    """Version 5: nodes and leaves are numbered through all trees; small floats are computed in f32."""
    x = call.operand(0)
    count = len(call.integers("nodes_featureids"))
    leaves = call.integers("leaf_targetids")
    weights = np.asarray(call.tensor("leaf_weights")).tolist()
    if len(weights) != len(leaves):
        raise OpError(f"leaf_weights has {len(weights)} entries for {len(leaves)} leaves")
    branches = _numbered_branches(call, count)
    roots = [_numbered_root(branches, r) for r in call.integers("tree_roots")]
    entries: dict[Hashable, list[tuple[int, float]]] = {
        i: [(target, float(weight))] for i, (target, weight) in enumerate(zip(leaves, weights))
    }
    aggregate = ("average", "sum", "min", "max")[call.integer("aggregate_function", 1)]
    forest = Forest(branches, roots, entries)
    scores = forest.emit(b, _features(b, call), call.integer("n_targets"), aggregate)
    kind = ml_scores.TRANSFORMS[call.integer("post_transform", 0)]
    return b.cast(transformed(b, scores, kind), x.dtype)


def _numbered_branches(call: Call, count: int) -> dict[Hashable, Branch]:
    """Nodes by number. A test for membership is a chain of tests for equality, called (node, position)."""
    columns = [
        _column(call, f"nodes_{name}", count)
        for name in (
            "featureids",
            "modes",
            "splits",
            "truenodeids",
            "falsenodeids",
            "trueleafs",
            "falseleafs",
        )
    ]
    columns.append(_column(call, "nodes_missing_value_tracks_true", count, 0))
    members = iter(np.asarray(call.attributes.get("membership_values", ())).reshape(-1).tolist())
    branches: dict[Hashable, Branch] = {}
    for i, (feature, mode, split, true, false, true_leaf, false_leaf, missing) in enumerate(zip(*columns)):
        yes, no = (Leaf(c) if leaf else c for c, leaf in ((true, true_leaf), (false, false_leaf)))
        if not 0 <= mode <= _MEMBER:
            raise OpError(f"node {i} has mode {mode}, expected 0 to {_MEMBER}")
        if mode < _MEMBER:
            branches[i] = Branch(feature, MODES[mode], split, yes, no, bool(missing))
            continue
        values = _members(members, i) or [math.nan]
        for k, value in enumerate(values):
            following: Child = (i, k + 1) if k + 1 < len(values) else no
            branches[(i, k) if k else i] = Branch(feature, "eq", value, yes, following, bool(missing))
    return branches


def _members(values: Any, node: int) -> list[float]:
    """The next values up to NaN, which ends each set."""
    found: list[float] = []
    for value in values:
        if math.isnan(value):
            return found
        found.append(value)
    raise OpError(f"membership_values ends within the set of node {node}")


def _numbered_root(branches: dict[Hashable, Branch], root: int) -> Child:
    """A root whose branches are one and the same leaf is that leaf."""
    if root not in branches:
        raise OpError(f"a root is node {root} of {len(branches)}")
    branch = branches[root]
    return branch.true if isinstance(branch.true, Leaf) and branch.true == branch.false else root
