"""Tensors whose data lie in other files: small ones are read, large ones are mapped."""

from __future__ import annotations

import math
import os
import secrets
import stat
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import onnx
from onnx import external_data_helper, helper

MAPPED_BYTES = 1 << 20  # from so many on a tensor is mapped: a model of many gigabytes need not fit in memory
_MARK = "edgec"
_OURS = secrets.token_hex(16)  # what no file can hold: says that a place was checked by this process


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether the tensor's data lie elsewhere and have not been brought in."""
    return external_data_helper.uses_external_data(tensor) and not is_mapped(tensor)


def is_mapped(tensor: onnx.TensorProto) -> bool:
    """Whether `bring_in` has left the tensor's data in its file."""
    return any(entry.key == _MARK and entry.value == _OURS for entry in tensor.external_data)


def bring_in(tensor: onnx.TensorProto, folder: Path) -> None:
    """Read an external tensor's data from `folder` into it, or note where they lie, for `mapped`.

    Raises ValueError or OSError, and what the onnx package raises, for a file that is not in the folder, is a
    link, or is too short.
    """
    size = _bytes_of(tensor)
    if size < MAPPED_BYTES:
        external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
        return
    info = external_data_helper.ExternalDataInfo(tensor)
    place, offset = _place(folder, info.location), info.offset or 0
    available = place.stat().st_size - offset
    if info.length not in (None, size) or size > available:
        given = available if info.length is None else min(info.length, available)
        raise ValueError(f"'{info.location}' has {given} bytes for it, its sizes take {size}")
    del tensor.external_data[:]
    for key, value in (("location", str(place)), ("offset", str(offset)), (_MARK, _OURS)):
        tensor.external_data.add(key=key, value=value)


def _bytes_of(tensor: onnx.TensorProto) -> int:
    """How many bytes the tensor takes in its file; 0 for types that are not NumPy's own."""
    try:
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, TypeError):
        return 0
    if dtype.kind not in "fiucb" or any(size < 0 for size in tensor.dims):
        return 0
    return int(math.prod(tensor.dims)) * dtype.itemsize


def _place(folder: Path, location: str) -> Path:
    """The plain file at `location` in `folder`, reached through no link. Raises ValueError for any other."""
    inside = PurePath(location)
    if not location or inside.is_absolute() or ".." in inside.parts:
        raise ValueError(f"'{location}' is not a file in the model's folder")
    place = folder.resolve()
    for part in inside.parts:
        place = place / part
        if place.is_symlink():
            raise ValueError(f"'{location}' goes through a link, which could lead out of the model's folder")
    found = os.lstat(place)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise ValueError(f"'{location}' is no plain file")
    return place


def mapped(tensor: onnx.TensorProto) -> np.ndarray[Any, Any]:
    """The contents of a tensor for which `is_mapped` holds, read from the file where they are looked at."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type).newbyteorder("<")
    return np.memmap(
        entries["location"], dtype, "r", offset=int(entries["offset"]), shape=tuple(tensor.dims)
    ).view(np.ndarray)
