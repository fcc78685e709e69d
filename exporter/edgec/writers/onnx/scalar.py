"""Scalar instructions as ONNX nodes with exactly the meaning that `ops/program.py` gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgec.ir.types import DType
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.ranges import Range, limits
from edgec.writers.onnx.scope import Scope

_SAME = {
    "neg": "Neg", "abs": "Abs", "sign": "Sign", "ceil": "Ceil", "floor": "Floor", "round": "Round",
    "sqrt": "Sqrt", "recip": "Reciprocal", "exp": "Exp", "log": "Log", "sin": "Sin", "cos": "Cos",
    "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh",
    "tanh": "Tanh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf",
    "sigmoid": "Sigmoid", "not": "Not", "bitnot": "BitwiseNot", "isnan": "IsNaN", "isinf": "IsInf",
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "min": "Min", "max": "Max",
    "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual",
    "and": "And", "or": "Or", "xor": "Xor", "bitand": "BitwiseAnd", "bitor": "BitwiseOr",
    "bitxor": "BitwiseXor", "select": "Where",
}  # fmt: skip
_ROUNDING = frozenset({"ceil", "floor", "round", "trunc"})
_LOGIC = {"bitand": "And", "bitor": "Or", "bitxor": "Xor", "bitnot": "Not",
          "min": "And", "max": "Or", "mul": "And", "add": "Or"}  # fmt: skip
_WIDER = {
    DType.I8: DType.I32, DType.I16: DType.I32, DType.U8: DType.I32, DType.U16: DType.I32,
    DType.U32: DType.I64, DType.BOOL: DType.I32, DType.F16: DType.F32, DType.BF16: DType.F32,
}  # fmt: skip
_UNSIGNED = {DType.I8: DType.U8, DType.I16: DType.U16, DType.I32: DType.U32, DType.I64: DType.U64}


def operator_of(op: str) -> str | None:
    """The ONNX operator that an instruction is where it needs no care."""
    return _SAME.get(op)


def apply(scope: Scope, op: str, args: Sequence[str], dtype: DType, known: Sequence[Range]) -> str:
    """An instruction on values of type `dtype` (select: its second), which lie in the ranges `known`."""
    special = _SPECIAL.get(op)
    if special is not None:
        return special(scope, list(args), dtype, known)
    if op in _ROUNDING and dtype.is_int:
        return args[0]
    if dtype == DType.BOOL and op in _LOGIC:
        return scope.emit(_LOGIC[op], *args)
    return typed(scope, _SAME[op], args, dtype)


def typed(scope: Scope, op_type: str, args: Sequence[str], dtype: DType) -> str:
    """The operator on a wider type where it does not take this one."""
    if op_type == "Where":
        return where(scope, args[0], args[1], args[2], dtype)
    if scope.target.takes(op_type, dtype):
        return scope.emit(op_type, *args)
    wider = _WIDER.get(dtype)
    if wider is None or op_type == "BitwiseNot":
        scope.target.need(op_type, dtype, scope.who)
        raise OnnxError(f"'{scope.who}': {op_type} of {dtype.text} cannot be written")
    wide = typed(scope, op_type, [scope.cast(a, dtype, wider) for a in args], wider)
    return wide if op_type in _TO_BOOL else scope.cast(wide, wider, dtype)


_TO_BOOL = frozenset({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN", "IsInf"})


def where(scope: Scope, condition: str, a: str, b: str, dtype: DType) -> str:
    """Where, on a type of which runtimes have it; integers of as many bits hold one another's."""
    made = _CHOSEN_AS.get(dtype, dtype)
    found = scope.emit("Where", condition, scope.cast(a, dtype, made), scope.cast(b, dtype, made))
    return scope.cast(found, made, dtype)


_CHOSEN_AS = {
    DType.BOOL: DType.U8, DType.I8: DType.I32, DType.I16: DType.I32, DType.U16: DType.I32,
    DType.U32: DType.I64, DType.U64: DType.I64,
}  # fmt: skip


def number(scope: Scope, value: float, dtype: DType) -> str:
    return scope.constant(np.asarray(value).astype(dtype.numpy), dtype)


