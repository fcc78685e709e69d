"""Scalar programs: the expression of `map` and of every epilogue.

A program is straight-line code over registers. Registers 0..n-1 are the operands, each further one is
an instruction's result; the last register is the value. The registers' types are compute types
(`DType.compute`): small floats are loaded as f32 and rounded once, when the result is stored.

What the instructions mean, on every backend:

* NaN propagates through min and max. Float comparisons with NaN are false, `ne` is true.
* Integer div truncates; x / 0 is 0; INT_MIN / -1 wraps. Integer arithmetic wraps. `mod` takes the
  divisor's sign, `fmod` the dividend's; integer x mod 0 is 0.
* shl and shr by the width or more (or a negative amount) shift everything out: 0, but -1 for shr of a
  negative number, since shr of signed integers is arithmetic.
* cast: float to int truncates, saturates, and NaN is 0; int to int wraps; anything to bool is != 0.
* round is to nearest even. sign(NaN) is NaN; sign(-0.0) is 0.
* pow of integers is exact modulo 2^width; a negative exponent gives 0 except for bases 1 and -1.
* exp, log, tanh, erf, sigmoid, sin, cos are within 2 ulp of the correctly rounded f32 result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgec.ir.types import DType

# name -> (file code, number of register arguments). Codes never change; append only.
INSTRUCTIONS: dict[str, tuple[int, int]] = {
    "const": (0, 0),
    "cast": (1, 1),
    "neg": (2, 1),
    "abs": (3, 1),
    "sign": (4, 1),
    "ceil": (5, 1),
    "floor": (6, 1),
    "round": (7, 1),
    "trunc": (8, 1),
    "sqrt": (9, 1),
    "recip": (10, 1),
    "exp": (11, 1),
    "log": (12, 1),
    "expm1": (13, 1),
    "log1p": (14, 1),
    "sin": (15, 1),
    "cos": (16, 1),
    "tan": (17, 1),
    "asin": (18, 1),
    "acos": (19, 1),
    "atan": (20, 1),
    "sinh": (21, 1),
    "cosh": (22, 1),
    "tanh": (23, 1),
    "asinh": (24, 1),
    "acosh": (25, 1),
    "atanh": (26, 1),
    "erf": (27, 1),
    "sigmoid": (28, 1),
    "not": (29, 1),
    "bitnot": (30, 1),
    "isnan": (31, 1),
    "isinf": (32, 1),
    "add": (40, 2),
    "sub": (41, 2),
    "mul": (42, 2),
    "div": (43, 2),
    "mod": (44, 2),
    "fmod": (45, 2),
    "pow": (46, 2),
    "min": (47, 2),
    "max": (48, 2),
    "eq": (49, 2),
    "ne": (50, 2),
    "lt": (51, 2),
    "le": (52, 2),
    "gt": (53, 2),
    "ge": (54, 2),
    "and": (55, 2),
    "or": (56, 2),
    "xor": (57, 2),
    "bitand": (58, 2),
    "bitor": (59, 2),
    "bitxor": (60, 2),
    "shl": (61, 2),
    "shr": (62, 2),
    "select": (70, 3),
}
COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
PREDICATES = COMPARISONS | {"and", "or", "xor", "not", "isnan", "isinf"}

MAX_OPERANDS = 16
MAX_INSTRUCTIONS = 128


@dataclass(frozen=True)
class Instruction:
    """`op` of INSTRUCTIONS on registers `args`; `dtype` is the result's type; `value` is a const's."""

    op: str
    args: tuple[int, ...]
    dtype: DType
    value: float | int | bool = 0


@dataclass(frozen=True)
class Program:
    """Straight-line scalar code over operands of the given compute types.

    >>> p = Builder([DType.F32])
    >>> str(p.finish(p("max", 0, p.const(0.0, DType.F32))))
    'max(x0, 0.0)'
    """

    operands: tuple[DType, ...]
    code: tuple[Instruction, ...]

    @property
    def dtype(self) -> DType:
        """The type of the result register."""
        return self.code[-1].dtype if self.code else self.operands[-1]

    def register_types(self) -> list[DType]:
        return [*self.operands, *(i.dtype for i in self.code)]

    def __str__(self) -> str:
        texts = [f"x{i}" for i in range(len(self.operands))]
        for instruction in self.code:
            args = ", ".join(texts[a] for a in instruction.args)
            if instruction.op == "const":
                texts.append(str(instruction.value))
            elif instruction.op == "cast":
                texts.append(f"{instruction.dtype.text}({args})")
            else:
                texts.append(f"{instruction.op}({args})")
        return texts[-1]


class Builder:
    """Writes a Program: call it with an instruction and registers, get the result's register.

    Equal instructions share a register.
    """

    def __init__(self, operands: Sequence[DType]) -> None:
        self.operands = tuple(d.compute for d in operands)
        self.code: list[Instruction] = []
        self._known: dict[Instruction, int] = {}

    def _type(self, register: int) -> DType:
        n = len(self.operands)
        return self.operands[register] if register < n else self.code[register - n].dtype

    def _emit(self, instruction: Instruction) -> int:
        # 0.0 == -0.0 and 1 == True: consts are never shared by equality alone
        if instruction.op != "const" and instruction in self._known:
            return self._known[instruction]
        self.code.append(instruction)
        register = len(self.operands) + len(self.code) - 1
        self._known[instruction] = register
        return register

    def __call__(self, op: str, *args: int) -> int:
        """The register of `op(*args)`. Raises ValueError for wrong counts or mixed types."""
        if op not in INSTRUCTIONS or INSTRUCTIONS[op][1] != len(args):
            raise ValueError(f"scalar program: {op} with {len(args)} arguments is no instruction")
        types = [self._type(a) for a in (args[1:] if op == "select" else args)]
        if len(set(types)) != 1:
            raise ValueError(f"scalar program: {op} of {', '.join(t.text for t in types)}")
        return self._emit(Instruction(op, args, DType.BOOL if op in PREDICATES else types[0]))

    def const(self, value: float | int | bool, dtype: DType) -> int:
        return self._emit(Instruction("const", (), dtype.compute, value))

    def cast(self, register: int, dtype: DType) -> int:
        """The register converted to dtype's compute type; itself where it has it already."""
        if self._type(register) == dtype.compute:
            return register
        return self._emit(Instruction("cast", (register,), dtype.compute))

    def inline(
        self, program: Program, args: Sequence[int], instead: Mapping[int, int] | None = None
    ) -> int:
        """Append `program` with its operands bound to registers `args`; its result's register.

        `instead` has registers of `program` whose instructions are left out, and those that stand for them.
        """
        registers = list(args)
        for k, i in enumerate(program.code, len(args)):
            if instead and k in instead:
                registers.append(registers[instead[k]])
                continue
            operands = tuple(registers[a] for a in i.args)
            registers.append(self._emit(Instruction(i.op, operands, i.dtype, i.value)))
        return registers[-1]

    def finish(self, result: int) -> Program:
        """The program whose value is register `result`; code after it that it does not need is dropped."""
        n = len(self.operands)
        needed = {result}
        for position in range(len(self.code) - 1, -1, -1):
            if position + n in needed:
                needed.update(self.code[position].args)
        keep = [p for p in range(len(self.code)) if p + n in needed]
        renumber = {i: i for i in range(n)} | {p + n: n + k for k, p in enumerate(keep)}
        code = [
            Instruction(i.op, tuple(renumber[a] for a in i.args), i.dtype, i.value)
            for i in (self.code[p] for p in keep)
        ]
        if result < n and (code or result != n - 1):
            code.append(Instruction("cast", (result,), self.operands[result]))
        return Program(self.operands, tuple(code))


def identity(dtype: DType) -> Program:
    """The program that returns its only operand."""
    return Program((dtype.compute,), ())


def unary(op: str, dtype: DType) -> Program:
    b = Builder([dtype])
    return b.finish(b(op, 0))


def binary(op: str, dtype: DType) -> Program:
    b = Builder([dtype, dtype])
    return b.finish(b(op, 0, 1))
