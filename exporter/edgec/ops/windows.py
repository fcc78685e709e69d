"""Sliding windows over channels-last images [N, *S, C], vectorised over positions."""

from __future__ import annotations

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
    inside = tuple(slice(pads[i], pads[i] + s) for i, s in enumerate(x.shape[1:-1]))
    result[(slice(None), *inside)] = x
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
    sizes = [count(*sizes) for sizes in zip(x.shape[1:-1], kernel, strides, dilations)]
    for tap in np.ndindex(*kernel):
        box = tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, dilations, sizes, strides)
        )
        yield tap, x[(slice(None), *box)]


def correlate(
    x: Array, w: Array, strides: Sequence[int], dilations: Sequence[int], groups: int
) -> Array:
    """Convolution without padding: x [N, *S, C], w [O, *K, C/groups] -> [N, *S', O]."""
    kernel, narrow = w.shape[1:-1], w.shape[-1] < 16 and groups == 1
    sizes = [count(*s) for s in zip(x.shape[1:-1], kernel, strides, dilations)]
    positions = x.shape[0] * int(np.prod(sizes))
    if narrow and positions * w[0].size <= _PATCH_ELEMENTS:
        patches = np.empty((x.shape[0], *sizes, *kernel, x.shape[-1]), x.dtype)
        for tap, elements in taps(x, kernel, strides, dilations):
            patches[(slice(None),) * (1 + len(sizes)) + tap] = elements
        product = patches.reshape(positions, -1) @ w.reshape(w.shape[0], -1).T
        return product.reshape(x.shape[0], *sizes, w.shape[0])
    total = np.zeros((x.shape[0], *sizes, w.shape[0]), x.dtype)
    for tap, elements in taps(x, kernel, strides, dilations):
        total += grouped_product(elements, w[(slice(None), *tap)], groups)
    return total


def grouped_product(x: Array, w: Array, groups: int) -> Array:
    """x [..., C] times w [O, C/groups] group by group -> [..., O]."""
    outputs, inner = w.shape
    lead = x.shape[:-1]
    if groups == 1:
        return (x.reshape(-1, x.shape[-1]) @ w.T).reshape(*lead, outputs)
    if inner == 1 and outputs == groups:
        return x * w[:, 0]
    parts = x.reshape(-1, groups, inner).transpose(1, 0, 2)
    weights = w.reshape(groups, outputs // groups, inner).transpose(0, 2, 1)
    return np.matmul(parts, weights).transpose(1, 0, 2).reshape(*lead, outputs)
