"""Strings through every operator that moves elements, against the definitions."""

from typing import Any

import harness
import numpy as np
import pytest

from edgec.ops.base import Op
from edgec.ops.gather import Gather, GatherElements, GatherNd
from edgec.ops.scatter import ScatterElements, ScatterNd
from edgec.ops.select import Compress
from edgec.ops.view import Concat, Expand, Pad, Reshape, Slice, Transpose


def text(*rows: Any) -> Any:
    return np.array(rows, object)


WORDS = text(["", "b", "ccc"], ["döner", "日本", "a" * 100])
AT = np.array([[1, 0, -1], [0, 1, 1]])
CASES: list[tuple[Op, list[Any]]] = [
    (Reshape((3, 2)), [WORDS]),
    (Transpose((1, 0)), [WORDS]),
    (Slice((1, 2), (-1, -1), (2, 3)), [WORDS]),
    (Expand((2, 2, 3)), [WORDS]),
    (Concat(0), [WORDS, WORDS[:1], WORDS[:0]]),
    (Pad("edge", (1, 0, 0, 2)), [WORDS]),
    (Pad("constant", (1, 0, 0, 2)), [WORDS, np.array("fill", object)]),
    (Gather(1), [WORDS, np.array([[2, 0], [-1, -1]])]),
    (GatherElements(1), [WORDS, AT]),
    (GatherNd(), [WORDS, np.array([[1, 2], [0, 0]])]),
    (ScatterElements(1), [WORDS, AT[:, :1], text(["x"], ["y"])]),
    (ScatterNd(), [WORDS, np.array([[1]]), text(["p", "q", "r"])]),
    (Compress(1), [WORDS, np.array([True, False, True])]),
]


@pytest.mark.parametrize("constant", [False, True], ids=["given", "stored"])
@pytest.mark.parametrize(("op", "operands"), CASES, ids=lambda x: x.name if isinstance(x, Op) else "")
def test_elements_are_moved(op: Op, operands: list[Any], constant: bool) -> None:
    stored = [i for i, o in enumerate(operands) if constant and o.dtype == object]
    (found,) = harness.run(op, operands, harness.Device("cpu"), stored)
    (expected,) = op.eval(operands)
    assert found.dtype == object
    assert found.tolist() == expected.tolist()


def test_padding_without_a_value_is_empty() -> None:
    (found,) = harness.run(Pad("constant", (1, 0)), [text("a")], harness.Device("cpu"))
    assert found.tolist() == ["", "a"]
