"""Products of bytes by constants in form `dot`, as models of one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgec.format.forms import conv_dot_form, matmul_dot_form
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder, Program

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)
KINDS = ("sums", "f32", "u8", "i8", "residual", "bytes", "f16")


def epilogue(kind: str, columns: int, rows: Sequence[int] = ()) -> tuple[Program | None, list[Array], DType]:
    """What quantised networks do to sums, and what the microkernel must leave to others.

    "bytes" adds bytes, of sizes [*rows, columns].
    """
    if kind == "sums":
        return None, [], DType.I32
    offset = RANDOM.integers(-5000, 5000, columns).astype(np.int32)
    scale = RANDOM.uniform(1e-4, 1e-2, columns).astype(np.float32)
    b = Builder([DType.I32, DType.I32, DType.F32])
    y = b("mul", b.cast(b("add", 0, 1), DType.F32), 2)
    if kind in ("f32", "f16"):
        return b.finish(y), [offset, scale], DType.F32 if kind == "f32" else DType.F16
    if kind == "residual":
        y = b("mul", b("max", y, b.const(-1.0, DType.F32)), 2)
        return b.finish(y), [offset, scale], DType.F32
    if kind == "bytes":
        b = Builder([DType.I32, DType.I32, DType.F32, DType.U8])
        y = b("round", b("mul", b.cast(b("add", 0, 1), DType.F32), 2))
        y = b(
            "mul",
            b("min", b("max", y, b.const(-129.0, DType.F32)), b.const(126.0, DType.F32)),
            b.const(0.3, DType.F32),
        )
        y = b("add", y, b("mul", b.cast(3, DType.F32), b.const(0.75, DType.F32)))
        y = b("min", b("max", b("round", y), b.const(0.0, DType.F32)), b.const(255.0, DType.F32))
        return b.finish(b.cast(y, DType.U8)), [offset, scale, bytes_of(DType.U8, *rows, columns)], DType.U8
    signed = kind == "i8"
    y = b("add", b("round", y), b.const(-3.0 if signed else 120.0, DType.F32))
    low, high = (-128.0, 127.0) if signed else (4.0, 255.0)
    y = b("min", b("max", y, b.const(low, DType.F32)), b.const(high, DType.F32))
    dtype = DType.I8 if signed else DType.U8
    return b.finish(b.cast(y, dtype)), [offset, scale], dtype


def bytes_of(dtype: DType, *shape: int) -> Array:
    info = np.iinfo(dtype.numpy)
    return RANDOM.integers(info.min, info.max + 1, shape).astype(dtype.numpy)


def dot_model(op: Conv | MatMul, operands: Sequence[Array]) -> Model:
    """The operator with operand 1 constant and stored for products of bytes, the others inputs."""
    values: list[Value | None] = [
        Value(f"x{i}", TensorType(DType.of(o.dtype), o.shape), o if i == 1 else None)
        for i, o in enumerate(operands)
    ]
    form = conv_dot_form if isinstance(op, Conv) else matmul_dot_form
    weight = values[1]
    assert weight is not None
    weight.more_forms = (form(operands[1].shape),)
    (made,) = op.infer([v.type if v else None for v in values], Context())
    graph = Graph("main", [v for v in values if v is not None and v.const is None])
    graph.outputs = [Value("y", made)]
    graph.nodes = [Node(op, values, list(graph.outputs), "node")]
    return Model({"main": graph})


def sample_models() -> list[tuple[Model, dict[str, Array], Array]]:
    """Models with inputs and the result by definition: sizes about the edges of every tile."""
    found = []
    for i, kind in enumerate(KINDS):
        for dtype in (DType.U8, DType.I8):
            for m, k, n in ((1, 3, 5), (7, 16, 16), (13, 37, 50)):
                program, extras, result = epilogue(kind, n)
                op: Conv | MatMul = MatMul(False, False, program, int(DType.I32), int(result))
                found.append((op, [bytes_of(dtype, m, k), bytes_of(DType.I8, k, n), *extras]))
            program, extras, result = epilogue(kind, 20)
            op = Conv((1, 2), (1, 1, 0, 1), (1 + i % 2, 1), 1, program, int(DType.I32), int(result))
            weight = bytes_of(DType.I8, 20, 3, 3, 5)
            found.append((op, [bytes_of(dtype, 1, 9, 11, 5), weight, *extras]))
    return [
        (
            dot_model(op, operands),
            {f"x{i}": o for i, o in enumerate(operands) if i != 1},
            op.eval(operands)[0],
        )
        for op, operands in found
    ]
