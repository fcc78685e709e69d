"""Ensembles of decision trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.shapes import Operands, check_rank, operand, require_equal

AGGREGATES = ("sum", "average", "min", "max")
# how a node compares a feature (left) with its split; the position is the mode's code
MODES = ("le", "lt", "ge", "gt", "eq", "ne")
_COMPARE = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal, np.not_equal)
FEATURE, MODE, TRUE, FALSE = range(4)
MISSING_IS_TRUE = 8  # added to a mode: NaN takes the true branch


@register
@dataclass(frozen=True)
class TreeEnsemble(Op):
    """What the leaves that rows reach in a number of trees add up to, per target.

    Operands: x [rows, features] f32 or f64; then constants: nodes i32 [n, 4] with columns feature, mode
    (position in MODES, plus MISSING_IS_TRUE), true child, false child; splits [n] of x's dtype; roots i32
    [t], one per tree; leaves i32 [l + 1], where each leaf's entries start; targets i32 [e] and weights
    [e], the entries. A child or root c >= 0 is node c, c < 0 is leaf -1 - c; a child node has a higher
    number than its parent. Result: [rows, `targets`] of x's dtype: the sum, average over the trees, least
    or greatest of the weights that the reached leaves have for a target; 0 where they have none. The order
    of summation is not defined. Source: ai.onnx.ml TreeEnsemble (version 5).
    """

    name = "tree_ensemble"
    targets: Dim
    aggregate: str = "sum"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        check_rank(x, "x", 2, 2)
        if x.dtype not in (DType.F32, DType.F64) or self.aggregate not in AGGREGATES:
            raise OpError(f"x is {x}, aggregate '{self.aggregate}', expected f32 or f64, {AGGREGATES}")
        found = [operand(operands, i, name) for i, name in enumerate(_CONSTANTS, 1)]
        for kind, name, rank in zip(found, _CONSTANTS, (2, 1, 1, 1, 1, 1)):
            wanted = x.dtype if name in ("splits", "weights") else DType.I32
            if kind.dtype != wanted or kind.rank != rank:
                raise OpError(f"{name} are {kind}, expected {wanted.text} of rank {rank}")
        nodes, splits, _, _, targets, weights = (k.shape for k in found)
        require_equal(context, nodes[1], 4, f"nodes have {nodes[1]} columns, expected 4")
        require_equal(context, nodes[0], splits[0], f"{nodes[0]} nodes have {splits[0]} splits")
        require_equal(context, targets[0], weights[0], f"{targets[0]} targets have {weights[0]} weights")
        return [TensorType(x.dtype, (x.shape[0], self.targets))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, nodes, splits, roots, leaves, targets, weights = given(operands)
        (count,) = static([self.targets])
        check_trees(nodes, roots, leaves, targets, x.shape[1], count)
        result = np.zeros((len(x), count), x.dtype)
        reached = np.zeros((len(x), count), bool)
        combine = {"min": np.minimum, "max": np.maximum}.get(self.aggregate, np.add)
        for root in roots:
            leaf = -1 - _walk(x, nodes, splits, int(root))
            first, last = leaves[leaf], leaves[leaf + 1]
            for step in range(int((last - first).max(initial=0))):
                rows = np.nonzero(first + step < last)[0]
                entry = first[rows] + step
                place = rows, targets[entry]
                old = np.where(reached[place] | (combine is np.add), result[place], weights[entry])
                result[place] = combine(old, weights[entry])
                reached[place] = True
        return [result / x.dtype.type(max(len(roots), 1)) if self.aggregate == "average" else result]


_CONSTANTS = ("nodes", "splits", "roots", "leaves", "targets", "weights")


def _walk(x: Array, nodes: Array, splits: Array, root: int) -> Array:
    """The child (negative: a leaf) where each row ends up."""
    at = np.full(len(x), root, np.int64)
    while True:
        rows = np.nonzero(at >= 0)[0]
        if not rows.size:
            return at
        node = at[rows]
        value, mode = x[rows, nodes[node, FEATURE]], nodes[node, MODE]
        holds = np.choose(mode % MISSING_IS_TRUE, [c(value, splits[node]) for c in _COMPARE])
        holds |= np.isnan(value) & (mode >= MISSING_IS_TRUE)
        at[rows] = np.where(holds, nodes[node, TRUE], nodes[node, FALSE])


def check_trees(nodes: Array, roots: Array, leaves: Array, targets: Array, features: int, count: int) -> None:
    """Raises OpError where a number of the trees points nowhere or a walk could go round."""
    n, entries, last = len(nodes), len(targets), len(leaves) - 1
    children = nodes[:, TRUE:]
    if last < 0 or leaves[0] < 0 or leaves[-1] > entries or (np.diff(leaves) < 0).any():
        raise OpError(f"leaves do not divide their {entries} entries")
    if ((targets < 0) | (targets >= count)).any():
        raise OpError(f"a leaf names a target that is none of {count}")
    if ((nodes[:, FEATURE] < 0) | (nodes[:, FEATURE] >= features)).any():
        raise OpError(f"a node compares feature {nodes[:, FEATURE].max(initial=0)}, x has {features}")
    if not np.isin(nodes[:, MODE] % MISSING_IS_TRUE, range(len(MODES))).all() or (nodes[:, MODE] >> 4).any():
        raise OpError("a node has an unknown mode")
    if ((children >= 0) & (children <= np.arange(n)[:, None])).any():
        raise OpError("a child has no higher number than its parent")
    for part in (children, roots):
        if ((part >= n) | (-1 - part >= last)).any():
            raise OpError(f"a child or root is none of {n} nodes and {last} leaves")
