"""Random inputs for a session, seeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgert.errors import InputError
from edgert.session import Session, Spec

Array = np.ndarray[Any, Any]


def random_inputs(
    session: Session, shapes: Mapping[str, Sequence[int]] = {}, seed: int = 0
) -> dict[str, Array]:
    """An array for each input: floats uniform in [0, 1), integers in [0, 4), bools false, short words.

    `shapes` gives the sizes of inputs with symbolic ones, or of all. Raises InputError, naming the input,
    where a size is symbolic and not given, and for sequences, optionals and maps.
    """
    names = [s.name for s in session.inputs]
    for name in shapes:
        if name not in names:
            raise InputError(f"shape of '{name}': not an input, the inputs are {', '.join(names)}")
    random = np.random.default_rng(seed)
    return {s.name: _random(random, s, _shape(s, shapes.get(s.name))) for s in session.inputs}


def _shape(spec: Spec, given: Sequence[int] | None) -> tuple[int, ...]:
    if spec.is_container:
        raise InputError(f"input '{spec}' has no random value; give it one")
    if given is not None:
        return tuple(given)
    sizes = tuple(n for n in spec.shape if isinstance(n, int))
    if len(sizes) < len(spec.shape):
        example = ",".join("1" if isinstance(n, str) else str(n) for n in spec.shape)
        raise InputError(
            f"input '{spec}' has symbolic sizes; say which to use, e.g. --shape {spec.name}={example}"
        )
    return sizes


def _random(random: np.random.Generator, spec: Spec, shape: tuple[int, ...]) -> Array:
    if spec.dtype.kind in "iu":
        return random.integers(0, 4, shape).astype(spec.dtype)
    if spec.dtype.kind == "O":
        return random.choice(np.array(["", "a", "word", "two words"], object), shape)
    if spec.dtype.kind == "b":
        return np.zeros(shape, spec.dtype)
    return random.random(shape).astype(spec.dtype)
