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
    """Layout 1 (batch first) is transposed around the operator; small floats are computed in f32."""
    stored, wide = call.operand(0).dtype, call.operand(0).dtype.compute
    x, w, r = (b.cast(call.operand(i), wide) for i in range(3))
    lengths = call.optional(4)
    bias, h0, c0, peephole = (_cast(b, call.optional(i), wide) for i in (3, 5, 6, 7))
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
    results = [b.cast(v, stored) for v in b.emit(op, [x, w, r, bias, lengths, h0, c0, peephole])]
    if batch_first:
        perms = ([2, 0, 1, 3], [1, 0, 2], [1, 0, 2])
        results = [b.transpose(v, perm) for v, perm in zip(results, perms)]
    return results


def _cast(b: Builder, x: Value | None, dtype: DType) -> Value | None:
    return None if x is None else b.cast(x, dtype)
