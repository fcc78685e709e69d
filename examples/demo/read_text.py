"""Reads text from pictures with a PP-OCR recogniser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = np.ndarray[Any, Any]

HEIGHT = 48
LINES = (
    ("Python decides, C++ executes.", (250, 248, 240), (30, 40, 70)),
    ("Nothing else stands between them.", (35, 45, 60), (235, 220, 150)),
    ("No. 4711 costs 12.50 EUR", (120, 160, 130), (250, 250, 250)),
)


def make_pictures() -> list[Image.Image]:
    """Lines of text as a camera might see them: coloured, noisy, a little soft, and of various widths."""
    font = ImageFont.load_default(size=34)
    random = np.random.default_rng(7)
    pictures = []
    for text, paper, ink in LINES:
        width = int(font.getlength(text)) + 40
        picture = Image.new("RGB", (width, 60), paper)
        ImageDraw.Draw(picture).text((20, 8), text, font=font, fill=ink)
        pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)), np.float32)
        pixels = pixels + random.normal(0, 9, pixels.shape)
        pictures.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return pictures


def prepare(picture: Image.Image) -> Array:
    """[1, 3, 48, width] f32 in [-1, 1], blue first, as the recogniser was trained."""
    width = round(picture.width * HEIGHT / picture.height)
    pixels = np.asarray(picture.resize((width, HEIGHT)), np.float32)[:, :, ::-1]
    return np.ascontiguousarray((pixels / 127.5 - 1).transpose(2, 0, 1)[None])


def decode(scores: Array, characters: Sequence[str]) -> str:
    """The text of scores [1, steps, classes]: the best class of each step, repeats and blanks dropped.

    Class 0 is the blank, the last one a space (connectionist temporal classification).
    """
    best = scores[0].argmax(-1)
    alphabet = ["", *characters, " "]
    kept = [c for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]
    return "".join(alphabet[c] for c in kept).strip()


def read(pictures: Sequence[Image.Image], run: Callable[[Array], Array], characters: str) -> list[str]:
    """The text in each picture; `run` is the network, `characters` its alphabet, one a line."""
    return [decode(run(prepare(picture)), characters.splitlines()) for picture in pictures]


def draw(pictures: Sequence[Image.Image], texts: Sequence[str], path: Path) -> None:
    """Writes a picture that shows each input above what was read from it."""
    font = ImageFont.load_default(size=22)
    width = max(p.width for p in pictures) + 40
    page = Image.new("RGB", (width, 110 * len(pictures) + 20), "white")
    pen = ImageDraw.Draw(page)
    for row, (picture, text) in enumerate(zip(pictures, texts)):
        page.paste(picture, (20, 110 * row + 20))
        pen.text((20, 110 * row + 86), f"read: {text}", font=font, fill=(0, 90, 40))
    page.save(path)
