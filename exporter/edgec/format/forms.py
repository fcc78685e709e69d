"""Stored forms: the byte layouts in which constants lie in a file.

A constant is one logical tensor; a form says how its elements are laid out, so that a kernel reads them
in order. Every form but `winograd` has an exact inverse here, so the interpreter and `to-onnx` see the
logical tensor; `winograd` only ever stands beside another form.

* `plain`, params (): row-major.
* `panels`, params (groups, K, N, 16): per group a matrix B[K, N] as [ceil(N/16)][K][16], zero-filled.
  Logical tensors: matmul's b [..., K, N] (groups is the product of the batch dims); conv's w
  [O, *taps, C/groups] with K running over (taps, channel) and N = O/groups; rnn's w and r [D, N, K], which
  add a fifth param, 1: the logical tensor has N before K (a square would not tell).
  A conv with narrow groups merges m of them into one block: params (groups/m, m*K, m*N, 16), K runs over
  (taps, m, channel), zeros off the diagonal.
* `depthwise`, params (C, taps, 16): conv's w [C, *taps, 1] as [ceil(C/16)][taps][16].
* `taps`, params (groups, taps, C, O, 16), sizes per group: conv_transpose's w [groups*O, *taps, C] as
  [groups][taps][ceil(O/16)][C][16].
* `winograd`, params (4, C, O, 16): conv's w [O, 3, 3, C] transformed for 4x4 tiles of outputs
  (winograd.py), as [36][ceil(O/16)][C][16].

* `dot`, params (taps, K, N, 16): i8 weights for products of bytes; matmul's b [..., K, N] (one matrix, one
  tap) or conv's w [O, *taps, C], whose last axis' taps lie in one row of K with the channels.
  [ceil(N/16)] of: the sums of 16 columns' weights as i32, then [taps][ceil(K/4)][16][4], zero-filled.

Tensors of strings have a form of their own, `strings` (strings.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from edgec.format import winograd
from edgec.ir.graph import FormSpec

Array = np.ndarray[Any, Any]
LANES = 16


class FormError(ValueError):
    """A form does not fit the tensor or the bytes it is used on."""


Form = FormSpec

PLAIN = Form("plain")


def stored_elements(form: Form) -> int:
    """How many elements `form` stores, padding included. Raises FormError for `plain` and unknown kinds.

    >>> stored_elements(Form("panels", (1, 27, 32, 16)))
    864
    """
    p = form.params
    if form.kind == "panels" and len(p) in (4, 5):
        return p[0] * _ceil(p[2]) * p[1] * LANES
    if form.kind == "depthwise" and len(p) == 3:
        return _ceil(p[0]) * p[1] * LANES
    if form.kind == "taps" and len(p) == 5:
        return p[0] * p[1] * _ceil(p[3]) * p[2] * LANES
    if form.kind == "winograd" and len(p) == 4:
        return winograd.POINTS**2 * _ceil(p[2]) * p[1] * LANES
    if form.kind == "dot" and len(p) == 4:
        return _ceil(p[2]) * 4 * LANES * (1 + p[0] * -(-p[1] // 4))
    raise FormError(f"form {form.kind}{p}: unknown; known are plain, {', '.join(_CODECS)}")


def matmul_form(shape: Sequence[int]) -> Form:
    """Panels of a matmul's second operand [..., K, N]."""
    return Form("panels", (prod(shape[:-2]), shape[-2], shape[-1], LANES))


def rnn_form(shape: Sequence[int]) -> Form:
    """Panels of a recurrent weight [directions, gates*hidden, K]."""
    return Form("panels", (shape[0], shape[2], shape[1], LANES, 1))


