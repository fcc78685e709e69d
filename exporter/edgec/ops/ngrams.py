"""Counting n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_rank, operand, require_equal


@register
@dataclass(frozen=True)
class NgramCount(Op):
    """How often each of a set of n-grams occurs in rows of tokens.

    Operands: tokens i64 [rows, n]; then the n-grams as a tree of constants: starts i64 [edges + 2],
    tokens i64 [edges] and columns i64 [edges]. Node 0 is the root and edge e leads to node e + 1; node i
    has the edges starts[i] to starts[i + 1] - 1, by rising token. columns[e] is where the n-gram that ends
    with edge e is counted, -1 for none. Result: f32 [rows, `width`]. An n-gram of `least` to `most` tokens
    counts where its tokens follow each other at a distance of 1, or any up to `skips` + 1; of one token
    only once. Source: ONNX TfIdfVectorizer.
    """

    name = "ngram_count"
    width: int
    least: int = 1
    most: int = 1
    skips: int = 0

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "tokens")
        check_rank(x, "tokens", 2, 2)
        starts, keys, columns = (
            operand(operands, i, n) for i, n in enumerate(("starts", "keys", "columns"), 1)
        )
        for kind in (x, starts, keys, columns):
            if kind.dtype != DType.I64 or kind.rank != (2 if kind is x else 1):
                raise OpError(f"operands are {x}, {starts}, {keys} and {columns}, expected i64")
        if not 1 <= self.least <= self.most or self.skips < 0 or self.width < 0:
            raise OpError(f"n-grams have {self.least} to {self.most} tokens and {self.skips} skips")
        edges = keys.shape[0]
        require_equal(context, starts.shape[0], edges + 2, f"{edges} edges have {starts.shape[0]} starts")
        require_equal(context, columns.shape[0], edges, f"{edges} edges have {columns.shape[0]} columns")
        return [TensorType(DType.F32, (x.shape[0], self.width))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, starts, keys, columns = given(operands)
        self._check(starts, columns)
        children = [
            {int(keys[e]): e for e in range(int(starts[i]), int(starts[i + 1]))}
            for i in range(len(starts) - 1)
        ]
        result = np.zeros((len(x), self.width), np.float32)
        for row, counts in zip(x.tolist(), result):
            for distance in range(1, min(self.skips + 1, max(len(row), 1)) + 1):
                for start in range(len(row)):
                    self._count(row[start::distance], distance, children, columns, counts)
        return [result]

    def _count(
        self, row: list[int], distance: int, children: list[dict[int, int]], columns: Array, out: Array
    ) -> None:
        """Count the n-grams that the row begins with."""
        node = 0
        for length, token in enumerate(row[: self.most], 1):
            edge = children[node].get(token)
            if edge is None:
                return
            if length >= self.least and columns[edge] >= 0 and (length > 1 or distance == 1):
                out[columns[edge]] += 1
            node = edge + 1

    def _check(self, starts: Array, columns: Array) -> None:
        if starts[0] != 0 or starts[-1] != len(columns) or (np.diff(starts) < 0).any():
            raise OpError(f"the starts do not divide {len(columns)} edges")
        if ((columns < -1) | (columns >= self.width)).any():
            raise OpError(f"an n-gram is counted in none of {self.width} columns")
