"""How far two tensors are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SMALLEST_SCALE = 1e-6
_SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """One tensor compared with what it should be.

    `error` is max|a - b| / max(max|b|, 1e-6) for floats; for all else 0 where equal and infinity
    where not. `note` says what a number cannot: a wrong shape, counts of unequal elements.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    note: str = ""

    def agrees(self, tolerance: float) -> bool:
        return self.error <= tolerance


def relative_error(got: Array, expected: Array) -> float:
    """max|got - expected| / max(max|expected|, 1e-6) over f64, with NaN equal to NaN and inf to inf.

    Both have the same shape and a float or complex type; infinity where only one is NaN, or
    infinities differ.

    >>> relative_error(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    0.25
    """
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    a, b = got.astype(wide).reshape(-1), expected.astype(wide).reshape(-1)
    finite = np.isfinite(a) & np.isfinite(b)
    same = (np.isnan(a) & np.isnan(b)) | (a == b)
    if not bool(np.all(finite | same)):
        return float("inf")
    a, b = a[finite], b[finite]
    if not b.size:
        return 0.0
    return float(np.max(np.abs(a - b)) / max(float(np.max(np.abs(b))), SMALLEST_SCALE))


def difference(name: str, got: Any, expected: Any) -> Difference:
    """`got` compared with `expected`; integers, bools and strings must be equal.

    Lists are compared item by item (the worst counts), maps value by value, None is only itself.
    """
    if isinstance(got, (list, dict, type(None))) or isinstance(expected, (list, dict, type(None))):
        return _container_difference(name, got, expected)
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return Difference(name, got.shape, float("inf"), f"shape {got.shape}, expected {expected.shape}")
    if got.dtype != expected.dtype:
        return Difference(name, got.shape, float("inf"), f"{got.dtype}, expected {expected.dtype}")
    if got.dtype.kind in "biuOUS":
        unequal = int(np.count_nonzero(got != expected))
        note = f"{unequal} of {got.size} elements differ" if unequal else ""
        return Difference(name, got.shape, float("inf") if unequal else 0.0, note)
    return Difference(name, got.shape, relative_error(got, expected))


def _container_difference(name: str, got: Any, expected: Any) -> Difference:
    shape = () if got is None else (len(got),)
    what = "absent" if got is None else f"{type(got).__name__} of {len(got)}"
    same = type(got) is type(expected)
    if isinstance(got, dict) and isinstance(expected, dict):
        same = got.keys() == expected.keys()
        what = f"keys {sorted(got, key=str)[:_SHOWN]}"
        got, expected = list(got.values()), [expected[key] for key in got] if same else []
    if not same or (got is not None and len(got) != len(expected)):
        return Difference(name, shape, float("inf"), f"is {what}, unlike what is expected")
    items = [difference(f"{name}[{i}]", a, b) for i, (a, b) in enumerate(zip(got or [], expected or []))]
    worst = max(items, key=lambda d: d.error, default=Difference(name, shape, 0.0))
    note = f"item {items.index(worst)}: {worst.note}" if worst.note else ""
    return Difference(name, shape, worst.error, note)


def differences(
    got: Mapping[str, Array], expected: Mapping[str, Array], order: Sequence[str]
) -> list[Difference]:
    """The differences of the tensors that both have, in `order`."""
    return [difference(name, got[name], expected[name]) for name in order if name in got and name in expected]
