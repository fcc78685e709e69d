"""Products of half-precision tensors read them as f32."""

from __future__ import annotations

from edgec.ir.graph import Graph, Value
from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.program import Builder
from edgec.ops.scalar_eval import load
from edgec.passes.editor import Editor, constant

_HALF = (DType.F16, DType.BF16)


def widen_products(graph: Graph) -> bool:
    """The operands of convolutions and matrix products that sum half-precision numbers in f32 become f32.

    The result is the same, rounded once as before, for every half-precision number is an f32 and sums are f32
    anyway; kernels are made for f32. Weights take twice the room.
    """
    editor = Editor(graph)
    made: dict[Value, Value] = {}
    for node in editor:
        op = node.op
        if not isinstance(op, (Conv, ConvTranspose, MatMul)) or op.accumulator != DType.F32:
            continue
        factors = node.inputs[:2]
        if not any(v is not None and v.dtype in _HALF for v in factors):
            continue
        for value in factors:
            if value is not None and value.dtype in _HALF and value not in made:
                made[value] = _widened(editor, value)
        wide = [v if v is None else made.get(v, v) for v in factors]
        editor.set_inputs(node, [*wide, *node.inputs[2:]])
    return editor.finish()


def _widened(editor: Editor, value: Value) -> Value:
    if value.const is not None:
        return constant(value.name, load(value.const, DType.F32), DType.F32)
    program = Builder([DType.F32]).finish(0)
    return editor.add(Map(program, DType.F32), [value], editor.users(value)[0], value.name)
