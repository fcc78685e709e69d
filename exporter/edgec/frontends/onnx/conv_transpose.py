"""ConvTranspose and Col2Im."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.conv import bias_program
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, floordiv, less, maximum, mod, product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.scatter import ScatterElements


@onnx_op("ConvTranspose")
def conv_transpose(b: Builder, call: Call) -> Value:
    """ConvTranspose on [N, C, *S]: channels last inside; the weight [C, O/g, *K] becomes [O, *K, C/g]."""
    x, w, bias = call.operand(0), call.operand(1), call.optional(2)
    if x.rank < 3 or w.rank != x.rank:
        raise OpError(f"input is {x.type}, weight is {w.type}, expected equal ranks of 3 or more")
    spatial, groups = x.rank - 2, call.integer("group", 1)
    strides = call.integers("strides", [1] * spatial)
    dilations = call.integers("dilations", [1] * spatial)
    pads, extra = _padding(call, x, w, strides, dilations)
    op = ConvTranspose(
        strides,
        pads,
        dilations,
        groups,
        extra,
        bias_program(x.dtype, bias),
        int(x.dtype.compute),
        int(x.dtype),
    )
    operands = [b.channels_last(x), _weight(b, w, groups)]
    return b.channels_first(b.one(op, *operands, *([bias] if bias is not None else [])))


def _weight(b: Builder, w: Value, groups: int) -> Value:
    channels, outputs, *kernel = w.shape
    inner = floordiv(channels, groups)
    split = b.reshape(w, (groups, inner, outputs, *kernel))
    moved = b.transpose(split, [0, 2, *range(3, w.rank + 1), 1])
    return b.reshape(moved, (outputs * groups, *kernel, inner))


def _padding(
    call: Call, x: Value, w: Value, strides: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    """(pads, output_padding); with output_shape or SAME padding the pads follow from the result's size."""
    spatial = x.rank - 2
    extra: list[Dim] = list(call.integers("output_padding", [0] * spatial))
    mode = call.text("auto_pad", "NOTSET")
    wanted: list[Dim] | None = None
    if call.has("output_shape"):
        wanted = [*call.integers("output_shape")[-spatial:]]
    elif mode in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [size * stride for size, stride in zip(x.shape[2:], strides)]
    if wanted is None:
        return call.integers("pads", [0] * (2 * spatial)), tuple(extra)
    begins: list[Dim] = []
    ends: list[Dim] = []
    for i, (size, k, target) in enumerate(zip(x.shape[2:], w.shape[2:], wanted)):
        total = (size - 1) * strides[i] + extra[i] + (k - 1) * dilations[i] + 1 - target
        extra[i] = extra[i] + maximum(total * -1, 0)
        total = maximum(total, 0)
        less = floordiv(total, 2)
        begins.append(less if mode == "SAME_UPPER" else total - less)
        ends.append(total - less if mode == "SAME_UPPER" else less)
    return (*begins, *ends), tuple(extra)


@onnx_op("Col2Im")
def columns_to_image(b: Builder, call: Call) -> Value:
    """Overlapping blocks added up; x is [N, C * block elements, blocks]."""
    x, image, block = call.operand(0), b.dims_of(call.operand(1)), b.dims_of(call.operand(2))
    spatial = len(block)
    tiling = Tiling(
        image,
        block,
        call.integers("strides", [1] * spatial),
        call.integers("dilations", [1] * spatial),
        call.integers("pads", [0] * (2 * spatial)),
    )
    fixed = tuple(k for k in block if isinstance(k, int))
    if len(fixed) == spatial and isinstance(x.shape[1], int):
        return _placed_by_product(b, x, x.shape[1], fixed, tiling)
    return _placed_by_index(b, x, tiling)


@dataclass(frozen=True)
class Tiling:
    """How blocks lie on an image, per spatial axis; pads are begins, then ends."""

    image: tuple[Dim, ...]
    block: tuple[Dim, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]

    def padded(self) -> list[Dim]:
        spatial = len(self.image)
        return [size + self.pads[i] + self.pads[spatial + i] for i, size in enumerate(self.image)]

    def free(self) -> list[Dim]:
        """How far the first block of each axis can move."""
        extents = [(k - 1) * d + 1 for k, d in zip(self.block, self.dilations)]
        return [size - extent for size, extent in zip(self.padded(), extents)]

    def counts(self) -> list[Dim]:
        """Blocks per axis."""
        return [floordiv(free, stride) + 1 for free, stride in zip(self.free(), self.strides)]


def _placed_by_product(b: Builder, x: Value, channels: int, block: tuple[int, ...], tiling: Tiling) -> Value:
    """A transposed convolution whose weight places each element of a block of known size."""
    size = math.prod(block)
    groups, rest = channels // size, [mod(free, s) for free, s in zip(tiling.free(), tiling.strides)]
    weight = np.tile(np.eye(size).reshape(1, *block, size), (groups, *[1] * (len(block) + 1)))
    columns = b.reshape(x, (x.shape[0], channels, *tiling.counts()))
    accumulator, dtype = int(x.dtype.compute), int(x.dtype)
    op = ConvTranspose(
        tiling.strides, tiling.pads, tiling.dilations, groups, tuple(rest), None, accumulator, dtype
    )
    return b.channels_first(b.one(op, b.channels_last(columns), b.constant(weight, x.dtype)))


def _placed_by_index(b: Builder, x: Value, tiling: Tiling) -> Value:
    """Every element added to a padded image of zeros at its place."""
    spatial, padded, counts = len(tiling.block), tiling.padded(), tiling.counts()
    for free in tiling.free():
        b.guard(less(-1, free), "a block fits in the padded image")
    places = b.constant(0, DType.I64)
    for i in range(spatial):
        for axis, n, step in (
            (i, tiling.block[i], tiling.dilations[i]),
            (spatial + i, counts[i], tiling.strides[i]),
        ):
            shape: list[Dim] = [1] * (2 * spatial)
            shape[axis] = n
            row = b.binary("mul", b.iota(n), b.dims([product(padded[i + 1 :]) * step]))
            places = b.binary("add", places, b.reshape(row, shape))
    size, total = product(tiling.block), product(counts)
    shape = [x.shape[0], floordiv(x.shape[1], size), size * total]
    zeros = b.expand(b.constant(np.zeros(1), x.dtype), (*shape[:2], product(padded)))
    indices = b.expand(b.reshape(places, (1, 1, shape[2])), shape)
    filled = b.one(ScatterElements(2, "add"), zeros, indices, b.reshape(x, shape))
    result = b.reshape(filled, (*shape[:2], *padded))
    for i, target in enumerate(tiling.image):
        result = b.slice_axis(result, 2 + i, tiling.pads[i], target)
    return result
