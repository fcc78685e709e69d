"""Recurrent layers: packed and plain weights, directions, lengths, every activation."""

from dataclasses import replace

import numpy as np
import pytest
from harness import Array, Device, compare, numbers, run

import edgert
from edgec.format import forms
from edgec.ops.rnn import ACTIVATIONS, FUNCTIONS, GATES, Rnn

RANDOM = np.random.default_rng(0)
DIRECTIONS = ("forward", "reverse", "bidirectional")


def operands(
    kind: str, d: int, t: int = 5, b: int = 3, i: int = 4, h: int = 7, optional: bool = True
) -> list[Array | None]:
    gates = GATES[kind] * h
    shapes: list[tuple[int, ...]] = [(t, b, i), (d, gates, i), (d, gates, h)]
    x, w, r = (numbers(RANDOM, s, "float32") for s in shapes)
    r /= np.float32(2 * h**0.5)  # a larger spectral radius makes long sequences chaotic
    if not optional:
        return [x, w, r]
    state = numbers(RANDOM, (d, b, h), "float32")
    lengths = RANDOM.integers(0, t + 1, b).astype(np.int32)
    cells = [state / 2, numbers(RANDOM, (d, 3 * h), "float32")] if kind == "lstm" else []
    return [x, w, r, numbers(RANDOM, (d, 2 * gates), "float32"), lengths, state, *cells]


@pytest.mark.parametrize("kind", list(GATES))
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("packed", [False, True])
def test_plain_layers(cpu: Device, kind: str, direction: str, packed: bool) -> None:
    d = 2 if direction == "bidirectional" else 1
    for t, b, i, h in ((1, 1, 3, 1), (3, 1, 16, 16), (70, 2, 5, 33), (2, 9, 20, 128)):
        given = operands(kind, d, t, b, i, h, optional=False)
        weights = {1: (d, GATES[kind] * h, i), 2: (d, GATES[kind] * h, h)}
        formed = {k: forms.rnn_form(s) for k, s in weights.items()} if packed else {}
        for linear in (False, True) if kind == "gru" else (False,):
            op = Rnn(kind, direction, h, linear_before_reset=linear)
            compare(op, given, cpu, constants=set(formed), forms=formed)


def variants(op: Rnn) -> list[Rnn]:
    return [op, replace(op, clip=0.4), replace(op, linear_before_reset=True), replace(op, input_forget=True)]


@pytest.mark.parametrize("kind", list(GATES))
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("options", range(4))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_given(cpu: Device, kind: str, direction: str, options: int, dtype: str) -> None:
    op = variants(Rnn(kind, direction, 7))[options]
    found = operands(kind, 2 if direction == "bidirectional" else 1)
    given = [x if i == 4 or x is None else x.astype(dtype) for i, x in enumerate(found)]
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    compare(op, given, cpu, tolerance=tolerance)
    compare(op, given[:6], cpu, tolerance=tolerance)
    compare(op, [*given[:3], None, given[4]], cpu, tolerance=tolerance)


@pytest.mark.parametrize("kind", list(GATES))
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_sequence(cpu: Device, kind: str, direction: str) -> None:
    """Its steps are product and cell at once, and long ones shared by the threads."""
    d = 2 if direction == "bidirectional" else 1
    for steps, hidden in ((1, 32), (70, 16), (70, 240)):
        given = operands(kind, d, steps, 1, 5, hidden)[: 7 if kind == "lstm" else 6]
        packed = {1: (d, GATES[kind] * hidden, 5), 2: (d, GATES[kind] * hidden, hidden)}
        formed = {k: forms.rnn_form(s) for k, s in packed.items()}
        op = Rnn(kind, direction, hidden, linear_before_reset=kind == "gru")
        for lengths in (None, [0], [steps - 1], [steps]):
            given[4] = None if lengths is None else np.array(lengths, np.int32)
            compare(op, given, cpu, constants=set(formed), forms=formed)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_activations(cpu: Device, name: str) -> None:
    for kind in GATES:
        names = [name.capitalize()] * len(ACTIVATIONS[kind])
        given = operands(kind, 1, optional=False)
        compare(Rnn(kind, "forward", 7, tuple(names)), given, cpu, tolerance=1e-4)
        compare(Rnn(kind, "forward", 7, tuple(names), (0.3,) * 3, (0.2,) * 3), given, cpu, tolerance=1e-4)


def test_long_lengths_are_refused(cpu: Device) -> None:
    given = operands("lstm", 1)
    given[4] = np.array([1, 6, 2], np.int32)
    with pytest.raises(edgert.EdgertError, match="'node'.*length 6 of sequence 1, expected 0 to 5"):
        run(Rnn("lstm", "forward", 7), given, cpu)