def convert(scope: Scope, x: str, given: DType, wanted: DType, known: Range) -> str:
    """The instruction cast: floats to integers saturate and NaN is 0."""
    whole = limits(wanted)
    exact = not wanted.is_int or not given.is_float
    if exact or known.within(whole.low, whole.high):
        return scope.cast(x, given, wanted)
    if known.nan:
        x = where(scope, scope.emit("IsNaN", x), number(scope, 0, given), x, given)
    low = np.asarray(whole.low, given.numpy)
    high = np.asarray(whole.high, given.numpy)
    if int(high) > whole.high:  # the greatest integer is no float: below it the last that is one
        below = np.nextafter(high, np.asarray(0, given.numpy))
        inside = scope.emit("Clip", x, scope.constant(low, given), scope.constant(below, given))
        most = scope.emit("GreaterOrEqual", x, scope.constant(high, given))
        top = scope.constant(int(whole.high), wanted)
        return where(scope, most, top, scope.cast(inside, given, wanted), wanted)
    inside = scope.emit("Clip", x, scope.constant(low, given), scope.constant(high, given))
    return scope.cast(inside, given, wanted)


def _negate(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    if dtype.is_unsigned_int:
        return typed(scope, "Sub", [number(scope, 0, dtype), args[0]], dtype)
    return typed(scope, "Neg", args, dtype)


def _truncate(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    if dtype.is_int:
        return args[0]
    negative = typed(scope, "Less", [args[0], number(scope, 0, dtype)], dtype)
    return where(scope, negative, scope.emit("Ceil", args[0]), scope.emit("Floor", args[0]), dtype)


def _reciprocal(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    if dtype.is_int:
        return _divide(scope, [number(scope, 1, dtype), args[0]], dtype, [Range(1, 1, False), known[0]])
    return typed(scope, "Reciprocal", args, dtype)


def _expm1(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """tanh(x / 2) (exp(x) + 1), which loses nothing near 0."""
    half = typed(scope, "Mul", [args[0], number(scope, 0.5, dtype)], dtype)
    power = typed(scope, "Add", [typed(scope, "Exp", args, dtype), number(scope, 1, dtype)], dtype)
    return typed(scope, "Mul", [typed(scope, "Tanh", [half], dtype), power], dtype)


def _log1p(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """log(u) x / (u - 1) with u = 1 + x, whose errors cancel near 0, and log(u) from 1/2 on.

    Source: Kahan, in Goldberg, "What every computer scientist should know ..." (1991), theorem 4.
    """
    x, one = args[0], number(scope, 1, dtype)
    total = scope.emit("Add", x, one)
    logarithm = scope.emit("Log", total)
    scaled = scope.emit("Div", scope.emit("Mul", logarithm, x), scope.emit("Sub", total, one))
    near = where(scope, scope.emit("Equal", total, one), x, scaled, dtype)
    large = scope.emit("Greater", scope.emit("Abs", x), number(scope, 0.5, dtype))
    return where(scope, large, logarithm, near, dtype)


def _not_equal(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    if dtype == DType.BOOL:
        return scope.emit("Xor", *args)
    return scope.emit("Not", typed(scope, "Equal", args, dtype))


def _safe_divisor(scope: Scope, y: str, dtype: DType, known: Range) -> tuple[str, str]:
    """(where y is 0, or "" where it never is; y with 1 in those places)."""
    if known.low > 0 or known.high < 0:
        return "", y
    zero = typed(scope, "Equal", [y, number(scope, 0, dtype)], dtype)
    return zero, where(scope, zero, number(scope, 1, dtype), y, dtype)


def _divide(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """Integers: x / 0 is 0, and the least by -1 wraps; a division of these stops a processor."""
    x, y = args
    if not dtype.is_int:
        return typed(scope, "Div", args, dtype)
    zero, safe = _safe_divisor(scope, y, dtype, known[1])
    inverse = ""
    if dtype.is_signed_int and known[1].low <= -1 <= known[1].high:
        inverse = typed(scope, "Equal", [safe, number(scope, -1, dtype)], dtype)
        safe = where(scope, inverse, number(scope, 1, dtype), safe, dtype)
    quotient = typed(scope, "Div", [x, safe], dtype)
    if inverse:
        quotient = where(scope, inverse, _negate(scope, [x], dtype, known), quotient, dtype)
    return where(scope, zero, number(scope, 0, dtype), quotient, dtype) if zero else quotient


def _fmod(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """The remainder with the dividend's sign."""
    return _remainder(scope, args, dtype, known, 1)


def _mod(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """The remainder with the divisor's sign; ONNX has it for integers only."""
    if dtype.is_int:
        return _remainder(scope, args, dtype, known, 0)
    x, y = args
    zero = number(scope, 0, dtype)
    rest = _remainder(scope, args, dtype, known, 1)
    differs = scope.emit("Xor", scope.emit("Less", rest, zero), scope.emit("Less", y, zero))
    exact = scope.emit("Equal", rest, zero)
    moved = scope.emit("Add", rest, y)
    return where(scope, scope.emit("And", differs, scope.emit("Not", exact)), moved, rest, dtype)


def _remainder(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range], fmod: int) -> str:
    """Of integers the remainder of 0 and of -1 is 0 as that of 1, by which a processor can divide."""
    x, y = args
    if dtype.is_int:
        for wrong in (0, -1) if dtype.is_signed_int else (0,):
            if known[1].low <= wrong <= known[1].high:
                same = typed(scope, "Equal", [y, number(scope, wrong, dtype)], dtype)
                y = where(scope, same, number(scope, 1, dtype), y, dtype)
    if fmod and dtype == DType.I64:  # runtimes go through f64
        return scope.emit("Sub", x, scope.emit("Mul", scope.emit("Div", x, y), y))
    return scope.emit("Mod", x, y, fmod=fmod if dtype.is_float or dtype.is_signed_int else None)


def _shift_left(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    return _shift(scope, args, dtype, known, "LEFT")


def _shift_right(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range]) -> str:
    """Of signed integers arithmetic: of a negative x it is -1 - ((-1 - x) >> n)."""
    if not dtype.is_signed_int:
        return _shift(scope, args, dtype, known, "RIGHT")
    x, least = args[0], number(scope, -1, dtype)
    negative = typed(scope, "Less", [x, number(scope, 0, dtype)], dtype)
    positive = where(scope, negative, typed(scope, "Sub", [least, x], dtype), x, dtype)
    moved = _shift(scope, [positive, args[1]], dtype, known, "RIGHT")
    return where(scope, negative, typed(scope, "Sub", [least, moved], dtype), moved, dtype)


def _shift(scope: Scope, args: list[str], dtype: DType, known: Sequence[Range], direction: str) -> str:
    """BitShift is for unsigned integers and by less than their width."""
    x, amount = args
    width, unsigned = dtype.itemsize * 8, _UNSIGNED.get(dtype, dtype)
    inside = ""
    if not known[1].within(0, width - 1):
        inside = typed(scope, "Less", [amount, number(scope, width, dtype)], dtype)
        if known[1].low < 0:
            positive = typed(scope, "GreaterOrEqual", [amount, number(scope, 0, dtype)], dtype)
            inside = scope.emit("And", inside, positive)
        amount = where(scope, inside, amount, number(scope, 0, dtype), dtype)
    operands = [scope.cast(a, dtype, unsigned) for a in (x, amount)]
    moved = scope.cast(scope.emit("BitShift", *operands, direction=direction), unsigned, dtype)
    return where(scope, inside, moved, number(scope, 0, dtype), dtype) if inside else moved


_SPECIAL: dict[str, Callable[[Scope, list[str], DType, Sequence[Range]], str]] = {
    "neg": _negate,
    "trunc": _truncate,
    "recip": _reciprocal,
    "expm1": _expm1,
    "log1p": _log1p,
    "ne": _not_equal,
    "div": _divide,
    "fmod": _fmod,
    "mod": _mod,
    "shl": _shift_left,
    "shr": _shift_right,
}
