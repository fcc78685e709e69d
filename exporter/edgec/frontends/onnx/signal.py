"""Fourier transforms as products with a matrix of sines and cosines; the mel filter bank."""

from __future__ import annotations

import numpy as np

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.axes import resolved_axis
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.fourier import fourier_matrix, inverse_real_matrix
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, eq, floordiv, less, minimum, product, select
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.conv import Conv
from edgec.ops.gather import Gather
from edgec.ops.matmul import MatMul
from edgec.ops.view import Pad


@onnx_op("DFT")
def fourier(b: Builder, call: Call) -> Value:
    """The signal's axis is an attribute before opset 20, an input since; it and the length may be a run's."""
    x, wanted = call.operand(0), call.optional(1)
    axis: Dim = call.integer("axis", 1)
    if call.version >= 20:
        given = call.optional(2)
        axis = -2 if given is None else b.dims_of(given)[0]
    axis = resolved_axis(b, axis, x.rank)
    if axis == x.rank - 1 or _parts(x) not in (1, 2):
        raise OpError(f"input is {x.type}, expected a last axis of 1 or 2 that is not transformed")
    length = None if wanted is None else b.dims_of(wanted)[0]
    if isinstance(axis, int):
        return _transformed(b, call, x, axis, length)
    b.guard(less(axis, x.rank - 1), "the transformed axis is not the last one")
    lead = x.shape[:-1]
    before = product(select(less(i, axis), d, 1) for i, d in enumerate(lead))
    behind = product(select(less(axis, i), d, 1) for i, d in enumerate(lead))
    size = lead[-1]
    for i, d in enumerate(lead[:-1]):
        size = select(eq(axis, i), d, size)
    result = _transformed(b, call, b.reshape(x, (before, size, behind, x.shape[-1])), 1, length)
    sizes = [select(eq(axis, i), result.shape[1], d) for i, d in enumerate(lead)]
    return b.reshape(result, (*sizes, result.shape[-1]))


def _transformed(b: Builder, call: Call, x: Value, axis: int, wanted: Dim | None) -> Value:
    """x [..., n, ..., 1 or 2] transformed along `axis`, which is cut or filled with zeros first."""
    inverse, onesided = call.flag("inverse"), call.flag("onesided")
    half, parts = inverse and onesided, _parts(x)
    if wanted is None:
        wanted = 2 * (x.shape[axis] - 1) if half else x.shape[axis]
    b.guard(less(0, wanted), f"the length {wanted} of a Fourier transform is positive")
    if half:
        matrix = inverse_real_matrix(b, wanted, parts, x.dtype)
        rows, ends = floordiv(wanted, 2) + 1, (wanted, 1)
    else:
        matrix = fourier_matrix(b, wanted, parts, inverse, onesided, x.dtype)
        rows, ends = wanted, (floordiv(wanted, 2) + 1 if onesided else wanted, 2)
    perm = [*(i for i in range(x.rank - 1) if i != axis), axis, x.rank - 1]
    x = _resized(b, b.transpose(x, perm), rows)
    result = _product(b, x, matrix, ends)
    return b.transpose(result, [int(i) for i in np.argsort(perm)])


def _parts(x: Value) -> int:
    """1 for real, 2 for complex signals [..., 1 or 2]."""
    size = x.shape[-1] if x.rank else 0
    if not isinstance(size, int):
        raise Unsupported(
            f"the last axis of a Fourier transform has size {size}", "fix its size with --shape: 1 or 2"
        )
    return size


def _resized(b: Builder, x: Value, length: Dim) -> Value:
    """Axis -2 cut or filled with zeros to `length`."""
    kept = minimum(x.shape[-2], length)
    x = b.slice_axis(x, x.rank - 2, 0, kept)
    if kept == length:
        return x
    ends: list[Dim] = [0] * (2 * x.rank)
    ends[-2] = length - kept
    return b.one(Pad("constant", tuple(ends)), x, None)


def _product(b: Builder, x: Value, matrix: Value, ends: tuple[Dim, ...]) -> Value:
    """Rows of x [*, n, parts] times the matrix: [*, *ends]."""
    lead = x.shape[:-2]
    flat = b.reshape(x, (product(lead), matrix.shape[0]))
    op = MatMul(accumulator=int(x.dtype.compute), dtype=int(x.dtype))
    return b.reshape(b.one(op, flat, matrix), (*lead, *ends))


