"""Element types of the C ABI and the NumPy dtypes that hold them."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from edgert.library import Tensor

Array = np.ndarray[Any, Any]

STRING = 16
CONTAINERS = ("sequence", "optional", "map")

# code: (short name, NumPy's or ml_dtypes' name, integer type of the same width)
_TYPES: dict[int, tuple[str, str, str]] = {
    1: ("f32", "float32", ""),
    2: ("f64", "float64", ""),
    3: ("f16", "float16", ""),
    4: ("bf16", "bfloat16", "uint16"),
    5: ("i8", "int8", ""),
    6: ("i16", "int16", ""),
    7: ("i32", "int32", ""),
    8: ("i64", "int64", ""),
    9: ("u8", "uint8", ""),
    10: ("u16", "uint16", ""),
    11: ("u32", "uint32", ""),
    12: ("u64", "uint64", ""),
    13: ("bool", "bool", ""),
    14: ("c64", "complex64", ""),
    15: ("c128", "complex128", ""),
    16: ("string", "object", ""),
    17: ("f8e4m3fn", "float8_e4m3fn", "uint8"),
    18: ("f8e4m3fnuz", "float8_e4m3fnuz", "uint8"),
    19: ("f8e5m2", "float8_e5m2", "uint8"),
    20: ("f8e5m2fnuz", "float8_e5m2fnuz", "uint8"),
    21: ("f8e8m0", "float8_e8m0fnu", "uint8"),
    22: ("i4", "int4", "int8"),
    23: ("u4", "uint4", "uint8"),
    24: ("f4e2m1", "float4_e2m1fn", "uint8"),
    25: ("i2", "int2", "int8"),
    26: ("u2", "uint2", "uint8"),
    27: ("sequence", "object", ""),
    28: ("optional", "object", ""),
    29: ("map", "object", ""),
    30: ("f6e2m3", "float6_e2m3fn", "uint8"),
    31: ("f6e3m2", "float6_e3m2fn", "uint8"),
}


def type_name(code: int) -> str:
    """The short name, e.g. "bf16", "string", "sequence"."""
    return _TYPES[code][0] if code in _TYPES else f"type {code}"


def type_code(name: str) -> int:
    """The code of a short name, or of a NumPy dtype's. Raises TypeError where there is none."""
    for code, names in _TYPES.items():
        if name in names[:2]:
            return code
    raise TypeError(f"no element type is called {name}")


@cache
def numpy_dtype(code: int) -> np.dtype[Any]:
    """The dtype of arrays: ml_dtypes' where NumPy has none and it is installed, else raw integers.

    Strings and containers are Python objects.
    """
    if code not in _TYPES:
        raise TypeError(f"{type_name(code)} has no NumPy dtype")
    _, name, raw = _TYPES[code]
    if not raw:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(raw)
    found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return found


def array_of(tensor: Tensor) -> Array:
    """A new array with a tensor's elements."""
    if tensor.dtype == STRING:
        from edgert.strings import from_views

        return from_views(tensor.data, tensor.shape)
    array: Array = np.empty(tensor.shape, numpy_dtype(tensor.dtype))
    if array.nbytes:
        ctypes.memmove(array.ctypes.data, tensor.data, array.nbytes)
    return array


def view_of(tensor: Tensor) -> Array:
    """An array over the memory of a tensor that has some, and no strings."""
    memory = (ctypes.c_char * tensor.bytes).from_address(tensor.data)
    return np.frombuffer(memory, numpy_dtype(tensor.dtype)).reshape(tensor.shape)
