"""What the ONNX frontend refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One node (or input) that cannot be expressed.

    `node` is the source node's name, `operator` its type, `reason` what is wrong and `advice` what the
    user can do about it.
    """

    node: str
    operator: str
    reason: str
    advice: str = ""

    def __str__(self) -> str:
        text = f"{self.operator} '{self.node}': {self.reason}"
        return f"{text} ({self.advice})" if self.advice else text


class ExportError(ValueError):
    """The model cannot be imported. `problems` lists every reason, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {p}" for p in self.problems)
        super().__init__(f"cannot export, {count} problem{'s' if count != 1 else ''}:\n{lines}")


class Unsupported(Exception):
    """Raised by a handler for something edgec has no operator for, as opposed to a model that is wrong."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
