"""TfIdfVectorizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.lookup import Lookup
from edgec.ops.ngrams import NgramCount

Array = np.ndarray[Any, Any]


@onnx_op("TfIdfVectorizer")
def tfidf_vectorizer(b: Builder, call: Call) -> Value:
    """How often n-grams occur (TF), whether they do (IDF), or the former times weights (TFIDF)."""
    x, columns = call.operand(0), call.integers("ngram_indexes")
    least, most = call.integer("min_gram_length"), call.integer("max_gram_length")
    if x.rank > 2:
        raise OpError(f"the input is {x.type}, expected [C] or [N, C]")
    if min(columns, default=-1) < 0:
        raise OpError("ngram_indexes is empty or has negative entries")
    tokens, pool = _tokens(b, call, x)
    grams = _ngrams(pool, call.integers("ngram_counts"), least, most)
    tree = [b.constant(part) for part in ngram_tree(grams, columns)]
    width = max(columns) + 1
    rows = tokens if x.rank == 2 else b.reshape(tokens, (1, product(x.shape)))
    counts = b.one(NgramCount(width, least, most, call.integer("max_skip_count")), rows, *tree)
    result = _weighted(b, call, counts)
    return result if x.rank == 2 else b.reshape(result, (width,))


def _tokens(b: Builder, call: Call, x: Value) -> tuple[Value, list[int]]:
    """The input and the pool as i64: strings are their places among the different ones of the pool."""
    if x.dtype == DType.STRING:
        words = call.texts("pool_strings")
        different = sorted(set(words))
        place = {word: i for i, word in enumerate(different)}
        keys = b.constant(np.array(different, object), DType.STRING)
        return b.one(Lookup(), x, keys), [place[word] for word in words]
    if not x.dtype.is_int or call.texts("pool_strings"):
        raise OpError(f"the input is {x.type}, expected what the pool holds, strings or integers")
    return b.cast(x, DType.I64), list(call.integers("pool_int64s", ()))


def _ngrams(
    pool: Sequence[int], starts: Sequence[int], least: int, most: int
) -> list[tuple[tuple[int, ...], int]]:
    """The n-grams of `least` to `most` tokens with their numbers in the pool."""
    found, number = [], 0
    for length, (first, last) in enumerate(zip(starts, [*starts[1:], len(pool)]), 1):
        if not 0 <= first <= last <= len(pool):
            raise OpError(f"ngram_counts is {tuple(starts)}, expected rising places in a pool of {len(pool)}")
        for at in range(first, last - length + 1, length):
            if least <= length <= most:
                found.append((tuple(pool[at : at + length]), number))
            number += 1
    return found


def ngram_tree(
    grams: Sequence[tuple[tuple[int, ...], int]], columns: Sequence[int]
) -> tuple[Array, Array, Array]:
    """starts, keys and columns of `ngram_count` for n-grams and, by number, where they are counted."""
    root: dict[int, Any] = {}
    ends: dict[int, int] = {}  # by the id of the dict that an n-gram ends in
    for gram, number in grams:
        if number >= len(columns):
            raise OpError(f"there are {len(columns)} ngram_indexes, too few for the pool")
        node = root
        for token in gram:
            node = node.setdefault(token, {})
        ends[id(node)] = columns[number]
    starts, keys, found, queue = [0], [], [], [root]
    for node in queue:  # grows while it is walked
        for token in sorted(node):
            keys.append(token)
            found.append(ends.get(id(node[token]), -1))
            queue.append(node[token])
        starts.append(len(keys))
    return np.array(starts, np.int64), np.array(keys, np.int64), np.array(found, np.int64)


def _weighted(b: Builder, call: Call, counts: Value) -> Value:
    mode, weights = call.text("mode"), call.reals("weights")
    if mode not in ("TF", "IDF", "TFIDF"):
        raise OpError(f"mode is '{mode}', expected TF, IDF or TFIDF")
    if mode == "IDF":
        counts = b.cast(b.binary("gt", counts, b.constant(0.0, DType.F32)), DType.F32)
    if mode == "TF" or not weights:
        return counts
    columns = call.integers("ngram_indexes")
    if len(columns) != len(weights):
        raise OpError(f"there are {len(weights)} weights for {len(columns)} n-grams")
    placed = np.zeros(max(columns) + 1, np.float32)
    placed[list(columns)] = weights
    return b.binary("mul", counts, b.constant(placed))
