"""The ONNX frontend: the only code of the exporter that knows ONNX.

`import_model` turns a model into an `edgec.ir.graph.Model`; `ExportError` lists what cannot be expressed.
"""

from edgec.frontends.onnx.errors import ExportError, Problem
from edgec.frontends.onnx.importer import import_model

__all__ = ["ExportError", "Problem", "import_model"]
