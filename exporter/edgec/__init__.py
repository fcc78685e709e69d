"""edgec compiles trained networks into `.edge` files, which edgert runs on CPUs and GPUs.

`export` compiles, `interpret` runs a file or graph with its operators' NumPy definitions, `to_onnx` turns one
back into an ONNX model, `onnx_backend` is edgec as a backend of ONNX's test runner. They are imported when
first used.

>>> import edgec
>>> edgec.export("model.onnx", "model.edge", shapes={"x": (1, 3, 224, 224)})  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgec import onnx_backend
    from edgec.frontends.onnx import ExportError
    from edgec.interpreter import interpret
    from edgec.pipeline import ExportReport, export
    from edgec.writers.onnx.convert import to_onnx

_HOMES = {
    "export": "edgec.pipeline",
    "ExportReport": "edgec.pipeline",
    "ExportError": "edgec.frontends.onnx",
    "interpret": "edgec.interpreter",
    "to_onnx": "edgec.writers.onnx.convert",
}

__all__ = ["ExportError", "ExportReport", "export", "interpret", "onnx_backend", "to_onnx"]


def __getattr__(name: str) -> Any:
    if name == "onnx_backend":
        return importlib.import_module("edgec.onnx_backend")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'edgec' has no attribute '{name}'")
