"""lookup, tree_ensemble, pairwise_coupling."""

from typing import Any

import numpy as np
import pytest
from harness import Array, Device, compare, one_node, run

import edgert
from edgec.format.write import write_model
from edgec.ops.lookup import Lookup
from edgec.ops.svm import PairwiseCoupling
from edgec.ops.trees import AGGREGATES, TreeEnsemble

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    "dtype", ["int64", "int32", "uint64", "int16", "float32", "float64", "float16", "bool"]
)
def test_lookup_of_numbers(cpu: Device, dtype: str) -> None:
    keys = np.array([5, 3, 0, 5, 9, 3], "int64").astype(dtype)
    for shape in ((), (4,), (3, 0), (70, 90)):
        compare(Lookup(), [RANDOM.integers(0, 10, shape).astype(dtype), keys], cpu, constants=[1])
    compare(Lookup(), [np.ones(3).astype(dtype), keys[:0]], cpu, constants=[1])


def test_lookup_of_odd_numbers(cpu: Device) -> None:
    keys = np.array([np.nan, 0.0, np.inf], np.float32)
    x = np.array([-0.0, np.nan, -np.inf, np.inf, 1.0], np.float32)
    compare(Lookup(), [x, keys], cpu, constants=[1])
    large = np.array([2**64 - 1, 0, 2**63], np.uint64)
    compare(Lookup(), [large[::-1].copy(), large], cpu, constants=[1])


def test_lookup_of_strings(cpu: Device) -> None:
    keys = np.array(["b", "", "Ωmega", "b", "a\0b"], object)
    x = np.array([["b", "a", ""], ["Ωmega", "a\0b", "a\0c"]], object)
    compare(Lookup(), [x, keys], cpu, constants=[1])


def trees(rows: int, dtype: Any, count: int, targets: int, modes: int) -> list[Array]:
    """Operands of random trees of depth 5 with leaves of no, one or two entries."""
    nodes: list[tuple[int, ...]] = []
    roots, leaves = [], [0]
    for _ in range(count):
        first = len(nodes)
        roots.append(first)
        for i in range(31):
            children = [first + 2 * i + 1, first + 2 * i + 2]
            if i >= 15:
                children = [-len(leaves), -1 - len(leaves)]
                for _ in range(2):
                    leaves.append(leaves[-1] + int(RANDOM.integers(3)))
            mode = int(RANDOM.integers(modes)) + (8 * int(RANDOM.integers(2)) if modes > 1 else 0)
            nodes.append((int(RANDOM.integers(6)), mode, *children))
    x = (RANDOM.integers(-4, 5, (rows, 6)) / 2).astype(dtype)
    x[x == 1.5] = np.nan
    ints = [np.array(a, np.int32) for a in (nodes, roots, leaves, RANDOM.integers(0, targets, leaves[-1]))]
    splits = (RANDOM.integers(-4, 5, len(nodes)) / 2).astype(dtype)
    weights = RANDOM.standard_normal(leaves[-1]).astype(dtype)
    return [x, ints[0].reshape(-1, 4), splits, ints[1], ints[2], ints[3], weights]


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_trees(cpu: Device, aggregate: str, dtype: str) -> None:
    for rows, count, targets, modes in ((1, 3, 1, 1), (9, 2, 3, 6), (300, 40, 2, 6), (0, 2, 2, 1)):
        op = TreeEnsemble(targets, aggregate)
        compare(op, trees(rows, dtype, count, targets, modes), cpu, constants=range(1, 7))


# operand and position to change, value, reason
DAMAGED = [
    (1, (0, 0), 6, "compares feature 6 of 6"),
    (1, (0, 0), -1, "compares feature -1"),
    (1, (0, 1), 6, "node 0 has mode 6"),
    (1, (0, 1), 16, "node 0 has mode 16"),
    (1, (0, 2), 0, "node 0 has child 0, expected a higher number"),
    (1, (7, 3), 5, "node 7 has child 5, expected a higher number"),
    (1, (0, 2), 62, "child or root 62 is none of 62 nodes"),
    (1, (0, 2), -65, "none of 62 nodes and 64 leaves"),
    (1, (0, 3), -(2**31), "none of 62 nodes"),
    (3, 0, 62, "child or root 62"),
    (4, 0, -1, "do not divide"),
    (4, 3, 1000, "ends before it starts"),
    (4, 64, 1000, "do not divide"),
    (5, 0, 2, "names target 2 of 2"),
    (5, 0, -1, "names target -1 of 2"),
]


@pytest.mark.parametrize(("operand", "position", "value", "reason"), DAMAGED)
def test_damaged_trees(operand: int, position: Any, value: int, reason: str) -> None:
    operands = trees(2, "float32", 2, 2, 1)
    model = one_node(TreeEnsemble(2), operands, range(1, 7))
    operands[operand][position] = value  # what the model's constants are
    with pytest.raises(edgert.EdgertError, match=reason):
        edgert.load(write_model(model), device="cpu").run({"x0": operands[0]})


def test_trees_and_keys_must_be_constant(cpu: Device) -> None:
    with pytest.raises(edgert.EdgertError, match="trees that are not constant"):
        run(TreeEnsemble(2), trees(2, "float32", 1, 2, 1), cpu)
    with pytest.raises(edgert.EdgertError, match="keys that are not constant"):
        run(Lookup(), [np.zeros(3), np.zeros(2)], cpu)


def test_coupling(cpu: Device) -> None:
    for rows, classes in ((1, 2), (50, 3), (7, 10), (0, 3), (2, 1)):
        r = RANDOM.uniform(0.05, 0.95, (rows, classes, classes)).astype(np.float32)
        r = np.where(np.tri(classes, dtype=bool), 1 - r.swapaxes(1, 2), r)
        compare(PairwiseCoupling(), [r], cpu)
