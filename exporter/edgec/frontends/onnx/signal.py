"""Fourier transforms of known length: products with a matrix of sines and cosines."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis, static_ints
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ops.base import Array, OpError
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul
from edgec.ops.view import Pad


def fourier_matrix(length: int, parts: int, inverse: bool, onesided: bool) -> Array:
    """[length, parts, frequencies, 2]: what each real (and imaginary) part adds to each frequency."""
    frequencies = length // 2 + 1 if onesided else length
    angle = 2 * np.pi * np.outer(np.arange(length), np.arange(frequencies)) / length
    cos, sin = np.cos(angle), np.sin(angle) * (-1 if inverse else 1)
    scale = 1 / length if inverse else 1
    rows = [np.stack([cos, -sin], -1), np.stack([sin, cos], -1)]
    return np.stack(rows[:parts], 1) * scale


def inverse_real_matrix(length: int) -> Array:
    """[length // 2 + 1, 2, length, 1]: the real signal of half a spectrum."""
    frequencies = length // 2 + 1
    angle = 2 * np.pi * np.outer(np.arange(frequencies), np.arange(length)) / length
    twice = np.full((frequencies, 1), 2.0)
    twice[0] = 1
    if length % 2 == 0:
        twice[-1] = 1
    matrix = np.stack([np.cos(angle), -np.sin(angle)], 1) * twice[:, None] / length
    return np.asarray(matrix[..., None])


@onnx_op("DFT")
def fourier(b: Builder, call: Call) -> Value:
    """The signal's axis is an attribute before opset 20, an input since."""
    x, wanted = call.operand(0), call.optional(1)
    if call.version < 20:
        axis = call.axis(x.rank, 1)
    else:
        given = call.optional(2)
        axis = resolve_axis(-2 if given is None else static_ints(b, given, "the axis")[0], x.rank)
    inverse, onesided = call.flag("inverse"), call.flag("onesided")
    parts, size = _known(x.shape[-1], "the last axis"), x.shape[axis]
    if axis == x.rank - 1 or parts not in (1, 2):
        raise OpError(f"input is {x.type}, expected a last axis of 1 or 2 that is not transformed")
    half = inverse and onesided
    length = _known(size, "the signal") if wanted is None else static_ints(b, wanted, "dft_length")[0]
    if half:
        length = 2 * (length - 1) if wanted is None else length
        matrix = inverse_real_matrix(length)[:, :parts]
    else:
        matrix = fourier_matrix(length, parts, inverse, onesided)
    perm = [*(i for i in range(x.rank - 1) if i != axis), axis, x.rank - 1]
    x = _resized(b, b.transpose(x, perm), matrix.shape[0])
    rows, columns = matrix.shape[0] * parts, matrix.shape[2] * matrix.shape[3]
    weight = b.constant(matrix.reshape(rows, columns), x.dtype)
    flat = b.reshape(x, (*x.shape[:-2], 1, rows))
    op = MatMul(accumulator=int(x.dtype.compute), dtype=int(x.dtype))
    result = b.reshape(b.one(op, flat, weight), (*x.shape[:-2], *matrix.shape[2:]))
    return b.transpose(result, [int(i) for i in np.argsort(perm)])


def _known(dim: Dim, what: str) -> int:
    if not isinstance(dim, int):
        raise Unsupported(
            f"{what} of a Fourier transform has size {dim}", "fix its size with --shape, or give dft_length"
        )
    return dim


def _resized(b: Builder, x: Value, length: int) -> Value:
    """Axis -2 cut or filled with zeros to `length`."""
    size = _known(x.shape[-2], "the signal")
    if size >= length:
        return b.slice_axis(x, x.rank - 2, 0, length)
    ends = [0] * (2 * x.rank)
    ends[-2] = length - size
    return b.one(Pad("constant", tuple(ends)), x, None)


@onnx_op("STFT")
def short_time_fourier(b: Builder, call: Call) -> Value:
    """A convolution of the signal [B, L, 1 or 2] with the windowed matrix, one window per step."""
    x, window, length = call.operand(0), call.optional(2), call.optional(3)
    (step,) = static_ints(b, call.operand(1), "frame_step")
    if length is not None:
        (size,) = static_ints(b, length, "frame_length")
    elif window is not None:
        size = _known(window.shape[0], "the window")
    else:
        raise OpError("neither window nor frame_length is given")
    parts = _known(x.shape[-1], "the last axis")
    matrix = fourier_matrix(size, parts, False, call.flag("onesided", True))
    frequencies = matrix.shape[2]
    basis = matrix.transpose(2, 3, 0, 1).reshape(2 * frequencies, size, parts)
    weight = b.constant(basis, x.dtype)
    if window is not None:
        weight = b.binary("mul", weight, b.reshape(window, (size, 1)))
    op = Conv((step,), (0, 0), (1,), accumulator=int(x.dtype.compute), dtype=int(x.dtype))
    result = b.one(op, x, weight)
    return b.reshape(result, (*result.shape[:2], frequencies, 2))
