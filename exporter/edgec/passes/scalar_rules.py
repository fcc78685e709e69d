"""Simplify scalar programs: known operands are put in, constants folded, identities applied.

Only rules that keep the result exact, up to the sign of zero; `x ** 2` is `x * x`, a division by a power of
two a multiplication. 1 / (1 + exp(-x)) becomes `sigmoid`, which is more accurate and does not overflow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from edgec.ir.types import DType
from edgec.ops.program import Builder, Instruction, Program
from edgec.ops.scalar_eval import run

Scalar = float | int | bool

# instructions that cost tens of cycles an element or more
EXPENSIVE = frozenset(
    "exp log expm1 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf sigmoid".split()
    + ["pow", "mod", "fmod"]
)
_WIDER = {
    (DType.F64, DType.F32),
    (DType.I64, DType.I32),
    (DType.I64, DType.I16),
    (DType.I64, DType.I8),
    (DType.I32, DType.I16),
    (DType.I32, DType.I8),
    (DType.I16, DType.I8),
    (DType.I32, DType.U8),
    (DType.I32, DType.U16),
    (DType.F64, DType.I32),
}
_BELOW_F32 = (DType.U8, DType.I8, DType.U16, DType.I16)  # every value is an f32


def is_cheap(program: Program, most: int) -> bool:
    """Whether it is at most `most` instructions, constants left out, none of them expensive."""
    counted = [i for i in program.code if i.op != "const"]
    return len(counted) <= most and not any(i.op in EXPENSIVE for i in counted)


def simplify(
    program: Program, known: Mapping[int, Scalar] | None = None, *, loose: bool = False
) -> tuple[Program, list[int]]:
    """The simplified program, and which operands it still takes; `known` gives values of operands.

    With `loose`, f32 scalings by constants are merged and divisions by constants become products, which may
    differ by an ulp or two: for values that come from sums with larger rounding errors.

    >>> from edgec.ops.program import binary
    >>> p, kept = simplify(binary("pow", DType.F32), {1: 2.0})
    >>> str(p), kept
    ('mul(x0, x0)', [0])
    """
    writer = _Writer(program.operands, loose)
    registers = list(range(len(program.operands)))
    for index, value in (known or {}).items():
        registers[index] = writer.const(value, program.operands[index])
    for i in program.code:
        if i.op == "const":
            registers.append(writer.const(i.value, i.dtype))
        else:
            registers.append(writer.emit(i.op, [registers[a] for a in i.args], i.dtype))
    return drop_operands(writer.finish(registers[-1]))


def drop_operands(program: Program) -> tuple[Program, list[int]]:
    """The program without the operands it does not read, and those that it does; at least one stays."""
    n = len(program.operands)
    read = {a for i in program.code for a in i.args if a < n}
    if not program.code:
        read.add(n - 1)
    kept = sorted(read) or ([0] if n else [])
    places = {old: new for new, old in enumerate(kept)}
    shift = n - len(kept)
    code = [
        Instruction(i.op, tuple(places[a] if a < n else a - shift for a in i.args), i.dtype, i.value)
        for i in program.code
    ]
    return Program(tuple(program.operands[k] for k in kept), tuple(code)), kept


class _Writer:
    """A program being written, with what is known about its registers."""

    def __init__(self, operands: Sequence[DType], loose: bool) -> None:
        self._loose = loose
        self._builder = Builder(operands)
        self._types: list[DType] = list(self._builder.operands)
        self._made: dict[int, Instruction] = {}
        self._consts: dict[tuple[DType, str], int] = {}

    def finish(self, result: int) -> Program:
        return self._builder.finish(result)

    def const(self, value: Scalar, dtype: DType) -> int:
        key = (dtype.compute, repr(value))
        if key not in self._consts:
            register = self._builder.const(value, dtype)
            self._note(register, Instruction("const", (), dtype.compute, value))
            self._consts[key] = register
        return self._consts[key]

    def _note(self, register: int, instruction: Instruction) -> int:
        if register == len(self._types):
            self._types.append(instruction.dtype)
            self._made[register] = instruction
        return register

    def emit(self, op: str, args: list[int], dtype: DType) -> int:
        """The register of `op(args)`, simplified."""
        values = [self._value(a) for a in args]
        if all(v is not None for v in values):
            return self._folded(op, args, dtype)
        if op == "cast":
            return self._cast(args[0], dtype)
        found = self._identity(op, args, values)
        if found is not None:
            return found
        if op == "div":
            return self._div(args, values)
        return self._plain(op, args)

    def _plain(self, op: str, args: Sequence[int]) -> int:
        register = self._builder(op, *args)
        known = self._builder.code[register - len(self._builder.operands)]
        return self._note(register, known)

    def _value(self, register: int) -> Scalar | None:
        made = self._made.get(register)
        return made.value if made is not None and made.op == "const" else None

    def _is(self, register: int, op: str) -> tuple[int, ...] | None:
        """The arguments of the instruction that made `register`, if it is `op`."""
        made = self._made.get(register)
        return made.args if made is not None and made.op == op else None

    def _folded(self, op: str, args: Sequence[int], dtype: DType) -> int:
        consts = [self._made[a] for a in args]
        program = Program((), (*consts, Instruction(op, tuple(range(len(args))), dtype)))
        return self.const(run(program, [], int(dtype)).item(), dtype)

    def _cast(self, register: int, dtype: DType) -> int:
        if self._types[register] == dtype:
            return register
        inner = self._is(register, "cast")
        if inner is not None:
            source = self._types[inner[0]]
            exact = source == DType.BOOL or (self._types[register], source) in _WIDER
            if exact and (source == dtype or self._types[register] != DType.BOOL):
                return self._cast(inner[0], dtype)
        if dtype == DType.F32 and (whole := self._whole(register)) is not None:
            return whole
        made = self._builder.cast(register, dtype)
        return self._note(made, Instruction("cast", (register,), dtype))

    def _whole(self, register: int) -> int | None:
        """The f32 that is the same number as the small integer `register`, which was made of it."""
        made = self._made.get(register)
        if made is None or not self._types[register].is_int:
            return None
        if made.op == "cast":
            source = made.args[0]
            if self._types[source] == DType.F32:
                return source if self._is_whole_within(source, self._types[register]) else None
            if (self._types[register], self._types[source]) not in _WIDER:
                return None
            return self._cast(source, DType.F32) if self._types[source] in _BELOW_F32 else self._whole(source)
        number = self._value(made.args[1]) if made.op in ("add", "sub") else None
        if number is None or abs(number) > 1 << 16 or (inner := self._whole(made.args[0])) is None:
            return None
        return self.emit(made.op, [inner, self.const(float(number), DType.F32)], DType.F32)

    def _is_whole_within(self, register: int, dtype: DType) -> bool:
        """Whether an f32 register is a whole number of the 8-bit `dtype`, and not NaN."""
        top = self._is(register, "min") or (register, register)
        bottom = self._is(top[0], "max") or (register, register)
        low, high = self._value(bottom[1]), self._value(top[1])
        if dtype not in (DType.U8, DType.I8) or low is None or high is None:
            return False
        info = np.iinfo(dtype.numpy)
        value = bottom[0]
        shift = self._is(value, "add")
        if shift is not None and float(self._value(shift[1]) or 0.5).is_integer():
            value = shift[0]
        rounded = self._is(value, "round")
        whole = float(low).is_integer() and float(high).is_integer() and rounded is not None
        return whole and info.min <= low <= high <= info.max and self._is_scaled_integer(rounded)

    def _is_scaled_integer(self, arguments: tuple[int, ...] | None) -> bool:
        """Whether the register is an integer times a scale, which are no NaN."""
        terms = self._is(arguments[0], "mul") if arguments else None
        source = self._is(terms[0], "cast") if terms else None
        return source is not None and self._types[source[0]].is_int

    def _identity(self, op: str, args: list[int], values: list[Scalar | None]) -> int | None:
        """A simpler register for the operation, or None."""
        x = args[0]
        if op in ("not", "neg") and (inner := self._is(x, op)) is not None:
            return inner[0]
        if op in ("min", "max") and (found := self._clamp(op, args, values)) is not None:
            return found
        if op in ("and", "or") and args[0] == args[1]:
            return x
        if op == "select":
            chosen = values[0]
            if chosen is not None:
                return args[1] if chosen else args[2]
            return args[1] if args[1] == args[2] else self._leaky(args)
        if op == "recip" and (exponent := self._is_one_plus_exp(x)) is not None:
            return self._plain("sigmoid", [exponent])
        if len(args) == 2:
            return self._neutral(op, args, values)
        return None

    def _neutral(self, op: str, args: list[int], values: list[Scalar | None]) -> int | None:
        """One argument is a constant that leaves the other as it is, or nearly."""
        x, y = args
        a, b = values
        if op in ("add", "mul", "and", "or", "min", "max") and a is not None:
            x, y, a, b = y, x, b, a
        if b is None:
            return None
        neutral = {"add": 0, "sub": 0, "mul": 1, "div": 1, "and": True, "or": False, "pow": 1}
        if op in neutral and b == neutral[op]:
            return x
        if (op == "max" and b == -math.inf) or (op == "min" and b == math.inf):
            return x
        if op in ("add", "sub") and (found := self._unshifted(x, b if op == "add" else -b)) is not None:
            return found
        if op == "pow" and b == 2:
            return self._plain("mul", [x, x])
        if op == "pow" and b == 3:
            return self._plain("mul", [self._plain("mul", [x, x]), x])
        if op == "pow" and b == -1 and self._types[x].is_float:
            return self._plain("recip", [x])
        if op == "mul" and b == -1:
            return self.emit("neg", [x], self._types[x])
        if self._loose and self._types[x] == DType.F32 and op in ("mul", "div"):
            return self._scaled(op, x, float(b))
        return None

    def _unshifted(self, register: int, by: Scalar) -> int | None:
        """min(max(round(v) - by, low), high) + by of whole numbers: the bounds move instead."""
        bounds: list[float] = []
        for op in ("min", "max", "add"):
            made = self._is(register, op)
            number = self._value(made[1]) if made else None
            if made is None or number is None or not float(number).is_integer() or abs(number) > 1 << 16:
                return None
            register = made[0]
            bounds.append(float(number) + float(by))
        if bounds.pop() != 0 or self._is(register, "round") is None or self._types[register] != DType.F32:
            return None
        for op, bound in zip(("max", "min"), reversed(bounds)):
            register = self.emit(op, [register, self.const(bound, DType.F32)], DType.F32)
        return register

    def _scaled(self, op: str, register: int, factor: float) -> int | None:
        """A register times or over a constant, merged with the scaling that made it."""
        factor = factor if op == "mul" else (1.0 / factor if factor else math.inf)
        inner = self._is(register, "mul") or ()
        source = register
        for i, argument in enumerate(inner):
            if (other := self._value(argument)) is not None:
                source, factor = inner[1 - i], factor * float(other)
        if not 1e-30 < abs(factor) < 1e30 or (op == "mul" and source == register):
            return None
        value = float(np.float32(factor))
        return self._plain("mul", [source, self.const(value, DType.F32)])

    def _leaky(self, args: list[int]) -> int | None:
        """x < 0 ? x * a : x is max(x, x * a) for 0 < a <= 1."""
        below, scaled = self._is(args[0], "lt"), self._is(args[1], "mul")
        x = args[2]
        if below is None or scaled is None or below[0] != x or self._value(below[1]) != 0:
            return None
        slope = self._value(scaled[1] if scaled[0] == x else scaled[0])
        if x not in scaled or slope is None or not self._types[x].is_float or not 0 < slope <= 1:
            return None
        return self._plain("max", [x, args[1]])

    def _clamp(self, op: str, args: list[int], values: list[Scalar | None]) -> int | None:
        """min(x, x) is x; max(max(x, a), b) is max(x, max(a, b))."""
        if args[0] == args[1]:
            return args[0]
        place = next((i for i, v in enumerate(values) if v is not None), None)
        if place is None:
            return None
        inner = self._is(args[1 - place], op)
        for i in range(2):
            if inner is not None and self._value(inner[i]) is not None:
                dtype = self._types[args[0]]
                bound = self._folded(op, [inner[i], args[place]], dtype)
                return self.emit(op, [inner[1 - i], bound], dtype)
        return None

    def _div(self, args: list[int], values: list[Scalar | None]) -> int:
        dtype = self._types[args[0]]
        divisor = values[1]
        if dtype.is_float and divisor is not None and _has_exact_reciprocal(float(divisor)):
            return self.emit("mul", [args[0], self.const(1.0 / float(divisor), dtype)], dtype)
        if dtype.is_float and values[0] == 1:
            return self.emit("recip", [args[1]], dtype)
        if (inner := self._is_one_plus_exp(args[1])) is not None:
            return self.emit("mul", [args[0], self._plain("sigmoid", [inner])], dtype)
        return self._plain("div", args)

    def _is_one_plus_exp(self, register: int) -> int | None:
        """x where the register is 1 + exp(-x)."""
        terms = self._is(register, "add")
        if terms is None or not self._types[register].is_float:
            return None
        for one, other in (terms, terms[::-1]):
            power = self._is(other, "exp")
            if self._value(one) == 1 and power is not None:
                negated = self._is(power[0], "neg")
                return negated[0] if negated is not None else None
        return None


def _has_exact_reciprocal(value: float) -> bool:
    """Whether 1 / value is a normal f32 and x / value == x * (1 / value): powers of two."""
    if value == 0 or not math.isfinite(value):
        return False
    mantissa, exponent = math.frexp(value)
    return abs(mantissa) == 0.5 and -120 < exponent < 120
