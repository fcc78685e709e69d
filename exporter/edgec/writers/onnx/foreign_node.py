"""Nodes that lowering made ONNX's, and images sampled at given places."""

from __future__ import annotations

from edgec.ir.graph import Node
from edgec.writers.onnx.foreign import Foreign
from edgec.writers.onnx.scope import Scope, writes
from edgec.writers.onnx.view import op_of


@writes("onnx")
def write_foreign(scope: Scope, node: Node) -> list[str]:
    op = op_of(node, Foreign)
    return scope.emit_many(op.op_type, scope.names(node.inputs), len(node.outputs), **dict(op.settings))
