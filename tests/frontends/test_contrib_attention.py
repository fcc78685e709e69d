"""The attention operators of com.microsoft against ONNX Runtime: caches, masks, packing; a case is data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contrib_models import Array, Case, check, f, i8, u8
from onnx_models import imported

from edgec.frontends.onnx import ExportError

# batch 2, 3 queries, 2 heads of 4; 5 keys of the past
X, W, B = f(2, 3, 6), f(6, 24), f(24)
PAST = f(2, 2, 2, 5, 4)
Q, K, V = f(2, 3, 8), f(2, 4, 8), f(2, 4, 8)
PAST_KEY, PAST_VALUE = f(2, 2, 5, 4), f(2, 2, 5, 4)
TWO = {"num_heads": 2}
BOTH = ("y", "present")
CACHES = ("y", "keys", "values")
COS, SIN = np.cos(f(20, 4)), np.sin(f(20, 4))
WIDE_COS, WIDE_SIN = np.cos(f(20, 8)), np.sin(f(20, 8))


def i32(*values: Any) -> Array:
    return np.array(values, np.int32)


def attention(attributes: dict[str, Any], *inputs: Array | None, **more: Any) -> Case:
    return Case("Attention", {**TWO, **attributes}, inputs, **more)


def multi_head(attributes: dict[str, Any], *inputs: Array | None, **more: Any) -> Case:
    return Case("MultiHeadAttention", {**TWO, **attributes}, inputs, **more)


def unpacked(packed: Array) -> list[Array]:
    batch, length, _, parts, _ = packed.shape
    return [packed[:, :, :, i].reshape(batch, length, -1) for i in range(parts)]


def apart(packed: Array, *more: Array) -> list[Array]:
    """What ONNX Runtime makes of the parts; it takes packed ones only on GPUs."""
    return multi_head({}, *unpacked(packed), *more).expected()


ATTENTION = [
    attention({}, X, W, B),
    attention({}, X, W, None, judge=lambda x, w: attention({}, x, w, 0 * B).expected()),
    attention({"scale": 0.3}, X, W, B, sizes={0: "batch length 6"}),
    attention({"unidirectional": 1}, X, W, B, results=BOTH),
    attention({"unidirectional": 1}, X, W, B, None, PAST, results=BOTH),
    attention({}, X, W, B, None, PAST, results=BOTH, sizes={0: "b s 6", 4: "2 b 2 p 4"}),
    attention({}, X, W, B, i32(3, 2)),
    attention({}, X, W, B, i32(3, 2, 1, 0)),
    attention({}, X, W, B, i32([1, 1, 0], [1, 0, 0]), sizes={0: "b s 6", 3: "b s"}),
    attention({"mask_filter_value": -1.0}, X, W, B, i32([1, 1, 0], [1, 0, 1])),
    attention({}, X, W, B, i32(*np.tril(np.ones((2, 3, 3))))),
    attention({"unidirectional": 1}, X, W, B, i32([0, 1, 1], [1, 1, 1])),
    attention({"unidirectional": 1}, X, W, B, i32(*np.ones((2, 8))), PAST, results=BOTH),
    attention({}, X, W, B, None, None, f(2, 2, 3, 3)),
    attention({}, X, W, B, i32([1, 1, 0], [1, 0, 0]), None, f(1, 2, 3, 3)),
    attention({"qkv_hidden_sizes": [8, 8, 12]}, X, f(6, 28), f(28)),
]
MULTI_HEAD = [
    multi_head({}, Q, K, V),
    multi_head({"scale": 0.4}, Q, K, V, B, sizes={0: "b s 8", 1: "b t 8", 2: "b t 8"}),
    multi_head({}, Q, K, f(2, 4, 12), f(28)),
    multi_head({}, Q, K, V, None, i32(4, 2)),
    multi_head({}, Q, K, V, None, i32([1, 1, 0, 0], [1, 1, 1, 0])),
    multi_head({"mask_filter_value": -2.0}, Q, K, V, None, i32(*np.tril(np.ones((2, 3, 4))))),
    multi_head({}, Q, K, V, None, None, f(2, 2, 3, 4)),
    multi_head({}, Q, K, V, None, None, f(1, 1, 3, 4)),
    multi_head({"unidirectional": 1}, Q, f(2, 3, 8), f(2, 3, 8), B),
    multi_head({}, Q, K, V, B, None, None, PAST_KEY, PAST_VALUE, results=CACHES),
    multi_head(
        {"unidirectional": 1},
        *(Q, f(2, 3, 8), f(2, 3, 8), None, None, None, PAST_KEY, PAST_VALUE),
        results=CACHES,
        sizes={0: "b s 8", 1: "b s 8", 2: "b s 8", 6: "b 2 p 4", 7: "b 2 p 4"},
    ),
    multi_head({}, Q, PAST_KEY, PAST_VALUE),
    multi_head({}, Q, PAST_KEY, PAST_VALUE, f(24)),
    multi_head({}, f(2, 3, 2, 3, 4), judge=apart),
    multi_head({}, f(2, 3, 2, 3, 4), None, None, B, i32(3, 1), judge=apart),
    multi_head({}, Q, f(2, 4, 2, 2, 4), judge=lambda q, kv: multi_head({}, q, *unpacked(kv)).expected()),
    multi_head({}, Q, K, V, results=("y", "", "", "scores")),
    multi_head({}, Q, K, V, None, i32([1, 1, 0, 0], [1, 1, 1, 0]), results=CACHES),
]


def grouped(
    attributes: dict[str, Any], *inputs: Array | None, lengths: Array, total: int, **more: Any
) -> Case:
    """4 heads of queries and 2 of keys; inputs behind total_sequence_length follow the first five."""
    settings = {"num_heads": 4, "kv_num_heads": 2, **attributes}
    head, tail = [*inputs[:5], *[None] * (5 - len(inputs[:5]))], inputs[5:]
    given = [*head, lengths, np.int32(total), *tail]
    return Case("GroupQueryAttention", settings, given, CACHES, **more)


PROMPT = (f(2, 3, 32), f(2, 3, 16), f(2, 3, 16))
STEP = (f(2, 1, 32), f(2, 1, 16), f(2, 1, 16))
ONE = (f(1, 3, 32), f(1, 3, 16), f(1, 3, 16))
ROOM, SHORT = (f(2, 2, 10, 8), f(2, 2, 10, 8)), (f(2, 2, 5, 8), f(2, 2, 5, 8))
WIDE = (f(2, 3, 64), f(2, 3, 32), f(2, 3, 32))
WIDE_STEP = (f(2, 1, 64), f(2, 1, 32), f(2, 1, 32))
WIDE_ROOM, WIDE_SHORT = (f(2, 2, 10, 16), f(2, 2, 10, 16)), (f(2, 2, 5, 16), f(2, 2, 5, 16))
EVEN, RAGGED = i32(5, 5), i32(5, 3)


def filled(name: str, array: Array) -> Array:
    """Of caches with room, the rows that hold something: sequences of 6 and 4."""
    if name == "y":
        return array
    return np.concatenate([array[0, :, :6].reshape(-1), array[1, :, :4].reshape(-1)])


GROUPED = [
    grouped({}, *PROMPT, lengths=i32(2, 2), total=3),
    grouped({"scale": 0.2, "softcap": 1.5}, *PROMPT, lengths=i32(2, 2), total=3),
    grouped({}, f(2, 3, 64), lengths=i32(2, 2), total=3),
    grouped({}, *STEP, *SHORT, lengths=EVEN, total=6),
    grouped(
        {},
        *STEP,
        *SHORT,
        lengths=EVEN,
        total=6,
        sizes={0: "b s 32", 1: "b s 16", 2: "b s 16", 3: "b 2 p 8", 4: "b 2 p 8", 5: "b"},
    ),
    grouped({}, *STEP, *ROOM, lengths=RAGGED, total=6, kept=filled),
    grouped({}, *STEP, *SHORT, lengths=RAGGED, total=6, kept=filled),
    grouped({"local_window_size": 2}, *PROMPT, lengths=i32(2, 2), total=3),
    grouped({"local_window_size": 3}, *STEP, *SHORT, lengths=EVEN, total=6),
    grouped({"smooth_softmax": 1}, *PROMPT, lengths=i32(2, 2), total=3),
    grouped({"do_rotary": 1}, *WIDE, None, None, WIDE_COS, WIDE_SIN, lengths=i32(2, 2), total=3),
    grouped(
        {"do_rotary": 1, "rotary_interleaved": 1},
        *WIDE_STEP,
        *WIDE_SHORT,
        WIDE_COS,
        WIDE_SIN,
        lengths=EVEN,
        total=6,
    ),
    grouped(
        {"do_rotary": 1}, *WIDE_STEP, *WIDE_ROOM, WIDE_COS, WIDE_SIN, lengths=RAGGED, total=6, kept=filled
    ),
    grouped(
        {"do_rotary": 1},
        *WIDE_STEP,
        *WIDE_SHORT,
        WIDE_COS,
        WIDE_SIN,
        np.int64([[5], [5]]),
        lengths=EVEN,
        total=6,
    ),
    grouped({}, *PROMPT, None, None, None, None, None, f(2, 4, 3, 3), lengths=i32(2, 2), total=3),
    grouped(
        {"softcap": 2.0}, *PROMPT, None, None, None, None, None, f(1, 1, 3, 3), lengths=i32(2, 2), total=3
    ),
    grouped({}, *PROMPT, None, None, None, None, None, None, f(4), lengths=i32(2, 2), total=3),
    grouped({}, *ONE, f(1, 2, 5, 8), f(1, 2, 5, 8), lengths=i32(7), total=8),
    grouped({"causal": 0}, *PROMPT, lengths=i32(2, 2), total=3),
]
STEP_QUERY = f(2, 1, 8)


def decoding(*inputs: Array | None, **more: Any) -> Case:
    return Case("DecoderMaskedMultiHeadAttention", TWO, inputs, **more)


def as_multi_head(query: Array, key: Array, value: Array, *past: Array) -> list[Array]:
    """ONNX Runtime takes a past only in a buffer that its result shares."""
    return multi_head({}, query, key, value, None, None, None, *past, results=CACHES).expected()


DECODING = [
    decoding(
        *(STEP_QUERY, f(2, 1, 8), f(2, 1, 8), None, None, PAST_KEY, PAST_VALUE),
        results=CACHES,
        judge=as_multi_head,
    ),
    decoding(STEP_QUERY, PAST_KEY, PAST_VALUE, i32([1, 1, 0, 1, 1], [1, 1, 1, 1, 0])),
    decoding(STEP_QUERY, PAST_KEY, PAST_VALUE, *[None] * 7, f(24)),
]
PLACES = np.int64([[0, 1, 2], [4, 5, 7]])
ROTARY = [
    Case("RotaryEmbedding", {}, [f(2, 3, 16), PLACES, COS, SIN]),
    Case("RotaryEmbedding", {"interleaved": 1}, [f(2, 3, 16), PLACES, COS, SIN]),
    Case("RotaryEmbedding", {}, [f(2, 3, 16), np.int64([4]), COS, SIN], sizes={0: "b s 16"}),
    Case("RotaryEmbedding", {}, [f(2, 2, 3, 8), PLACES, COS, SIN]),
    Case("RotaryEmbedding", {"interleaved": 1}, [f(2, 2, 3, 8), np.int64([2]), COS, SIN]),
    Case(
        "RotaryEmbedding",
        {"num_heads": 2, "rotary_embedding_dim": 8},
        [f(2, 3, 24), PLACES, COS, SIN],
    ),
    Case(
        "RotaryEmbedding",
        {"num_heads": 2, "rotary_embedding_dim": 8, "interleaved": 1},
        [f(2, 3, 24), np.int64([3]), COS, SIN],
    ),
    Case("RotaryEmbedding", {"scale": 3.0}, [f(2, 3, 16), PLACES, COS, SIN]),
]
SCALES = (np.float32(0.02), np.float32(0.01))
HALVES = (np.float16(0.02), np.float16(0.01))
QUANTIZED = [
    Case("QAttention", TWO, [u8(2, 3, 6), i8(6, 24), B, *SCALES, None, np.uint8(120), np.int8(3)]),
    Case("QAttention", TWO, [u8(2, 3, 6), u8(6, 24), B, *SCALES, None, np.uint8(120), np.uint8(130)]),
    Case("QAttention", TWO, [u8(2, 3, 6), i8(6, 24), B, *SCALES, i32(3, 2), np.uint8(120), np.int8(3)]),
    Case(
        "QAttention",
        {**TWO, "unidirectional": 1},
        [u8(2, 3, 6), i8(6, 24), B, *SCALES, None, np.uint8(120), np.int8(3), PAST],
        BOTH,
    ),
    Case(
        "QAttention",
        TWO,
        [u8(2, 3, 6), i8(6, 24), B, SCALES[0], np.abs(f(24)) / 50, None, np.uint8(120), i8(24)],
        constants=[1, 7],
    ),
]


@pytest.mark.parametrize(
    "case", ATTENTION + MULTI_HEAD + DECODING + GROUPED + ROTARY + QUANTIZED, ids=lambda case: case.name
)
def test_operator(case: Case) -> None:
    check(case)


REFUSED = [
    (attention({"do_rotary": 1}, X, W, B), "attribute do_rotary"),
    (attention({}, X, W, B, i32(*range(8))), "lengths and their sums"),
    (grouped({"sliding_window_cache": 1}, *STEP, *SHORT, lengths=EVEN, total=6), "as long as a window"),
    (Case("RotaryEmbedding", {"is_packed_batching": 1}, [f(2, 3, 16), PLACES, COS, SIN]), "packed batches"),
    (multi_head({}, Q), "neither keys and values"),
    (multi_head({}, f(2, 3, 2, 4, 4)), "expected 3 on axis 3"),
    (attention({}, X[0], W, B), r"input 0 is f32\[3, 6\], expected rank 3"),
    (
        grouped({"kv_num_heads": 0}, *STEP, *SHORT, lengths=EVEN, total=6),
        "expected a multiple of kv_num_heads",
    ),
]


@pytest.mark.parametrize("case, part", REFUSED, ids=lambda x: getattr(x, "name", ""))
def test_refused(case: Case, part: str) -> None:
    with pytest.raises(ExportError, match=part):
        imported(case.model())
