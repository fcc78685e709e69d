"""Which operators work in any axis order, and what they become when their axes move."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from edgec.ir.graph import Node
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.base import Op
from edgec.ops.conv import Conv
from edgec.ops.cumulative import Cumulative
from edgec.ops.gather import Gather
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.normalize import Normalize
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.select import TopK
from edgec.ops.softmax import Softmax
from edgec.ops.view import Concat, Expand, Pad, Slice
from edgec.passes.regroup import Perm, inverse

T = TypeVar("T")


def laid_out_operands(node: Node) -> list[int] | None:
    """The operands whose axes move with the results'; None where the node wants one order of its own.

    Other operands are scalars, or broadcast (see `broadcast_operands`).
    """
    op = node.op
    if isinstance(op, Map):
        rank = node.outputs[0].rank
        return [i for i, v in enumerate(node.inputs) if v is not None and v.rank == rank]
    if isinstance(op, Concat):
        return list(range(len(node.inputs)))
    if isinstance(op, (Slice, Pad, Softmax, Normalize, TopK)):
        return [0]
    if isinstance(op, Cumulative):
        return [0] if isinstance(op.axis, int) else None
    if isinstance(op, Reduce):
        return [0] if op.keepdims and len(node.inputs) == 1 and fixed_axes(op) is not None else None
    if isinstance(op, ArgReduce):
        return [0] if op.keepdims else None
    if isinstance(op, Resize):
        return [0] if op.coordinates != "tf_crop_and_resize" else None
    if isinstance(op, Expand):
        return [0] if node.operand(0).rank == node.outputs[0].rank else None
    if isinstance(op, Gather):
        table = node.operand(0).const is not None
        return [0] if node.operand(1).rank == 1 and op.batch_dims == 0 and not table else None
    if isinstance(op, MatMul):
        free = node.operand(0).rank > 2 and node.operand(1).rank == 2
        return [0] if free and not op.transpose_a and _is_per_channel(node) else None
    if isinstance(op, Conv):
        return [0] if is_pointwise(node) and _is_per_channel(node) else None
    return None


def _is_per_channel(node: Node) -> bool:
    """Whether the epilogue's operands, if any, run along the last axis alone."""
    return all(v is not None and v.rank <= 1 for v in node.inputs[2:])


def is_pointwise(node: Node) -> bool:
    """Whether a conv has one tap, no stride and no padding: a matrix product over the last axis."""
    op = node.op
    return (
        isinstance(op, Conv)
        and all(size == 1 for size in node.operand(1).shape[1:-1])
        and all(stride == 1 for stride in op.strides)
        and all(pad == 0 for pad in op.pads)
    )


def broadcast_operands(node: Node) -> list[int]:
    """The operands that broadcast to the result by NumPy's rules, scalars left out."""
    positions: Sequence[int] = ()
    if isinstance(node.op, Map):
        positions = range(len(node.inputs))
    elif isinstance(node.op, Normalize):
        positions = range(1, len(node.inputs))
    return [i for i in positions if (v := node.inputs[i]) is not None and v.rank > 0]


def allows(node: Node, perm: Perm) -> bool:
    """Whether the node works with its axes in the order `perm`."""
    if isinstance(node.op, (MatMul, Conv)):
        return perm[-1] == len(perm) - 1
    return True


def fixed_axes(op: Reduce) -> tuple[int, ...] | None:
    """The axes of a reduction where all are known at export."""
    found = tuple(axis for axis in op.axes if isinstance(axis, int))
    return found if len(found) == len(op.axes) else None


def follow(op: Op, perm: Perm) -> Op:
    """The operator that does to transpose(x, perm) what `op` does to x, its result transposed likewise."""
    places = inverse(perm)
    if isinstance(op, (Concat, Softmax, TopK, ArgReduce, Gather)):
        return dataclasses.replace(op, axis=places[op.axis])
    if isinstance(op, Cumulative) and isinstance(op.axis, int):
        return dataclasses.replace(op, axis=places[op.axis])
    if isinstance(op, Reduce):
        return dataclasses.replace(op, axes=tuple(sorted(places[a] for a in fixed_axes(op) or ())))
    if isinstance(op, Normalize):
        return dataclasses.replace(op, axes=tuple(sorted(places[a] for a in op.axes)))
    if isinstance(op, Slice):
        return Slice(_moved(op.starts, perm), _moved(op.steps, perm), _moved(op.shape, perm))
    if isinstance(op, Pad):
        rank = len(perm)
        return Pad(op.kind, _moved(op.pads[:rank], perm) + _moved(op.pads[rank:], perm))
    if isinstance(op, Expand):
        return Expand(_moved(op.shape, perm))
    if isinstance(op, Resize):
        order = sorted(range(len(op.axes)), key=lambda i: places[op.axes[i]])
        return dataclasses.replace(
            op,
            axes=tuple(places[op.axes[i]] for i in order),
            sizes=tuple(op.sizes[i] for i in order),
            scales=tuple(op.scales[i] for i in order) if op.scales else (),
            scale_bits=tuple(op.scale_bits[i] for i in order) if op.scale_bits else (),
        )
    return op


def _moved(items: Sequence[T], perm: Perm) -> tuple[T, ...]:
    return tuple(items[axis] for axis in perm)
