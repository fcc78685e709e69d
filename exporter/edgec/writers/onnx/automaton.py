"""Regular expressions from the automata that they were compiled to."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.ops.regex import ASSERT, CHARACTER, JUMP, MATCH, SPLIT
from edgec.writers.onnx.errors import OnnxError

# by position in ASSERTIONS of ops/regex, in RE2's syntax
_ASSERTIONS = (r"\A", r"\z", "(?m:^)", "(?m:$)", r"\b", r"\B")
_LONGEST = 1 << 16  # characters of an expression
Edges = dict[int, dict[int, str]]


def pattern_of(code: Sequence[int], ranges: Sequence[int]) -> str:
    r"""An expression in RE2's syntax for what a program of `ops/regex` matches as a whole.

    States are eliminated one by one (Brzozowski and McCluskey 1963), those with the fewest ways through
    first. Raises OnnxError where the expression would be too long.

    >>> pattern_of((1, 0, 1, 2, 0, 2, 0, 0, 0), (97, 97))
    '(?:a)(?:a)*'
    """
    count = len(code) // 3
    final = count
    edges: Edges = {state: {} for state in range(-1, count + 1)}
    edges[-1][0] = ""
    for state in range(count):
        kind, a, b = code[3 * state : 3 * state + 3]
        if kind == MATCH:
            _add(edges, state, final, "")
        elif kind == CHARACTER:
            _add(edges, state, state + 1, _class(ranges[2 * a : 2 * b]))
        elif kind == ASSERT:
            _add(edges, state, state + 1, _ASSERTIONS[a])
        else:
            for target in (a, b) if kind == SPLIT else (a,) if kind == JUMP else ():
                _add(edges, state, target, "")
    left = set(range(count))
    while left:
        state = min(left, key=lambda s: (_ways(edges, s), s))
        left.remove(state)
        _eliminate(edges, state)
    if final not in edges[-1]:
        return _class(())
    return edges[-1][final]


def _ways(edges: Edges, state: int) -> int:
    into = sum(state in targets for source, targets in edges.items() if source != state)
    return into * len(edges[state])


def _eliminate(edges: Edges, state: int) -> None:
    """Take a state out; each way through it becomes an edge."""
    out = edges.pop(state)
    own = out.pop(state, "")
    again = f"{_group(own)}*" if own else ""
    for source, targets in edges.items():
        before = targets.pop(state, None)
        if before is not None:
            for target, after in out.items():
                _add(edges, source, target, f"{before}{again}{after}")


def _add(edges: Edges, source: int, target: int, text: str) -> None:
    known = edges[source].get(target)
    if known is None or known == text:
        found = text
    else:
        found = f"(?:{known}|{text})"
    if len(found) > _LONGEST:
        raise OnnxError("a regular expression cannot be written: it would be too long")
    edges[source][target] = found


def _group(text: str) -> str:
    return f"(?:{text})"


def _class(ranges: Sequence[int]) -> str:
    """One code point of the ranges; of none, what never matches."""
    pairs = list(zip(ranges[::2], ranges[1::2]))
    if not pairs:
        return r"[^\s\S]"
    if len(pairs) == 1 and pairs[0][0] == pairs[0][1]:
        return _point(pairs[0][0])
    return f"[{''.join(f'{_point(a)}-{_point(b)}' if a != b else _point(a) for a, b in pairs)}]"


def _point(code: int) -> str:
    text = chr(code)
    if not text.isascii():
        return text
    return text if text.isalnum() else rf"\x{code:02x}"
