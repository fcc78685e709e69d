"""Sampling of images at given places."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.resize import cubic
from edgec.ops.scalar_eval import load, store
from edgec.ops.shapes import Operands, check_rank, operand, require_equal

KINDS = ("nearest", "linear", "cubic")
PADDINGS = ("zeros", "border", "reflection")


@register
@dataclass(frozen=True)
class GridSample(Op):
    """x interpolated at the places that a grid names.

    Operands: x [N, *S, C] (float), grid [N, *S', D] for D spatial axes, whose last axis holds coordinates
    from -1 to 1 of the last spatial axis first. -1 and 1 are the centres of the border elements with
    `align_corners`, else their outer edges. Outside, x is zero, its border or its reflection
    (`padding`). nearest rounds halves to even, cubic uses a = -0.75. Result: [N, *S', C] of x's dtype.
    Source: ONNX GridSample.
    """

    name = "grid_sample"
    kind: str
    padding: str = "zeros"
    align_corners: bool = False

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, grid = operand(operands, 0, "x"), operand(operands, 1, "grid")
        check_rank(x, "x", 3)
        check_rank(grid, "grid", x.rank, x.rank)
        if self.kind not in KINDS or self.padding not in PADDINGS:
            raise OpError(f"kind '{self.kind}' with padding '{self.padding}' is not known")
        if not (x.dtype.is_float and grid.dtype.is_float):
            raise OpError(f"x is {x.dtype.text}, grid {grid.dtype.text}, expected float types")
        message = f"x has batch {x.shape[0]}, grid {grid.shape[0]}"
        require_equal(context, x.shape[0], grid.shape[0], message)
        message = f"grid has {grid.shape[-1]} coordinates, x {x.rank - 2} spatial axes"
        require_equal(context, grid.shape[-1], x.rank - 2, message)
        return [TensorType(x.dtype, (*grid.shape[:-1], x.shape[-1]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, grid = given(operands)
        stored = DType.of(x.dtype)
        with np.errstate(all="ignore"):
            return [store(self._sample(load(x, stored.compute), grid), stored)]

    def _sample(self, value: Array, grid: Array) -> Array:
        spatial = value.ndim - 2
        if value.size == 0:
            return np.zeros((*grid.shape[:-1], value.shape[-1]), value.dtype)
        taps = []
        for i in range(spatial):
            place = load(grid[..., spatial - 1 - i], DType.of(grid.dtype).compute)
            taps.append(self._taps(place.astype(np.float64), value.shape[1 + i]))
        batch = np.arange(value.shape[0]).reshape((-1,) + (1,) * spatial)
        total = np.zeros((*grid.shape[:-1], value.shape[-1]), value.dtype)
        for chosen in itertools.product(*taps):
            weight, exists = np.ones(grid.shape[:-1]), np.ones(grid.shape[:-1], bool)
            index: list[Array] = [batch]
            for (place, share), size in zip(chosen, value.shape[1:-1]):
                inside, found = self._inside(place, size)
                weight, exists = weight * share, exists & inside
                index.append(found)
            part = value[tuple(index)] * weight[..., None].astype(value.dtype)
            total += np.where(exists[..., None], part, value.dtype.type(0))
        return total

    def _taps(self, coordinate: Array, size: int) -> list[tuple[Array, Array]]:
        """The elements of one axis that make each result, with their weights."""
        if self.align_corners:
            at = (coordinate + 1) / 2 * (size - 1)
        else:
            at = ((coordinate + 1) * size - 1) / 2
        if self.kind == "nearest":
            at = np.rint(at)
        # PyTorch and ONNX Runtime pad a cubic's border by elements; onnx's reference moves the position
        if (self.kind, self.padding) != ("cubic", "border"):
            at = self._padded(at, size)
        if self.kind == "nearest":
            return [(np.rint(at), np.ones(at.shape))]
        base = np.floor(at)
        if self.kind == "linear":
            return [(base, 1 - (at - base)), (base + 1, at - base)]
        return [(base + k, cubic(np.abs(at - base - k), -0.75)) for k in (-1, 0, 1, 2)]

    def _padded(self, at: Array, size: int) -> Array:
        """Positions moved inside as the padding says; zeros leaves them."""
        low, span = (0.0, size - 1.0) if self.align_corners else (-0.5, float(size))
        if self.padding == "border":
            beyond = (at < low) | (at > low + span)
            return np.where(beyond, np.clip(at, 0, size - 1), at)
        if self.padding == "reflection":
            if span == 0:
                return np.zeros_like(at)
            folded = np.mod(at - low, 2 * span)
            return low + np.minimum(folded, 2 * span - folded)
        return at

    def _inside(self, place: Array, size: int) -> tuple[Array, Array]:
        """Whether an element exists at `place`, and its index (padded where it does not)."""
        found = np.nan_to_num(self._padded(place, size), nan=-1)
        if self.padding == "border":
            found = np.clip(found, 0, size - 1)
        inside = (found >= 0) & (found <= size - 1)
        return inside, np.clip(found, 0, max(size - 1, 0)).astype(np.int64)
