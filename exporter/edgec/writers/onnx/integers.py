"""Integers that are bytes less a zero point, as ONNX's integer products take them."""

from __future__ import annotations

from typing import Union

import numpy as np

from edgec.ir.graph import Value
from edgec.ir.types import DType, TensorType
from edgec.ops.map import Map
from edgec.ops.view import Reshape, Transpose
from edgec.passes.editor import constant
from edgec.writers.onnx.lower import Lowering
from edgec.writers.onnx.target import onnx_type

_BYTES = (DType.I8, DType.U8)
Centred = tuple[Value, Union[Value, None]]


def narrow(at: Lowering, value: Value, dtype: DType) -> Value:
    """Whole numbers in f64 as integers that wrap."""
    whole = TensorType(DType.I64, value.shape)
    wide = at.onnx("Cast", [value], whole, to=onnx_type(DType.I64))
    return at.cast(wide, dtype)


def centred_bytes(at: Lowering, x: Value) -> Centred | None:
    """(bytes, zero point or None) where x is bytes less a zero point; None where it is not."""
    if x.dtype in _BYTES:
        return x, None
    if x.const is not None:
        small = _constant_bytes(x)
        return None if small is None else (small, None)
    moves: list[Reshape | Transpose] = []
    value = x
    node = at.editor.producer(value)
    while node is not None and isinstance(node.op, (Reshape, Transpose)):
        moves.append(node.op)
        value = node.operand(0)
        node = at.editor.producer(value)
    if node is None or not isinstance(node.op, Map):
        return None
    found = _difference(at, node.op, [v for v in node.inputs if v is not None], value)
    if found is None:
        return None
    small, zero = found
    for move in reversed(moves):
        small = at.editor.add(move, [small], at.node, small.name)
    return small, zero


def _constant_bytes(x: Value) -> Value | None:
    if x.const is None or not x.dtype.is_int or not x.const.size:
        return None
    for dtype in _BYTES:
        limits = np.iinfo(dtype.numpy)
        if limits.min <= x.const.min() and x.const.max() <= limits.max:
            return constant(x.name, x.const.astype(dtype.numpy), dtype)
    return None


def _difference(at: Lowering, op: Map, operands: list[Value], result: Value) -> Centred | None:
    """(bytes, zero point) of the program i32(bytes), less a constant or i32(zero point)."""
    source, code = operands[0], op.program.code
    kinds = [(i.op, i.args) for i in code]
    if source.dtype not in _BYTES or source.shape != result.shape or result.dtype != DType.I32:
        return None
    if kinds == [("cast", (0,))]:
        return source, None
    if kinds == [("cast", (0,)), ("const", ()), ("sub", (1, 2))]:
        number, limits = int(code[1].value), np.iinfo(source.dtype.numpy)
        zero = constant("zero_point", np.asarray(number, np.int32).astype(source.dtype.numpy), source.dtype)
        return (source, zero) if limits.min <= number <= limits.max else None
    if len(operands) != 2 or sorted(kinds[:2]) != [("cast", (0,)), ("cast", (1,))]:
        return None
    order = tuple(2 + kinds.index(("cast", (n,))) for n in (0, 1))
    zero = operands[1]
    if kinds[2:] != [("sub", order)] or zero.dtype != source.dtype or any(d != 1 for d in zero.shape):
        return None
    return source, zero if zero.rank == 0 else at.editor.add(Reshape(()), [zero], at.node, zero.name)
