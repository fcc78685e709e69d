"""Pooling over regions of interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.gather import check_indices, positions
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_rank, operand, require_equal


@register
@dataclass(frozen=True)
class RoiAlign(Op):
    """Bilinear samples of x pooled over a grid of bins in each region (He et al., Mask R-CNN, 2017).

    Operands: x [N, H, W, C] (float), rois [R, 4] of (x1, y1, x2, y2), batch i32 or i64 [R]: each roi's image.
    Coordinates are multiplied by `spatial_scale`; `half_pixel` then takes off 0.5, otherwise regions are at
    least 1 wide and high. Each of `height` x `width` bins has `sampling_ratio` squared samples (0: as
    many as the region's size asks), combined by `kind` "average" or "max" (of the weighted neighbours,
    as ONNX has it). Result: [R, height, width, C] of x's dtype. Source: ONNX RoiAlign.
    """

    name = "roi_align"
    kind: str
    height: int
    width: int
    sampling_ratio: int = 0
    spatial_scale: float = 1.0
    half_pixel: bool = True

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, rois = operand(operands, 0, "x"), operand(operands, 1, "rois")
        batch = operand(operands, 2, "batch")
        check_rank(x, "x", 4, 4)
        check_rank(rois, "rois", 2, 2)
        check_rank(batch, "batch", 1, 1)
        check_indices(batch)
        if self.kind not in ("average", "max"):
            raise OpError(f"kind is '{self.kind}', expected average or max")
        if self.height < 1 or self.width < 1 or self.sampling_ratio < 0:
            raise OpError(
                f"bins {self.height} x {self.width}, {self.sampling_ratio} samples are not positive"
            )
        require_equal(context, rois.shape[1], 4, f"rois have {rois.shape[1]} coordinates, expected 4")
        message = f"{rois.shape[0]} rois have {batch.shape[0]} batch indices"
        require_equal(context, rois.shape[0], batch.shape[0], message)
        return [TensorType(x.dtype, (rois.shape[0], self.height, self.width, x.shape[-1]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, rois, batch = given(operands)
        stored = DType.of(x.dtype)
        images = load(x, stored.compute)
        result = np.zeros((len(rois), self.height, self.width, x.shape[-1]), images.dtype)
        for r, image in enumerate(positions(batch, x.shape[0])):
            result[r] = self._region(images[image], rois[r].astype(np.float64))
        return [store(result, stored)]

    def _region(self, image: Array, roi: Array) -> Array:
        x1, y1, x2, y2 = roi * self.spatial_scale - (0.5 if self.half_pixel else 0)
        rows = self._axis(y1, y2, self.height, image.shape[0])
        columns = self._axis(x1, x2, self.width, image.shape[1])
        parts = []
        for row, row_weight in rows:
            for column, column_weight in columns:
                weight = row_weight[:, None, :, None] * column_weight[None, :, None, :]
                values = image[row[:, None, :, None], column[None, :, None, :]]
                parts.append(values * weight[..., None].astype(image.dtype))
        samples = np.stack(parts)
        if self.kind == "max":
            return np.asarray(samples.max((0, 3, 4)))
        return np.asarray(samples.sum(0).mean((2, 3)))

    def _axis(self, low: float, high: float, bins: int, size: int) -> list[tuple[Array, Array]]:
        """Of each sample [bins, samples] the two neighbours and their weights; 0 where far outside."""
        length = high - low if self.half_pixel else max(high - low, 1.0)
        if not (abs(low) < 1e9 and abs(length) < 64 * (size + 16)):
            raise OpError(f"a region from {low} to {high} is far larger than the image's {size}")
        count = self.sampling_ratio or max(int(np.ceil(length / bins)), 1)
        step = length / bins
        at = low + step * np.arange(bins)[:, None] + (np.arange(count) + 0.5) * step / count
        outside = (at < -1) | (at > size)
        at = np.clip(at, 0, size - 1)
        base = np.floor(at).astype(np.int64)
        share = at - base
        after = np.minimum(base + 1, size - 1)
        return [(base, np.where(outside, 0, 1 - share)), (after, np.where(outside, 0, share))]
