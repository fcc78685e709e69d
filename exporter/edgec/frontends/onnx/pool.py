"""Pooling over windows and over whole images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.conv import window_pads
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, floordiv, product
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.pool import Pool
from edgec.ops.reduce import Reduce
from edgec.ops.scatter import ScatterElements
from edgec.ops.view import Pad

_KINDS = {"MaxPool": "max", "AveragePool": "average", "LpPool": "lp"}


@onnx_op(*_KINDS)
def pool(b: Builder, call: Call) -> Sequence[Value]:
    """MaxPool (with indices where used), AveragePool, LpPool on [N, C, *S]."""
    x = call.operand(0)
    kernel = call.integers("kernel_shape")
    if x.rank != len(kernel) + 2:
        raise OpError(f"input is {x.type}, kernel_shape {kernel} needs rank {len(kernel) + 2}")
    ones = [1] * len(kernel)
    strides, dilations = call.integers("strides", ones), call.integers("dilations", ones)
    op = Pool(
        _KINDS[call.op_type],
        kernel,
        strides,
        window_pads(call, x.shape[2:], kernel, strides, dilations),
        dilations,
        call.flag("ceil_mode"),
        call.flag("count_include_pad"),
        call.integer("p", 2),
        call.uses(1),
    )
    results = [b.channels_first(v) for v in b.emit(op, [b.channels_last(x)])]
    if call.flag("storage_order") and call.uses(1):
        results[1] = _column_major(b, results[1], x.shape)
    return results


def _column_major(b: Builder, indices: Value, shape: Sequence[Dim]) -> Value:
    """Flat positions in a row-major [N, C, *S] as positions in images that are stored column by column."""
    image = b.dims([product(shape[2:])])
    rest = b.binary("mod", indices, image)
    result, step = b.binary("sub", indices, rest), product(shape[2:])
    for size in reversed(shape[2:]):
        step = floordiv(step, size)
        place = b.binary("mod", rest, b.dims([size]))
        rest = b.binary("div", rest, b.dims([size]))
        result = b.binary("add", result, b.binary("mul", place, b.dims([step])))
    return result


@onnx_op("GlobalAveragePool", "GlobalMaxPool")
def global_pool(b: Builder, call: Call) -> Value:
    x = call.operand(0)
    kind = "mean" if call.op_type == "GlobalAveragePool" else "max"
    return b.one(Reduce(kind, tuple(range(2, x.rank)), True), x)


@onnx_op("GlobalLpPool")
def global_lp_pool(b: Builder, call: Call) -> Value:
    """(sum |x|^p)^(1/p) over all spatial axes."""
    x, p = call.operand(0), call.integer("p", 2)
    power = b.binary("pow", b.unary("abs", x), b.constant(float(p), x.dtype))
    total = b.one(Reduce("sum", tuple(range(2, x.rank)), True), power)
    return b.binary("pow", total, b.constant(1.0 / p, x.dtype))


@onnx_op("MaxUnpool")
def max_unpool(b: Builder, call: Call) -> Value:
    """x scattered to MaxPool's indices in zeros; a given output shape adds zeros at the ends."""
    x, indices, wanted = call.operand(0), call.operand(1), call.optional(2)
    kernel = call.integers("kernel_shape")
    spatial = len(kernel)
    strides, pads = call.integers("strides", [1] * spatial), call.integers("pads", [0] * (2 * spatial))
    sizes = [
        (x.shape[2 + i] - 1) * strides[i] + kernel[i] - pads[i] - pads[spatial + i] for i in range(spatial)
    ]
    shape = (*x.shape[:2], *sizes)
    zeros = b.expand(b.constant(np.zeros(1), x.dtype), [product(shape)])
    total = [product(x.shape)]
    filled = b.one(ScatterElements(0), zeros, b.reshape(indices, total), b.reshape(x, total))
    result = b.reshape(filled, shape)
    if wanted is None:
        return result
    ends = [target - size for target, size in zip(b.dims_of(wanted), shape)]
    return b.one(Pad("constant", (*[0] * x.rank, *ends)), result, None)
