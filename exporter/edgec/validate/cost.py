"""What a node has to do at least: arithmetic and memory traffic, from its types."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Optional

from edgec.ir.types import DType

Typed = Optional[tuple[str, tuple[int, ...]]]  # element type and shape; None: absent


def operations(op: str, operands: Sequence[Typed], results: Sequence[Typed]) -> int:
    """Arithmetic operations, a multiply-add counting two; elementwise work one for each element.

    >>> operations("matmul", [("f32", (4, 8)), ("f32", (8, 2))], [("f32", (4, 2))])
    128
    """
    shapes = [prod(o[1]) if o else 0 for o in operands]
    made = prod(results[0][1]) if results and results[0] else 0
    second = operands[1][1] if len(operands) > 1 and operands[1] else ()
    if op == "conv":
        return 2 * made * prod(second[1:])
    if op == "conv_transpose":
        return 2 * shapes[0] * prod(second[1:-1]) * second[0] * second[-1] // max(_last(operands[0]), 1)
    if op == "matmul":
        return 2 * made * _last(operands[0])
    if op == "attention":
        return 2 * made * second[-3] + 2 * made // max(_last(results[0]), 1) * second[-3] * second[-1]
    if op == "rnn" and operands[0]:
        steps, batch = operands[0][1][:2]
        return 2 * steps * batch * (shapes[1] + shapes[2])
    return max([made, *shapes])


def _last(value: Typed) -> int:
    return value[1][-1] if value and value[1] else 1


def traffic(operands: Sequence[Typed], results: Sequence[Typed]) -> int:
    """Bytes of everything that a node reads and writes, each once."""
    return sum(DType.parse(v[0]).itemsize * prod(v[1]) for v in (*operands, *results) if v)
