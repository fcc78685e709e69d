"""Writes models as ONNX: one file per family of core operators. Only this knows their ONNX forms."""
