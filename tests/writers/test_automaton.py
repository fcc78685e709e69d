"""Regular expressions that come back from automata match the same texts."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgec.frontends.onnx.regex import compile_pattern
from edgec.ops.regex import RegexMatch
from edgec.writers.onnx.automaton import pattern_of

TEXTS = [
    "", "a", "b", "aa", "ab", "ba", "abab", "aab", "abc", "a.c", "a-c", "x@y.com", "me@site.org", "12",
    "1a", "é", "aé", "_x9", "\n", "a\nb",
]  # fmt: skip
PATTERNS = [
    "", "a", "a*", "a+b?", "(ab)*", "a|b", "(a|b)*ab", "[a-c]+", r"a\.c", "a.c", "[^a]*", r"\d{2}", "a{1,3}",
    r"\w+@\w+\.(com|org)", "(a|ab)(c|bcd)?", "é|aé", r"[\-.]", "(a*)*b", "a??b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_language(pattern: str) -> None:
    op = RegexMatch(*compile_pattern(pattern))
    back = pattern_of(op.code, op.ranges)
    expected = op.eval([np.array(TEXTS, object)])[0].tolist()
    assert [re.fullmatch(back, text) is not None for text in TEXTS] == expected
    again = RegexMatch(*compile_pattern(back))
    assert again.eval([np.array(TEXTS, object)])[0].tolist() == expected
