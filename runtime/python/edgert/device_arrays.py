"""pyopencl arrays in and out, without a host copy."""

from __future__ import annotations

from typing import Any

from edgert.errors import EdgertError, InputError


def is_device_array(value: Any) -> bool:
    """Whether it is a pyopencl.array.Array; does not import pyopencl."""
    return any(c.__module__ == "pyopencl.array" and c.__name__ == "Array" for c in type(value).__mro__)


def memory_of(array: Any, name: str) -> tuple[int, int]:
    """The cl_mem handle and byte offset of a pyopencl array. Raises InputError if it is not contiguous."""
    if not array.flags.c_contiguous:
        raise InputError(f"input '{name}' is a pyopencl array that is not C-contiguous")
    return int(array.base_data.int_ptr), int(array.offset)


def copy_of(queue: Any, memory: Any, offset: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """A new pyopencl array holding what lies at a cl_mem and offset."""
    try:
        import pyopencl
        import pyopencl.array
    except ImportError as error:
        raise EdgertError("pyopencl arrays need pyopencl: pip install 'edgec[pyopencl]'") from error
    result = pyopencl.array.empty(queue, shape, dtype)
    if result.nbytes:
        source = pyopencl.MemoryObject.from_int_ptr(memory, retain=True)
        pyopencl.enqueue_copy(queue, result.base_data, source, byte_count=result.nbytes, src_offset=offset)
    return result
