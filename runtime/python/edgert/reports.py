"""What sessions tell of themselves: placements, times, values, checks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Placement(NamedTuple):
    """Where a node runs; `reason` says why, where that is not the device asked for."""

    name: str
    op: str
    device: str
    reason: str


class Check(NamedTuple):
    """A reference in the file against this device: each output's error, max|a-b| / max(max|b|, 1e-6)."""

    source: str
    tolerance: float
    errors: dict[str, float]

    @property
    def passed(self) -> bool:
        return all(e <= self.tolerance for e in self.errors.values())


class NodeTime(NamedTuple):
    """What a node took: `seconds` over `calls` runs of it, `least` in the quickest; a control node's hold
    its bodies'.

    `operands` and `results` are (type, shape) in the last run, None where absent.
    """

    name: str
    op: str
    device: str
    graph: str
    calls: int
    seconds: float
    least: float
    operands: list[Any]
    results: list[Any]


class Layers(dict[str, Array]):
    """Values by source name, in source layout. `absorbed` maps names that no longer exist to the node
    that took them in; `absent` maps names without a value in this run to the reason."""

    def __init__(self) -> None:
        super().__init__()
        self.absorbed: dict[str, str] = {}
        self.absent: dict[str, str] = {}


def relative_error(found: Array, expected: Array) -> float:
    """max|a-b| / max(max|b|, 1e-6); NaNs must match. For all but floats 0 if equal, else infinity."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return float("inf")
    if found.size == 0:
        return 0.0
    if expected.dtype.kind in "iubO":
        return 0.0 if np.array_equal(found, expected) else float("inf")
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, b = found.astype(wide), expected.astype(wide)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    difference = np.abs(a[~same] - b[~same]).max()
    finite = np.abs(b[np.isfinite(b)])
    error = float(difference / max(finite.max(initial=0.0), 1e-6))
    return float("inf") if np.isnan(error) else error
