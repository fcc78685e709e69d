"""rnn against ONNX's reference and, where that has no such option, against itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_reference import onnx_node

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.rnn import GATES, Rnn

STEPS, BATCH, WIDTH, H = 5, 3, 4, 6
ONNX = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


def _operands(kind: str, directions: int) -> list[Any]:
    rng = np.random.default_rng(0)
    gates = GATES[kind] * H
    shapes: list[tuple[int, ...]] = [
        (STEPS, BATCH, WIDTH),
        (directions, gates, WIDTH),
        (directions, gates, H),
        (directions, 2 * gates),
        (directions, BATCH, H),
        (directions, BATCH, H),
        (directions, 3 * H),
    ]
    x, w, r, b, h0, c0, p = ((rng.standard_normal(s) * 0.5).astype(np.float32) for s in shapes)
    return [x, w, r, b, None, h0, c0, p]


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_forward(kind: str) -> None:
    operands = _operands(kind, 1)
    given = operands if kind == "lstm" else operands[:6]
    results = 3 if kind == "lstm" else 2
    expected = onnx_node(ONNX[kind], given, results, hidden_size=H)
    op = Rnn(kind, "forward", H)
    found = op.eval(given)
    types = [None if o is None else TensorType(DType.F32, o.shape) for o in given]
    declared = op.infer(types, Context())
    assert len(found) == len(declared) == results
    for a, b, c in zip(found, expected, declared):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        assert c.shape == a.shape


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_reverse_is_forward_on_flipped_steps(kind: str) -> None:
    operands = _operands(kind, 1)
    forward = Rnn(kind, "forward", H).eval([operands[0][::-1], *operands[1:]])
    reverse = Rnn(kind, "reverse", H).eval(operands)
    np.testing.assert_allclose(reverse[0], forward[0][::-1], rtol=1e-6)
    np.testing.assert_allclose(reverse[1], forward[1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_bidirectional_is_both(kind: str) -> None:
    operands = _operands(kind, 2)
    both = Rnn(kind, "bidirectional", H).eval(operands)
    for d, direction in enumerate(("forward", "reverse")):
        single = [o if i in (0, 4) or o is None else o[d : d + 1] for i, o in enumerate(operands)]
        one = Rnn(kind, direction, H).eval(single)
        np.testing.assert_allclose(both[0][:, d], one[0][:, 0], rtol=1e-6)
        np.testing.assert_allclose(both[1][d], one[1][0], rtol=1e-6)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_lengths_stop_each_sequence(direction: str) -> None:
    operands = _operands("lstm", 1)
    lengths = np.array([5, 2, 0], np.int32)
    found = Rnn("lstm", direction, H).eval([*operands[:4], lengths, *operands[5:]])
    for row, length in enumerate(lengths):
        short = [operands[0][:length, row : row + 1], *operands[1:4], None]
        states = [o[:, row : row + 1] for o in operands[5:7]]
        alone = Rnn("lstm", direction, H).eval([*short, *states, operands[7]])
        np.testing.assert_allclose(found[0][:length, :, row], alone[0][:, :, 0], rtol=1e-5, atol=1e-6)
        assert not found[0][length:, :, row].any()
        np.testing.assert_allclose(found[2][:, row], alone[2][:, 0], rtol=1e-5, atol=1e-6)


def test_linear_before_reset() -> None:
    operands = _operands("gru", 1)[:6]
    expected = onnx_node("GRU", operands, 2, hidden_size=H, linear_before_reset=1)
    found = Rnn("gru", "forward", H, linear_before_reset=True).eval(operands)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)


def test_activations_take_parameters_in_order() -> None:
    operands = _operands("rnn", 1)
    found = Rnn("rnn", "forward", H, ("Affine",), (0.5,), (0.1,)).eval(operands)
    x, w, r, b, _, h, *_ = operands
    first = 0.5 * (x[0] @ w[0].T + h[0] @ r[0].T + b[0, :H] + b[0, H:]) + 0.1
    np.testing.assert_allclose(found[0][0, 0], first, rtol=1e-5)


def test_sizes_are_checked() -> None:
    types = [TensorType(DType.F32, s) for s in ((STEPS, BATCH, WIDTH), (1, 4 * H, WIDTH + 1), (1, 4 * H, H))]
    with pytest.raises(OpError, match="axis 2 of 'w' is 5, expected 4"):
        Rnn("lstm", "forward", H).infer(types, Context())
