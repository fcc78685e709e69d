"""Choose the stored form of every weight."""

from __future__ import annotations

import dataclasses
from math import prod

from edgec.format.forms import (
    conv_dot_form,
    conv_form,
    conv_transpose_form,
    matmul_dot_form,
    matmul_form,
    rnn_form,
)
from edgec.ir.graph import FormSpec, Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.matmul import MatMul
from edgec.ops.rnn import Rnn
from edgec.passes.editor import Editor


def pack_weights(graph: Graph) -> bool:
    """Ask for packed forms of the constant f32 operands that kernels read in packed form.

    A transposed matrix is transposed here first. A constant that is read in two ways is stored in both.
    """
    for node in graph.nodes:
        _add_dot_form(node)
    editor = Editor(graph)
    made: dict[tuple[Value, FormSpec, bool], Value] = {}
    for node in editor:
        for index in node.op.packed:
            value = node.inputs[index] if index < len(node.inputs) else None
            if value is None or value.const is None or value.form is not None:
                continue
            if value.dtype == DType.F32 and value.const.size:
                _pack(editor, node, index, value, made)
    return editor.finish()


def _add_dot_form(node: Node) -> None:
    """Bytes that are multiplied by bytes are stored for that too."""
    op = node.op
    if not isinstance(op, (Conv, MatMul)) or op.accumulator != DType.I32:
        return
    x, w = node.operand(0), node.operand(1)
    if w.const is None or w.dtype != DType.I8 or x.dtype not in (DType.I8, DType.U8) or not w.const.size:
        return
    if isinstance(op, Conv):
        if op.groups == 1 and op.dilations[-1] == 1:
            w.more_forms = (conv_dot_form(w.const.shape),)
    elif not (op.transpose_a or op.transpose_b) and prod(w.const.shape[:-2]) == 1:
        w.more_forms = (matmul_dot_form(w.const.shape),)


def _pack(
    editor: Editor,
    node: Node,
    index: int,
    value: Value,
    made: dict[tuple[Value, FormSpec, bool], Value],
) -> None:
    assert value.const is not None
    op, array = node.op, value.const
    turned = isinstance(op, MatMul) and op.transpose_b
    if turned:
        array = array.swapaxes(-1, -2)
    form = _form(node, array.shape)
    if form is None:
        return
    key = (value, form, turned)
    if key not in made:
        made[key] = Value(value.name, TensorType(value.dtype, array.shape), array, form)
    if isinstance(op, MatMul):
        node.op = dataclasses.replace(op, transpose_b=False)
    inputs = list(node.inputs)
    inputs[index] = made[key]
    editor.set_inputs(node, inputs)


def _form(node: Node, shape: tuple[int, ...]) -> FormSpec | None:
    op = node.op
    if isinstance(op, Conv):
        return conv_form(shape, op.groups)
    if isinstance(op, ConvTranspose):
        return conv_transpose_form(shape, op.groups)
    if isinstance(op, MatMul):
        return matmul_form(shape)
    return rnn_form(shape) if isinstance(op, Rnn) else None
