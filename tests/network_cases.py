"""Inputs for the networks of the manifest."""

from __future__ import annotations

from typing import Any

import numpy as np


def network_inputs(
    entry: dict[str, Any], case: int, seed: int = 0
) -> dict[str, np.ndarray[Any, Any]]:
    """Seeded inputs of case `case` of a manifest entry, f32 unless its `types` say otherwise.

    They are uniform over the entry's range; those that it calls `integral` are whole numbers.
    """
    random = np.random.default_rng(seed)
    inputs: dict[str, np.ndarray[Any, Any]] = {}
    for name, shape in entry["cases"][case].items():
        dtype = np.dtype(entry.get("types", {}).get(name, "float32"))
        array = random.uniform(*entry["ranges"][name], shape)
        whole = dtype.kind in "iu" or name in entry.get("integral", ())
        inputs[name] = (np.floor(array) if whole else array).astype(dtype)
    for name, value in entry.get("values", {}).items():
        inputs[name] = np.array(value, np.int64)
    return inputs
