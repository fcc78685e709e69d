"""Recurrent layers."""

from __future__ import annotations

from typing import Any

from edgec.ir.graph import Node
from edgec.ops.rnn import Rnn
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.view import op_of


@writes("rnn")
def write_rnn(scope: Scope, node: Node) -> list[str]:
    """LSTM, GRU or RNN; gates and operands are in ONNX's order already."""
    op = op_of(node, Rnn)
    given = scope.names([*node.inputs, *[None] * 8][:8])
    if op.kind != "lstm":
        given = given[:6]
    attributes: dict[str, Any] = {
        "direction": op.direction,
        "hidden_size": op.hidden_size,
        "activations": op.activations or None,
        "activation_alpha": op.alphas or None,
        "activation_beta": op.betas or None,
        "clip": op.clip or None,
    }
    if op.kind == "gru" and op.linear_before_reset:
        attributes["linear_before_reset"] = 1
    if op.kind == "lstm" and op.input_forget:
        attributes["input_forget"] = 1
    return scope.emit_many(op.kind.upper(), given, len(node.outputs), **attributes)
