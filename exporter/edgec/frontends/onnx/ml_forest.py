"""Trees as ONNX lists them, brought into the order and arrays that `tree_ensemble` reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.trees import MISSING_IS_TRUE, MODES, TreeEnsemble

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Leaf:
    """The leaf called `name`."""

    name: Hashable


Child = Union[Hashable, Leaf]


@dataclass(frozen=True)
class Branch:
    """An inner node: `mode` of MODES compares a feature with `split`; NaN goes to `true` where `missing`."""

    feature: int
    mode: str
    split: float
    true: Child
    false: Child
    missing: bool = False


@dataclass
class Forest:
    """Trees by their roots. `entries` holds (target, weight) pairs per leaf."""

    branches: Mapping[Hashable, Branch]
    roots: Sequence[Child]
    entries: dict[Hashable, list[tuple[int, float]]] = field(default_factory=dict)

    def emit(self, b: Builder, x: Value, targets: int, aggregate: str) -> Value:
        """The `tree_ensemble` node on x [rows, features] f32 or f64.

        Raises OpError for trees that refer to nothing or go round.
        """
        order = self.order()
        place = {name: i for i, name in enumerate(order)}
        leaves: dict[Hashable, int] = {}

        def number(child: Child) -> int:
            if isinstance(child, Leaf):
                return -1 - leaves.setdefault(child.name, len(leaves))
            return place[child]

        nodes = [
            (n.feature, MODES.index(n.mode) + MISSING_IS_TRUE * n.missing, number(n.true), number(n.false))
            for n in (self.branches[name] for name in order)
        ]
        roots = [number(root) for root in self.roots]
        listed = [self.entries.get(name, []) for name in leaves]
        starts = np.cumsum([0, *(len(e) for e in listed)])
        pairs = [pair for entries in listed for pair in entries]
        if any(not 0 <= target < targets for target, _ in pairs):
            raise OpError(f"a leaf names a target that is none of {targets}")
        integers = (np.array(nodes, np.int64).reshape(-1, 4), roots, starts, [t for t, _ in pairs])
        wide = [np.array(a, np.int64) for a in integers]
        if any((np.abs(a) > np.iinfo(np.int32).max).any() for a in wide):
            raise OpError("a tree holds a number above 2^31")
        first, roots_, starts_, targets_ = (b.constant(a.astype(np.int32)) for a in wide)
        splits = b.constant([self.branches[name].split for name in order], x.dtype)
        weights = b.constant([weight for _, weight in pairs], x.dtype)
        op = TreeEnsemble(targets, aggregate)
        return b.one(op, x, first, splits, roots_, starts_, targets_, weights)

    def order(self) -> list[Hashable]:
        """All inner nodes that roots reach, each before its children."""
        done: dict[Hashable, bool] = {}
        finished: list[Hashable] = []
        for root in self.roots:
            stack: list[tuple[Child, bool]] = [(root, False)]
            while stack:
                name, through = stack.pop()
                if isinstance(name, Leaf):
                    continue
                if through:
                    done[name] = True
                    finished.append(name)
                elif name not in done:
                    done[name] = False
                    stack.append((name, True))
                    stack.extend((c, False) for c in self._children(name))
                elif not done[name]:
                    raise OpError(f"node {name} of a tree is below itself")
        return finished[::-1]

    def _children(self, name: Hashable) -> Iterator[Child]:
        if name not in self.branches:
            raise OpError(f"a tree refers to node {name}, which it has not")
        branch = self.branches[name]
        yield branch.true
        yield branch.false
