"""ImageDecoder."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ops.image import ImageDecode


@onnx_op("ImageDecoder")
def image_decoder(b: Builder, call: Call) -> Value:
    return b.one(ImageDecode(call.text("pixel_format", "RGB")), call.operand(0))
