"""Images from their files' bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.graph import UNBOUNDED
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.shapes import Operands, check_rank, operand

FORMATS = {"RGB": 3, "BGR": 3, "Grayscale": 1}


@register
@dataclass(frozen=True)
class ImageDecode(Op):
    """The pixels of an image file.

    Operand: the file's bytes, u8 [n]. Result: u8 [height, width, channels] with the channels of `format`;
    no pixels where the bytes are no image that can be read. The definition reads what Pillow reads and
    raises OpError where that is not installed. Source: ONNX ImageDecoder.
    """

    name = "image_decode"
    format: str = "RGB"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        file = operand(operands, 0, "file")
        check_rank(file, "file", 1, 1)
        if file.dtype != DType.U8 or self.format not in FORMATS:
            formats = ", ".join(FORMATS)
            raise OpError(f"the file is {file}, the format '{self.format}', expected u8 and {formats}")
        height, width = (context.count(0, axis, UNBOUNDED) for axis in (0, 1))
        return [TensorType(DType.U8, (height, width, FORMATS[self.format]))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (file,) = given(operands)
        image = _open(file.tobytes())
        if image is None:
            return [np.zeros((0, 0, FORMATS[self.format]), np.uint8)]
        if self.format == "Grayscale":
            return [np.array(image.convert("L"))[:, :, None]]
        pixels: Array = np.array(image.convert("RGB"))
        return [np.ascontiguousarray(pixels[:, :, ::-1]) if self.format == "BGR" else pixels]


def _open(file: bytes) -> Any:
    """The image, or None where it cannot be read."""
    try:
        import PIL.Image
    except ImportError as error:
        raise OpError("decoding images needs Pillow: pip install 'edgec[export]'") from error
    try:
        image = PIL.Image.open(io.BytesIO(file))
        image.load()
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
        return None
    return image
