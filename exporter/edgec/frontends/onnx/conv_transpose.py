"""ConvTranspose and Col2Im."""

from __future__ import annotations

import math

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.conv import bias_program
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op, static_ints
from edgec.ir.dims import Dim, floordiv, maximum, mod
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.conv_transpose import ConvTranspose


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
    """Overlapping blocks added up: a transposed convolution whose weight places each element of a block."""
    x, image = call.operand(0), b.dims_of(call.operand(1))
    block = static_ints(b, call.operand(2), "block_shape")
    spatial, size = len(block), math.prod(block)
    strides = call.integers("strides", [1] * spatial)
    dilations = call.integers("dilations", [1] * spatial)
    pads = call.integers("pads", [0] * (2 * spatial))
    if not isinstance(x.shape[1], int):
        raise Unsupported(f"Col2Im of {x.shape[1]} channels is not supported", "fix the shape with --shape")
    groups, counts, rest = x.shape[1] // size, [], []
    for i in range(spatial):
        extent = (block[i] - 1) * dilations[i] + 1
        free = image[i] + pads[i] + pads[spatial + i] - extent
        counts.append(floordiv(free, strides[i]) + 1)
        rest.append(mod(free, strides[i]))
    weight = np.tile(np.eye(size).reshape(1, *block, size), (groups, *[1] * (spatial + 1)))
    columns = b.reshape(x, (x.shape[0], x.shape[1], *counts))
    accumulator, dtype = int(x.dtype.compute), int(x.dtype)
    op = ConvTranspose(strides, pads, dilations, groups, tuple(rest), None, accumulator, dtype)
    return b.channels_first(b.one(op, b.channels_last(columns), b.constant(weight, x.dtype)))
