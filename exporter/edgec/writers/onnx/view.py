"""Movement of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from edgec.ir.dims import Dim, bounds, less, select
from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops import view
from edgec.ops.base import Op
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.target import onnx_type

END = 2**63 - 1
T = TypeVar("T", bound=Op)


def op_of(node: Node, kind: type[T]) -> T:
    """The node's operator, which is of that kind."""
    assert isinstance(node.op, kind)
    return node.op


@writes("transpose")
def write_transpose(scope: Scope, node: Node) -> str:
    return scope.emit("Transpose", scope.name(node.operand(0)), perm=op_of(node, view.Transpose).perm)


@writes("reshape")
def write_reshape(scope: Scope, node: Node) -> str:
    return reshape(scope, scope.name(node.operand(0)), node.operand(0).shape, node.outputs[0].shape)


def reshape(scope: Scope, x: str, given: Sequence[Dim], wanted: Sequence[Dim]) -> str:
    """x of shape `given` in the shape `wanted`: Squeeze, Unsqueeze or Reshape, by as few sizes as can be."""
    given, wanted = tuple(given), tuple(wanted)
    if given == wanted:
        return x
    if not (is_static(given) and is_static(wanted)):
        for op_type, longer, shorter in (("Squeeze", given, wanted), ("Unsqueeze", wanted, given)):
            axes = _extra_ones(longer, shorter)
            if axes is not None:
                return scope.emit(op_type, x, scope.ints(axes))
    return _reshape(scope, x, given, wanted)


def _reshape(scope: Scope, x: str, given: tuple[Dim, ...], wanted: tuple[Dim, ...]) -> str:
    if is_static(wanted):
        if 0 not in wanted:
            return scope.emit("Reshape", x, scope.dims(wanted))
        scope.target.since(14, scope.who, "a Reshape to a size of 0")
        return scope.emit("Reshape", x, scope.dims(wanted), allowzero=1)
    copied = [i < len(given) and d == given[i] and not isinstance(d, int) for i, d in enumerate(wanted)]
    left = [i for i, d in enumerate(wanted) if not isinstance(d, int) and not copied[i]]
    if 0 not in wanted and len(left) <= 1 and (any(copied) or left):
        free = left[0] if left else None
        if free is None or all(bounds(d)[0] for i, d in enumerate(wanted) if i != free):
            numbers = [-1 if i == free else 0 if copied[i] else d for i, d in enumerate(wanted)]
            return scope.emit("Reshape", x, scope.ints([int(str(n)) for n in numbers]))
        if not any(copied) or len(left) == 1:
            numbers = [-1 if i == free else 0 if copied[i] else d for i, d in enumerate(wanted)]
            if not any(copied):
                return scope.emit("Reshape", x, scope.ints([int(str(n)) for n in numbers]))
    allow = 1 if scope.target.opset >= 14 else None
    return scope.emit("Reshape", x, scope.dims(wanted), allowzero=allow)


def _extra_ones(longer: tuple[Dim, ...], shorter: tuple[Dim, ...]) -> list[int] | None:
    """The axes of size 1 without which `longer` is `shorter`."""
    axes, at = [], 0
    for axis, dim in enumerate(longer):
        if at < len(shorter) and shorter[at] == dim:
            at += 1
        elif dim == 1:
            axes.append(axis)
        else:
            return None
    return axes if at == len(shorter) and axes else None


@writes("slice")
def write_slice(scope: Scope, node: Node) -> str:
    op = op_of(node, view.Slice)
    x = node.operand(0)
    axes = [i for i in range(x.rank) if not (op.shape[i] == x.shape[i] and op.steps[i] == 1)]
    if not axes:
        return scope.emit("Identity", scope.name(x))
    starts = [op.starts[i] for i in axes]
    ends = [_end(op.starts[i], op.steps[i], op.shape[i], x.shape[i]) for i in axes]
    steps = [op.steps[i] for i in axes]
    given = [scope.dims(starts), scope.dims(ends), scope.ints(axes)]
    return scope.emit("Slice", scope.name(x), *given, "" if steps == [1] * len(axes) else scope.dims(steps))


