"""GridSample, and the grids of affine maps."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, maximum, product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.grid_sample import GridSample
from edgec.ops.matmul import MatMul

_KINDS = {"bilinear": "linear", "bicubic": "cubic"}


@onnx_op("GridSample")
def grid_sample(b: Builder, call: Call) -> Value:
    """Modes were called bilinear and bicubic before opset 20. Integers are sampled as floats."""
    x, grid = call.operand(0), call.operand(1)
    stored, grid = x.dtype, b.cast(grid, grid.dtype.compute)
    if stored.is_arithmetic and not stored.is_float:
        x = b.cast(x, DType.F64 if stored.itemsize > 2 else DType.F32)
    mode = call.text("mode", "linear")
    op = GridSample(_KINDS.get(mode, mode), call.text("padding_mode", "zeros"), call.flag("align_corners"))
    return b.cast(b.channels_first(b.one(op, b.channels_last(x), grid)), stored)


@onnx_op("AffineGrid")
def affine_grid(b: Builder, call: Call) -> Value:
    """theta [N, D, D + 1] times the places in images of `size` (N, C, *S): [N, *S, D], x first."""
    theta, sizes = call.operand(0), b.dims_of(call.operand(1))[2:]
    d = len(sizes)
    if d not in (2, 3) or theta.rank != 3:
        raise OpError(f"theta is {theta.type}, size has {d + 2} entries, expected rank 3, and 4 or 5")
    area, aligned = product(sizes), call.flag("align_corners")
    columns = []
    for axis in reversed(range(d)):
        alone: list[Dim] = [1] * d
        alone[axis] = sizes[axis]
        line = b.reshape(_coordinates(b, sizes[axis], aligned, theta.dtype), alone)
        columns.append(b.reshape(b.expand(line, sizes), (1, area, 1)))
    columns.append(b.expand(b.constant([[[1.0]]], theta.dtype), (1, area, 1)))
    op = MatMul(accumulator=int(theta.dtype.compute), dtype=int(theta.dtype))
    places = b.one(op, b.concat(columns, 2), b.transpose(theta, (0, 2, 1)))
    return b.reshape(places, (theta.shape[0], *sizes, d))


def _coordinates(b: Builder, size: Dim, aligned: bool, dtype: DType) -> Value:
    """Where the pixels of a line lie in [-1, 1], which spans their centres if `aligned`, else their edges."""
    t = dtype.compute
    span: Dim = maximum(size - 1, 1) if aligned else size
    p = scalar.Builder([DType.I64, DType.I64])
    doubled = p("add", 0, 0)
    if not aligned:
        doubled = p("add", doubled, p.const(1, DType.I64))
    place = p("div", p.cast(p("sub", doubled, 1), t), p.cast(1, t))
    return b.map(p.finish(place), [b.iota(size), b.dims([span])], dtype)
