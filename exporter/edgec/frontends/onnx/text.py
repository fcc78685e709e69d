"""Operators on strings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.regex import compile_pattern
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import eq, maximum
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.lookup import Lookup
from edgec.ops.regex import RegexMatch
from edgec.ops.select import Compress
from edgec.ops.text import FormatNumber, ParseNumber, StringConcat, StringSplit, StringTranslate
from edgec.ops.view import Pad

Array = np.ndarray[Any, Any]


def numbers_of(b: Builder, x: Value, dtype: DType) -> Value:
    """Strings read as numbers: a Cast from strings."""
    if not dtype.is_arithmetic:
        raise OpError(f"text is read as numbers, not as {dtype.text}")
    read = dtype if dtype is DType.U64 else DType.I64 if dtype.is_int else DType.F64
    return b.cast(b.one(ParseNumber(int(read)), x), dtype)


def text_of(b: Builder, x: Value) -> Value:
    """Numbers written as text: a Cast to strings. Small floats are written as the f32 that they are."""
    if not x.dtype.is_arithmetic:
        raise OpError(f"numbers are written as text, not {x.dtype.text}")
    plain = x.dtype.is_int or x.dtype in (DType.BOOL, DType.F64)
    return b.one(FormatNumber(), x if plain else b.cast(x, DType.F32))


@onnx_op("StringConcat")
def string_concat(b: Builder, call: Call) -> Value:
    return b.one(StringConcat(), call.operand(0), call.operand(1))


@onnx_op("StringSplit")
def string_split(b: Builder, call: Call) -> Sequence[Value]:
    most = call.integer("maxsplit") if call.has("maxsplit") else None
    return b.emit(StringSplit(call.text("delimiter", ""), most), [call.operand(0)])


@onnx_op("RegexFullMatch")
def regex_full_match(b: Builder, call: Call) -> Value:
    return b.one(RegexMatch(*compile_pattern(call.text("pattern"))), call.operand(0))


@onnx_op("StringNormalizer")
def string_normalizer(b: Builder, call: Call) -> Value:
    """Elements that are stop words go, the case of the others changes; if all go, "" is left."""
    x, stops = call.operand(0), call.texts("stopwords")
    if x.rank not in (1, 2):
        raise OpError(f"the input is {x.type}, expected [C] or [1, C]")
    result = _changed_case(b, x, call.text("case_change_action", "NONE"))
    if not stops:
        return result
    if x.rank == 2:
        b.guard(eq(x.shape[0], 1), f"the input is {x.type}, expected [C] or [1, C]")
    words: Array = np.array(stops, object)
    if not call.flag("is_case_sensitive"):
        x = _changed_case(b, x, "LOWER")
        words = StringTranslate().eval([words, case_table("LOWER")])[0]
    place = b.one(Lookup(), x, b.constant(words, DType.STRING))
    others = b.binary("eq", place, b.constant(len(words), DType.I64))
    size = x.shape[-1]
    kept = b.one(Compress(0), b.reshape(result, (size,)), b.reshape(others, (size,)))
    fill = b.constant(np.array("", object), DType.STRING)
    kept = b.one(Pad("constant", (0, maximum(1 - kept.shape[0], 0))), kept, fill)
    return kept if x.rank == 1 else b.reshape(kept, (1, *kept.shape))


def _changed_case(b: Builder, x: Value, action: str) -> Value:
    if action == "NONE":
        return x
    if action not in ("LOWER", "UPPER"):
        raise OpError(f"case_change_action is '{action}', expected LOWER, UPPER or NONE")
    return b.one(StringTranslate(), x, b.constant(case_table(action)))


@lru_cache(maxsize=2)
def case_table(action: str) -> Array:
    """The table of `string_translate` for all code points whose other case is one code point."""
    change = str.lower if action == "LOWER" else str.upper
    pairs = ((point, change(chr(point))) for point in range(0x110000))
    return np.array([(p, ord(c)) for p, c in pairs if len(c) == 1 and ord(c) != p], np.int32)
