"""edgert runs .edge files. It needs NumPy and its own shared library, nothing else.

import edgert
session = edgert.load("model.edge", device="cpu")
outputs = session.run({"x": array})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgert.errors import EdgertError, FileError, FormatError, InputError
from edgert.library import devices, version
from edgert.session import Call, Session, Spec, load

if TYPE_CHECKING:
    from edgert.reports import Check, Layers, NodeTime, Placement

__all__ = [
    "Call",
    "Check",
    "EdgertError",
    "FileError",
    "FormatError",
    "InputError",
    "Layers",
    "NodeTime",
    "Placement",
    "Session",
    "Spec",
    "devices",
    "load",
    "version",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'edgert' has no attribute '{name}'")
    from edgert import reports

    return getattr(reports, name)
