"""Elementwise computation: a scalar program becomes one node per instruction, or per idiom."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.ir.dims import Dim
from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.program import Instruction, Program
from edgec.ops.shapes import broadcast
from edgec.writers.onnx import scalar
from edgec.writers.onnx.idioms import Matcher
from edgec.writers.onnx.quantize import Finder, Quantization
from edgec.writers.onnx.ranges import ranges
from edgec.writers.onnx.scope import Scope, writes


@writes("map")
def write_map(scope: Scope, node: Node) -> str:
    op = node.op
    assert isinstance(op, Map)
    operands = [v for v in node.inputs if v is not None]
    expression = Expression(scope, op.program, operands, DType(op.dtype))
    return _spread(scope, node, expression.write(), expression.used())


def _spread(scope: Scope, node: Node, result: str, used: set[int]) -> str:
    """The result as large as all operands make it, those too that the program does not read."""
    shape = node.outputs[0].shape
    read: list[tuple[Dim, ...]] = [node.operand(i).shape for i in used]
    if broadcast((), *read) == shape:
        return result
    return scope.emit("Expand", result, scope.dims(shape))


class Expression:
    """Writes a program on values; the result is stored as `dtype`."""

    def __init__(self, scope: Scope, program: Program, operands: Sequence[Value], dtype: DType) -> None:
        self.scope, self.program, self.operands, self.dtype = scope, program, list(operands), dtype
        self.first = len(program.operands)
        self.last = self.first + len(program.code) - 1
        self.matcher = Matcher(program, [v.shape for v in operands])
        self.quantizations = Finder(program)
        self.known = ranges(program, [v.dtype for v in operands])
        self.registers: dict[int, str] = {}

    def used(self) -> set[int]:
        """The operands that the result depends on."""
        needed, found = [self.last], set()
        while needed:
            register = needed.pop()
            if register < self.first:
                found.add(register)
            else:
                needed.extend(self.program.code[register - self.first].args)
        return found

    def write(self) -> str:
        """The name of the result."""
        direct = self._direct()
        if direct is not None:
            return direct
        if not self.program.code:
            given = self.operands[-1]
            return self.scope.cast(self.scope.name(given), given.dtype, self.dtype)
        return self.scope.cast(self._register(self.last), self.program.dtype, self.dtype)

    def _direct(self) -> str | None:
        """One operator on the stored small floats themselves, which rounds once too."""
        if not self.program.code or self.dtype == self.dtype.compute or not self.dtype.is_float:
            return None
        scope = self.scope
        found = self.matcher.at(self.last, self._allows)
        op_type, registers = (found.op_type, found.registers) if found else (None, ())
        if found is None and len(self.program.code) == 1:
            op_type, registers = scalar.operator_of(self.program.code[0].op), self.program.code[0].args
        stored = [self.operands[r].dtype for r in registers if r < self.first]
        fits = len(stored) == len(registers) and all(d == self.dtype for d in stored)
        if op_type is None or not fits or not scope.target.takes(op_type, self.dtype):
            return None
        names = [scope.name(self.operands[r]) for r in registers]
        return scope.emit(op_type, *names, **(found.attributes if found else {}))

    def _allows(self, op_type: str, dtype: DType) -> bool:
        """Idioms of f64 stay formulas: runtimes have few of their operators for it."""
        wide = dtype == DType.F64 and op_type not in ("Relu", "Softplus")
        return dtype.is_float and not wide and self.scope.target.takes(op_type, dtype)

    def _register(self, register: int) -> str:
        if register not in self.registers:
            self.registers[register] = self._write(register)
        return self.registers[register]

    def _write(self, register: int) -> str:
        scope = self.scope
        if register < self.first:
            value = self.operands[register]
            return scope.cast(scope.name(value), value.dtype, value.dtype.compute)
        instruction = self.program.code[register - self.first]
        if instruction.op == "const":
            return scalar.number(scope, instruction.value, instruction.dtype)
        quantization = self.quantizations.at(register)
        if quantization is not None and self._is_stored(quantization):
            return self._quantization(quantization)
        found = self.matcher.at(register, self._allows)
        if found is not None:
            names = [self._register(r) for r in found.registers]
            return scope.emit(found.op_type, *names, **found.attributes)
        return self._clip(register, instruction) or self._instruction(instruction)

    def _is_stored(self, found: Quantization) -> bool:
        """Whether an operand's bytes are bytes: those below a byte are computed as such."""
        register = found.register
        return (
            register >= self.first or self.operands[register].dtype.compute == self.operands[register].dtype
        )

    def _quantization(self, found: Quantization) -> str:
        scope = self.scope
        zero_point = scalar.number(scope, found.zero_point, found.dtype)
        scale = scalar.number(scope, found.scale, DType.F32)
        return scope.emit(found.op_type, self._register(found.register), scale, zero_point)

    def _clip(self, register: int, instruction: Instruction) -> str | None:
        found = self.matcher.clip(register)
        if found is None or not self.scope.target.takes("Clip", instruction.dtype):
            return None
        low, high = self.known[found[1]], self.known[found[2]]
        if low.low > high.high:
            return None
        return self.scope.emit("Clip", *(self._register(r) for r in found))

    def _instruction(self, instruction: Instruction) -> str:
        args = [self._register(a) for a in instruction.args]
        types = [self._type(a) for a in instruction.args]
        known = [self.known[a] for a in instruction.args]
        if instruction.op == "cast":
            return scalar.convert(self.scope, args[0], types[0], instruction.dtype, known[0])
        return scalar.apply(self.scope, instruction.op, args, types[-1], known)

    def _type(self, register: int) -> DType:
        if register < self.first:
            return self.program.operands[register]
        return self.program.code[register - self.first].dtype
