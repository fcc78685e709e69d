"""edgert runs .edge files. It needs NumPy and its own shared library, nothing else.

import edgert
session = edgert.load("model.edge", device="cpu")
outputs = session.run({"x": array})
"""

from __future__ import annotations

from edgert.errors import EdgertError, FileError, FormatError, InputError
from edgert.library import devices, version
from edgert.session import Call, Check, Layers, NodeTime, Placement, Session, Spec, load

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
