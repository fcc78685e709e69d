"""Gather, GatherElements, GatherND."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather, GatherElements, GatherNd


@onnx_op("Gather")
def gather(b: Builder, call: Call) -> Value:
    x, indices = call.operand(0), call.operand(1)
    axis = call.axis(x.rank, 0)
    _check_indices(indices, x.shape[axis])
    return b.one(Gather(axis), x, indices)


def _check_indices(indices: Value, size: Dim) -> None:
    """Raises OpError where a constant index is beyond a known size."""
    if indices.const is None or not indices.const.size or not isinstance(size, int):
        return
    low, high = int(indices.const.min()), int(indices.const.max())
    if low < -size or high >= size:
        raise OpError(f"index {high if high >= size else low} is out of range for an axis of {size}")


@onnx_op("GatherElements")
def gather_elements(b: Builder, call: Call) -> Value:
    x, indices = call.operand(0), call.operand(1)
    axis = call.axis(x.rank, 0)
    _check_indices(indices, x.shape[axis])
    return b.one(GatherElements(axis), x, indices)


@onnx_op("ReverseSequence")
def reverse_sequence(b: Builder, call: Call) -> Value:
    """The first lengths[i] steps of each sequence in reverse order, the rest as they are."""
    x, lengths = call.operand(0), call.operand(1)
    time, batch = call.integer("time_axis", 0), call.integer("batch_axis", 1)
    front = [batch, time, *(i for i in range(x.rank) if i not in (batch, time))]
    moved = b.transpose(x, front)
    steps = b.reshape(b.iota(moved.shape[1]), (1, moved.shape[1]))
    ends = b.reshape(lengths, (moved.shape[0], 1))
    mirrored = b.binary("sub", b.binary("sub", ends, b.constant(1, DType.I64)), steps)
    index = select(b, b.binary("lt", steps, ends), mirrored, steps)
    result = b.one(Gather(1, 1), moved, index)
    return b.transpose(result, [front.index(i) for i in range(x.rank)])


@onnx_op("GatherND")
def gather_nd(b: Builder, call: Call) -> Value:
    return b.one(GatherNd(call.integer("batch_dims", 0)), call.operand(0), call.operand(1))
