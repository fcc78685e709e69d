"""Tensors of strings: NumPy arrays of str, and the library's views of UTF-8 bytes (edgert_string)."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from edgert.errors import InputError

Array = np.ndarray[Any, Any]

_VIEW = np.dtype([("data", np.uintp), ("bytes", np.uint64)], align=True)


def as_strings(value: Any, name: str) -> Array:
    """`value` as a C-contiguous array of str or bytes objects. Raises InputError for anything else."""
    array = np.asarray(value)
    if array.dtype.kind == "T" or (array.size == 0 and not isinstance(value, np.ndarray)):
        array = array.astype(object)
    if array.dtype.kind not in "OUS":
        raise InputError(f"input '{name}' is {array.dtype}, expected an array of str")
    return np.ascontiguousarray(array.astype(object)).reshape(array.shape)


def views_of(array: Array, name: str) -> tuple[Array, Any]:
    """The views of an array of str or bytes, and what must stay alive as long as they are used.

    Raises InputError for an element that is neither, or has no UTF-8 form.
    """
    encoded = [_encoded(text, name) for text in array.reshape(-1).tolist()]
    text = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
    views = np.zeros(len(encoded), _VIEW)
    views["bytes"] = [len(e) for e in encoded]
    begins = np.zeros(len(encoded), np.uintp)
    np.cumsum(views["bytes"][:-1], out=begins[1:])
    views["data"] = begins + np.uintp(text.ctypes.data)
    return views, (views, text)


def from_views(address: int, shape: tuple[int, ...]) -> Array:
    """The array of str that views at `address` show. Bytes that are no UTF-8 become lone surrogates."""
    array = np.empty(shape, object)
    if array.size:
        raw = ctypes.string_at(address, array.size * _VIEW.itemsize)
        views = np.frombuffer(raw, _VIEW)
        found = [
            ctypes.string_at(data, size).decode("utf-8", "surrogateescape") if size else ""
            for data, size in zip(views["data"].tolist(), views["bytes"].tolist())
        ]
        array.reshape(-1)[:] = found
    return array


def _encoded(text: Any, name: str) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise InputError(f"input '{name}' holds {text!r}, expected str")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InputError(f"input '{name}': {text!r} has no UTF-8 form: {error.reason}") from error
