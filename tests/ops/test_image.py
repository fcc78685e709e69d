"""image_decode: lossless files give their pixels back."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

from edgec.ir.dims import symbol
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.image import ImageDecode

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def encoded(kind: str) -> Any:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(PIXELS).save(file, kind)
    return np.frombuffer(file.getvalue(), np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF"])
def test_pixels(kind: str) -> None:
    np.testing.assert_array_equal(ImageDecode().eval([encoded(kind)])[0], PIXELS)
    np.testing.assert_array_equal(ImageDecode("BGR").eval([encoded(kind)])[0], PIXELS[:, :, ::-1])
    assert ImageDecode("Grayscale").eval([encoded(kind)])[0].shape == (5, 7, 1)


def test_what_is_no_image_has_no_pixels() -> None:
    for file in (np.zeros(0, np.uint8), np.arange(100, dtype=np.uint8), encoded("PNG")[:40]):
        assert ImageDecode("Grayscale").eval([file])[0].shape == (0, 0, 1)


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(OpError, match="needs Pillow: pip install"):
        ImageDecode().eval([np.zeros(3, np.uint8)])


def test_types() -> None:
    context = Context(lambda name: symbol(f"count.{name}"))
    (result,) = ImageDecode("BGR").infer([TensorType(DType.U8, (9,))], context)
    assert result.rank == 3 and result.shape[2] == 3 and len(context.counts) == 2
    for op, kind in ((ImageDecode("CMYK"), DType.U8), (ImageDecode(), DType.I8)):
        with pytest.raises(OpError, match="expected u8 and RGB"):
            op.infer([TensorType(kind, (9,))], context)
