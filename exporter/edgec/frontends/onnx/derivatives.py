"""Derivatives of scalar programs: reverse mode over their instructions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from edgec.frontends.onnx.errors import Unsupported
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.program import Program

# (writer, type, registers of the arguments, of the result and of its derivative) -> of theirs, None for 0
Rule = Callable[[scalar.Builder, DType, Sequence[int], int, int], Sequence["int | None"]]


def _number(p: scalar.Builder, t: DType, value: float) -> int:
    return p.const(value, t)


def _through(factor: Callable[[scalar.Builder, DType, int, int], int]) -> Rule:
    """The rule of a function of one argument whose derivative is `factor` of argument and result."""
    return lambda p, t, args, y, d: [p("mul", d, factor(p, t, args[0], y))]


def _below_one(p: scalar.Builder, t: DType, x: int) -> int:
    """1 - x²."""
    return p("sub", _number(p, t, 1.0), p("mul", x, x))


def _chosen(p: scalar.Builder, t: DType, condition: int, d: int) -> list[int | None]:
    """The derivative goes to the first argument where the condition holds, else to the second."""
    zero = _number(p, t, 0.0)
    return [p("select", condition, d, zero), p("select", condition, zero, d)]


def _power(p: scalar.Builder, t: DType, args: Sequence[int], y: int, d: int) -> list[int | None]:
    x, exponent = args
    less = p("pow", x, p("sub", exponent, _number(p, t, 1.0)))
    return [p("mul", d, p("mul", exponent, less)), p("mul", d, p("mul", y, p("log", x)))]


def _quotient(p: scalar.Builder, t: DType, args: Sequence[int], y: int, d: int) -> list[int | None]:
    share = p("div", d, args[1])
    return [share, p("neg", p("mul", share, y))]


def _erf(p: scalar.Builder, t: DType, x: int, y: int) -> int:
    bell = p("exp", p("neg", p("mul", x, x)))
    return p("mul", _number(p, t, 2 / math.sqrt(math.pi)), bell)


_RULES: dict[str, Rule] = {
    "add": lambda p, t, args, y, d: [d, d],
    "sub": lambda p, t, args, y, d: [d, p("neg", d)],
    "mul": lambda p, t, args, y, d: [p("mul", d, args[1]), p("mul", d, args[0])],
    "div": _quotient,
    "pow": _power,
    "max": lambda p, t, args, y, d: _chosen(p, t, p("ge", *args), d),
    "min": lambda p, t, args, y, d: _chosen(p, t, p("le", *args), d),
    "select": lambda p, t, args, y, d: [None, *_chosen(p, t, args[0], d)],
    "neg": lambda p, t, args, y, d: [p("neg", d)],
    "abs": _through(lambda p, t, x, y: p("sign", x)),
    "sqrt": _through(lambda p, t, x, y: p("div", _number(p, t, 0.5), y)),
    "recip": _through(lambda p, t, x, y: p("neg", p("mul", y, y))),
    "exp": _through(lambda p, t, x, y: y),
    "expm1": _through(lambda p, t, x, y: p("add", y, _number(p, t, 1.0))),
    "log": _through(lambda p, t, x, y: p("recip", x)),
    "log1p": _through(lambda p, t, x, y: p("recip", p("add", x, _number(p, t, 1.0)))),
    "sin": _through(lambda p, t, x, y: p("cos", x)),
    "cos": _through(lambda p, t, x, y: p("neg", p("sin", x))),
    "tanh": _through(lambda p, t, x, y: _below_one(p, t, y)),
    "sigmoid": _through(lambda p, t, x, y: p("mul", y, p("sub", _number(p, t, 1.0), y))),
    "erf": _through(_erf),
}
_FLAT = ("ceil", "floor", "round", "trunc", "sign")  # their derivative is 0


def derivative(program: Program, operand: int) -> Program | None:
    """What reaches an operand of the program, whose further, last operand is the result's derivative.

    None where the result does not depend on the operand. Raises Unsupported for other instructions.
    """
    count = len(program.operands)
    p = scalar.Builder([*program.operands, program.dtype])
    registers = list(range(count))
    for i in program.code:
        registers.append(_copied(p, i, [registers[a] for a in i.args]))
    types = program.register_types()
    reached: dict[int, int] = {len(registers) - 1: count}
    for position in range(len(program.code) - 1, -1, -1):
        i, at = program.code[position], position + count
        if at not in reached or not i.args or i.op in _FLAT:
            continue
        parts = _parts(p, i, [registers[a] for a in i.args], registers[at], reached[at], types)
        for argument, part in zip(i.args, parts):
            if part is not None and types[argument].is_float:
                known = reached.get(argument)
                reached[argument] = part if known is None else p("add", known, part)
    found = reached.get(operand)
    return None if found is None else p.finish(found)


def _copied(p: scalar.Builder, i: scalar.Instruction, args: Sequence[int]) -> int:
    if i.op == "const":
        return p.const(i.value, i.dtype)
    return p.cast(args[0], i.dtype) if i.op == "cast" else p(i.op, *args)


def _parts(
    p: scalar.Builder, i: scalar.Instruction, args: Sequence[int], y: int, d: int, types: Sequence[DType]
) -> Sequence[int | None]:
    if i.op == "cast":
        kind = types[i.args[0]]
        return [p.cast(d, kind) if kind.is_float and i.dtype.is_float else None]
    if i.op in scalar.PREDICATES:
        return [None] * len(args)
    if i.op not in _RULES:
        raise Unsupported(f"edgec has no derivative of the scalar function {i.op}")
    return _RULES[i.op](p, i.dtype, args, y, d)
