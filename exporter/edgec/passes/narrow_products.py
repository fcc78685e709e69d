"""Products of dequantised bytes by dequantised weights become products of the bytes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import prod

import numpy as np

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.conv import Conv
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder
from edgec.ops.view import Pad, Reshape, Transpose
from edgec.passes.editor import Editor, constant

_BYTES = (DType.U8, DType.I8)
_MOST = (1 << 31) // (255 * 128)  # products of bytes that i32 can sum


def narrow_products(graph: Graph) -> bool:
    """Convolutions and matrix products read bytes where all they read is bytes less a zero point, scaled.

    The sum of (x - zero) w is that of x w less zero times the sum of w, which is added to the i32
    accumulator; padding is then the zero point. The scales follow in f32, so results differ from
    those of dequantised numbers by what these round.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, (Conv, MatMul)):
            _narrow(editor, node)
    return editor.finish()


@dataclass
class _Bytes:
    """A tensor (bytes - zero) * step in other axes: of i32 where there is no step."""

    value: Value
    perms: list[tuple[int, ...]]
    zero: Value | None = None
    step: Array | None = None


def _bytes_behind(editor: Editor, value: Value) -> _Bytes | None:
    """What the frontend's DequantizeLinear, or its centred i32 operand, was made of."""
    found = _Bytes(value, [])
    node = editor.producer(value)
    while node is not None:
        op, value, others = node.op, node.operand(0), node.inputs[1:]
        text = f"{op.program}: {DType(op.dtype).text}" if isinstance(op, Map) else ""
        other = others[0] if others else None
        scalar = other is not None and prod(d if isinstance(d, int) else 0 for d in other.shape) == 1
        if isinstance(op, Transpose):
            found.perms.append(op.perm)
        elif text == "mul(x0, x1): f32" and scalar and found.step is None:
            assert other is not None
            if other.const is None:
                return None
            found.step = other.const
        elif text == "sub(x0, x1): i32" and scalar and found.zero is None:
            found.zero = other
        elif text == "i32(x0): i32" and value.dtype in _BYTES:
            found.value = value
            return found
        elif text != "f32(x0): f32" or value.dtype != DType.I32:
            return None
        node = editor.producer(value)
    return None


def _weights(node: Node) -> tuple[Array, Array | None] | None:
    """The integers of the constant operand, [..., K, N] or [O, *taps, C], and their steps."""
    w = node.operand(1)
    if w.const is None:
        return None
    integers, steps = (w.const, None) if w.dtype == DType.I32 else w.steps or (None, None)
    if integers is None or not integers.size or integers.min() < -128 or integers.max() > 127:
        return None
    return integers.astype(np.int8), steps


def _narrow(editor: Editor, node: Node) -> None:
    op, weights = node.op, _weights(node)
    assert isinstance(op, (Conv, MatMul))
    if weights is None or op.accumulator not in (DType.F32, DType.I32):
        return
    integers, steps = weights
    if isinstance(op, MatMul):
        if op.transpose_b:
            integers = integers.swapaxes(-1, -2)
            steps = None if steps is None else steps.swapaxes(-1, -2)
        if op.transpose_a or prod(integers.shape[:-2]) != 1:
            return
        reduced: tuple[int, ...] = tuple(range(integers.ndim - 1))
    else:
        if op.groups != 1:
            return
        reduced = tuple(range(1, integers.ndim))
    if prod(integers.shape[a] for a in reduced) > _MOST:
        return
    x = _bytes_behind(editor, node.operand(0))
    if x is None or (x.step is None) != (steps is None):
        return
    if steps is not None and any(steps.shape[a] != 1 for a in reduced):
        return
    sums = integers.sum(reduced, dtype=np.int32)
    scale = None
    if steps is not None and x.step is not None:
        scale = np.broadcast_to(x.step.reshape(()) * steps.reshape(-1), sums.shape).astype(np.float32)
    _rewrite(editor, node, x, integers, sums, scale)


