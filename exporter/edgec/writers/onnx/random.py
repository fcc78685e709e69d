"""Random numbers."""

from __future__ import annotations

import numpy as np

from edgec.ir.graph import Node
from edgec.ir.types import DType
from edgec.ops.random import Random
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.target import onnx_type
from edgec.writers.onnx.view import op_of

_MOST = 1 << 20  # elements of a seeded tensor that is written out


@writes("random")
def write_random(scope: Scope, node: Node) -> str:
    """Numbers with a seed are the same in every run: a constant, since ONNX does not say which they are."""
    op = op_of(node, Random)
    shape = [d for d in op.shape if isinstance(d, int)]
    if op.seed is not None and is_static(op.shape) and np.prod(shape) <= _MOST:
        return scope.constant(op.eval([])[0], DType.F64)
    limits = {"low": 0.0, "high": 1.0} if op.kind == "uniform" else {"mean": 0.0, "scale": 1.0}
    seed = None if op.seed is None else float(op.seed)
    name = "RandomUniform" if op.kind == "uniform" else "RandomNormal"
    if is_static(op.shape) and len(shape):
        return scope.emit(name, dtype=onnx_type(DType.F64), shape=shape, seed=seed, **limits)
    zeros = scope.emit("Expand", scope.constant(0.0, DType.F64), scope.dims(op.shape))
    return scope.emit(f"{name}Like", zeros, seed=seed, **limits)
