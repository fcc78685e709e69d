"""The shared library: where it is, its structs and its functions (edgert.h)."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from typing import Any

from edgert.errors import EdgertError, make_error

MAX_RANK = 12
VERIFY, STRICT = 1, 2


class Library(ctypes.CDLL):
    """The loaded library; its functions are typed when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)
        plain = name.removeprefix("edgert_")
        if plain in _FUNCTIONS:
            function.argtypes = _FUNCTIONS[plain]
            function.restype = _PLAIN.get(plain, ctypes.c_int32)
        return function


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("device", ctypes.c_char_p),
        ("entry", ctypes.c_char_p),
        ("threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("memory_limit", ctypes.c_uint64),
        ("step_limit", ctypes.c_uint64),
        ("cl_context", ctypes.c_void_p),
        ("cl_queue", ctypes.c_void_p),
        ("memory_budget", ctypes.c_uint64),
        ("tuning", ctypes.c_char_p),
    ]


class SpecStruct(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("reserved", ctypes.c_int32),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("dims", ctypes.c_int64 * MAX_RANK),
        ("dim_texts", ctypes.c_char_p * MAX_RANK),
        ("type", ctypes.c_char_p),
    ]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("dims", ctypes.c_int64 * MAX_RANK),
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_uint64),
    ]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.dims[: self.rank])


_POINTER = ctypes.c_void_p
_OUT = ctypes.POINTER
# name -> argument types; those in _PLAIN return what it says, the others a status
_FUNCTIONS: dict[str, list[Any]] = {
    "version": [],
    "last_error": [],
    "load_path": [ctypes.c_char_p, _OUT(Options), _OUT(_POINTER)],
    "load_memory": [_POINTER, ctypes.c_size_t, _OUT(Options), _OUT(_POINTER)],
    "load_fd": [ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64, _OUT(Options), _OUT(_POINTER)],
    "clone": [_POINTER, _OUT(_POINTER)],
    "close": [_POINTER],
    "input_count": [_POINTER],
    "output_count": [_POINTER],
    "input_spec": [_POINTER, ctypes.c_int32, _OUT(SpecStruct)],
    "output_spec": [_POINTER, ctypes.c_int32, _OUT(SpecStruct)],
    "set_input": [_POINTER, ctypes.c_int32, _OUT(Tensor)],
    "set_output": [_POINTER, ctypes.c_int32, _OUT(Tensor)],
    "run": [_POINTER],
    "get_output": [_POINTER, ctypes.c_int32, _OUT(Tensor)],
    "get_output_device": [
        _POINTER,
        ctypes.c_int32,
        _OUT(Tensor),
        _OUT(_POINTER),
        _OUT(ctypes.c_uint64),
    ],
    "set_input_device": [_POINTER, ctypes.c_int32, _OUT(Tensor), _POINTER, ctypes.c_uint64],
    "cancel": [_POINTER],
    "reset": [_POINTER],
    "value_tensor": [_OUT(Tensor), _OUT(_POINTER)],
    "value_sequence": [_OUT(_POINTER), ctypes.c_int64, _OUT(_POINTER)],
    "value_map": [_POINTER, _POINTER, _OUT(_POINTER)],
    "value_free": [_POINTER],
    "value_copy": [_POINTER, _OUT(_POINTER)],
    "value_kind": [_POINTER],
    "value_count": [_POINTER],
    "value_item": [_POINTER, ctypes.c_int64, _OUT(_POINTER)],
    "value_get_tensor": [_POINTER, _OUT(Tensor)],
    "set_input_value": [_POINTER, ctypes.c_int32, _POINTER],
    "get_output_value": [_POINTER, ctypes.c_int32, _OUT(_POINTER)],
    "describe": [_POINTER, _OUT(ctypes.c_char_p)],
    "profile": [_POINTER, ctypes.c_int32],
    "keep_values": [_POINTER, ctypes.c_int32],
    "name_count": [_POINTER],
    "name": [
        _POINTER,
        ctypes.c_int32,
        _OUT(ctypes.c_char_p),
        _OUT(ctypes.c_char_p),
        _OUT(ctypes.c_int32),
        ctypes.c_uint8 * MAX_RANK,
    ],
    "get_named": [_POINTER, ctypes.c_int32, _OUT(Tensor)],
    "reference_count": [_POINTER],
    "reference": [
        _POINTER,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.c_int32,
        _OUT(Tensor),
        _OUT(ctypes.c_double),
        _OUT(ctypes.c_char_p),
    ],
    "metadata": [_POINTER, ctypes.c_char_p],
    "devices": [_OUT(ctypes.c_char_p)],
}
_PLAIN: dict[str, Any] = {
    "version": ctypes.c_char_p,
    "last_error": ctypes.c_char_p,
    "metadata": ctypes.c_char_p,
    "value_count": ctypes.c_int64,
    "value_free": None,
    "close": None,
    "cancel": None,
}


def library_path() -> str:
    """The shared library: $EDGERT_LIBRARY, or the one beside this file.

    Raises EdgertError, saying where it looked, if there is none.
    """
    given = os.environ.get("EDGERT_LIBRARY")
    if given:
        return given
    suffix = {"win32": "edgert.dll", "darwin": "libedgert.dylib"}.get(sys.platform, "libedgert.so")
    path = os.path.join(os.path.dirname(__file__), suffix)
    if not os.path.exists(path):
        raise EdgertError(
            f"edgert: there is no {path}; install a wheel of edgec for this platform, "
            "run `make build` in a checkout, or set EDGERT_LIBRARY"
        )
    return path


@lru_cache(maxsize=1)
def library() -> Library:
    """The shared library, loaded once."""
    path = library_path()
    try:
        return Library(path)
    except OSError as error:
        raise EdgertError(f"edgert: {path} cannot be loaded: {error}") from error


def point_at_driver() -> None:
    """Lets the library find an OpenCL driver that is a Python package."""
    from edgert import drivers

    drivers.point_at_driver()


def check(status: int) -> None:
    """Raises the error of a status that is not OK."""
    if status:
        text: bytes = library().edgert_last_error()
        raise make_error(status, text.decode("utf-8", "replace"))


def version() -> str:
    """The shared library's version."""
    text: bytes = library().edgert_version()
    return text.decode()


def devices() -> list[dict[str, Any]]:
    """The devices of this machine: {"device": "cpu" | "opencl:N", "name": ..., ...}."""
    import json

    point_at_driver()
    text = ctypes.c_char_p()
    check(library().edgert_devices(ctypes.byref(text)))
    found: list[dict[str, Any]] = json.loads(text.value or b"[]")
    return found
