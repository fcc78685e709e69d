"""QuantizeLinear and DequantizeLinear in scalar programs, where scale and zero point are numbers."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.types import DType
from edgec.ops.program import Instruction, Program
from edgec.writers.onnx.ranges import limits

_STORED = (DType.U8, DType.I8)


@dataclass(frozen=True)
class Quantization:
    """`op_type` on a register, with scale and zero point; `dtype` is the integers'."""

    op_type: str
    register: int
    scale: float
    zero_point: int
    dtype: DType


class Finder:
    """Finds quantizations in a program of f32 and bytes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first = len(program.operands)

    def at(self, register: int) -> Quantization | None:
        """The quantization whose result is the register."""
        return self._quantize(register) or self._dequantize(register)

    def _quantize(self, register: int) -> Quantization | None:
        """integer(min(max(round(x / scale) + zero point, least), most)), or without the division."""
        cast = self._instruction(register, "cast")
        if cast is None or cast.dtype not in _STORED:
            return None
        whole = limits(cast.dtype)
        most = self._with_number(cast.args[0], "min")
        least = self._with_number(most[0], "max") if most else None
        if most is None or least is None or (least[1], most[1]) != (whole.low, whole.high):
            return None
        inner, zero = self._with_number(least[0], "add") or (least[0], 0.0)
        rounded = self._instruction(inner, "round")
        if rounded is None or rounded.dtype != DType.F32:
            return None
        if zero != int(zero) or not whole.low <= zero <= whole.high:
            return None
        x, scale = rounded.args[0], 1.0  # which is where a product before has taken the scale in
        divided = self._instruction(x, "div")
        by = self._number(divided.args[1]) if divided else None
        if divided is not None and by is not None and by > 0:
            x, scale = divided.args[0], by
        return Quantization("QuantizeLinear", x, scale, int(zero), cast.dtype)

    def _dequantize(self, register: int) -> Quantization | None:
        """f32(i32(x) - zero point) * scale."""
        scaled = self._with_number(register, "mul")
        to_float = self._instruction(scaled[0], "cast") if scaled else None
        if scaled is None or to_float is None or to_float.dtype != DType.F32:
            return None
        inner, zero = to_float.args[0], 0.0
        difference = self._instruction(inner, "sub")
        if difference is not None:
            known = self._number(difference.args[1])
            if known is None:
                return None
            inner, zero = difference.args[0], known
        widened = self._instruction(inner, "cast")
        if widened is None or widened.dtype != DType.I32:
            return None
        dtype = self.program.register_types()[widened.args[0]]
        whole = limits(dtype)
        if dtype not in _STORED or not whole.low <= zero <= whole.high:
            return None
        return Quantization("DequantizeLinear", widened.args[0], scaled[1], int(zero), dtype)

    def _instruction(self, register: int, op: str) -> Instruction | None:
        found = self.program.code[register - self.first] if register >= self.first else None
        return found if found is not None and found.op == op else None

    def _number(self, register: int) -> float | None:
        found = self._instruction(register, "const")
        return None if found is None else float(found.value)

    def _with_number(self, register: int, op: str) -> tuple[int, float] | None:
        """(register, number) of a commutative instruction of the two."""
        found = self._instruction(register, op)
        if found is None:
            return None
        for x, other in (found.args, found.args[::-1]):
            value = self._number(other)
            if value is not None:
                return x, value
        return None
