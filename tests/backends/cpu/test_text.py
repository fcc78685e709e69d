"""Strings: compared, joined, translated, split, matched, counted, and read and written as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from harness import Array, Device, compare, one_node, run

import edgert
from edgec.format.write import write_model
from edgec.frontends.onnx.ngrams import ngram_tree
from edgec.frontends.onnx.regex import compile_pattern
from edgec.frontends.onnx.text import case_table
from edgec.ir.types import DType
from edgec.ops.base import Op
from edgec.ops.ngrams import NgramCount
from edgec.ops.regex import RegexMatch
from edgec.ops.text import (
    FormatNumber,
    ParseNumber,
    StringConcat,
    StringEqual,
    StringSplit,
    StringTranslate,
)

RANDOM = np.random.default_rng(0)
WORDS = ["", "a", "ab", "Straße", "ΑΒΓ ω", "日本語", "\U0001f600 b", "a\0b", "  x  y ", "x" * 300]


def words(*shape: int) -> Array:
    """Strings at random."""
    found = np.empty(shape, object)
    for place in np.ndindex(*shape):
        found[place] = WORDS[int(RANDOM.integers(len(WORDS)))]
    return found


SHAPES = [((), ()), ((3,), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((0, 3), (1,)), ((40, 30), (30,))]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_pairs(cpu: Device, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    for op in (StringEqual(), StringConcat()):
        compare(op, [words(*a), words(*b)], cpu)


@pytest.mark.parametrize("action", ["LOWER", "UPPER"])
def test_cases(cpu: Device, action: str) -> None:
    letters = np.array([chr(c) for c in range(0x20, 0x3000) if not 0xD800 <= c < 0xE000], object)
    for x in (words(5, 4), words(), words(0), letters):
        compare(StringTranslate(), [x, case_table(action)], cpu, constants=[1])
    compare(StringTranslate(), [words(3), np.zeros((0, 2), np.int32)], cpu, constants=[1])


SPACED = [
    "",
    " ",
    "a",
    " a b ",
    "a  b\tc\n",
    "\u2003x\u3000\x85y\xa0",
    "é\u2009ü",
    "a-b--c",
    "--",
    "-a-",
    "ßß-ßß",
]


@pytest.mark.parametrize("delimiter", ["", "-", "--", "ß", "abc"])
@pytest.mark.parametrize("most", [None, 0, 1, 2, -1, 100])
def test_splitting(cpu: Device, delimiter: str, most: int | None) -> None:
    x = np.array(SPACED, object)
    for part in (x, x[:1], x[3:9].reshape(2, 3), np.array("a b-c", object), x[:0], x[:0].reshape(0, 3)):
        compare(StringSplit(delimiter, most), [part], cpu)


FLOATS = [
    0.0,
    -0.0,
    1.0,
    0.1,
    1e-4,
    9.9999e-5,
    1e15,
    1e16,
    123456.789,
    2.5e20,
    1e-45,
    3.4e38,
    np.nan,
    np.inf,
    -np.inf,
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint64", "int64", "bool"])
def test_numbers_as_text(cpu: Device, dtype: str) -> None:
    if dtype.startswith("float"):
        bits = RANDOM.integers(0, 2**32 if dtype == "float32" else 2**63, 3000, dtype=np.uint64)
        random = bits.astype("uint32").view("float32") if dtype == "float32" else bits.view("float64")
        x = np.concatenate([np.array(FLOATS, dtype), random, RANDOM.standard_normal(500).astype(dtype)])
    else:
        low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        x = np.array([low, high, 0, 1, high // 2], dtype)
    compare(FormatNumber(), [x], cpu)
    (text,) = run(FormatNumber(), [x], cpu)
    if dtype == "float64":  # and back
        found = run(ParseNumber(int(DType.F64)), [text], cpu)[0]
        np.testing.assert_array_equal(found, x)


TEXTS = [
    "0",
    "-7",
    "+8",
    " 12 ",
    "1e3",
    "-2.9",
    ".5",
    "5.",
    "INF",
    "-inf",
    "+Inf",
    "nan",
    "True",
    "FALSE",
    "1e400",
]
TEXTS += [
    "-1e-400",
    "0.0001e-330",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "1E19",
]
TEXTS += ["18446744073709551616", "0" * 400 + "1e2", "0." + "0" * 330 + "1e332", "\t3\n"]


@pytest.mark.parametrize("dtype", [DType.F64, DType.I64, DType.U64])
def test_text_as_numbers(cpu: Device, dtype: DType) -> None:
    compare(ParseNumber(int(dtype)), [np.array(TEXTS, object)], cpu, tolerance=0)
    compare(ParseNumber(int(dtype)), [np.array([["4"]], object)], cpu)


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1_000", "0x10", "1e", "e5", "+-5", "--5", "1.2.3", "infinity", "1 2"]
)
def test_what_is_no_number(text: str) -> None:
    device = Device("cpu")
    with pytest.raises(edgert.EdgertError, match="element 1 is '.*', which is no number"):
        run(ParseNumber(int(DType.F64)), [np.array(["1", text], object)], device)


PATTERNS = [
    "a*",
    "(a|b)*c",
    "[^a-c]+",
    r"\w+@\w+\.com",
    "(?i)straße|ΑΒΓ Ω",
    r"\p{Lu}+.*",
    r"(?m)^a$\n^b$",
    r"\bx\b.*",
    "(a?){20}a{20}",
]
SUBJECTS = [*WORDS, "aaa", "ababc", "me@x.com", "STRASSE", "STRAßE", "αβγ ω", "a\nb", "x y", "a" * 30, "\n"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(cpu: Device, pattern: str) -> None:
    op = RegexMatch(*compile_pattern(pattern))
    for shape in ((len(SUBJECTS),), (len(SUBJECTS), 1), ()):
        x = np.array(SUBJECTS if shape else SUBJECTS[:1], object).reshape(shape)
        compare(op, [x], cpu)


def test_patterns_take_linear_time(cpu: Device) -> None:
    x = np.array(["a" * 20000 + "b"], object)
    assert not run(RegexMatch(*compile_pattern("(a*)*(a*)*")), [x], cpu)[0][0]


GRAMS = [((1,), 0), ((2,), 1), ((1, 2), 2), ((1, 2, 3), 3), ((3, 3), 4), ((-5, 2**40), 5)]


@pytest.mark.parametrize(
    ("least", "most", "skips"), [(1, 1, 0), (1, 3, 2), (2, 2, 5), (2, 3, 0), (3, 9, 2**31 - 1)]
)
def test_ngrams(cpu: Device, least: int, most: int, skips: int) -> None:
    tree = ngram_tree(GRAMS, [3, 0, 1, 2, 5, 4])
    for shape in ((4, 12), (1, 1), (3, 0), (0, 5), (200, 30)):
        x = RANDOM.choice(np.array([1, 2, 3, -5, 2**40]), shape)
        compare(NgramCount(6, least, most, skips), [x, *tree], cpu, constants=[1, 2, 3])


REGEX = RegexMatch((1, 0, 1, 0, 0, 0), (97, 97))
TREE = ngram_tree(GRAMS, [3, 0, 1, 2, 5, 4])
TABLE = np.array([[97, 65], [98, 66]], np.int32)
# operator, operands, what to change (an attribute, or operand and position), value, reason
DAMAGED: list[tuple[Op, list[Any], Any, Any, str]] = [
    (REGEX, [words(1)], "code", (1, 0, 1), "instruction 0"),
    (REGEX, [words(1)], "code", (1, 0, 2, 0, 0, 0), "instruction 0"),
    (REGEX, [words(1)], "code", (1, -1, 1, 0, 0, 0), "instruction 0"),
    (REGEX, [words(1)], "code", (0, 0, 0, 2, 0, 2), "instruction 1"),
    (REGEX, [words(1)], "code", (3, -1, 0), "instruction 0"),
    (REGEX, [words(1)], "code", (4, 6, 0, 0, 0, 0), "instruction 0"),
    (REGEX, [words(1)], "code", (5, 0, 0), "instruction 0"),
    (REGEX, [words(1)], "code", (), "no program"),
    (REGEX, [words(1)], "code", (0,) * 3 * 70000, "no program"),
    (REGEX, [words(1)], "ranges", (1, 2, 3), "no program"),
    (RegexMatch((1, 0, 2, 0, 0, 0), (1, 2, 5, 6)), [words(1)], "ranges", (5, 6, 1, 2), "instruction 0"),
    (StringTranslate(), [words(1), TABLE], (1, (0, 0)), 98, "row 1 of the table does not rise"),
    (StringTranslate(), [words(1), TABLE], (1, (0, 1)), 0x110000, "no code point"),
    (StringTranslate(), [words(1), TABLE], (1, (0, 0)), -1, "no code point"),
    (NgramCount(6), [np.ones((1, 2), np.int64), *TREE], (1, 1), 99, "end before they start"),
    (NgramCount(6), [np.ones((1, 2), np.int64), *TREE], (1, 0), 1, "do not divide"),
    (NgramCount(6), [np.ones((1, 2), np.int64), *TREE], (3, 0), 6, "column 6 of 6"),
    (NgramCount(6), [np.ones((1, 2), np.int64), *TREE], (3, 0), -2, "column -2"),
    (NgramCount(6), [np.ones((1, 2), np.int64), *TREE], "least", 0, "attribute least is 0"),
    (ParseNumber(int(DType.F64)), [words(1)], "dtype", int(DType.I32), "f64, i64 or u64"),
]


@pytest.mark.parametrize(("op", "operands", "what", "value", "reason"), DAMAGED)
def test_damaged_files(op: Op, operands: list[Any], what: Any, value: Any, reason: str) -> None:
    operands = [o.copy() for o in operands]
    model = one_node(op, operands, range(1, len(operands)))
    node = model.entries["main"].nodes[0]
    if isinstance(what, str):
        attributes = {**op.attributes(), what: value}
        node.op = object.__new__(type(op))
        for name, found in attributes.items():
            object.__setattr__(node.op, name, found)
    else:
        operands[what[0]][what[1]] = value
    with pytest.raises(edgert.EdgertError, match=reason):
        edgert.load(write_model(model), device="cpu").run({"x0": operands[0]})
