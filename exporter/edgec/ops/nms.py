"""Non-maximum suppression of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_rank, operand, optional, require_equal


@register
@dataclass(frozen=True)
class Nms(Op):
    """The best boxes of each class that overlap no better one.

    Operands: boxes f32 [B, N, 4], scores f32 [B, C, N], then scalars or None: most boxes per class (i64,
    None or 0: no box), IoU threshold (f32, None: 0), score threshold (f32, None: any score). Boxes are
    two opposite corners (y, x, y, x), or (x centre, y centre, width, height) with `center_point_box`. A box
    is dropped where its IoU with a chosen one is above the threshold. Result: i64 [count, 3] of (batch,
    class, box), best first within a class. Source: ONNX NonMaxSuppression.
    """

    name = "nms"
    center_point_box: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        boxes, scores = operand(operands, 0, "boxes"), operand(operands, 1, "scores")
        check_rank(boxes, "boxes", 3, 3)
        check_rank(scores, "scores", 3, 3)
        if boxes.dtype != DType.F32 or scores.dtype != DType.F32:
            raise OpError(f"boxes are {boxes}, scores {scores}, expected f32")
        for (a, b), what in zip(
            ((boxes.shape[0], scores.shape[0]), (boxes.shape[1], scores.shape[2]), (boxes.shape[2], 4)),
            ("batches", "boxes", "coordinates"),
        ):
            require_equal(context, a, b, f"boxes have {a} {what}, expected {b}")
        for index, dtype in ((2, DType.I64), (3, DType.F32), (4, DType.F32)):
            limit = optional(operands, index)
            if limit is not None and (limit.dtype != dtype or limit.rank > 1):
                raise OpError(f"operand {index} is {limit}, expected a scalar of {dtype.text}")
        bound = scores.shape[0] * scores.shape[1] * scores.shape[2]
        return [TensorType(DType.I64, (context.count(0, 0, bound), 3))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        boxes, scores, most, overlap, least = (*operands, None, None, None)[:5]
        assert boxes is not None and scores is not None
        limit = 0 if most is None else int(most.reshape(-1)[0])
        threshold = np.float32(0 if overlap is None else overlap.reshape(-1)[0])
        found: list[tuple[int, int, int]] = []
        for batch in range(scores.shape[0]):
            corners = self._corners(boxes[batch])
            for kind, values in enumerate(scores[batch]):
                order = np.argsort(-values, kind="stable")
                if least is not None:
                    order = order[values[order] > least.reshape(-1)[0]]
                found += [(batch, kind, i) for i in _suppress(corners, order, limit, threshold)]
        return [np.array(found, np.int64).reshape(-1, 3)]

    def _corners(self, boxes: Array) -> Array:
        """[N, 4]: least and greatest position on two axes."""
        if self.center_point_box:
            half = boxes[:, 2:] / 2
            return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], 1)
        a, b = boxes[:, :2], boxes[:, 2:]
        return np.concatenate([np.minimum(a, b), np.maximum(a, b)], 1)


def _suppress(boxes: Array, order: Array, limit: int, threshold: np.float32) -> list[int]:
    """Indices of the boxes kept, best first."""
    kept: list[int] = []
    while order.size and len(kept) < limit:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        order = order[iou(boxes[best], boxes[order]) <= threshold]
    return kept


def iou(box: Array, others: Array) -> Array:
    """Intersection over union of one box with [N, 4] others; 0 where the union is empty."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.maximum(high - low, 0).prod(1)
    total = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - shared
    return np.asarray(np.divide(shared, total, out=np.zeros_like(shared), where=total > 0))