def _end(start: Dim, step: Dim, count: Dim, size: Dim) -> Dim:
    """Where ONNX's Slice stops. Backwards it is counted from the end, so that -1 is not the last element."""
    if count == 0:
        return start
    end = start + count * step
    if isinstance(step, int):
        if step > 0:
            return END if end == size else end
        return -END if end == -1 else end - size
    return select(less(step, 0), end - size, end)


@writes("pad")
def write_pad(scope: Scope, node: Node) -> str:
    op = op_of(node, view.Pad)
    x, fill = node.operand(0), node.inputs[1] if len(node.inputs) > 1 else None
    if op.kind == "wrap":
        scope.target.since(19, node.name, "Pad with wrap")
    if x.dtype == DType.STRING and op.kind == "constant" and fill is not None:
        return _pad_strings(scope, op, x, fill)
    given = [scope.name(x), scope.dims(op.pads)]
    if fill is not None:
        given.append(reshape(scope, scope.name(fill), fill.shape, ()))
    return scope.emit("Pad", *given, mode=op.kind)


def _pad_strings(scope: Scope, op: view.Pad, x: Value, fill: Value) -> str:
    """Pad as concatenations, axis by axis: runtimes have Pad for numbers only."""
    result, shape = scope.name(x), list(x.shape)
    one = reshape(scope, scope.name(fill), fill.shape, (1,) * x.rank)
    for axis in range(x.rank):
        parts = []
        for size in (op.pads[axis], op.pads[x.rank + axis]):
            border = [*shape[:axis], size, *shape[axis + 1 :]]
            parts.append("" if size == 0 else scope.emit("Expand", one, scope.dims(border)))
        around = [p for p in (parts[0], result, parts[1]) if p]
        if len(around) > 1:
            result = scope.emit("Concat", *around, axis=axis)
        shape[axis] = op.pads[axis] + shape[axis] + op.pads[x.rank + axis]
    return result


@writes("concat")
def write_concat(scope: Scope, node: Node) -> str:
    return scope.emit("Concat", *scope.names(node.inputs), axis=op_of(node, view.Concat).axis)


@writes("expand")
def write_expand(scope: Scope, node: Node) -> str:
    op, x = op_of(node, view.Expand), node.operand(0)
    offset = len(op.shape) - x.rank
    same = [i >= offset and d == x.shape[i - offset] for i, d in enumerate(op.shape)]
    return scope.emit("Expand", scope.name(x), scope.dims([1 if s else d for s, d in zip(same, op.shape)]))


@writes("iota")
def write_iota(scope: Scope, node: Node) -> str:
    op = op_of(node, view.Iota)
    dtype = DType(op.dtype)
    made = dtype if scope.target.takes("Range", dtype) else DType.I64
    count = reshape(scope, scope.dims([op.count]), (1,), ())
    limits = [scope.constant(n, made) for n in (0, 1)]
    numbers = scope.emit("Range", limits[0], scope.cast(count, DType.I64, made), limits[1])
    return scope.cast(numbers, made, dtype)


@writes("extents")
def write_extents(scope: Scope, node: Node) -> str:
    op = op_of(node, view.Extents)
    if is_static(op.values):
        return scope.constant(np.array(op.values, np.int64).reshape(op.shape))
    return reshape(scope, scope.dims(op.values), (len(op.values),), op.shape)


@writes("bitcast")
def write_bitcast(scope: Scope, node: Node) -> str:
    dtype = DType(op_of(node, view.Bitcast).dtype)
    if not scope.is_read(node.outputs[0]):
        return ""
    scope.target.since(26, node.name, "BitCast")
    return scope.emit("BitCast", scope.name(node.operand(0)), to=onnx_type(dtype))
