"""Random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, register, static
from edgec.ops.shapes import Operands

KINDS = ("uniform", "normal")


@register
@dataclass(frozen=True)
class Random(Op):
    """An f64 tensor of random numbers; no operands.

    "uniform" is in [0, 1) with 53 random bits, "normal" has mean 0 and variance 1. With a `seed`, 0 to
    2^32 - 1, every run gives the same numbers: those of NumPy's `RandomState(seed)`, `random_sample` and
    `standard_normal` (MT19937; Marsaglia's polar method), which ONNX's own data assume. Without one each
    run gives others. Source: ONNX RandomUniform, RandomNormal, Bernoulli, Dropout.

    >>> Random((2,), seed=0).eval([])[0].round(4).tolist()
    [0.5488, 0.7152]
    """

    name = "random"
    shape: tuple[Dim, ...]
    kind: str = "uniform"
    seed: int | None = None

    @property
    def repeatable(self) -> bool:
        return self.seed is not None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        if self.kind not in KINDS:
            raise OpError(f"kind is '{self.kind}', expected one of {', '.join(KINDS)}")
        if self.seed is not None and not 0 <= self.seed < 1 << 32:
            raise OpError(f"seed is {self.seed}, expected 0 to 2^32 - 1")
        return [TensorType(DType.F64, self.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        state, shape = np.random.RandomState(self.seed), static(self.shape)
        return [state.random_sample(shape) if self.kind == "uniform" else state.standard_normal(shape)]
