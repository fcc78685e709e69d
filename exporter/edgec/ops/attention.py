"""Attention: weighted sums of values, the weights a softmax of queries times keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.epilogue import infer_epilogue
from edgec.ops.program import Program
from edgec.ops.scalar_eval import finish
from edgec.ops.shapes import Operands, check_rank, operand, require_equal
from edgec.ops.softmax import Softmax


@register
@dataclass(frozen=True)
class Attention(Op):
    """softmax(scores(q k^T scale)) v for each of `heads` heads.

    Operands: q [..., T, heads of q, D], k [..., S, heads of k, D], v [..., S, heads of v, E], all f32, then
    the extra operands of the program `scores`, each broadcasting to [..., heads, T, S]. Head i takes head
    firsts[j] + i of operand j. `scores` runs on the scaled products of queries and keys, the softmax
    along S.
    Result: [..., T, heads, E]. Source: a pass, from two products around a softmax.
    """

    name = "attention"
    heads: int
    scale: float = 1.0
    firsts: tuple[int, ...] = (0, 0, 0)
    scores: Program | None = None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        q, k, v = (operand(operands, i, what) for i, what in enumerate("qkv"))
        for value, what, first in zip((q, k, v), "qkv", self.firsts, strict=True):
            check_rank(value, what, 3)
            self._check(value, what, first)
        (*batch, queries, _, depth), (*k_batch, keys, _, k_depth), (*v_batch, v_keys, _, width) = (
            x.shape for x in (q, k, v)
        )
        if not batch == k_batch == v_batch:
            raise OpError(f"the leading axes of {q}, {k} and {v} must be equal")
        require_equal(context, depth, k_depth, f"q has inner size {depth}, k {k_depth}; they must be equal")
        require_equal(context, keys, v_keys, f"there are {keys} keys for {v_keys} values")
        shape = (*batch, self.heads, queries, keys)
        infer_epilogue(self.scores, DType.F32, DType.F32, shape, operands[3:], context)
        return [TensorType(DType.F32, (*batch, queries, self.heads, width))]

    def _check(self, value: TensorType, what: str, first: int) -> None:
        heads = value.shape[-2]
        if value.dtype != DType.F32:
            raise OpError(f"'{what}' is {value}, expected f32")
        if not isinstance(heads, int) or first < 0 or self.heads < 1 or first + self.heads > heads:
            raise OpError(f"'{what}' has {heads} heads, expected {self.heads} from {first} on")

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        q, k, v, *extras = given(operands)
        q, k, v = (
            x[..., first : first + self.heads, :].swapaxes(-3, -2)
            for x, first in zip((q, k, v), self.firsts, strict=True)
        )
        with np.errstate(all="ignore"):
            products = np.matmul(q, k.swapaxes(-1, -2)) * np.float32(self.scale)
            scores = finish(self.scores, products, extras, DType.F32)
            (weights,) = Softmax(scores.ndim - 1).eval([scores])
            return [np.ascontiguousarray(np.matmul(weights, v).swapaxes(-3, -2))]
