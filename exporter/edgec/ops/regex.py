"""Regular expressions as programs of a nondeterministic automaton.

A program is instructions of three numbers each, (kind, a, b), and ranges of code points, in pairs:

    MATCH         the text matches if it ends here
    CHARACTER     take a code point in one of ranges a..b-1, which rise, go on with the next instruction
    SPLIT         go on with instructions a and b
    JUMP          go on with instruction a
    ASSERT        go on with the next instruction if assertion a holds here (its position in ASSERTIONS)

All ways through are followed at once (Thompson 1968), so the time is at most instructions times text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands
from edgec.ops.text import each, text_operand

MATCH, CHARACTER, SPLIT, JUMP, ASSERT = range(5)
ASSERTIONS = ("text begin", "text end", "line begin", "line end", "word boundary", "no word boundary")
MAX_INSTRUCTIONS = 1 << 16


@register
@dataclass(frozen=True)
class RegexMatch(Op):
    """Whether all of a string matches the program `code` with `ranges`.

    Operand: x. Result: bool of x's shape. Source: ONNX RegexFullMatch.
    """

    name = "regex_match"
    code: tuple[int, ...]
    ranges: tuple[int, ...] = ()

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        check_program(self.code, self.ranges)
        return [TensorType(DType.BOOL, text_operand(operands, 0, "x").shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        machine = _Machine(self.code, self.ranges)
        return [each(x, machine.matches, bool)]


def check_program(code: Sequence[int], ranges: Sequence[int]) -> None:
    """Raises OpError where an instruction is unknown or leads out of the program."""
    count, spans = len(code) // 3, len(ranges) // 2
    if len(code) % 3 or not 0 < count <= MAX_INSTRUCTIONS or len(ranges) % 2:
        raise OpError(f"{len(code)} numbers and {len(ranges)} bounds are no program")
    rising = [spans] * (spans + 1)  # how far the ranges from here on rise
    for i in range(spans - 2, -1, -1):
        rising[i] = rising[i + 1] if ranges[2 * i + 1] < ranges[2 * i + 2] else i + 1
    for i in range(count):
        kind, a, b = code[3 * i : 3 * i + 3]
        last = i + 1 == count
        fine = {
            MATCH: True,
            CHARACTER: 0 <= a <= b <= spans and b <= rising[a] and not last,
            SPLIT: 0 <= a < count and 0 <= b < count,
            JUMP: 0 <= a < count,
            ASSERT: 0 <= a < len(ASSERTIONS) and not last,
        }
        if not fine.get(kind, False):
            raise OpError(f"instruction {i} of the program is ({kind}, {a}, {b})")


class _Machine:
    def __init__(self, code: Sequence[int], ranges: Sequence[int]) -> None:
        self._code = [tuple(code[i : i + 3]) for i in range(0, len(code), 3)]
        self._ranges = [tuple(ranges[i : i + 2]) for i in range(0, len(ranges), 2)]

    def matches(self, text: str) -> bool:
        states = self._reach([0], text, 0)
        for at, character in enumerate(text):
            point = ord(character)
            taken = [
                pc + 1
                for pc in states
                if self._code[pc][0] == CHARACTER
                and any(low <= point <= high for low, high in self._ranges[slice(*self._code[pc][1:])])
            ]
            states = self._reach(taken, text, at + 1)
            if not states:
                return False
        return any(self._code[pc][0] == MATCH for pc in states)

    def _reach(self, start: list[int], text: str, at: int) -> list[int]:
        """All instructions that follow from `start` without taking a character."""
        stack, seen = list(start), set(start)
        while stack:
            kind, a, b = self._code[pc := stack.pop()]
            following: tuple[int, ...] = ()
            if kind == SPLIT:
                following = (a, b)
            elif kind == JUMP:
                following = (a,)
            elif kind == ASSERT and _holds(a, text, at):
                following = (pc + 1,)
            stack += [n for n in following if n not in seen]
            seen.update(following)
        return list(seen)


def _holds(assertion: int, text: str, at: int) -> bool:
    begin, end = at == 0, at == len(text)
    if assertion < 2:
        return end if assertion else begin
    if assertion == 2:
        return begin or text[at - 1] == "\n"
    if assertion == 3:
        return end or text[at] == "\n"
    boundary = (not begin and _is_word(text[at - 1])) != (not end and _is_word(text[at]))
    return boundary == (assertion == 4)


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())
