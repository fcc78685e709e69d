"""Nodes that already are ONNX's, inside of a graph of core operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from edgec.ir.types import TensorType
from edgec.ops.base import Context, Op, OpError


@dataclass(frozen=True)
class Foreign(Op):
    """An ONNX operator with its attributes, whose results have the given types.

    Lowering puts it in place of core operators that ONNX has in another layout, so that the passes can
    move what stands around it. It has no definition and no place in a file.
    """

    name: ClassVar[str] = "onnx"
    op_type: str
    results: tuple[TensorType, ...]
    settings: tuple[tuple[str, Any], ...] = field(default=())

    def infer(self, operands: Sequence[TensorType | None], context: Context) -> list[TensorType]:
        return list(self.results)

    def eval(self, operands: Sequence[Any]) -> list[Any]:
        raise OpError(f"{self.op_type} is ONNX's and is not evaluated here")


def foreign(op_type: str, *results: TensorType, **settings: Any) -> Foreign:
    """A Foreign; settings that are None are left out, lists become tuples."""
    kept = sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in settings.items() if v is not None)
    return Foreign(op_type, results, tuple(kept))
