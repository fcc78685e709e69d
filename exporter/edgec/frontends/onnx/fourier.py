"""The matrices of Fourier transforms: constants where the length is known, else computed by the run."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import Array


def fourier_matrix(b: Builder, length: Dim, parts: int, inverse: bool, onesided: bool, dtype: DType) -> Value:
    """[length * parts, frequencies * 2]: what each real (and imaginary) part adds to each frequency."""
    frequencies = floordiv(length, 2) + 1 if onesided else length
    if isinstance(length, int):
        return b.constant(_fourier_array(length, parts, inverse, onesided), dtype)
    cos, sin = _waves(b, length, frequencies, length)
    negated = b.unary("neg", sin)
    pairs = [(cos, sin), (negated, cos)] if inverse else [(cos, negated), (sin, cos)]
    rows = [b.concat([_at_end(b, v) for v in pair], 2) for pair in pairs[:parts]]
    stacked = b.concat([b.reshape(r, (length, 1, frequencies, 2)) for r in rows], 1)
    if inverse:
        stacked = b.binary("div", stacked, _number(b, length))
    return b.cast(b.reshape(stacked, (length * parts, frequencies * 2)), dtype)


def inverse_real_matrix(b: Builder, length: Dim, parts: int, dtype: DType) -> Value:
    """[(length // 2 + 1) * parts, length]: the real signal of half a spectrum."""
    frequencies = floordiv(length, 2) + 1
    if isinstance(length, int):
        return b.constant(_inverse_real_array(length, parts), dtype)
    cos, sin = _waves(b, frequencies, length, length)
    rows = [_at_end(b, v) for v in (cos, b.unary("neg", sin))[:parts]]
    stacked = b.transpose(b.concat(rows, 2), (0, 2, 1))
    weighted = b.binary("mul", stacked, b.reshape(_twice(b, frequencies, length), (frequencies, 1, 1)))
    return b.cast(b.reshape(weighted, (frequencies * parts, length)), dtype)


def _waves(b: Builder, rows: Dim, columns: Dim, length: Dim) -> tuple[Value, Value]:
    """Cosine and sine of 2 pi i j / length, f64 [rows, columns]; i j is reduced exactly first."""
    i, j = b.reshape(b.iota(rows), (rows, 1)), b.reshape(b.iota(columns), (1, columns))
    turns = b.binary("mod", b.binary("mul", i, j), b.dims([length]))
    step = b.binary("div", b.constant(2 * np.pi, DType.F64), _number(b, length))
    angle = b.binary("mul", b.cast(turns, DType.F64), step)
    return b.unary("cos", angle), b.unary("sin", angle)


def _twice(b: Builder, frequencies: Dim, length: Dim) -> Value:
    """How much each frequency of half a spectrum counts, f64 [frequencies]: the others are its mirror."""
    t = DType.I64
    p = scalar.Builder([t, t])
    alone = p("or", p("eq", 0, p.const(0, t)), p("eq", p("add", 0, 0), 1))
    counted = p("select", alone, p.const(1.0, DType.F64), p.const(2.0, DType.F64))
    program = p.finish(p("div", counted, p.cast(1, DType.F64)))
    return b.map(program, [b.iota(frequencies), b.dims([length])], DType.F64)


def _number(b: Builder, length: Dim) -> Value:
    return b.cast(b.dims([length]), DType.F64)


def _at_end(b: Builder, x: Value) -> Value:
    return b.reshape(x, (*x.shape, 1))


def _fourier_array(length: int, parts: int, inverse: bool, onesided: bool) -> Array:
    frequencies = length // 2 + 1 if onesided else length
    angle = 2 * np.pi * np.outer(np.arange(length), np.arange(frequencies)) / length
    cos, sin = np.cos(angle), np.sin(angle) * (-1 if inverse else 1)
    rows = [np.stack([cos, -sin], -1), np.stack([sin, cos], -1)]
    matrix = np.stack(rows[:parts], 1) * (1 / length if inverse else 1)
    return matrix.reshape(length * parts, frequencies * 2)


def _inverse_real_array(length: int, parts: int) -> Array:
    frequencies = length // 2 + 1
    angle = 2 * np.pi * np.outer(np.arange(frequencies), np.arange(length)) / length
    twice = np.full((frequencies, 1, 1), 2.0)
    twice[0] = 1
    if length % 2 == 0:
        twice[-1] = 1
    matrix = np.stack([np.cos(angle), -np.sin(angle)][:parts], 1) * twice / length
    return np.asarray(matrix.reshape(frequencies * parts, length))
