"""Trees and labels: operators of ai.onnx.ml."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.lookup import Lookup
from edgec.ops.maps import MapLookup
from edgec.ops.trees import FALSE, FEATURE, MISSING_IS_TRUE, MODE, TRUE, TreeEnsemble
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.scope import Scope, is_static, tensor_of, writes
from edgec.writers.onnx.view import op_of

DOMAIN = "ai.onnx.ml"
_AGGREGATES = {"average": 0, "sum": 1, "min": 2, "max": 3}
_MODES = (0, 1, 2, 3, 4, 5)  # BRANCH_LEQ, LT, GTE, GT, EQ, NEQ: the order of MODES in ops/trees
_KEYS = {
    DType.STRING: DType.STRING,
    DType.F32: DType.F32,
    DType.F64: DType.F64,
    DType.I64: DType.I64,
    DType.I32: DType.I32,
    DType.I16: DType.I16,
    DType.F16: DType.F32,
    DType.BF16: DType.F32,
    DType.I8: DType.I64,
    DType.U8: DType.I64,
    DType.U16: DType.I64,
    DType.U32: DType.I64,
    DType.BOOL: DType.I64,
}


def contents(scope: Scope, value: Value, what: str) -> Array:
    """What a constant operand holds. Raises OnnxError where it is none."""
    if value.const is None:
        raise OnnxError(f"'{scope.who}': {what} are computed; ONNX has them as attributes")
    return value.const


@writes("lookup")
def write_lookup(scope: Scope, node: Node) -> str:
    """LabelEncoder from keys to their positions; of equal keys the last counts."""
    op_of(node, Lookup)
    x, keys = node.operand(0), contents(scope, node.operand(1), "keys")
    if x.dtype not in _KEYS:
        raise OnnxError(f"'{node.name}': LabelEncoder does not take {x.dtype.text}")
    made = _KEYS[x.dtype]
    places = {str(k) if k != k else k: i for i, k in enumerate(keys.tolist())}
    kept = keys[list(places.values())].astype(made.numpy)
    return scope.emit(
        "LabelEncoder",
        scope.cast(scope.name(x), x.dtype, made),
        domain=DOMAIN,
        keys_tensor=tensor_of(kept, made, "keys"),
        values_tensor=tensor_of(np.array(list(places.values()), np.int64), DType.I64, "values"),
        default_tensor=tensor_of(np.array([len(keys)], np.int64), DType.I64, "default"),
    )


@writes("tree_ensemble")
def write_tree_ensemble(scope: Scope, node: Node) -> str:
    """TreeEnsemble, whose leaves have one target each: trees with richer leaves are written several times."""
    op, x = op_of(node, TreeEnsemble), node.operand(0)
    nodes, splits, roots, leaves, targets, weights = (
        contents(scope, node.operand(i), "the trees") for i in range(1, 7)
    )
    if not is_static([op.targets]):
        raise OnnxError(f"'{node.name}': the number of targets is known only to a run")
    counts = np.diff(leaves)
    copies = max(int(counts.max(initial=1)), 1)
    if op.aggregate in ("min", "max") and (counts != 1).any():
        raise OnnxError(f"'{node.name}': leaves with several targets cannot be combined by {op.aggregate}")
    aggregate = op.aggregate
    if aggregate == "average" and (counts != 1).any():
        weights, aggregate = weights / weights.dtype.type(max(len(roots), 1)), "sum"
    forest = Forest(nodes, splits, roots)
    for copy in range(copies):
        forest.add(leaves, targets, weights, copy)
    return scope.emit(
        "TreeEnsemble",
        scope.name(x),
        domain=DOMAIN,
        aggregate_function=_AGGREGATES[aggregate],
        n_targets=op.targets,
        post_transform=0,
        **forest.attributes(x.dtype),
    )


@writes("zip_map")
def write_zip_map(scope: Scope, node: Node) -> str:
    keys, values = contents(scope, node.operand(0), "keys"), node.operand(1)
    labels = {f"classlabels_{_kind(keys)}": keys.tolist()}
    return scope.emit(
        "ZipMap", scope.cast(scope.name(values), values.dtype, DType.F32), domain=DOMAIN, **labels
    )


@writes("map_lookup")
def write_map_lookup(scope: Scope, node: Node) -> str:
    """DictVectorizer, which gives 0 for keys that the map has not."""
    op, keys = op_of(node, MapLookup), contents(scope, node.operand(1), "keys")
    if op.default not in (0, 0.0, ""):
        raise OnnxError(f"'{node.name}': ONNX gives 0 for missing keys, not {op.default!r}")
    words = {f"{'string' if keys.dtype == object else 'int64'}_vocabulary": keys.tolist()}
    found = scope.emit("DictVectorizer", scope.name(node.operand(0)), domain=DOMAIN, **words)
    return scope.emit("Reshape", found, scope.ints([-1]))


def _kind(keys: Array) -> str:
    return "strings" if keys.dtype == object else "int64s"


class Forest:
    """The attributes of TreeEnsemble version 5, tree by tree."""

    def __init__(self, nodes: Array, splits: Array, roots: Array) -> None:
        self.nodes, self.splits, self.roots = nodes, splits, roots
        self.rows: list[list[int]] = []  # feature, mode, tracks, true, true is leaf, false, false is leaf
        self.split: list[float] = []
        self.starts: list[int] = []
        self.targets: list[int] = []
        self.weights: list[float] = []

    def add(self, leaves: Array, targets: Array, weights: Array, copy: int) -> None:
        """All trees once more; a leaf has its entry number `copy`, or adds nothing."""
        nodes, first = len(self.rows), len(self.targets)
        for leaf, entry in enumerate(leaves[:-1] + copy):
            there = entry < leaves[leaf + 1]
            self.targets.append(int(targets[entry]) if there else 0)
            self.weights.append(float(weights[entry]) if there else 0.0)
        for row, split in zip(self.nodes.tolist(), self.splits.tolist()):
            mode, tracks = row[MODE] % MISSING_IS_TRUE, int(row[MODE] >= MISSING_IS_TRUE)
            branches: list[int] = []
            for child in (row[TRUE], row[FALSE]):
                branches += [child + nodes, 0] if child >= 0 else [first - 1 - child, 1]
            self.rows.append([row[FEATURE], _MODES[mode], tracks, *branches])
            self.split.append(split)
        for root in self.roots.tolist():
            self.starts.append(root + nodes if root >= 0 else self._lone_leaf(first - 1 - root))

    def _lone_leaf(self, leaf: int) -> int:
        """A node both of whose branches are the leaf, for a tree that is nothing else."""
        self.rows.append([0, 0, 0, leaf, 1, leaf, 1])
        self.split.append(0.0)
        return len(self.rows) - 1

    def attributes(self, dtype: DType) -> dict[str, Any]:
        feature, mode, tracks, true, true_leaf, false, false_leaf = map(list, zip(*self.rows))
        return {
            "tree_roots": self.starts,
            "nodes_featureids": feature,
            "nodes_modes": tensor_of(np.array(mode, np.uint8), DType.U8, "modes"),
            "nodes_missing_value_tracks_true": tracks,
            "nodes_splits": tensor_of(np.array(self.split, dtype.numpy), dtype, "splits"),
            "nodes_truenodeids": true,
            "nodes_trueleafs": true_leaf,
            "nodes_falsenodeids": false,
            "nodes_falseleafs": false_leaf,
            "leaf_targetids": self.targets,
            "leaf_weights": tensor_of(np.array(self.weights, dtype.numpy), dtype, "weights"),
        }
