"""nms against a definition by loops."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.nms import Nms

RNG = np.random.default_rng(0)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    sides = [max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1)]
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    shared = sides[0] * sides[1]
    return float(shared / (sum(areas) - shared)) if shared else 0.0


def _loops(
    boxes: np.ndarray, scores: np.ndarray, most: int, threshold: float, least: float
) -> list[list[int]]:
    found = []
    for batch, kind in np.ndindex(scores.shape[:2]):
        kept: list[int] = []
        for i in sorted(range(boxes.shape[1]), key=lambda i: -scores[batch, kind, i]):
            fits = all(_overlap(boxes[batch, i], boxes[batch, k]) <= threshold for k in kept)
            if len(kept) < most and scores[batch, kind, i] > least and fits:
                kept.append(i)
        found += [[batch, kind, i] for i in kept]
    return found


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("most", [0, 2, 50])
def test_corners(threshold: float, most: int) -> None:
    low = RNG.random((2, 20, 2))
    boxes = np.concatenate([low, low + RNG.random((2, 20, 2))], 2).astype(np.float32)
    scores = RNG.random((2, 3, 20)).astype(np.float32)
    limits = [np.array(most), np.array(threshold, np.float32), np.array(0.2, np.float32)]
    expected = _loops(boxes, scores, most, threshold, 0.2)
    assert Nms().eval([boxes, scores, *limits])[0].tolist() == expected
    flipped = boxes[..., [2, 1, 0, 3]]
    assert Nms().eval([flipped, scores, *limits])[0].tolist() == expected
    centre = np.concatenate([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], 2)
    found = Nms(center_point_box=True).eval([centre.astype(np.float32), scores, *limits])[0]
    assert len(found) == len(expected)


def test_no_limit_given_is_no_box() -> None:
    boxes, scores = np.zeros((1, 3, 4), np.float32), np.ones((1, 1, 3), np.float32)
    assert Nms().eval([boxes, scores])[0].shape == (0, 3)


def test_shape_rule() -> None:
    context = Context(lambda name: symbol(f"count.{name}"))
    types = [TensorType(DType.F32, (1, 8, 4)), TensorType(DType.F32, (1, 2, 8))]
    assert str(Nms().infer(types, context)[0]) == "i64[count.0.0, 3]"
    assert context.counts[0][3] == 16
    with pytest.raises(OpError, match="boxes have 7 boxes, expected 8"):
        Nms().infer([TensorType(DType.F32, (1, 7, 4)), types[1]], context)
