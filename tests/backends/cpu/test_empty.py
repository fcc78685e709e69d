"""Tensors without elements whose other sizes are huge: a run ends at once."""

import numpy as np
import pytest
from harness import one_node

import edgert
from edgec.format.write import write_model
from edgec.ops.base import Op
from edgec.ops.gather import GatherNd
from edgec.ops.ngrams import NgramCount
from edgec.ops.nms import Nms
from edgec.ops.select import Compress, Unique
from edgec.ops.trees import TreeEnsemble

HUGE = 1 << 40


def empty(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.empty(shape, dtype)


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        (Compress(1), [empty(HUGE, 0, 3), np.zeros(4, np.bool_)]),
        (GatherNd(), [empty(5, 0), empty(HUGE, 0, dtype=np.int64)]),
        (Nms(), [empty(HUGE, 0, 4), empty(HUGE, 3, 0)]),
        (Unique(1), [empty(HUGE, 3, 0)]),
    ],
    ids=["compress", "gather_nd", "nms", "unique"],
)
def test_nothing_is_walked(op: Op, operands: list[np.ndarray]) -> None:
    outputs = edgert.load(write_model(one_node(op, operands))).run(operands)
    assert next(iter(outputs.values())).size == 0


@pytest.mark.parametrize(
    ("op", "x", "constants"),
    [
        (
            NgramCount(0),
            empty(HUGE, 0, dtype=np.int64),
            [np.zeros(2, np.int64), *[np.zeros(0, np.int64)] * 2],
        ),
        (
            TreeEnsemble(0),
            empty(HUGE, 0),
            [
                empty(0, 4, dtype=np.int32),
                empty(0),
                np.full(1, -1, np.int32),
                np.zeros(2, np.int32),
                empty(0, dtype=np.int32),
                empty(0),
            ],
        ),
    ],
    ids=["ngram_count", "tree_ensemble"],
)
def test_rows_of_nothing_are_not_walked(op: Op, x: np.ndarray, constants: list[np.ndarray]) -> None:
    model = one_node(op, [x, *constants], range(1, 1 + len(constants)))
    (found,) = edgert.load(write_model(model)).run([x]).values()
    assert found.shape == (HUGE, 0)
