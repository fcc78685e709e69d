"""Strings: compared, joined, split, written and read as numbers, counted by n-grams."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgec.ir.dims import product
from edgec.ir.graph import Node
from edgec.ir.types import DType
from edgec.ops.base import Array
from edgec.ops.ngrams import NgramCount
from edgec.ops.regex import RegexMatch
from edgec.ops.text import ParseNumber, StringSplit
from edgec.writers.onnx.automaton import pattern_of
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.ml import contents
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.view import op_of, reshape


@writes("string_equal")
def write_string_equal(scope: Scope, node: Node) -> str:
    scope.target.since(19, node.name, "Equal of strings")
    return scope.emit("Equal", *scope.names(node.inputs))


@writes("string_concat")
def write_string_concat(scope: Scope, node: Node) -> str:
    return scope.emit("StringConcat", *scope.names(node.inputs))


@writes("string_split")
def write_string_split(scope: Scope, node: Node) -> list[str]:
    op = op_of(node, StringSplit)
    return scope.emit_many(
        "StringSplit", scope.names(node.inputs), 2, delimiter=op.delimiter or None, maxsplit=op.most
    )


@writes("regex_match")
def write_regex_match(scope: Scope, node: Node) -> str:
    op = op_of(node, RegexMatch)
    return scope.emit("RegexFullMatch", *scope.names(node.inputs), pattern=pattern_of(op.code, op.ranges))


@writes("format_number")
def write_format_number(scope: Scope, node: Node) -> str:
    x = node.operand(0)
    return scope.cast(scope.name(x), x.dtype, DType.STRING)


@writes("parse_number")
def write_parse_number(scope: Scope, node: Node) -> str:
    return scope.cast(scope.name(node.operand(0)), DType.STRING, DType(op_of(node, ParseNumber).dtype))


@writes("string_translate")
def write_string_translate(scope: Scope, node: Node) -> str:
    """StringNormalizer, which changes the case of a vector of strings and can do nothing else."""
    x = node.operand(0)
    table = contents(scope, node.operand(1), "what code points become")
    action = next((a for a in ("LOWER", "UPPER") if np.array_equal(_case_table(a), table)), None)
    if action is None:
        raise OnnxError(f"'{node.name}': ONNX translates code points to upper or lower case only")
    flat = reshape(scope, scope.name(x), x.shape, (product(x.shape),))
    changed = scope.emit("StringNormalizer", flat, case_change_action=action, is_case_sensitive=1)
    return reshape(scope, changed, (product(x.shape),), x.shape)


@lru_cache(maxsize=2)
def _case_table(action: str) -> Array:
    """All code points whose other case is one code point, and what that is."""
    change = str.lower if action == "LOWER" else str.upper
    pairs = ((point, change(chr(point))) for point in range(0x110000))
    return np.array([(p, ord(c)) for p, c in pairs if len(c) == 1 and ord(c) != p], np.int32)


@writes("ngram_count")
def write_ngram_count(scope: Scope, node: Node) -> str:
    op, x = op_of(node, NgramCount), node.operand(0)
    starts, keys, columns = (contents(scope, node.operand(i), "the n-grams") for i in (1, 2, 3))
    grams = [g for g in _ngrams(starts, keys, columns) if op.least <= len(g[0]) <= op.most]
    by_length = [[g for g in grams if len(g[0]) == n] for n in range(1, op.most + 1)]
    sizes = [n * len(group) for n, group in enumerate(by_length, 1)]
    ordered = [g for group in by_length for g in group]
    width = max((column for _, column in ordered), default=-1) + 1
    if width != op.width:
        raise OnnxError(f"'{node.name}': the last of {op.width} columns counts no n-gram")
    return scope.emit(
        "TfIdfVectorizer",
        scope.name(x),
        mode="TF",
        min_gram_length=op.least,
        max_gram_length=op.most,
        max_skip_count=op.skips,
        pool_int64s=[token for tokens, _ in ordered for token in tokens],
        ngram_counts=[sum(sizes[:n]) for n in range(op.most)],
        ngram_indexes=[column for _, column in ordered],
    )


def _ngrams(starts: Array, keys: Array, columns: Array) -> list[tuple[list[int], int]]:
    """The tokens and the column of each n-gram of the tree."""
    found: list[tuple[list[int], int]] = []
    stack: list[tuple[int, list[int]]] = [(0, [])]
    while stack:
        place, tokens = stack.pop()
        for edge in range(int(starts[place]), int(starts[place + 1])):
            longer = [*tokens, int(keys[edge])]
            if columns[edge] >= 0:
                found.append((longer, int(columns[edge])))
            stack.append((edge + 1, longer))
    return found
