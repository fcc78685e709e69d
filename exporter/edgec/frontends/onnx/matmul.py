"""Matrix products: MatMul, Gemm, MatMulInteger, Einsum."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.matmul import MatMul

_SUMMED = {DType.I8: DType.I32, DType.I16: DType.I32, DType.U8: DType.U32, DType.U16: DType.U32}


def multiply(b: Builder, x: Value, y: Value, transpose_x: bool = False, transpose_y: bool = False) -> Value:
    """The product of matrices (or batches of them) of one dtype, summed in its compute type.

    Integers of 8 and 16 bits are summed in 32, which wraps to the same.
    """
    if x.dtype != y.dtype:
        raise OpError(f"operands are {x.type} and {y.type}, expected one type")
    summed, epilogue = _SUMMED.get(x.dtype, x.dtype.compute), None
    if summed != x.dtype.compute:
        p = scalar.Builder([summed])
        epilogue = p.finish(p.cast(0, x.dtype))
    return b.one(MatMul(transpose_x, transpose_y, epilogue, int(summed), int(x.dtype)), x, y)


@onnx_op("MatMul")
def matmul(b: Builder, call: Call) -> Value:
    return broadcast_product(b, call.operand(0), call.operand(1))


def broadcast_product(b: Builder, x: Value, y: Value) -> Value:
    """numpy.matmul: a vector on the left is a row, on the right a column, and its axis vanishes."""
    if x.rank == 0 or y.rank == 0:
        raise OpError(f"operands are {x.type} and {y.type}, expected rank 1 or more")
    row, column = x.rank == 1, y.rank == 1
    result = multiply(
        b,
        b.reshape(x, (1, *x.shape)) if row else x,
        b.reshape(y, (*y.shape, 1)) if column else y,
    )
    shape: list[Dim] = list(result.shape)
    if column:
        del shape[-1]
    if row:
        del shape[-1 if column else -2]
    return b.reshape(result, shape)


@onnx_op("Gemm")
def gemm(b: Builder, call: Call) -> Value:
    """alpha * A B + beta * C."""
    x, y, c = call.operand(0), call.operand(1), call.optional(2)
    if x.rank != 2 or y.rank != 2:
        raise OpError(f"operands are {x.type} and {y.type}, expected rank 2")
    result = multiply(b, x, y, call.flag("transA"), call.flag("transB"))
    alpha, beta = call.real("alpha", 1.0), call.real("beta", 1.0)
    if alpha != 1.0:
        result = b.binary("mul", result, b.constant(alpha, result.dtype))
    if c is None or beta == 0.0:
        return result
    if beta != 1.0:
        c = b.binary("mul", c, b.constant(beta, c.dtype))
    return b.binary("add", result, c)


@onnx_op("MatMulInteger")
def matmul_integer(b: Builder, call: Call) -> Value:
    """The i32 product of 8-bit matrices less their zero points (per row of A, per column of B)."""
    x = centred(b, call.operand(0), call.optional(2), -2)
    y = centred(b, call.operand(1), call.optional(3), -1)
    return broadcast_product(b, x, y)


def centred(b: Builder, x: Value, zero_point: Value | None, axis: int) -> Value:
    """x - zero_point as i32; a vector of zero points runs along `axis` of x."""
    wide = b.cast(x, DType.I32)
    if zero_point is None:
        return wide
    zero = b.cast(zero_point, DType.I32)
    if zero.rank == 1 and zero.shape != (1,) and x.rank > 1:
        shape: list[Dim] = [1] * x.rank
        shape[axis] = zero.shape[0]
        zero = b.reshape(zero, shape)
    return b.binary("sub", wide, zero)
