"""Sliding windows over channels-last images [N, *S, C], vectorised over positions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from edgec.ops.base import Array, OpError

_PATCH_ELEMENTS = 1 << 26


def pad_spatial(x: Array, pads: Sequence[int], fill: object = 0) -> Array:
    """x with `fill` around its spatial axes; pads are begins, then ends, none negative."""
    spatial = x.ndim - 2
    if not any(pads):
        return x
    if min(pads) < 0:
        raise OpError(f"pads {tuple(pads)} must not be negative")
    shape = [s + pads[i] + pads[spatial + i] for i, s in enumerate(x.shape[1:-1])]
    result = np.full((x.shape[0], *shape, x.shape[-1]), fill, x.dtype)
    inside = (slice(None),) + tuple(slice(pads[i], pads[i] + s) for i, s in enumerate(x.shape[1:-1]))
    result[inside] = x
    return result


def count(size: int, kernel: int, stride: int, dilation: int) -> int:
    """Windows that fit in `size` elements. Raises OpError for none."""
    found = (size - (kernel - 1) * dilation - 1) // stride + 1
    if found < 1:
        raise OpError(f"padded size {size} is smaller than a kernel of {kernel}, dilation {dilation}")
    return found


def taps(
    x: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """For each kernel position the elements it meets: ([K], view [N, *S', C])."""
    sizes = [count(*sizes) for sizes in zip(x.shape[1:-1], kernel, strides, dilations, strict=True)]
    for tap in np.ndindex(tuple(kernel)):
        box = (slice(None),) + tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, dilations, sizes, strides, strict=True)
        )
        yield tap, x[box]


def correlate(x: Array, w: Array, strides: Sequence[int], dilations: Sequence[int], groups: int) -> Array:
    """Convolution without padding: x [N, *S, C], w [O, *K, C/groups] -> [N, *S', O]."""
    kernel, narrow = w.shape[1:-1], w.shape[-1] < 16 and groups == 1
    sizes = [count(*s) for s in zip(x.shape[1:-1], kernel, strides, dilations, strict=True)]
    positions = x.shape[0] * int(np.prod(sizes))
    if positions * w.size == 0:
        return np.zeros((x.shape[0], *sizes, w.shape[0]), x.dtype)
    if narrow and positions * w[0].size <= _PATCH_ELEMENTS:
        patches = np.empty((x.shape[0], *sizes, *kernel, x.shape[-1]), x.dtype)
        for tap, elements in taps(x, kernel, strides, dilations):
            patches[(slice(None),) * (1 + len(sizes)) + tap] = elements
        product = np.matmul(patches.reshape(positions, w[0].size), w.reshape(w.shape[0], -1).T)
        return np.asarray(product.reshape(x.shape[0], *sizes, w.shape[0]))
    total = np.zeros((x.shape[0], *sizes, w.shape[0]), x.dtype)
    for tap, elements in taps(x, kernel, strides, dilations):
        total += grouped_product(elements, at_tap(w, tap), groups)
    return total


def at_tap(w: Array, tap: tuple[int, ...]) -> Array:
    """The [O, C/groups] weights of kernel position `tap` of w [O, *K, C/groups]."""
    index: tuple[slice | int, ...] = (slice(None), *tap)
    return np.asarray(w[index])


def grouped_product(x: Array, w: Array, groups: int) -> Array:
    """x [..., C] times w [O, C/groups] group by group -> [..., O]."""
    outputs, inner = w.shape
    lead = x.shape[:-1]
    if groups == 1:
        return np.asarray(np.matmul(x.reshape(math.prod(lead), x.shape[-1]), w.T).reshape(*lead, outputs))
    if inner == 1 and outputs == groups:
        return np.asarray(x * w[:, 0])
    parts = x.reshape(math.prod(lead), groups, inner).transpose(1, 0, 2)
    weights = w.reshape(groups, outputs // groups, inner).transpose(0, 2, 1)
    product = np.matmul(parts, weights).transpose(1, 0, 2)
    return np.asarray(product.reshape(*lead, outputs))
