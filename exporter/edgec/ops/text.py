"""Strings: compared, joined, translated, split, and read and written as numbers.

A string is a sequence of code points, stored as UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.graph import UNBOUNDED
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, broadcast, operand


def text_operand(operands: Operands, index: int, what: str) -> TensorType:
    """Operand `index`. Raises OpError where it is absent or not of strings."""
    found = operand(operands, index, what)
    if found.dtype != DType.STRING:
        raise OpError(f"'{what}' is {found}, expected strings")
    return found


def each(x: Array, function: Any, dtype: Any) -> Array:
    """function(string) for every element."""
    found = [function(text) for text in x.reshape(-1).tolist()]
    result: Array = np.array(found, dtype).reshape(x.shape)
    return result


@register
@dataclass(frozen=True)
class StringEqual(Op):
    """Whether strings are equal. Operands: a, b, broadcast. Result: bool. Source: ONNX Equal."""

    name = "string_equal"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        a, b = text_operand(operands, 0, "a"), text_operand(operands, 1, "b")
        return [TensorType(DType.BOOL, broadcast(a.shape, b.shape))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        a, b = given(operands)
        return [np.asarray(a == b, bool)]


@register
@dataclass(frozen=True)
class StringConcat(Op):
    """b's text behind a's. Operands: a, b, broadcast. Result: strings. Source: ONNX StringConcat."""

    name = "string_concat"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        a, b = text_operand(operands, 0, "a"), text_operand(operands, 1, "b")
        return [TensorType(DType.STRING, broadcast(a.shape, b.shape))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        a, b = given(operands)
        return [np.asarray(a + b, object)]


@register
@dataclass(frozen=True)
class StringTranslate(Op):
    """Code points replaced by others.

    Operands: x, strings of any shape; table i32 [n, 2], constant: code points in rising order, and what
    each becomes. Result: x's type. Source: ONNX StringNormalizer, whose changes of case these are.

    >>> StringTranslate().eval([np.array(["abc"], object), np.array([[97, 65]], np.int32)])[0].tolist()
    ['Abc']
    """

    name = "string_translate"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x, table = text_operand(operands, 0, "x"), operand(operands, 1, "table")
        if table.dtype != DType.I32 or table.rank != 2 or table.shape[1] != 2:
            raise OpError(f"the table is {table}, expected i32[n, 2]")
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, table = given(operands)
        if (np.diff(table[:, 0]) <= 0).any() or ((table < 0) | (table > 0x10FFFF)).any():
            raise OpError("the table does not hold code points in rising order")
        others = dict(table.tolist())
        return [each(x, lambda text: text.translate(others), object)]


@register
@dataclass(frozen=True)
class StringSplit(Op):
    """Strings cut at each `delimiter`; where it is empty, at each run of white space.

    Operand: x. Results: the parts [*x.shape, n], n found by the run, filled up with empty strings; how
    many parts each has, i64 of x's shape. After `most` cuts the rest stays whole. White space at the ends
    makes no parts. All as Python's `str.split` does. Source: ONNX StringSplit.
    """

    name = "string_split"
    delimiter: str = ""
    most: int | None = None

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = text_operand(operands, 0, "x")
        found = context.count(0, x.rank, UNBOUNDED)
        return [TensorType(DType.STRING, (*x.shape, found)), TensorType(DType.I64, x.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        most = -1 if self.most is None else self.most
        parts = [text.split(self.delimiter or None, most) for text in x.reshape(-1).tolist()]
        counts = np.array([len(p) for p in parts], np.int64)
        result = np.full((len(parts), int(counts.max(initial=0))), "", object)
        for row, found in zip(result, parts):
            row[: len(found)] = found
        return [result.reshape(*x.shape, result.shape[1]), counts.reshape(x.shape)]


@register
@dataclass(frozen=True)
class FormatNumber(Op):
    """Numbers written as text.

    Operand: x, integers, bool, f32 or f64. Floats have the fewest digits that read back as the same
    number, in plain notation ("3.0", "0.001") from 1e-4 to below 1e16, else as "1e-05" or "2.5e+20"; those
    that are none are "NaN", "INF" and "-INF". bool is "True" or "False". Source: ONNX Cast.
    """

    name = "format_number"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if not (x.dtype.is_int or x.dtype in (DType.BOOL, DType.F32, DType.F64)):
            raise OpError(f"x is {x}, expected integers, bool, f32 or f64")
        return [TensorType(DType.STRING, x.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        write = _float_text if x.dtype.kind == "f" else str
        return [np.array([write(v) for v in x.reshape(-1)], object).reshape(x.shape)]


def _float_text(value: Any) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "INF" if value > 0 else "-INF"
    if value == 0 or 1e-4 <= abs(value) < 1e16:
        return np.format_float_positional(value, unique=True, trim="0")
    return np.format_float_scientific(value, unique=True, trim="-", exp_digits=2)


@register
@dataclass(frozen=True)
class ParseNumber(Op):
    """Numbers read from text, as f64, i64 or u64 (`dtype`).

    Operand: x. A number is decimal, with or without a sign, a fraction and an exponent, or "INF", "NaN",
    "True" or "False" in any case; blanks around it do not count. Integers are exact; where the text has a
    fraction or exponent they are truncated, and what is out of range is the nearest there is. Anything else
    is an error of the run. Source: ONNX Cast.

    >>> ParseNumber(int(DType.I64)).eval([np.array(["7", " -2.5 "], object)])[0].tolist()
    [7, -2]
    """

    name = "parse_number"
    dtype: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = text_operand(operands, 0, "x")
        if self.dtype not in (DType.F64, DType.I64, DType.U64):
            raise OpError(f"numbers are {DType(self.dtype).text}, expected f64, i64 or u64")
        return [TensorType(DType(self.dtype), x.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        kind = DType(self.dtype).numpy
        read = _float_of if self.dtype == DType.F64 else lambda text: _integer_of(text, np.iinfo(kind))
        return [each(x, read, kind)]


_WORDS = {"TRUE": 1.0, "FALSE": 0.0, "INF": np.inf, "+INF": np.inf, "-INF": -np.inf, "NAN": np.nan}
_BLANKS = " \t\n\r\v\f"


def _float_of(text: str) -> float:
    word = text.strip(_BLANKS)
    if word.upper() in _WORDS:
        return _WORDS[word.upper()]
    if not word or set(word) - set("0123456789+-.eE"):
        raise OpError(f"'{text}' is no number")
    try:
        return float(word)
    except ValueError:
        raise OpError(f"'{text}' is no number") from None


def _integer_of(text: str, limits: Any) -> int:
    word = text.strip(_BLANKS)
    digits = word[1:] if word[:1] in ("+", "-") else word
    if digits and not set(digits) - set("0123456789"):
        return min(max(int(word), int(limits.min)), int(limits.max))
    number = _float_of(text)
    if not np.isfinite(number):
        return int(limits.max) if number > 0 else int(limits.min) if number < 0 else 0
    return min(max(int(number), int(limits.min)), int(limits.max))
