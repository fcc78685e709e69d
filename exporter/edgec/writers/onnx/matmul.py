"""Matrix products: Gemm where it fits, else MatMul and what it takes around it."""

from __future__ import annotations

import dataclasses
from typing import Any

from edgec.ir.graph import Value
from edgec.ir.types import DType, TensorType
from edgec.ops.matmul import MatMul
from edgec.ops.program import binary
from edgec.writers.onnx.conv import product_type
from edgec.writers.onnx.integers import centred_bytes, narrow
from edgec.writers.onnx.lower import Lowering, given, lowers, take_bias
from edgec.writers.onnx.view import op_of

_INTEGERS = (DType.I32, DType.I64, DType.U32, DType.U64)


@lowers("matmul")
def split_matmul(at: Lowering) -> None:
    """What an epilogue does after adding a bias becomes a map; the product itself waits for its layout."""
    op = op_of(at.node, MatMul)
    a, b, *extras = given(at.node.inputs)
    accumulator = DType(op.accumulator)
    bias, program, rest = take_bias(op.epilogue, extras, at.node.outputs[0].shape[-1])
    if op.epilogue is None or (bias is not None and program is None):
        return
    first = binary("add", accumulator) if bias is not None else None
    plain = dataclasses.replace(op, epilogue=first, dtype=int(accumulator))
    total = at.editor.add(plain, [a, b, *([bias] if bias is not None else [])], at.node)
    at.finish(total, program, rest, op.dtype)


@lowers("matmul", late=True)
def lower_matmul(at: Lowering) -> None:
    op = op_of(at.node, MatMul)
    a, b, *extras = given(at.node.inputs)
    result = at.node.outputs[0].type
    accumulator = DType(op.accumulator)
    if accumulator.is_int:
        at.finish(_integers(at, op, a, b, result), op.epilogue, extras, op.dtype)
        return
    bias, program, rest = take_bias(op.epilogue, extras, result.shape[-1])
    made = product_type(at, "MatMul", a, b, accumulator, op.dtype, program)
    assert made is not None
    flat = a.rank == b.rank == 2 and at.target.takes("Gemm", made)
    if not flat or (bias is not None and bias.dtype != made):
        bias, program, rest = None, op.epilogue, extras
        made = product_type(at, "MatMul", a, b, accumulator, op.dtype, program) or made
    a, b = at.cast(a, made), at.cast(b, made)
    type_ = TensorType(made, result.shape)
    if flat and (bias is not None or op.transpose_a or (op.transpose_b and b.const is None)):
        settings: dict[str, Any] = {
            "transA": int(op.transpose_a) or None,
            "transB": int(op.transpose_b) or None,
        }
        y = at.onnx("Gemm", [a, b, *([bias] if bias is not None else [])], type_, **settings)
    else:
        y = at.onnx("MatMul", [_plain(at, a, op.transpose_a), _plain(at, b, op.transpose_b)], type_)
    at.finish(y, program, rest, op.dtype)


def _plain(at: Lowering, x: Value, transposed: bool) -> Value:
    """x [..., K, M] as [..., M, K]."""
    if not transposed:
        return x
    return at.transpose(x, (*range(x.rank - 2), x.rank - 1, x.rank - 2))


def _integers(at: Lowering, op: MatMul, a: Value, b: Value, result: TensorType) -> Value:
    """The sums in the accumulator type: MatMulInteger for bytes, else MatMul of integers."""
    accumulator = DType(op.accumulator)
    small, small_b = centred_bytes(at, a), centred_bytes(at, b)
    type_ = TensorType(accumulator, result.shape)
    if small is not None and small_b is not None and accumulator == DType.I32:
        left, right = _plain(at, small[0], op.transpose_a), _plain(at, small_b[0], op.transpose_b)
        return at.onnx("MatMulInteger", [left, right, small[1], small_b[1]], type_)
    made = accumulator if accumulator in _INTEGERS else DType.F64
    operands = [
        _plain(at, at.cast(a, made), op.transpose_a),
        _plain(at, at.cast(b, made), op.transpose_b),
    ]
    y = at.onnx("MatMul", operands, TensorType(made, result.shape))
    return y if made == accumulator else narrow(at, y, accumulator)
