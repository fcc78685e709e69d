"""Sequences, optionals and maps: lists, None or content, dicts, and the library's values (edgert.h).

Both directions copy: nothing that Python holds refers to the library's memory, nor the other way round.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, Optional

import numpy as np

from edgert.dtypes import STRING, numpy_dtype, type_code
from edgert.errors import InputError
from edgert.library import MAX_RANK, Tensor, check, library
from edgert.strings import as_strings, from_views, views_of
from edgert.value_types import ValueType

Array = np.ndarray[Any, Any]

SEQUENCE, OPTIONAL, MAP = 27, 28, 29


class Handles:
    """Values made for the library, freed on leaving the block; a session keeps what it was given."""

    def __init__(self) -> None:
        self._made: list[ctypes.c_void_p] = []

    def __enter__(self) -> Handles:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._made:
            library().edgert_value_free(handle)

    def make(self, content: Any, type: Optional[ValueType], name: str) -> Optional[ctypes.c_void_p]:
        """The value of a list, None, dict or anything that is an array. `name` is for errors.

        Raises InputError where the content is not of the type.
        """
        if type is not None and type.name == "optional":
            return None if content is None else self.make(content, type.held, name)
        if type.name == "sequence" if type is not None else isinstance(content, (list, tuple)):
            return self._sequence(content, type, name)
        if type.name == "map" if type is not None else isinstance(content, Mapping):
            return self._map(content, type, name)
        return self._tensor(content, type, name)

    def _sequence(self, content: Any, type: Optional[ValueType], name: str) -> ctypes.c_void_p:
        if not isinstance(content, (list, tuple)):
            raise InputError(f"input '{name}' is {_kind(content)}, expected a list")
        held = None if type is None else type.held
        items = [self.make(item, held, f"{name}[{i}]") for i, item in enumerate(content)]
        array = (ctypes.c_void_p * len(items))(*[None if i is None else i.value for i in items])
        return self._new("sequence", array, len(items))

    def _map(self, content: Any, type: Optional[ValueType], name: str) -> ctypes.c_void_p:
        if not isinstance(content, Mapping):
            raise InputError(f"input '{name}' is {_kind(content)}, expected a dict")
        key = ValueType(type.key) if type is not None and type.key else None
        held = None if type is None else type.held
        keys = self._tensor(_vector(content.keys()), key, f"{name}'s keys")
        values = self._tensor(_vector(content.values()), held, f"{name}'s values")
        return self._new("map", keys, values)

    def _tensor(self, content: Any, type: Optional[ValueType], name: str) -> ctypes.c_void_p:
        code = type_code(type.name) if type is not None else None
        kind = getattr(getattr(content, "dtype", None), "kind", "")
        if code == STRING or (code is None and _is_text(content, kind)):
            array = as_strings(content, name)
            elements, kept = views_of(array, name)
            code = STRING
        else:
            array = elements = kept = _array(content, code, name)
            code = type_code(array.dtype.name) if code is None else code
        if array.ndim > MAX_RANK:
            raise InputError(f"input '{name}' has rank {array.ndim}, at most {MAX_RANK} is possible")
        tensor = Tensor(size=ctypes.sizeof(Tensor), dtype=code, rank=array.ndim)
        tensor.dims[: array.ndim] = array.shape
        tensor.data, tensor.bytes = elements.ctypes.data, elements.nbytes
        made = self._new("tensor", ctypes.byref(tensor))
        del kept
        return made

    def _new(self, what: str, *arguments: Any) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        check(getattr(library(), f"edgert_value_{what}")(*arguments, ctypes.byref(handle)))
        self._made.append(handle)
        return handle


def content_of(value: Optional[int]) -> Any:
    """What a value of the library holds: an array, a list, a dict, or None where there is no value."""
    if not value:
        return None
    kind = library().edgert_value_kind(value)
    if kind not in (SEQUENCE, MAP):
        tensor = Tensor(size=ctypes.sizeof(Tensor))
        check(library().edgert_value_get_tensor(value, ctypes.byref(tensor)))
        return array_of(tensor)
    item, items = ctypes.c_void_p(), []
    for i in range(library().edgert_value_count(value)):
        check(library().edgert_value_item(value, i, ctypes.byref(item)))
        items.append(content_of(item.value))
    if kind == SEQUENCE:
        return items
    keys, values = items
    return dict(zip(keys.tolist(), values.tolist()))


def array_of(tensor: Tensor) -> Array:
    """A new array with a tensor's elements."""
    if tensor.dtype == STRING:
        return from_views(tensor.data, tensor.shape)
    array: Array = np.empty(tensor.shape, numpy_dtype(tensor.dtype))
    if array.nbytes:
        ctypes.memmove(array.ctypes.data, tensor.data, array.nbytes)
    return array


def view_of(tensor: Tensor) -> Array:
    """An array over the memory of a tensor that has some, and no strings."""
    memory = (ctypes.c_char * tensor.bytes).from_address(tensor.data)
    return np.frombuffer(memory, numpy_dtype(tensor.dtype)).reshape(tensor.shape)


def _vector(items: Any) -> Any:
    found = list(items)
    if any(isinstance(item, (str, bytes)) for item in found):
        return np.array(found, object)
    return found


def _is_text(content: Any, kind: str) -> bool:
    return kind in tuple("OUST") or isinstance(content, (str, bytes))


def _array(content: Any, code: Optional[int], name: str) -> Array:
    try:
        array = np.asarray(content)
        if code is not None and array.dtype != numpy_dtype(code):
            if hasattr(content, "dtype") and array.size:
                raise InputError(f"input '{name}' is {array.dtype}, expected {numpy_dtype(code)}")
            array = array.astype(numpy_dtype(code))
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"input '{name}' is {_kind(content)}, which is no array: {error}") from error
    return np.ascontiguousarray(array).reshape(array.shape)


def _kind(content: Any) -> str:
    return "None" if content is None else type(content).__name__