def conv_form(shape: Sequence[int], groups: int) -> Form:
    """The form of a conv's weight [O, *taps, C/groups]: depthwise, or panels with narrow groups merged."""
    outputs, taps, channels = shape[0], prod(shape[1:-1]), shape[-1]
    if groups > 1 and groups == outputs and channels == 1:
        return Form("depthwise", (outputs, taps, LANES))
    each = outputs // groups
    merged = max(m for m in range(1, groups + 1) if groups % m == 0 and (m == 1 or m * each <= LANES))
    return Form("panels", (groups // merged, taps * channels * merged, each * merged, LANES))


def conv_transpose_form(shape: Sequence[int], groups: int) -> Form:
    """Taps of a conv_transpose's weight [O, *taps, C/groups]."""
    return Form("taps", (groups, prod(shape[1:-1]), shape[-1], shape[0] // groups, LANES))


def winograd_form(shape: Sequence[int]) -> Form:
    """The transformed weight of a 3x3 conv [O, 3, 3, C]."""
    return Form("winograd", (winograd.TILE, shape[-1], shape[0], LANES))


def matmul_dot_form(shape: Sequence[int]) -> Form:
    """One matrix [..., K, N] of bytes."""
    return Form("dot", (1, shape[-2], shape[-1], LANES))


def conv_dot_form(shape: Sequence[int]) -> Form:
    """A conv's weight [O, *taps, C] of bytes."""
    return Form("dot", (prod(shape[1:-2]), shape[-2] * shape[-1], shape[0], LANES))


def pack(tensor: Array, form: Form) -> Array:
    """The stored elements (1-D, contiguous) of a logical tensor. Raises FormError where they do not fit."""
    if form.kind == "plain":
        return np.ascontiguousarray(tensor).reshape(-1)
    packer, _ = _codec(form)
    return np.ascontiguousarray(packer(tensor, form)).reshape(-1)


def unpack(stored: Array, form: Form, shape: Sequence[int]) -> Array:
    """The logical tensor of `shape` from its stored elements: the exact inverse of `pack`.

    Raises FormError where the number of elements or the sizes do not fit, and for `winograd`.
    """
    if form.kind == "plain":
        if stored.size != prod(shape):
            raise FormError(f"form plain: {stored.size} elements for shape {tuple(shape)}")
        return stored.reshape(tuple(shape))
    expected = stored_elements(form)
    if stored.size != expected:
        raise FormError(f"form {form.kind}{form.params}: {stored.size} elements stored, expected {expected}")
    _, unpacker = _codec(form)
    return np.ascontiguousarray(unpacker(stored, form, tuple(shape)))


def _ceil(n: int) -> int:
    return -(-n // LANES)


def _to_lanes(matrices: Array) -> Array:
    """[..., K, N] as [..., ceil(N/16), K, 16], zero-filled."""
    *lead, k, n = matrices.shape
    padded = np.zeros((*lead, k, _ceil(n) * LANES), matrices.dtype)
    padded[..., :n] = matrices
    return np.moveaxis(padded.reshape(*lead, k, _ceil(n), LANES), -2, -3)


def _from_lanes(panels: Array, n: int) -> Array:
    """The inverse of `_to_lanes`: [..., ceil(N/16), K, 16] as [..., K, N]."""
    *lead, blocks, k, lanes = panels.shape
    return np.moveaxis(panels, -3, -2).reshape(*lead, k, blocks * lanes)[..., :n]


def _k_major(form: Form, shape: tuple[int, ...]) -> bool:
    """Whether the logical tensor is [..., K, N]: a conv's weight never looks so, unless both agree."""
    groups, k, n = form.params[:3]
    return len(form.params) == 4 and shape[-2:] == (k, n) and prod(shape[:-2]) == groups


def _merged(form: Form, shape: tuple[int, ...]) -> int:
    """How many groups of a conv's weight one block holds."""
    groups, k, n = form.params[:3]
    total = prod(shape)
    if len(shape) < 2 or total == 0 or (groups * k * n) % total:
        raise FormError(f"form panels{form.params} does not fit shape {shape}")
    merged = groups * k * n // total
    if shape[0] != groups * n or n % merged or k != merged * prod(shape[1:]):
        raise FormError(f"form panels{form.params} does not fit shape {shape}")
    return merged


def _pack_panels(tensor: Array, form: Form) -> Array:
    groups, k, n = form.params[:3]
    if _k_major(form, tensor.shape):
        return _to_lanes(tensor.reshape(groups, k, n))
    if len(form.params) == 5:
        return _to_lanes(_expect(tensor, (groups, n, k), form).transpose(0, 2, 1))
    merged = _merged(form, tensor.shape)
    channels, taps = tensor.shape[-1], prod(tensor.shape[1:-1])
    weight = tensor.reshape(groups, merged, n // merged, taps, channels)
    blocks = np.zeros((groups, taps, merged, channels, merged, n // merged), tensor.dtype)
    for i in range(merged):
        blocks[:, :, i, :, i, :] = weight[:, i].transpose(0, 2, 3, 1)
    return _to_lanes(blocks.reshape(groups, k, n))


def _unpack_panels(stored: Array, form: Form, shape: tuple[int, ...]) -> Array:
    groups, k, n = form.params[:3]
    matrices = _from_lanes(stored.reshape(groups, _ceil(n), k, LANES), n)
    if _k_major(form, shape):
        return matrices.reshape(shape)
    if len(form.params) == 5:
        return _expect(matrices.transpose(0, 2, 1), shape, form)
    merged = _merged(form, shape)
    channels, taps = shape[-1], prod(shape[1:-1])
    blocks = matrices.reshape(groups, taps, merged, channels, merged, n // merged)
    diagonal = np.stack([blocks[:, :, i, :, i, :] for i in range(merged)], axis=1)
    return np.reshape(diagonal.transpose(0, 1, 4, 2, 3), shape)


def _pack_depthwise(tensor: Array, form: Form) -> Array:
    channels, taps, _ = form.params
    if tensor.size != channels * taps or tensor.shape[0] != channels:
        raise FormError(f"form depthwise{form.params} does not fit shape {tensor.shape}")
    return _to_lanes(tensor.reshape(channels, taps).T)


def _unpack_depthwise(stored: Array, form: Form, shape: tuple[int, ...]) -> Array:
    channels, taps, _ = form.params
    if prod(shape) != channels * taps or shape[0] != channels:
        raise FormError(f"form depthwise{form.params} does not fit shape {shape}")
    matrix = _from_lanes(stored.reshape(_ceil(channels), taps, LANES), channels)
    return np.reshape(matrix.T, shape)


def _pack_taps(tensor: Array, form: Form) -> Array:
    groups, taps, channels, outputs, _ = form.params
    if tensor.size != groups * taps * channels * outputs or tensor.shape[-1] != channels:
        raise FormError(f"form taps{form.params} does not fit shape {tensor.shape}")
    return _to_lanes(tensor.reshape(groups, outputs, taps, channels).transpose(0, 2, 3, 1))


def _unpack_taps(stored: Array, form: Form, shape: tuple[int, ...]) -> Array:
    groups, taps, channels, outputs, _ = form.params
    if prod(shape) != groups * taps * channels * outputs or shape[-1] != channels:
        raise FormError(f"form taps{form.params} does not fit shape {shape}")
    matrices = _from_lanes(stored.reshape(groups, taps, _ceil(outputs), channels, LANES), outputs)
    return np.reshape(matrices.transpose(0, 3, 1, 2), shape)


def _pack_winograd(tensor: Array, form: Form) -> Array:
    _, channels, outputs, _ = form.params
    weight = _expect(tensor, (outputs, 3, 3, channels), form)
    return _to_lanes(winograd.transform_weights(weight))


def _unpack_winograd(stored: Array, form: Form, shape: tuple[int, ...]) -> Array:
    raise FormError(f"form winograd{form.params} has no inverse; the constant's first form does")


def _is_matrix(form: Form, shape: tuple[int, ...]) -> bool:
    """Whether the logical tensor is [..., K, N]; a conv's weight looks so only where both agree."""
    taps, k, n = form.params[:3]
    return taps == 1 and shape[-2:] == (k, n) and prod(shape[:-2]) == 1


def _pack_dot(tensor: Array, form: Form) -> Array:
    taps, k, n = form.params[:3]
    if tensor.dtype != np.int8 or tensor.size != taps * k * n:
        raise FormError(f"form dot{form.params} does not fit {tensor.dtype} of shape {tensor.shape}")
    columns = tensor.reshape(k, n).T if _is_matrix(form, tensor.shape) else tensor
    padded = np.zeros((_ceil(n) * LANES, taps, -(-k // 4) * 4), np.int8)
    padded[:n, :, :k] = columns.reshape(n, taps, k)
    sums = padded.sum((1, 2), dtype=np.int32).reshape(-1, LANES)
    groups = padded.reshape(_ceil(n), LANES, -1, 4).swapaxes(1, 2).reshape(_ceil(n), -1)
    return np.concatenate([np.ascontiguousarray(sums).view(np.int8), groups], axis=1)


def _unpack_dot(stored: Array, form: Form, shape: tuple[int, ...]) -> Array:
    taps, k, n = form.params[:3]
    groups = stored.reshape(_ceil(n), -1)[:, 4 * LANES :].reshape(_ceil(n), -1, LANES, 4)
    columns = groups.swapaxes(1, 2).reshape(_ceil(n) * LANES, taps, -(-k // 4) * 4)[:n, :, :k]
    if prod(shape) != columns.size:
        raise FormError(f"form dot{form.params} does not fit shape {shape}")
    return np.reshape(columns.reshape(n, k).T if _is_matrix(form, shape) else columns, shape)


def _expect(tensor: Array, shape: tuple[int, ...], form: Form) -> Array:
    if tensor.shape != shape:
        raise FormError(f"form {form.kind}{form.params} does not fit shape {tensor.shape}, expected {shape}")
    return tensor


_Codec = tuple[Callable[[Array, Form], Array], Callable[[Array, Form, tuple[int, ...]], Array]]
_CODECS: dict[str, _Codec] = {
    "panels": (_pack_panels, _unpack_panels),
    "depthwise": (_pack_depthwise, _unpack_depthwise),
    "taps": (_pack_taps, _unpack_taps),
    "dot": (_pack_dot, _unpack_dot),
    "winograd": (_pack_winograd, _unpack_winograd),
}


def _codec(form: Form) -> _Codec:
    if form.kind not in _CODECS:
        raise FormError(f"form {form.kind!r}: unknown; known are plain, {', '.join(_CODECS)}")
    return _CODECS[form.kind]
