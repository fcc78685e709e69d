"""Inputs for the networks of the manifest."""

from __future__ import annotations

from typing import Any

import numpy as np


def network_inputs(entry: dict[str, Any], case: int, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Seeded inputs of case `case` of a manifest entry, f32 unless its `types` say otherwise.

    They are uniform over the entry's range; those that it calls `integral` are whole numbers, and
    `pictures` show text, for a detector finds nothing in noise and its outputs are then all rounding.
    """
    random = np.random.default_rng(seed)
    inputs: dict[str, np.ndarray[Any, Any]] = {}
    for name, shape in entry["cases"][case].items():
        dtype = np.dtype(entry.get("types", {}).get(name, "float32"))
        low, high = entry["ranges"][name]
        array = random.uniform(low, high, shape)
        if name in entry.get("pictures", ()):
            array = low + (high - low) * (0.9 * picture_of_text(shape, seed) + 0.1 * array / high)
        whole = dtype.kind in "iu" or name in entry.get("integral", ())
        inputs[name] = (np.floor(array) if whole else array).astype(dtype)
    for name, value in entry.get("values", {}).items():
        inputs[name] = np.array(value, np.int64)
    return inputs


def picture_of_text(shape: list[int], seed: int) -> np.ndarray[Any, Any]:
    """Dark words on white paper as [N, C, H, W] in [0, 1]."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=24)
    page = Image.new("L", (shape[3], shape[2]), 255)
    for row, word in enumerate(("Edge", "small boxes", "1984")):
        ImageDraw.Draw(page).text((10 + 7 * seed, 10 + 50 * row), word, font=font, fill=20)
    return np.broadcast_to(np.asarray(page, np.float64) / 255, shape)
