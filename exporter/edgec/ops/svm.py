"""Class probabilities of support vector machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_rank, operand, require_equal

MAX_STEPS = 100


@register
@dataclass(frozen=True)
class PairwiseCoupling(Op):
    """Probabilities of k classes from those between each two of them.

    Operand: r f32 [n, k, k]; r[:, i, j] is the probability of class i where it is i or j, for i != j.
    Result: f32 [n, k]. The second method of Wu, Lin and Weng, "Probability Estimates for Multi-class
    Classification by Pairwise Coupling" (2004), as libsvm iterates it: from 1/k, until no class is off by
    0.005/k, at most MAX_STEPS times; computed in f64. Source: ai.onnx.ml SVMClassifier.
    """

    name = "pairwise_coupling"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        r = operand(operands, 0, "r")
        check_rank(r, "r", 3, 3)
        n, k, columns = r.shape
        if r.dtype != DType.F32:
            raise OpError(f"r is {r}, expected f32")
        require_equal(context, k, columns, f"r is {r}, expected a square of classes")
        return [TensorType(r.dtype, (n, k))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (r,) = given(operands)
        with np.errstate(all="ignore"):
            rows = [_couple(m.astype(np.float64)) for m in r]
        return [np.array(rows, np.float32).reshape(r.shape[:2])]


def _couple(r: Array) -> Array:
    """The probabilities p that minimise the sum over i < j of (r_ji p_i - r_ij p_j)^2."""
    k = len(r)
    others = np.where(np.eye(k, dtype=bool), 0, r)
    q = -others.T * others
    q[np.arange(k), np.arange(k)] = (others * others).sum(0)
    p = np.full(k, 1 / k)
    for _ in range(MAX_STEPS):
        product = q @ p
        total = p @ product
        if not (np.abs(product - total) >= 0.005 / k).any():
            break
        for t in range(k):
            change = (total - product[t]) / q[t, t]
            p[t] += change
            total = (total + change * (change * q[t, t] + 2 * product[t])) / (1 + change) / (1 + change)
            product = (product + change * q[t]) / (1 + change)
            p /= 1 + change
    return p
