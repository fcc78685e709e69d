"""What values the registers of a scalar program can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgec.ir.types import DType
from edgec.ops.program import Instruction, Program


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, and NaN where `nan`."""

    low: float = -math.inf
    high: float = math.inf
    nan: bool = True

    def within(self, low: float, high: float) -> bool:
        return not self.nan and low <= self.low and self.high <= high

    @property
    def finite(self) -> bool:
        return not self.nan and math.isfinite(self.low) and math.isfinite(self.high)


ANY = Range()
_NARROW = {DType.I4: 4, DType.U4: 4, DType.I2: 2, DType.U2: 2}


def limits(dtype: DType) -> Range:
    """All values of a type."""
    if dtype == DType.BOOL:
        return Range(0, 1, False)
    if dtype.is_int:
        bits = _NARROW.get(dtype, dtype.itemsize * 8)
        low = -(1 << (bits - 1)) if dtype.is_signed_int else 0
        return Range(low, low + (1 << bits) - 1, False)
    return ANY


def ranges(program: Program, stored: Sequence[DType]) -> list[Range]:
    """Of each register, for operands of the stored types."""
    found = [limits(d) for d in stored]
    for instruction in program.code:
        found.append(_result(instruction, [found[a] for a in instruction.args]))
    return found


def _result(instruction: Instruction, args: list[Range]) -> Range:
    whole = limits(instruction.dtype)
    if instruction.op == "const":
        value = float(instruction.value)
        return ANY if math.isnan(value) else Range(value, value, False)
    if instruction.op == "cast":
        return _cast(args[0], instruction.dtype)
    rule = _RULES.get(instruction.op)
    found = rule(*args) if rule else ANY
    if found.within(whole.low, whole.high) or whole is ANY:
        return found
    return whole


def _cast(x: Range, dtype: DType) -> Range:
    whole = limits(dtype)
    if not dtype.is_int:
        return whole if dtype == DType.BOOL else x
    return Range(math.floor(x.low), math.ceil(x.high), False) if x.within(whole.low, whole.high) else whole


def _add(a: Range, b: Range) -> Range:
    return Range(a.low + b.low, a.high + b.high, False) if a.finite and b.finite else ANY


def _sub(a: Range, b: Range) -> Range:
    return Range(a.low - b.high, a.high - b.low, False) if a.finite and b.finite else ANY


def _mul(a: Range, b: Range) -> Range:
    if not (a.finite and b.finite):
        return ANY
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(min(corners), max(corners), False)


def _div(a: Range, b: Range) -> Range:
    if b.low != b.high or b.low == 0:
        return ANY
    return _mul(a, Range(1 / b.low, 1 / b.low, b.nan))


def _min(a: Range, b: Range) -> Range:
    return Range(min(a.low, b.low), min(a.high, b.high), a.nan or b.nan)


def _max(a: Range, b: Range) -> Range:
    return Range(max(a.low, b.low), max(a.high, b.high), a.nan or b.nan)


def _whole(a: Range) -> Range:
    return Range(_wide(math.floor, a.low), _wide(math.ceil, a.high), a.nan)


def _wide(rounding: Callable[[float], int], x: float) -> float:
    return rounding(x) if math.isfinite(x) else x


def _between(low: float, high: float) -> Callable[[Range], Range]:
    return lambda a: Range(low, high, a.nan)


_RULES: dict[str, Callable[..., Range]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "min": _min,
    "max": _max,
    "round": _whole,
    "floor": _whole,
    "ceil": _whole,
    "trunc": _whole,
    "neg": lambda a: Range(-a.high, -a.low, a.nan),
    "abs": lambda a: Range(0, max(abs(a.low), abs(a.high)), a.nan),
    "sign": _between(-1, 1),
    "sigmoid": _between(0, 1),
    "tanh": _between(-1, 1),
    "erf": _between(-1, 1),
    "select": lambda c, a, b: Range(min(a.low, b.low), max(a.high, b.high), a.nan or b.nan),
}
