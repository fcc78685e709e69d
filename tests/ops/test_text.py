"""What operators on strings mean, where ONNX's reference evaluator and Python say it too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_reference import onnx_node

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError
from edgec.ops.ngrams import NgramCount
from edgec.ops.regex import RegexMatch
from edgec.ops.text import FormatNumber, ParseNumber, StringConcat, StringEqual, StringSplit, StringTranslate
from edgec.ops.zip_map import ZipMap

WORDS = np.array([["a", "bé"], ["", "c d"]], object)


def strings(*values: str) -> Any:
    return np.array(values, object)


def test_pairs() -> None:
    other = strings("a", "c d")
    assert StringEqual().eval([WORDS, other])[0].tolist() == [[True, False], [False, True]]
    expected = onnx_node("StringConcat", [WORDS, other], opset=20)[0]
    assert StringConcat().eval([WORDS, other])[0].tolist() == expected.tolist()


@pytest.mark.parametrize("delimiter", ["", "-", "--"])
@pytest.mark.parametrize("most", [None, 0, 1, 2])
def test_split(delimiter: str, most: int | None) -> None:
    x = strings(" a b  c ", "", "a--b-c", "-")
    given = {} if most is None else {"maxsplit": most}
    expected = onnx_node("StringSplit", [x], 2, 20, delimiter=delimiter, **given)
    for found, wanted in zip(StringSplit(delimiter, most).eval([x]), expected):
        assert found.tolist() == wanted.tolist()


def test_split_leaves_a_size_to_the_run() -> None:
    context = Context(lambda name: symbol(f"count.{name}"))
    parts, counts = StringSplit().infer([TensorType(DType.STRING, (3,))], context)
    assert parts.rank == 2 and counts == TensorType(DType.I64, (3,)) and len(context.counts) == 1


NUMBERS: list[tuple[Any, str]] = [
    (np.float32(0.1), "0.1"),
    (np.float32(3), "3.0"),
    (np.float32(1e10), "10000000000.0"),
    (np.float64(1e16), "1e+16"),
    (np.float64(12345.678), "12345.678"),
    (np.float64(1.5e-5), "1.5e-05"),
    (np.float64(1e-300), "1e-300"),
    (np.float32(-0.0), "-0.0"),
    (np.float32(np.nan), "NaN"),
    (np.float64(-np.inf), "-INF"),
    (np.int8(-5), "-5"),
    (np.uint64(2**64 - 1), "18446744073709551615"),
    (np.bool_(True), "True"),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_format(number: Any, text: str) -> None:
    assert FormatNumber().eval([np.array(number)])[0].item() == text


PARSED: list[tuple[str, float, int]] = [
    ("1e3", 1000.0, 1000),
    (" -2.9 ", -2.9, -2),
    ("+INF", np.inf, 2**63 - 1),
    ("nan", np.nan, 0),
    ("True", 1.0, 1),
    ("9007199254740993", 9007199254740992.0, 9007199254740993),
    ("1e400", np.inf, 2**63 - 1),
    ("-99999999999999999999", -1e20, -(2**63)),
]


@pytest.mark.parametrize(("text", "real", "whole"), PARSED)
def test_parse(text: str, real: float, whole: int) -> None:
    np.testing.assert_equal(ParseNumber(int(DType.F64)).eval([strings(text)])[0], np.array([real]))
    assert ParseNumber(int(DType.I64)).eval([strings(text)])[0].tolist() == [whole]


@pytest.mark.parametrize("text", ["", "abc", "1_0", "0x1", "1e", "+-1", "infinity"])
def test_no_number(text: str) -> None:
    for dtype in (DType.F64, DType.I64):
        with pytest.raises(OpError, match=f"'{text.replace('+', '.')}' is no number"):
            ParseNumber(int(dtype)).eval([strings(text)])


def test_rows_as_maps() -> None:
    found = ZipMap().eval([strings("a", "b", "a"), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)])
    assert found[0].item().content == [{"a": 3.0, "b": 2.0}, {"a": 6.0, "b": 5.0}]


TEXT, I64 = TensorType(DType.STRING, (2,)), TensorType(DType.I64, (2,))
REFUSED: list[tuple[Op, list[TensorType], str]] = [
    (StringEqual(), [TEXT, I64], "expected strings"),
    (StringConcat(), [TEXT], "operand 1"),
    (StringConcat(), [TEXT, TensorType(DType.STRING, (3,))], "do not broadcast"),
    (StringTranslate(), [TEXT, I64], "the table is"),
    (FormatNumber(), [TEXT], "expected integers"),
    (ParseNumber(int(DType.F32)), [TEXT], "expected f64, i64 or u64"),
    (RegexMatch(()), [TEXT], "no program"),
    (RegexMatch((1, 0, 1, 0, 0, 0)), [TEXT], "instruction 0"),
    (RegexMatch((2, 0, 9)), [TEXT], "instruction 0"),
    (NgramCount(3, 2, 1), [TensorType(DType.I64, (2, 2)), I64, I64, I64], "2 to 1 tokens"),
    (NgramCount(3), [TensorType(DType.I64, (2, 2)), I64, I64, I64], "2 edges have 2 starts"),
    (ZipMap(), [TEXT, TensorType(DType.F32, (4, 3))], "2 keys for rows of 3"),
    (ZipMap(), [TEXT, TensorType(DType.BOOL, (4, 2))], "expected i64 or strings"),
]


@pytest.mark.parametrize(("op", "operands", "reason"), REFUSED)
def test_refused_types(op: Op, operands: list[TensorType], reason: str) -> None:
    with pytest.raises(OpError, match=reason):
        op.infer(operands, Context(lambda name: symbol(name)))
