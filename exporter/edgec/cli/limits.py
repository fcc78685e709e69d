"""What this machine can do at most, measured with the runtime's own kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgec.format.forms import matmul_form
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op
from edgec.ops.matmul import MatMul
from edgec.ops.view import Transpose

PRODUCT = (448, 256, 512)  # M, K, N: stays in the outer caches
COPIED = (4, 1 << 15)  # 512 KiB, which lie in the second cache with their copy
TRIES = 12


@dataclass(frozen=True)
class Limits:
    """f32 arithmetic in 10^9 operations a second; bytes read and written in 10^9 a second."""

    gflops: float
    gigabytes: float


def measure_limits(device: str, threads: int | None) -> Limits:
    """The best of several tries of a matrix product and of a copy, both in cache; under a second."""
    m, k, n = PRODUCT
    weight = Value("w", TensorType(DType.F32, (k, n)), np.ones((k, n), np.float32), matmul_form((k, n)))
    product = _quickest(MatMul(), (m, k), weight, device, threads)
    copy = _quickest(Transpose((0, 1)), COPIED, None, device, threads)
    return Limits(2e-9 * m * k * n / product, 8e-9 * COPIED[0] * COPIED[1] / copy)


def _quickest(op: Op, shape: Sequence[int], second: Value | None, device: str, threads: int | None) -> float:
    """Seconds of the quickest run of one operator on ones."""
    import edgert

    x = Value("x", TensorType(DType.F32, tuple(shape)))
    operands: list[Value | None] = [x] if second is None else [x, second]
    (type_,) = op.infer([v.type if v else None for v in operands], Context())
    y = Value("y", type_)
    graph = Graph("main", [x], [y], [Node(op, operands, [y], "limit")])
    session = edgert.load(write_model(Model({"main": graph})), device=device, threads=threads)
    (time,) = session.profile({"x": np.ones(shape, np.float32)}, TRIES)
    return float(time.least)
