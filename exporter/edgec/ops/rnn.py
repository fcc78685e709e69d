"""Recurrent layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, register
from edgec.ops.scalar_eval import NUMPY, load, store
from edgec.ops.shapes import Operands, check_rank, operand, optional, require_equal

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
ACTIVATIONS = {"lstm": ("Sigmoid", "Tanh", "Tanh"), "gru": ("Sigmoid", "Tanh"), "rnn": ("Tanh",)}


@register
@dataclass(frozen=True)
class Rnn(Op):
    """An LSTM, GRU or plain recurrent layer, gates in ONNX order (iofc, zrh).

    Operands: x [T, B, I], w [D, G*H, I], r [D, G*H, H], b [D, 2*G*H] | None, lengths i32 [B] |
    None, h0 [D, B, H] | None, c0 [D, B, H] | None (lstm), peephole [D, 3*H] | None (lstm, order
    iof). D is 2 for "bidirectional" else 1; G is 4, 3, 1. Results: y [T, D, B, H] (zero after a
    sequence's length), y_h [D, B, H] and for lstm y_c [D, B, H]. `activations` are ONNX names, per
    direction (empty: the defaults), `alphas` and `betas` their parameters in order; `clip` bounds
    gate inputs (0: none); `linear_before_reset` is GRU's; `input_forget` couples LSTM's gates.
    Source: ONNX LSTM, GRU, RNN.
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
            for axis, (a, b) in enumerate(zip(found.shape, shape, strict=True)):
                require_equal(context, a, b, f"axis {axis} of '{what}' is {a}, expected {b}")
        results = [
            TensorType(x.dtype, (steps, d, batch, h)),
            TensorType(x.dtype, (d, batch, h)),
        ]
        return [*results, results[1]] if self.kind == "lstm" else results

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x = np.asarray(operands[0])
        stored = DType.of(x.dtype)
        values = [None if o is None else np.asarray(o) for o in (*operands, *[None] * 8)[:8]]
        wide = [v if v is None or i == 4 else load(v, stored.compute) for i, v in enumerate(values)]
        with np.errstate(all="ignore"):
            parts = [self._direction(d, wide) for d in range(self.directions)]
        ys = np.stack([p[0] for p in parts], 1)
        states = [np.stack(s, 0) for s in zip(*(p[1:] for p in parts), strict=True)]
        kept = states if self.kind == "lstm" else states[:1]
        return [store(a, stored) for a in (ys, *kept)]

    def _direction(self, d: int, operands: list[Array | None]) -> tuple[Array, Array, Array]:
        """y [T, B, H], last h and last c [B, H] of direction d."""
        x, w, r, b, lengths, h0, c0, peephole = operands
        assert x is not None and w is not None and r is not None
        (steps, batch, _), size = x.shape, self.hidden_size
        zero = np.zeros((batch, size), x.dtype)
        h = zero if h0 is None else h0[d]
        c = zero if c0 is None else c0[d]
        gates = GATES[self.kind] * size
        bias = np.zeros(2 * gates, x.dtype) if b is None else b[d]
        cell = Cell(self, d, r[d].T, bias[gates:], None if peephole is None else peephole[d])
        inputs = x @ w[d].T + bias[:gates]
        ends = np.full(batch, steps) if lengths is None else lengths.astype(np.int64)
        backwards = self.direction == "reverse" or d == 1
        y = np.zeros((steps, batch, size), x.dtype)
        rows = np.arange(batch)
        for step in range(steps):
            live = step < ends
            at = np.where(live, ends - 1 - step, step) if backwards else np.full(batch, step)
            new_h, new_c = cell.step(inputs[at, rows], h, c)
            mask = live[:, None]
            h, c = np.where(mask, new_h, h), np.where(mask, new_c, c)
            y[at, rows] = np.where(mask, new_h, y.dtype.type(0))
        return y, h, c


class Cell:
    """One step of one direction. `step` takes x @ w + b [B, G*H], h and c, and gives the new h and
    c.
    """

    def __init__(self, op: Rnn, d: int, r: Array, bias: Array, peephole: Array | None) -> None:
        self.op, self.r, self.bias = op, r, bias
        self.peephole = None if peephole is None else np.split(peephole, 3)
        self.functions = _activations(op)[d * len(ACTIVATIONS[op.kind]) :]
        self.step = {"lstm": self._lstm, "gru": self._gru, "rnn": self._rnn}[op.kind]

    def _apply(self, index: int, value: Array) -> Array:
        if self.op.clip:
            value = np.clip(value, -self.op.clip, self.op.clip)
        return self.functions[index](value)

    def _rnn(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        return self._apply(0, x + h @ self.r + self.bias), c

    def _gru(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        size = self.op.hidden_size
        gates = x[:, : 2 * size] + h @ self.r[:, : 2 * size] + self.bias[: 2 * size]
        z, reset = self._apply(0, gates[:, :size]), self._apply(0, gates[:, size:])
        r, bias = self.r[:, 2 * size :], self.bias[2 * size :]
        if self.op.linear_before_reset:
            inner = reset * (h @ r + bias)
        else:
            inner = (reset * h) @ r + bias
        candidate = self._apply(1, x[:, 2 * size :] + inner)
        return (1 - z) * candidate + z * h, c

    def _lstm(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        i, o, f, g = np.split(x + h @ self.r + self.bias, 4, 1)
        if self.peephole is not None:
            i, f = i + self.peephole[0] * c, f + self.peephole[2] * c
        i = self._apply(0, i)
        f = 1 - i if self.op.input_forget else self._apply(0, f)
        c = f * c + i * self._apply(1, g)
        if self.peephole is not None:
            o = o + self.peephole[1] * c
        return self._apply(0, o) * self.functions[2](c), c


def _activations(op: Rnn) -> list[Callable[[Array], Array]]:
    names = op.activations or ACTIVATIONS[op.kind] * op.directions
    alphas, betas = iter(op.alphas), iter(op.betas)
    found: list[Callable[[Array], Array]] = []
    for name in names:
        known = FUNCTIONS.get(name.lower())
        if known is None:
            raise OpError(f"activation is '{name}', expected one of {', '.join(FUNCTIONS)}")
        function, alpha, beta = known
        a = alpha if alpha is None else next(alphas, alpha)
        b = beta if beta is None else next(betas, beta)
        found.append(functools.partial(function, a, b))
    return found


# ONNX's recurrent activations by lower-case name: function(alpha, beta, x), default alpha, default beta
FUNCTIONS: dict[str, tuple[Callable[..., Array], float | None, float | None]] = {
    "sigmoid": (lambda a, b, x: NUMPY["sigmoid"](x), None, None),
    "tanh": (lambda a, b, x: np.tanh(x), None, None),
    "relu": (lambda a, b, x: np.maximum(x, 0), None, None),
    "affine": (lambda a, b, x: a * x + b, 1.0, 0.0),
    "leakyrelu": (lambda a, b, x: np.where(x < 0, a * x, x), 0.01, None),
    "thresholdedrelu": (lambda a, b, x: np.where(x > a, x, 0 * x), 1.0, None),
    "scaledtanh": (lambda a, b, x: a * np.tanh(b * x), 1.0, 1.0),
    "hardsigmoid": (lambda a, b, x: np.clip(a * x + b, 0, 1), 0.2, 0.5),
    "elu": (lambda a, b, x: np.where(x < 0, a * np.expm1(np.minimum(x, 0)), x), 1.0, None),
    "softsign": (lambda a, b, x: x / (1 + np.abs(x)), None, None),
    "softplus": (lambda a, b, x: np.logaddexp(x, 0 * x), None, None),
}
