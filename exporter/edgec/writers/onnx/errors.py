"""What the writer raises."""

from __future__ import annotations


class OnnxError(ValueError):
    """Something ONNX cannot say, or not at the opset asked for. The text says what, and what would help."""
