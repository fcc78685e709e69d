"""How constants of strings lie in a file: where each begins, then all their bytes.

n strings are n + 1 offsets (u64, the first 0, never falling), then UTF-8 without terminators; string i is the
bytes from offset i up to offset i + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from edgec.format.tables import FormatError

Array = np.ndarray[Any, Any]

KIND = "strings"


def pack_strings(tensor: Array) -> Array:
    """The stored bytes (u8) of a tensor of str. Raises FormatError for an element that is no text.

    >>> pack_strings(np.array(["a", "é"], object)).tobytes()[24:].decode()
    'aé'
    """
    encoded = [_encoded(text) for text in np.asarray(tensor).reshape(-1).tolist()]
    offsets = np.zeros(len(encoded) + 1, "<u8")
    np.cumsum([len(e) for e in encoded], out=offsets[1:], dtype="<u8")
    return np.frombuffer(offsets.tobytes() + b"".join(encoded), np.uint8)


def unpack_strings(stored: Array, shape: Sequence[int]) -> Array:
    """The tensor of str (dtype object) of `shape`: the inverse of `pack_strings`.

    Raises FormatError where the bytes hold something else.
    """
    count, raw = prod(shape), stored.tobytes()
    if count < 0 or (count + 1) * 8 > len(raw):
        raise FormatError(f"{len(raw)} bytes hold no offsets of {count} strings")
    offsets = [int(o) for o in np.frombuffer(raw, "<u8", count + 1)]
    text = raw[8 * (count + 1) :]
    if offsets[0] != 0 or offsets[-1] != len(text) or any(a > b for a, b in zip(offsets, offsets[1:])):
        raise FormatError(f"the offsets of {count} strings are not within their {len(text)} bytes")
    found = np.empty(count, object)
    try:
        found[:] = [text[a:b].decode() for a, b in zip(offsets, offsets[1:])]
    except UnicodeDecodeError as error:
        raise FormatError(f"a string is not UTF-8: {error}") from error
    return found.reshape(tuple(shape))


def _encoded(text: Any) -> bytes:
    if not isinstance(text, str):
        raise FormatError(f"an element of a tensor of strings is {text!r}, expected a str")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(f"string {text!r} has no UTF-8 form: {error}") from error
