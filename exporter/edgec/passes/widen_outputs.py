"""Convolutions with few outputs make several pixels at once."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgec.format.forms import LANES
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array
from edgec.ops.conv import Conv
from edgec.ops.view import Reshape, Slice
from edgec.passes.editor import Editor

MOST_WEIGHTS = 1 << 20  # elements of a weight that is made
LEAST_GAIN = 1.6  # less is not worth a weight that reads unlike the source
BROADCAST = 2  # lanes that multiply in the time of reading the other factor


def widen_outputs(graph: Graph) -> bool:
    """Fills the lanes of the vectors in which outputs lie.

    A result [N, *S, W, O] is stored as [N, *S, W/m, m*O] is, and that is the result of a convolution with m
    times the outputs and the stride, whose kernel is wider by the m - 1 pixels that the others begin later
    (Toeplitz's form of the last axis). The zeros in it cost less than lanes left empty where O is small and
    the kernel wide. Where m does not divide W, some pixels too many are made and cut off.
    """
    editor = Editor(graph)
    for node in editor:
        m = _pixels(node)
        if m > 1:
            _widen(editor, node, m)
    return editor.finish()


def _pixels(node: Node) -> int:
    """How many pixels to make at once: what takes the fewest multiplications, empty lanes included."""
    op = node.op
    if not isinstance(op, Conv) or op.groups != 1 or op.dilations[-1] != 1 or op.accumulator != DType.F32:
        return 1
    weight, width = node.operand(1).const, node.outputs[0].shape[-2]
    fixed = isinstance(width, int) and all(isinstance(pad, int) for pad in op.pads)
    if weight is None or weight.dtype != np.float32 or not fixed or op.dtype != DType.F32:
        return 1
    assert isinstance(width, int)
    outputs, kernel, stride = int(weight.shape[0]), int(weight.shape[-2]), op.strides[-1]
    if kernel == 1 or not weight.size or not width:
        return 1

    def cost(m: int) -> float:
        lanes = -(-outputs * m // LANES) * LANES
        pixels = -(-width // m) * m / width
        return (lanes + BROADCAST) * (kernel + stride * (m - 1)) / m * pixels

    def possible(m: int) -> bool:
        size = weight.size // kernel * m * (kernel + stride * (m - 1))
        return m == 1 or (size <= MOST_WEIGHTS and _fits(node, m, width))

    best = min(filter(possible, range(1, min(LANES, width) + 1)), key=cost)
    return best if cost(1) >= LEAST_GAIN * cost(best) else 1


def _fits(node: Node, m: int, width: int) -> bool:
    """Whether every operand of the epilogue can be read m pixels at a time."""
    return all(v is not None and _operand(v, node.outputs[0], m, width) is not None for v in node.inputs[2:])


def _operand(value: Value, result: Value, m: int, width: int) -> str | None:
    """What an operand of the epilogue becomes: "as it is", "repeated", "reshaped"; None where it cannot."""
    last = value.shape[-1] if value.rank else 1
    along = value.shape[-2] if value.rank > 1 else 1
    if (last, along) == (1, 1):
        return "as it is"
    if last == result.shape[-1] and along == 1:
        return "repeated" if value.const is not None else None
    whole = last == result.shape[-1] and along == width and width % m == 0
    return "reshaped" if whole and all(isinstance(d, int) for d in value.shape) else None


def _widen(editor: Editor, node: Node, m: int) -> None:
    op, result, weight = node.op, node.outputs[0], node.operand(1)
    assert isinstance(op, Conv) and weight.const is not None
    width = result.shape[-2]
    assert isinstance(width, int)
    made = -(-width // m) * m
    pads = (*op.pads[:-1], op.pads[-1] + (made - width) * op.strides[-1])
    wide = dataclasses.replace(op, strides=(*op.strides[:-1], m * op.strides[-1]), pads=pads)
    inputs = [node.inputs[0], _weight(weight, m, op.strides[-1])]
    for value in node.inputs[2:]:
        assert value is not None
        inputs.append(_extra(editor, node, value, m, width))
    value = editor.add(wide, inputs, node, result.name)
    editor.detach(node)
    shape = (*result.shape[:-2], made, result.shape[-1])
    if made == width:
        editor.insert(Node(Reshape(shape), [value], [result], node.name))
        return
    whole = editor.add(Reshape(shape), [value], node, result.name)
    zeros, ones = (0,) * result.rank, (1,) * result.rank
    editor.insert(Node(Slice(zeros, ones, result.shape), [whole], [result], node.name))


def _extra(editor: Editor, node: Node, value: Value, m: int, width: int) -> Value:
    kind = _operand(value, node.outputs[0], m, width)
    if kind == "as it is":
        return value
    if kind == "repeated":
        assert value.const is not None
        array: Array = np.tile(value.const, (*(1,) * (value.rank - 1), m))
        return Value(value.name, TensorType(value.dtype, array.shape), array)
    shape = (*value.shape[:-2], width // m, m * value.shape[-1])
    return editor.add(Reshape(shape), [value], node, value.name)


def _weight(value: Value, m: int, stride: int) -> Value:
    """w [O, *K, k, C] as [m * O, *K, k + (m - 1) * stride, C]: pixel i's taps begin i * stride later.

    >>> w = Value("w", TensorType(DType.F32, (1, 2, 1)), np.array([[[1.0], [2.0]]], np.float32))
    >>> _weight(w, 2, 1).const[..., 0].tolist()
    [[1.0, 2.0, 0.0], [0.0, 1.0, 2.0]]
    """
    assert value.const is not None
    old = value.const
    outputs, kernel = old.shape[0], old.shape[-2]
    new = np.zeros((m * outputs, *old.shape[1:-2], kernel + (m - 1) * stride, old.shape[-1]), old.dtype)
    for i in range(m):
        new[i * outputs : (i + 1) * outputs, ..., i * stride : i * stride + kernel, :] = old
    return Value(value.name, TensorType(value.dtype, new.shape), new)
