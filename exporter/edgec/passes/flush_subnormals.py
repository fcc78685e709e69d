"""Round the smallest weights to 0."""

from __future__ import annotations

import numpy as np

from edgec.ir.graph import Graph, Value
from edgec.ir.types import DType
from edgec.passes.editor import Editor


def flush_subnormals(graph: Graph) -> bool:
    """Weights of products that are below the smallest normal f32 become 0.

    Training with weight decay leaves many of them. Processors take a hundred times as long over each, for
    products that are lost in any sum.
    """
    editor = Editor(graph)
    made: dict[Value, Value] = {}
    for node in editor:
        for index in node.op.packed:
            value = node.inputs[index] if index < len(node.inputs) else None
            if value is None or value.const is None or value.dtype != DType.F32:
                continue
            small = (np.abs(value.const) < np.finfo(np.float32).tiny) & (value.const != 0)
            if value not in made and small.any():
                made[value] = Value(value.name, value.type, np.where(small, np.float32(0), value.const))
            if value in made:
                inputs = list(node.inputs)
                inputs[index] = made[value]
                editor.set_inputs(node, inputs)
    return editor.finish()
