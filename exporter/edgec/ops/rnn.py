"""Recurrent layers."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, check_rank, operand, optional, require_equal

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
ACTIVATIONS = {"lstm": ("Sigmoid", "Tanh", "Tanh"), "gru": ("Sigmoid", "Tanh"), "rnn": ("Tanh",)}


@register
@dataclass(frozen=True)
class Rnn(Op):
    """An LSTM, GRU or plain recurrent layer, gates in ONNX order (iofc, zrh).

    Operands: x [T, B, I], w [D, G*H, I], r [D, G*H, H], b [D, 2*G*H] | None, lengths i32 [B] | None,
    h0 [D, B, H] | None, c0 [D, B, H] | None (lstm), peephole [D, 3*H] | None (lstm, order iof).
    D is 2 for "bidirectional" else 1; G is 4, 3, 1. Results: y [T, D, B, H] (zero after a sequence's
    length), y_h [D, B, H] and for lstm y_c [D, B, H]. `activations` are ONNX names, per direction
    (empty: the defaults), `alphas` and `betas` their parameters in order; `clip` bounds gate inputs
    (0: none); `linear_before_reset` is GRU's; `input_forget` couples LSTM's gates. Source: ONNX LSTM, GRU, RNN.
    """

    name = "rnn"
    packed = {1: ("panels",), 2: ("panels",)}
    kind: str
    direction: str
    hidden_size: int
    activations: tuple[str, ...] = ()
    alphas: tuple[float, ...] = ()
    betas: tuple[float, ...] = ()
    clip: float = 0.0
    linear_before_reset: bool = False
    input_forget: bool = False

    @property
    def directions(self) -> int:
        return 2 if self.direction == "bidirectional" else 1

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        if self.kind not in GATES:
            raise OpError(f"kind is '{self.kind}', expected lstm, gru or rnn")
        if self.direction not in ("forward", "reverse", "bidirectional"):
            raise OpError(f"direction is '{self.direction}'")
        x = operand(operands, 0, "x")
        check_rank(x, "x", 3, 3)
        steps, batch, size = x.shape
        d, h, gates = self.directions, self.hidden_size, GATES[self.kind] * self.hidden_size
        expected = [
            (1, "w", (d, gates, size)),
            (2, "r", (d, gates, h)),
            (3, "b", (d, 2 * gates)),
            (4, "lengths", (batch,)),
            (5, "h0", (d, batch, h)),
            (6, "c0", (d, batch, h)),
            (7, "peephole", (d, 3 * h)),
        ]
        for index, what, shape in expected:
            found = operand(operands, index, what) if index < 3 else optional(operands, index)
            if found is None:
                continue
            check_rank(found, what, len(shape), len(shape))
            for axis, (a, b) in enumerate(zip(found.shape, shape)):
                require_equal(context, a, b, f"axis {axis} of '{what}' is {a}, expected {b}")
        results = [
            TensorType(x.dtype, (steps, d, batch, h)),
            TensorType(x.dtype, (d, batch, h)),
        ]
        return [*results, results[1]] if self.kind == "lstm" else results
