"""Epilogues for product tests: programs with the extra operands they need, for a result shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgec.ir.types import DType
from edgec.ops.program import Builder, Program

Array = np.ndarray[Any, Any]
KINDS = [
    "none",
    "bias",
    "relu6",
    "silu",
    "hard_swish",
    "affine_gate",
    "gelu",
    "halved_gelu",
    "residual",
    "tensor",
    "repeated",
    "scale",
    "general",
    "compare",
    "leaky",
    "max_leaky",
    "prelu",
]
F32 = DType.F32
# A lone result may cancel to less than this, its operands being around 1: a sum, or GELU below 0.
CANCELLED = 0.1


def epilogue(
    kind: str, shape: Sequence[int], random: np.random.Generator
) -> tuple[Program | None, list[Array], DType]:
    """The program called `kind`, its extra operands and the result's type."""
    if kind == "none":
        return None, [], F32

    def operand(*dims: int) -> Array:
        return random.standard_normal(dims).astype(np.float32)

    bias = operand(shape[-1])
    if kind == "bias":
        b = Builder([F32, F32])
        return b.finish(b("add", 1, 0)), [bias], F32
    if kind == "residual":
        b = Builder([F32] * 3)
        total = b("add", b("add", 0, 1), 2)
        return b.finish(b("max", total, b.const(0.0, F32))), [bias, operand(*shape)], F32
    if kind == "tensor":
        b = Builder([F32, F32])
        return b.finish(b("add", 1, 0)), [operand(*shape)], F32
    if kind == "repeated":
        # the same for every image
        b = Builder([F32] * 3)
        return b.finish(b("add", b("add", 0, 1), 2)), [bias, operand(*shape[1:])], F32
    if kind == "scale":
        # a squeeze-and-excite factor, and a scalar
        b = Builder([F32] * 3)
        factor = operand(shape[0], *[1] * (len(shape) - 2), shape[-1])
        return b.finish(b("mul", b("mul", 0, 1), 2)), [factor, operand()], F32
    if kind == "prelu":
        b = Builder([F32] * 3)
        x = b("add", 0, 1)
        slope = b("mul", x, 2)
        return b.finish(b("select", b("lt", x, b.const(0.0, F32)), slope, x)), [bias, operand(shape[-1])], F32
    if kind == "general":
        b = Builder([F32] * 4)
        rows = operand(*shape[:-1], 1)
        result = b("sub", b("mul", b("add", 0, 1), b("exp", 2)), b("tanh", 3))
        return b.finish(result), [bias, rows, operand(*shape[1:])], F32
    b = Builder([F32, F32])
    x = b("add", 0, 1)
    if kind == "compare":
        return b.finish(b("lt", x, b.const(0.25, F32))), [bias], DType.BOOL
    if kind == "relu6":
        low = b("max", x, b.const(0.0, F32))
        return b.finish(b("min", b.const(6.0, F32), low)), [bias], F32
    if kind == "leaky":
        slope = b("mul", x, b.const(0.1, F32))
        return b.finish(b("select", b("lt", x, b.const(0.0, F32)), slope, x)), [bias], F32
    if kind == "max_leaky":
        return b.finish(b("max", b("mul", x, b.const(0.1, F32)), x)), [bias], F32
    if kind == "silu":
        return b.finish(b("mul", x, b("sigmoid", x))), [bias], F32
    if kind.endswith("gelu"):
        half = b.const(0.5, F32)
        curve = b("add", b("erf", b("mul", x, b.const(0.5**0.5, F32))), b.const(1.0, F32))
        y = b("mul", x, curve) if kind == "gelu" else b("mul", curve, b("mul", half, x))
        return b.finish(b("mul", y, half) if kind == "gelu" else y), [bias], F32
    if kind == "affine_gate":
        gate = b("max", b("add", x, b.const(3.0, F32)), b.const(0.0, F32))
        y = b("mul", x, b("min", gate, b.const(6.0, F32)))
        return b.finish(b("add", b("mul", y, b.const(0.17, F32)), b.const(-0.3, F32))), [bias], F32
    gate = b("add", b("mul", x, b.const(1 / 6, F32)), b.const(0.5, F32))
    gate = b("min", b("max", gate, b.const(0.0, F32)), b.const(1.0, F32))
    return b.finish(b("mul", x, gate)), [bias], F32
