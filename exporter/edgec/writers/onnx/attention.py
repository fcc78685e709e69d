"""Attention: two products around a softmax."""

from __future__ import annotations

import numpy as np

from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.attention import Attention
from edgec.ops.matmul import MatMul
from edgec.ops.program import binary
from edgec.ops.softmax import Softmax
from edgec.ops.view import Slice
from edgec.passes.editor import constant
from edgec.writers.onnx.lower import Lowering, given, lowers
from edgec.writers.onnx.view import op_of


@lowers("attention")
def lower_attention(at: Lowering) -> None:
    op = op_of(at.node, Attention)
    q, k, v, *extras = given(at.node.inputs)
    q, k, v = (_heads(at, op, x, first) for x, first in zip((q, k, v), op.firsts, strict=True))
    scores = at.editor.add(MatMul(transpose_b=True), [q, k], at.node)
    if op.scale != 1.0:
        factor = constant("scale", np.asarray(op.scale, np.float32))
        scores = at.map(binary("mul", DType.F32), [scores, factor], DType.F32)
    if op.scores is not None:
        scores = at.map(op.scores, [scores, *extras], DType.F32)
    weights = at.editor.add(Softmax(q.rank - 1), [scores], at.node)
    at.become(at.transpose(at.editor.add(MatMul(), [weights, v], at.node), _swapped(q.rank)))


def _heads(at: Lowering, op: Attention, x: Value, first: int) -> Value:
    """The heads that are read of x [..., T, all, D], as [..., heads, T, D]."""
    if x.shape[-2] != op.heads:
        starts = (*(0,) * (x.rank - 2), first, 0)
        shape = (*x.shape[:-2], op.heads, x.shape[-1])
        x = at.editor.add(Slice(starts, (1,) * x.rank, shape), [x], at.node, x.name)
    return at.transpose(x, _swapped(x.rank))


def _swapped(rank: int) -> tuple[int, ...]:
    return (*range(rank - 3), rank - 2, rank - 3, rank - 1)
