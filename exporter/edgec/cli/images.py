"""Pictures as network inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgec.ir.graph import Value

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


class ImageError(ValueError):
    """A picture that cannot be read, or an input that takes none."""


def load_image(path: Path, value: Value, shape: Sequence[int] | None = None) -> np.ndarray[Any, Any]:
    """The picture at `path` as a batch of one for the input `value` ([N,C,H,W] or [N,H,W,C], C 1 or 3).

    It is resized where height and width are fixed, by the input or by `shape`. Float inputs get [0, 1],
    integers 0 to 255. Raises ImageError for a file that is no picture and for inputs of another form.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImageError(f"{path}: reading pictures needs pillow: pip install 'edgec[export]'") from error
    wanted = list(shape) if shape else [d if isinstance(d, int) else None for d in value.shape]
    channels_at = next((axis for axis in (1, 3) if len(wanted) == 4 and wanted[axis] in (1, 3)), None)
    if channels_at is None:
        raise ImageError(f"{path}: input '{value.name}' is {value.type}, which takes no picture")
    height, width = (wanted[2], wanted[3]) if channels_at == 1 else (wanted[1], wanted[2])
    try:
        with Image.open(path) as opened:
            if opened.mode.startswith("I"):  # 16 bits a pixel, which convert would clip
                opened = Image.fromarray((np.asarray(opened) >> 8).astype(np.uint8))
            picture = opened.convert("RGB" if wanted[channels_at] == 3 else "L")
    except (UnidentifiedImageError, OSError) as error:
        raise ImageError(f"{path}: not a picture: {error}") from error
    picture = picture.resize((width or picture.width, height or picture.height))
    pixels = np.asarray(picture)
    pixels = pixels.reshape(1, *pixels.shape[:2], -1)
    if channels_at == 1:
        pixels = pixels.transpose(0, 3, 1, 2)
    if value.dtype.is_float:
        return np.ascontiguousarray(pixels / np.float32(255)).astype(value.dtype.numpy)
    return np.ascontiguousarray(pixels).astype(value.dtype.numpy)