@onnx_op("STFT")
def short_time_fourier(b: Builder, call: Call) -> Value:
    """Transforms of windows of the signal [B, L, 1 or 2], one per step."""
    x, window, length = call.operand(0), call.optional(2), call.optional(3)
    if x.rank == 2:
        x = b.reshape(x, (*x.shape, 1))
    step = b.dims_of(call.operand(1))[0]
    size = x.shape[1]
    if length is not None:
        size = b.dims_of(length)[0]
    elif window is not None:
        size = window.shape[0]
    onesided = call.flag("onesided", True)
    frequencies = floordiv(size, 2) + 1 if onesided else size
    matrix = fourier_matrix(b, size, _parts(x), False, onesided, x.dtype)
    if isinstance(step, int) and isinstance(size, int):
        return _convolved(b, x, matrix, window, step, size)
    return _product(b, _frames(b, x, window, step, size), matrix, (frequencies, 2))


def _convolved(b: Builder, x: Value, matrix: Value, window: Value | None, step: int, size: int) -> Value:
    """A convolution with the windowed matrix [size * parts, frequencies * 2]."""
    columns, parts = matrix.shape[1], _parts(x)
    weight = b.reshape(b.transpose(matrix, (1, 0)), (columns, size, parts))
    if window is not None:
        weight = b.binary("mul", weight, b.reshape(window, (size, 1)))
    op = Conv((step,), (0, 0), (1,), accumulator=int(x.dtype.compute), dtype=int(x.dtype))
    result = b.one(op, x, weight)
    return b.reshape(result, (*result.shape[:2], floordiv(columns, 2), 2))


def _frames(b: Builder, x: Value, window: Value | None, step: Dim, size: Dim) -> Value:
    """[B, frames, size, parts]: windows of the signal that begin every `step` elements."""
    b.guard(less(0, step), f"frame_step {step} is positive")
    b.guard(less(size - 1, x.shape[1]), f"a frame of {size} fits in a signal of {x.shape[1]}")
    frames = floordiv(x.shape[1] - size, step) + 1
    begins = b.binary("mul", b.reshape(b.iota(frames), (frames, 1)), b.dims([step]))
    places = b.binary("add", begins, b.iota(size))
    found = b.one(Gather(1), x, places)
    return found if window is None else b.binary("mul", found, b.reshape(window, (size, 1)))


@onnx_op("MelWeightMatrix")
def mel_weights(b: Builder, call: Call) -> Value:
    """[dft_length // 2 + 1, num_mel_bins]: triangles over bins at equal distances on the mel scale."""
    bins, length, rate = (b.dims_of(call.operand(i))[0] for i in range(3))
    low, high = (b.reshape(b.cast(call.operand(i), DType.F64), (1,)) for i in (3, 4))
    edges = _mel_edges(b, low, high, bins, length, rate)
    rows = floordiv(length, 2) + 1
    places = b.cast(b.reshape(b.iota(rows), (rows, 1)), DType.F64)
    left, centre, right = (b.slice_axis(edges, 0, i, bins) for i in range(3))
    p = scalar.Builder([DType.F64] * 4)
    rising = p("div", p("sub", 0, 1), p("sub", 2, 1))
    falling = p("div", p("sub", 3, 0), p("sub", 3, 2))
    side = p("max", p("select", p("lt", 0, 2), rising, falling), p.const(0.0, DType.F64))
    value = p("select", p("eq", 0, 2), p.const(1.0, DType.F64), side)
    weights = b.map(p.finish(value), [places, left, centre, right], DType.F64)
    return b.cast(weights, loading.dtype_of(call.integer("output_datatype", 1)))


def _mel_edges(b: Builder, low: Value, high: Value, bins: Dim, length: Dim, rate: Dim) -> Value:
    """f64 [bins + 2]: where the triangles' corners lie among the frequencies of the transform."""
    t = DType.F64
    numbers = [b.cast(b.dims([d]), t) for d in (bins + 2, length + 1, rate)]
    p = scalar.Builder([t] * 6)
    first, last = (p("log1p", p("div", r, p.const(700.0, t))) for r in (1, 2))
    mel = p("add", first, p("mul", 0, p("div", p("sub", last, first), 3)))
    hertz = p("mul", p.const(700.0, t), p("expm1", mel))
    place = p("floor", p("div", p("mul", 4, hertz), 5))
    return b.map(p.finish(place), [b.cast(b.iota(bins + 2), t), low, high, *numbers], t)
