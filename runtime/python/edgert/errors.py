"""What calls raise. `status` is the C ABI's code (edgert.h, edgert_status)."""

from __future__ import annotations

STATUS = (
    "ok",
    "argument",
    "format",
    "guard",
    "unsupported",
    "memory",
    "device",
    "busy",
    "cancelled",
    "limit",
    "io",
    "internal",
)


class EdgertError(RuntimeError):
    """A call failed. `status` is a word of STATUS."""

    status = "internal"


class InputError(EdgertError, ValueError):
    """An argument or an input does not fit: wrong name, dtype, rank, size, or a guard of the network."""


class FormatError(EdgertError, ValueError):
    """The file is not a valid .edge file."""


class FileError(EdgertError, OSError):
    """The file cannot be read."""


_CLASSES: dict[str, type[EdgertError]] = {
    "argument": InputError,
    "guard": InputError,
    "format": FormatError,
    "io": FileError,
}


def make_error(code: int, text: str) -> EdgertError:
    """The exception for a status code and its text."""
    status = STATUS[code] if 0 < code < len(STATUS) else "internal"
    error = _CLASSES.get(status, EdgertError)(text)
    error.status = status
    return error
