"""What the instructions of scalar programs do to NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.program import Instruction, Program


def run(program: Program, operands: Sequence[Array], dtype: int) -> Array:
    """The program on broadcast operands, stored as `dtype`."""
    shape = np.broadcast_shapes(*(np.shape(o) for o in operands))
    with np.errstate(all="ignore"):
        result = store(_run_arrays(program, operands), dtype)
    return result if result.shape == shape else np.broadcast_to(result, shape).copy()


def store(array: Array, dtype: int) -> Array:
    """A value of a compute type rounded once to storage type `dtype`."""
    with np.errstate(all="ignore"):
        return np.asarray(array).astype(DType(dtype).numpy, copy=False)


def load(array: Array, dtype: DType) -> Array:
    """A stored array as its compute type `dtype`."""
    return np.asarray(array).astype(dtype.numpy, copy=False)


def finish(program: Program | None, value: Array, extras: Sequence[Array], dtype: int) -> Array:
    """An accumulator through its epilogue (None: unchanged), stored as `dtype`."""
    if program is None:
        return store(value, dtype)
    return run(program, [value, *extras], dtype)


def _run_arrays(program: Program, operands: Sequence[Array]) -> Array:
    registers = [load(o, t) for o, t in zip(operands, program.operands, strict=True)]
    for instruction in program.code:
        registers.append(np.asarray(_execute(instruction, registers)))
    return registers[-1]


def _execute(instruction: Instruction, registers: list[Array]) -> Array:
    args = [registers[a] for a in instruction.args]
    if instruction.op == "const":
        return np.asarray(instruction.value).astype(instruction.dtype.numpy)
    if instruction.op == "cast":
        return cast(args[0], instruction.dtype)
    result = np.asarray(NUMPY[instruction.op](*args))
    return result.astype(instruction.dtype.numpy, copy=False)


def cast(array: Array, dtype: DType) -> Array:
    """array as compute type `dtype`: floats to integers truncate and saturate, NaN is 0."""
    if dtype == DType.BOOL:
        return np.asarray(array != 0)
    if array.dtype.kind == "f" and dtype.is_int:
        return _float_to_int(array, dtype.numpy)
    if array.dtype.kind == "c" and not dtype.numpy.kind == "c":
        array = array.real
    return array.astype(dtype.numpy)


def _float_to_int(array: Array, target: np.dtype[Any]) -> Array:
    limits = np.iinfo(target)
    low, beyond = float(limits.min), float(limits.max // 2 + 1) * 2.0
    whole = np.trunc(array)
    inside = (whole >= low) & (whole < beyond)
    small = np.where(inside, whole, 0).astype(target)
    most, least = np.array(limits.max, target), np.array(limits.min, target)
    return np.where(whole >= beyond, most, np.where(whole < low, least, small))


def _is_int(array: Array) -> bool:
    return array.dtype.kind in "iu"


def divide(a: Array, b: Array) -> Array:
    """a / b; of integers the truncated quotient, 0 where b is 0, wrapping for the least by -1."""
    if not _is_int(a):
        return np.asarray(a / b)
    zero = b == 0
    divisor = np.where(zero, b.dtype.type(1), b)
    if a.dtype.kind == "u":
        quotient = a // divisor
    else:
        negative_one = divisor == -1
        safe = np.where(negative_one, b.dtype.type(1), divisor)
        floor = a // safe
        floor = floor + ((a % safe != 0) & ((a < 0) != (safe < 0))).astype(a.dtype)
        quotient = np.where(negative_one, np.negative(a), floor)
    return np.where(zero, a.dtype.type(0), quotient)


def _power(a: Array, b: Array) -> Array:
    if not _is_int(a):
        return np.asarray(np.power(a, b))
    if a.dtype.kind == "u":
        return np.asarray(np.power(a, b))
    positive = np.power(a, np.maximum(b, 0))
    odd = (b & 1) == 1
    inverse = np.where(a == 1, 1, np.where(a == -1, np.where(odd, -1, 1), 0)).astype(a.dtype)
    return np.where(b < 0, inverse, positive)


def _shift_left(a: Array, b: Array) -> Array:
    inside = (b >= 0) & (b < a.dtype.itemsize * 8)
    shifted = np.left_shift(a, np.where(inside, b, 0).astype(a.dtype))
    return np.asarray(np.where(inside, shifted, a.dtype.type(0)))


def _shift_right(a: Array, b: Array) -> Array:
    width = a.dtype.itemsize * 8
    inside = (b >= 0) & (b < width)
    shifted = np.right_shift(a, np.where(inside, b, width - 1).astype(a.dtype))
    return np.asarray(shifted if a.dtype.kind == "i" else np.where(inside, shifted, a.dtype.type(0)))


def _erf(a: Array) -> Array:
    values = [math.erf(v) for v in a.ravel().tolist()]
    return np.asarray(np.array(values, a.dtype).reshape(a.shape))


def _sigmoid(a: Array) -> Array:
    one: Array = np.ones((), a.dtype)
    small: Array = np.exp(-np.abs(a))
    return np.asarray(np.where(a >= 0, one, small) / (one + small))


NUMPY: dict[str, Callable[..., Array]] = {
    "neg": np.negative,
    "abs": np.abs,
    "sign": lambda a: np.sign(a) + a.dtype.type(0),
    "ceil": np.ceil,
    "floor": np.floor,
    "round": np.rint,
    "trunc": np.trunc,
    "sqrt": np.sqrt,
    "recip": lambda a: divide(a.dtype.type(1), a),
    "exp": np.exp,
    "log": np.log,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": _erf,
    "sigmoid": _sigmoid,
    "not": np.logical_not,
    "bitnot": np.invert,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": divide,
    "mod": np.mod,
    "fmod": np.fmod,
    "pow": _power,
    "min": np.minimum,
    "max": np.maximum,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
    "bitand": np.bitwise_and,
    "bitor": np.bitwise_or,
    "bitxor": np.bitwise_xor,
    "shl": _shift_left,
    "shr": _shift_right,
    "select": np.where,
}
