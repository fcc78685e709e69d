"""Scatter, ScatterElements, ScatterND, TensorScatter."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.scatter import ScatterElements, ScatterNd


@onnx_op("Scatter", "ScatterElements")
def scatter_elements(b: Builder, call: Call) -> Value:
    x, indices, updates = call.operands(3)
    return b.one(ScatterElements(call.axis(x.rank, 0), call.text("reduction", "none")), x, indices, updates)


@onnx_op("ScatterND")
def scatter_nd(b: Builder, call: Call) -> Value:
    x, indices, updates = call.operands(3)
    return b.one(ScatterNd(call.text("reduction", "none")), x, indices, updates)


@onnx_op("TensorScatter")
def tensor_scatter(b: Builder, call: Call) -> Value:
    """An update written into a cache from each batch's index on, around its end where circular."""
    x, update, start = call.operand(0), call.operand(1), call.optional(2)
    axis = call.axis(x.rank, -2)
    places = b.reshape(b.iota(update.shape[axis]), (update.shape[axis], *[1] * (x.rank - 1 - axis)))
    if start is not None:
        places = b.binary("add", places, b.reshape(start, (x.shape[0], *[1] * (x.rank - 1))))
    if call.text("mode", "linear") == "circular":
        places = b.binary("mod", places, b.dims([x.shape[axis]]))
    return b.one(ScatterElements(axis), x, b.expand(places, update.shape), update)
