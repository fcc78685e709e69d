"""Fold scaling and shifting by constants into the weights before them (batch normalisation)."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder, Program, binary
from edgec.passes.editor import Editor, constant
from edgec.passes.scalar_rules import drop_operands

Weighted = Conv | ConvTranspose | MatMul


def fold_affine(graph: Graph) -> bool:
    """conv(x, w) * s + t, with s and t constant per channel, is conv(x, w * s) with bias t.

    So are matmul and conv_transpose with constant weights. The operator must have no epilogue but a constant
    bias, and one reader; products are formed in f64 and rounded once to f32.
    """
    editor = Editor(graph)
    for node in editor:
        if isinstance(node.op, Weighted):
            _fold(editor, node, node.op)
    return editor.finish()


def _fold(editor: Editor, node: Node, op: Weighted) -> None:
    value, weight = node.outputs[0], node.operand(1)
    reader = editor.only_user(value)
    if reader is None or not isinstance(reader.op, Map) or value.dtype != DType.F32:
        return
    bias = _bias(node, op)
    if weight.const is None or weight.dtype != DType.F32 or bias is None:
        return
    channels = value.shape[-1]
    if not isinstance(channels, int) or reader.outputs[0].shape != value.shape:
        return
    found = _leading_affine(reader.op.program, reader.inputs, reader.inputs.index(value), channels)
    if found is None:
        return
    scale, shift, program = found
    scaled = _scale_weight(weight.const, scale, op)
    total = (bias * scale + shift).astype(np.float32)
    inputs: list[Value | None] = [node.inputs[0], constant(weight.name, scaled)]
    epilogue = None
    if total.any():
        epilogue = binary("add", DType.F32)
        inputs.append(constant(f"{node.name}.bias", total))
    node.op = dataclasses.replace(op, epilogue=epilogue)
    editor.set_inputs(node, inputs)
    # the value is no longer what its source name means
    editor.absorb([value], node)
    program, kept = drop_operands(program)
    reader.op = dataclasses.replace(reader.op, program=program)
    editor.set_inputs(reader, [reader.inputs[i] for i in kept])


def _bias(node: Node, op: Weighted) -> Array | None:
    """The constant bias, zero without one; None where the epilogue does something else."""
    if op.epilogue is None:
        return np.zeros(1)
    extra = node.inputs[2] if len(node.inputs) == 3 else None
    adds = op.epilogue.code[0].op == "add" if len(op.epilogue.code) == 1 else False
    if extra is None or extra.const is None or not adds or not _is_per_channel(extra):
        return None
    return extra.const.reshape(-1).astype(np.float64)


def _is_per_channel(value: Value) -> bool:
    return all(size == 1 for size in value.shape[:-1])


def _scale_weight(weight: Array, scale: Array, op: Weighted) -> Array:
    if isinstance(op, MatMul):
        factors = scale[:, None] if op.transpose_b and scale.size > 1 else scale
    else:
        factors = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    return (weight.astype(np.float64) * factors).astype(np.float32)


def _leading_affine(
    program: Program, operands: list[Value | None], start: int, channels: int
) -> tuple[Array, Array, Program] | None:
    """Follow operand `start` through arithmetic with constants, as far as nothing else reads it.

    Scale and shift (f64, [1] or [channels]) and the program without those steps; None where there are none.
    """
    n = len(program.operands)
    known = {i: a for i, v in enumerate(operands) if (a := _constant(v, channels)) is not None}
    scale, shift = np.ones(1), np.zeros(1)
    register, done = start, set()
    while True:
        readers = [k for k, i in enumerate(program.code) if register in i.args]
        if len(readers) != 1:
            break
        instruction = program.code[readers[0]]
        for k in instruction.args:
            if k >= n and program.code[k - n].op == "const":
                known[k] = np.array([program.code[k - n].value], np.float64)
        step = _affine_step(instruction.op, instruction.args, register, known)
        if step is None:
            break
        scale, shift = scale * step[0], shift * step[0] + step[1]
        register = readers[0] + n
        done.add(register)
    if not done:
        return None
    b = Builder(program.operands)
    return scale, shift, b.finish(b.inline(program, range(n), dict.fromkeys(done, start)))


def _constant(value: Value | None, channels: int) -> Array | None:
    """The contents of a constant that varies along channels alone, flat."""
    if value is None or value.const is None or value.dtype != DType.F32 or not _is_per_channel(value):
        return None
    return value.const.reshape(-1).astype(np.float64) if value.const.size in (1, channels) else None


def _affine_step(
    op: str, args: tuple[int, ...], register: int, known: dict[int, Array]
) -> tuple[Array, Array] | None:
    """(a, b) where the instruction gives a * register + b."""
    one, zero = np.ones(1), np.zeros(1)
    if op == "neg":
        return -one, zero
    if len(args) != 2 or args[0] == args[1]:
        return None
    other = known.get(args[1] if args[0] == register else args[0])
    if other is None:
        return None
    first = args[0] == register
    if op == "add":
        return one, other
    if op == "sub":
        return (one, -other) if first else (-one, other)
    if op == "mul":
        return other, zero
    if op == "div" and first and other.all():
        return 1.0 / other, zero
    return None
