"""Patterns in RE2's syntax against Python's engine where the two agree, and by example where they do not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.regex import compile_pattern
from edgec.ops.base import OpError
from edgec.ops.regex import RegexMatch


def matches(pattern: str, text: str) -> bool:
    return bool(RegexMatch(*compile_pattern(pattern)).eval([np.array(text, object)])[0])


PATTERNS = [
    "",
    "abc",
    "a|b|",
    "(a|b)*abb",
    "a+b?c*",
    "a{2}",
    "a{2,}",
    "a{1,3}?b",
    "a{,3}",
    "[a-c]+",
    "[^a-c]+",
    "[]a]+",
    "[a-]+",
    "[a\\]]+",
    ".*",
    "(?s).*",
    "(?i)aBc",
    "(?i:a)b",
    "a(?i)b|c",
    r"\d+\.\d+",
    r"\w+\s\w+",
    r"[\d_]+\W",
    r"\x61\t\n",
    r"^a$",
    r"(?m)^a$\nb",
    r"\bab\b c",
    r"a\Bb",
    "(?:ab)+(?P<name>c)",
    r"\A\.\*\z".replace(r"\z", r"\Z"),
    "(a*)*b",
    "(|a)+",
    "é+|日本",
]
SUBJECTS = [
    "",
    "a",
    "b",
    "ab",
    "abc",
    "aabb",
    "aaa",
    "aab",
    "1.25",
    "ab c",
    "a b",
    "a\tn",
    "a\t\n",
    "ABC",
    "aBc",
]
SUBJECTS += [
    "aB",
    "Ab",
    "_1-",
    "a\nb",
    "]a",
    "a-",
    "a{,3}",
    "xyz",
    "x\ny",
    ".*",
    "ababc",
    "ababb",
    "éé",
    "日本",
    "aabbabb",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_like_python(pattern: str) -> None:
    if pattern == "a(?i)b|c":
        assert [s for s in SUBJECTS if matches(pattern, s)] == ["ab", "aB"]
        return
    known = re.compile("a\\{,3\\}" if pattern == "a{,3}" else pattern, re.ASCII if "\\" in pattern else 0)
    ours = pattern.replace(r"\Z", r"\z")
    for subject in SUBJECTS:
        expected = known.fullmatch(subject) is not None
        assert matches(ours, subject) == expected, f"{pattern!r} on {subject!r}"


EXAMPLES = [
    (r"\Qa.b\E+", "a.bbb", True),
    (r"\Qa.b", "axb", False),
    (r"\pL+", "aéΩ日", True),
    (r"\p{Lu}", "é", False),
    (r"\P{Lu}", "é", True),
    (r"\p{^Lu}", "É", False),
    (r"[[:alpha:]]+[[:^digit:]]", "abc!", True),
    (r"[[:alpha:]]", "é", False),
    (r"\d", "٣", False),
    ("(?i)ſ", "S", True),
    ("(?i)[a-z]", "K", True),
    (r"\x{1F600}", "\U0001f600", True),
    (r"\101\07", "A\x07", True),
    ("a$b", "ab", False),
    ("(?U)a+?", "aa", True),
    ("(?<word>a)", "a", True),
    ("x*" * 50, "x" * 200, True),
    ("(a?){30}a{30}", "a" * 30, True),
    ("((((((a*)*)*)*)*)*)*b", "a" * 200, False),
    ("[^\n]", "\n", False),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), EXAMPLES)
def test_examples(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


WRONG = [
    "a**",
    "*a",
    "a(",
    "a)",
    "[a",
    "[b-a]",
    "a{3,2}",
    "a{1001}",
    "[[:word2:]]",
    r"\x{110000}",
    "(a",
    "a|*",
    "?",
]


@pytest.mark.parametrize("pattern", WRONG)
def test_wrong_patterns(pattern: str) -> None:
    with pytest.raises(OpError, match="pattern '"):
        compile_pattern(pattern)


UNSUPPORTED = [
    r"(a)\1",
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    r"\Z",
    r"\C",
    r"\p{Greek}",
    "((a{1000}){1000}){1000}",
    "(" * 300 + ")" * 300,
]
UNSUPPORTED += [r"\y", "(?#note)", "(?>a)"]


@pytest.mark.parametrize("pattern", UNSUPPORTED)
def test_what_re2_or_edgec_has_not(pattern: str) -> None:
    with pytest.raises(Unsupported, match="pattern '"):
        compile_pattern(pattern)


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "^", "$", r"\b"])
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TREES, st.text("ab\n", max_size=6))
def test_random_patterns(pattern: str, text: str) -> None:
    known = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    assert matches(pattern, text) == (known.fullmatch(text) is not None)