def _rewrite(
    editor: Editor, node: Node, x: _Bytes, integers: Array, sums: Array, scale: Array | None
) -> None:
    op = node.op
    assert isinstance(op, (Conv, MatMul))
    value, extras = x.value, list(node.inputs[2:])
    for perm in reversed(x.perms):
        value = editor.add(Transpose(perm), [value], node)
    if isinstance(op, Conv) and any(op.pads):
        value = _padded(editor, node, value, x.zero, op)
        op = dataclasses.replace(op, pads=(0,) * len(op.pads))
    program, bias = op.epilogue, None
    if scale is not None and str(program) == "add(x0, x1)":
        bias = _integer_bias(extras[0], scale)
        if bias is not None:
            program, extras = None, []
    added = [_offset(editor, node, x.zero, sums, bias)]
    if scale is not None:
        added.append(constant("scale", _requantised(editor, node, scale) if program is None else scale))
    operands = [DType.I32, *(v.dtype for v in (*added, *extras) if v is not None)]
    builder = Builder(operands)
    at = builder("add", 0, 1)
    if scale is not None:
        at = builder("mul", builder.cast(at, DType.F32), 2)
    if program is not None:
        at = builder.inline(program, [at, *range(1 + len(added), len(operands))])
    op = dataclasses.replace(op, epilogue=builder.finish(at), accumulator=int(DType.I32))
    node.op = dataclasses.replace(op, transpose_b=False) if isinstance(op, MatMul) else op
    editor.rewire(node, [value, constant(node.operand(1).name, integers), *added, *extras])


def _padded(editor: Editor, node: Node, x: Value, zero: Value | None, op: Conv) -> Value:
    """x with the zero point around it."""
    spatial = x.rank - 2
    pads = (0, *op.pads[:spatial], 0, 0, *op.pads[spatial:], 0)
    fill = None
    if zero is not None and zero.const is not None:
        fill = constant("zero", zero.const.reshape(()).astype(x.dtype.numpy))
    elif zero is not None:
        scalar = zero if zero.rank == 0 else editor.add(Reshape(()), [zero], node)
        program = Builder([DType.I32])
        narrow = Map(program.finish(program.cast(0, x.dtype)), int(x.dtype))
        fill = editor.add(narrow, [scalar], node)
    return editor.add(Pad("constant", pads), [x, fill], node)


def _offset(editor: Editor, node: Node, zero: Value | None, sums: Array, bias: Array | None) -> Value:
    """What the sums of products lack: bias - zero * (the weights' sums)."""
    whole = np.zeros_like(sums) if bias is None else bias
    if zero is None or zero.const is not None:
        centre = 0 if zero is None or zero.const is None else int(zero.const.reshape(()))
        return constant("offset", (whole - centre * sums.astype(np.int64)).astype(np.int32))
    program = Builder([DType.I32] * 3)
    spread = zero if zero.rank <= 1 else editor.add(Reshape(()), [zero], node)
    value = program("sub", 0, program("mul", 1, 2))
    operands = [constant("bias", whole), spread, constant("sums", sums)]
    return editor.add(Map(program.finish(value), int(DType.I32)), operands, node)


def _integer_bias(bias: Value | None, scale: Array) -> Array | None:
    """A bias of one number per output that is integers times `scale`."""
    if bias is None or bias.steps is None or bias.const is None or bias.const.size != scale.size:
        return None
    integers, steps = bias.steps
    same = np.allclose(np.broadcast_to(steps.reshape(-1), scale.shape), scale, rtol=1e-5, atol=0)
    return integers.reshape(scale.shape).astype(np.int32) if same else None


def _requantised(editor: Editor, node: Node, scale: Array) -> Array:
    """`scale` over the step of the QuantizeLinear that alone reads the result, which then has step 1."""
    user = editor.only_user(node.outputs[0])
    while user is not None and isinstance(user.op, Transpose):
        user = editor.only_user(user.outputs[0])
    if user is None or not isinstance(user.op, Map) or user.op.dtype not in _BYTES:
        return scale
    first = user.op.program.code[0]
    step = user.inputs[1] if len(user.inputs) > 1 else None
    used = [i for i in user.op.program.code if 1 in i.args or 0 in i.args]
    if step is None or step.const is None or step.const.size != 1 or used != [first] or first.op != "div":
        return scale
    if first.args != (0, 1):
        return scale
    editor.absorb([v for v in _path(editor, node, user)], node)
    editor.set_inputs(user, [user.inputs[0], constant("one", np.ones((), np.float32)), *user.inputs[2:]])
    ratio: Array = (scale / step.const.reshape(())).astype(np.float32)
    return ratio


def _path(editor: Editor, node: Node, user: Node) -> list[Value]:
    """The values from the result of `node` to what `user` reads."""
    found = [node.outputs[0]]
    while (reader := editor.only_user(found[-1])) is not user:
        assert reader is not None
        found.append(reader.outputs[0])
    return found
