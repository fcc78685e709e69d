"""Recurrent layers: LSTM, GRU, RNN."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.rnn import Rnn


@onnx_op("LSTM", "GRU", "RNN")
def rnn(b: Builder, call: Call) -> Sequence[Value]:
    """Layout 1 (batch first) is transposed around the operator."""
    x, w, r = call.operand(0), call.operand(1), call.operand(2)
    bias, lengths, h0 = call.optional(3), call.optional(4), call.optional(5)
    c0, peephole = call.optional(6), call.optional(7)
    batch_first = call.flag("layout")
    if batch_first:
        x = b.transpose(x, [1, 0, 2])
        h0 = b.transpose(h0, [1, 0, 2]) if h0 is not None else None
        c0 = b.transpose(c0, [1, 0, 2]) if c0 is not None else None
    if lengths is not None:
        lengths = b.cast(lengths, DType.I32)
    op = Rnn(
        call.op_type.lower(),
        call.text("direction", "forward"),
        call.integer("hidden_size", r.shape[-1]),
        call.texts("activations"),
        call.reals("activation_alpha"),
        call.reals("activation_beta"),
        call.real("clip", 0.0),
        call.flag("linear_before_reset"),
        call.flag("input_forget"),
    )
    results = b.emit(op, [x, w, r, bias, lengths, h0, c0, peephole])
    if batch_first:
        perms = ([2, 0, 1, 3], [1, 0, 2], [1, 0, 2])
        results = [b.transpose(v, perm) for v, perm in zip(results, perms)]
    return results
