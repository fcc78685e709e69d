"""Regular expressions in RE2's syntax, compiled to programs of `regex_match`.

Source: https://github.com/google/re2/wiki/Syntax. Groups capture nothing here and laziness changes nothing,
since only whether all of a text matches is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Union

from edgec.frontends.onnx.errors import Unsupported
from edgec.ops.base import OpError
from edgec.ops.regex import ASSERT, CHARACTER, JUMP, MATCH, MAX_INSTRUCTIONS, SPLIT

Ranges = list[tuple[int, int]]
LAST = 0x10FFFF
MAX_REPEAT, MAX_DEPTH = 1000, 200
TEXT_BEGIN, TEXT_END, LINE_BEGIN, LINE_END, BOUNDARY, NO_BOUNDARY = range(6)

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\0-\x7f",
    "blank": "\t ",
    "cntrl": "\0-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@[-`{-~",
    "space": "\t-\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


@dataclass(frozen=True)
class Set:
    """One code point of a set."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Assertion:
    kind: int


@dataclass(frozen=True)
class Chain:
    """Parts after each other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """`least` to `most` times; most None: any number."""

    part: Node
    least: int
    most: int | None


Node = Union[Set, Assertion, Chain, Choice, Repeat]


def compile_pattern(pattern: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The code and ranges of `regex_match` for a pattern.

    Raises OpError for a pattern that is wrong, Unsupported for what RE2 or edgec does not have.
    """
    parser = _Parser(pattern)
    tree = parser.choice(0)
    if parser.rest():
        raise parser.wrong("a ) has no (")
    writer = _Writer(pattern)
    writer.write(tree)
    writer.emit(MATCH, 0, 0)
    return tuple(n for i in writer.code for n in i), tuple(n for r in writer.ranges for n in r)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()

    def wrong(self, reason: str) -> OpError:
        return OpError(f"pattern '{self._pattern}': {reason}, at character {self._at}")

    def lacking(self, what: str) -> Unsupported:
        return Unsupported(f"pattern '{self._pattern}': {what} is not part of RE2's syntax as edgec reads it")

    def rest(self) -> str:
        return self._pattern[self._at :]

    def _take(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _match(self, expression: str) -> re.Match[str] | None:
        found = re.compile(expression, re.DOTALL).match(self._pattern, self._at)
        if found:
            self._at = found.end()
        return found

    def choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.lacking(f"a group inside more than {MAX_DEPTH} others")
        parts = [self._sequence(depth)]
        while self._take("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.rest() and self.rest()[0] not in "|)":
            quoted = self._match(r"\\Q(.*?)(?:\\E|\Z)")
            if quoted:
                parts += [self._literal(ord(c)) for c in quoted[1][:-1]]
                if not quoted[1]:
                    continue
                atom: Node | None = self._literal(ord(quoted[1][-1]))
            else:
                atom = self._atom(depth)
            if atom is not None:
                parts.append(self._repeated(atom))
        return Chain(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        found = self._match(r"([*+?]|\{(\d+)(,?)(\d*)\})\??")
        if not found:
            return atom
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[1], (0, 0))
        if found[2]:
            least = int(found[2])
            most = int(found[4]) if found[4] else None if found[3] else least
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise self.wrong(f"a repetition is not of 0 to {MAX_REPEAT} times")
        if self._match(r"[*+?]"):
            raise self.wrong("a repetition is repeated")
        return Repeat(atom, least, most)

    def _atom(self, depth: int) -> Node | None:
        character = self.rest()[0]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        self._at += 1
        if character in "*+?":
            raise self.wrong(f"{character} has nothing to repeat")
        if character == ".":
            return Set(((0, LAST),)) if "s" in self._flags else Set(((0, 9), (11, LAST)))
        if character == "^":
            return Assertion(LINE_BEGIN if "m" in self._flags else TEXT_BEGIN)
        if character == "$":
            return Assertion(LINE_END if "m" in self._flags else TEXT_END)
        return self._literal(ord(character))

    def _literal(self, point: int) -> Node:
        return Set(tuple(self._folded([(point, point)])))

    def _folded(self, ranges: Ranges) -> Ranges:
        return with_cases(ranges) if "i" in self._flags else ranges

    def _group(self, depth: int) -> Node | None:
        before = self._flags
        if self._match(r"\(\?P?<[A-Za-z_]\w*>") is None and self._take("(?"):
            flags = self._match(r"([imsU]*)(?:-([imsU]+))?([:)])")
            if not flags:
                raise self.lacking(f"'(?{self.rest()[:2]}'")
            self._flags = (self._flags | set(flags[1])) - set(flags[2] or "")
            if flags[3] == ")":
                return None
        else:
            self._take("(")
        inner = self.choice(depth + 1)
        if not self._take(")"):
            raise self.wrong("a ( has no )")
        self._flags = before
        return inner

    def _escape(self) -> Node:
        for text, kind in (("A", TEXT_BEGIN), ("z", TEXT_END), ("b", BOUNDARY), ("B", NO_BOUNDARY)):
            if self._take(f"\\{text}"):
                return Assertion(kind)
        known = self._class_escape()
        if known is not None:
            return Set(tuple(known))
        return self._literal(self._point())

    def _class_escape(self) -> Ranges | None:
        """The set of \\d, \\pL, \\P{Lu} and the like."""
        found = self._match(r"\\([dswDSW])")
        if found:
            ranges = spelled(_CLASSES[found[1].lower()])
            return inverse(self._folded(ranges)) if found[1].isupper() else self._folded(ranges)
        found = self._match(r"\\([pP])(?:(\w)|\{(\^?)(\w+)\})")
        if not found:
            return None
        name = found[2] or found[4]
        ranges = self._folded(category(name) if name != "Any" else [(0, LAST)])
        if not ranges:
            raise self.lacking(f"the Unicode class '{name}'")
        return inverse(ranges) if (found[1] == "P") != bool(found[3]) else ranges

    def _point(self) -> int:
        """A code point after a backslash."""
        found = self._match(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
        if found:
            point = int(found[1] or found[2], 16)
            if point > LAST:
                raise self.wrong("there is no such code point")
            return point
        found = self._match(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
        if found:
            return int(found[1], 8)
        found = self._match(r"\\([aftnrv])")
        if found:
            return _CONTROLS[found[1]]
        found = self._match(r"\\([^0-9A-Za-z])")
        if not found:
            raise self.lacking(f"'{self.rest()[:2]}'")
        return ord(found[1])

    def _set(self) -> Node:
        self._take("[")
        negated, first = self._take("^"), True
        ranges: Ranges = []
        while first or not self._take("]"):
            if not self.rest():
                raise self.wrong("a [ has no ]")
            first = False
            ranges += self._member()
        ranges = self._folded(ranges)
        return Set(tuple(inverse(ranges) if negated else merged(ranges)))

    def _member(self) -> Ranges:
        posix = self._match(r"\[:(\^?)(\w+):\]")
        if posix:
            if posix[2] not in _POSIX:
                raise self.wrong(f"there is no class [:{posix[2]}:]")
            ranges = spelled(_POSIX[posix[2]])
            return inverse(ranges) if posix[1] else ranges
        known = self._class_escape()
        if known is not None:
            return known
        low = high = self._member_point()
        if self._match(r"-(?!\])"):
            high = self._member_point()
        if high < low:
            raise self.wrong("a range ends before it starts")
        return [(low, high)]

    def _member_point(self) -> int:
        if self.rest()[:1] == "\\":
            return self._point()
        if not self.rest():
            raise self.wrong("a [ has no ]")
        self._at += 1
        return ord(self._pattern[self._at - 1])


class _Writer:
    """Writes a tree as instructions."""

    def __init__(self, pattern: str) -> None:
        self.code: list[list[int]] = []
        self.ranges: Ranges = []
        self._known: dict[tuple[tuple[int, int], ...], int] = {}
        self._pattern = pattern

    def emit(self, kind: int, a: int, b: int) -> list[int]:
        if len(self.code) >= MAX_INSTRUCTIONS:
            raise Unsupported(
                f"pattern '{self._pattern[:60]}' makes more than {MAX_INSTRUCTIONS} instructions"
            )
        self.code.append([kind, a, b])
        return self.code[-1]

    def write(self, node: Node) -> None:
        if isinstance(node, Set):
            if node.ranges not in self._known:
                self._known[node.ranges] = len(self.ranges)
                self.ranges += node.ranges
            first = self._known[node.ranges]
            self.emit(CHARACTER, first, first + len(node.ranges))
        elif isinstance(node, Assertion):
            self.emit(ASSERT, node.kind, 0)
        elif isinstance(node, Chain):
            for part in node.parts:
                self.write(part)
        elif isinstance(node, Choice):
            self._choice(node.parts)
        else:
            self._repeat(node)

    def _choice(self, parts: Sequence[Node]) -> None:
        exits = []
        for part in parts[:-1]:
            split = self.emit(SPLIT, len(self.code) + 1, 0)
            self.write(part)
            exits.append(self.emit(JUMP, 0, 0))
            split[2] = len(self.code)
        self.write(parts[-1])
        for jump in exits:
            jump[1] = len(self.code)

    def _repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self.write(node.part)
        if node.most is None:
            split = self.emit(SPLIT, len(self.code) + 1, 0)
            at = len(self.code) - 1
            self.write(node.part)
            self.emit(JUMP, at, 0)
            split[2] = len(self.code)
            return
        splits = []
        for _ in range(node.most - node.least):
            splits.append(self.emit(SPLIT, len(self.code) + 1, 0))
            self.write(node.part)
        for split in splits:
            split[2] = len(self.code)


# -- sets of code points


def spelled(text: str) -> Ranges:
    """Ranges from text like "0-9_"."""
    found, at = [], 0
    while at < len(text):
        wide = text[at + 1 : at + 2] == "-" and at + 2 < len(text)
        found.append((ord(text[at]), ord(text[at + 2] if wide else text[at])))
        at += 3 if wide else 1
    return merged(found)


def merged(ranges: Ranges) -> Ranges:
    """The same code points in rising ranges that do not touch."""
    found: Ranges = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def inverse(ranges: Ranges) -> Ranges:
    """All other code points."""
    found, at = [], 0
    for low, high in merged(ranges):
        if at < low:
            found.append((at, low - 1))
        at = high + 1
    return found if at > LAST else [*found, (at, LAST)]


def category(name: str) -> Ranges:
    """The code points of a Unicode general category, "L" or "Lu"; none where there is no such one."""
    return merged([(p, p) for p in range(LAST + 1) if unicodedata.category(chr(p)).startswith(name)])


@lru_cache(maxsize=1)
def _cases() -> list[tuple[int, frozenset[int]]]:
    """Every code point with others of its letter, which differ in case."""
    groups: dict[str, set[int]] = {}
    for point in range(LAST + 1):
        character = chr(point)
        folded = character.casefold()
        if len(folded) == 1 and (folded != character or character.upper() != character):
            groups.setdefault(folded, set()).update((point, ord(folded)))
    return [(p, frozenset(g)) for g in groups.values() if len(g) > 1 for p in g]


def with_cases(ranges: Ranges) -> Ranges:
    """The code points and those that differ from one of them in case."""
    given = merged(ranges)
    more = list(_other_cases(given))
    return merged([*given, *more])


def _other_cases(ranges: Ranges) -> Iterator[tuple[int, int]]:
    for point, group in _cases():
        if any(low <= point <= high for low, high in ranges):
            yield from ((p, p) for p in group)
