"""Tensors without elements whose other sizes are huge: a run ends at once."""

import numpy as np
import pytest
from harness import one_node

import edgert
from edgec.format.write import write_model
from edgec.ops.base import Op
from edgec.ops.gather import GatherNd
from edgec.ops.nms import Nms
from edgec.ops.select import Compress, Unique

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
