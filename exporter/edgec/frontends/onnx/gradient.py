"""Gradient (ai.onnx.preview.training): reverse mode over the nodes that were written so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.derivatives import derivative
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.importer import STEP_HANDLERS, Importer, NodeStep, Step
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import Dim, product
from edgec.ir.graph import Node, Value
from edgec.ops.base import Op, OpError
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.reduce import Reduce
from edgec.ops.view import Expand, Reshape, Transpose

# (builder, node, derivative of its result, index of an operand) -> derivative of the operand, None for 0
Rule = Callable[[Builder, Node, Value, int], "Value | None"]
_ADVICE = "write the gradient's graph out with a training framework"


def gradient(importer: Importer, step: NodeStep, call: Call, stack: list[Step]) -> None:
    """The derivatives of the tensor called `y` with respect to those called `xs`, which are the inputs."""
    b, scope = importer.builder, step.scope
    xs = call.texts("xs")
    for name, given in zip((*xs, *call.texts("zs")), call.inputs):
        if scope.lookup(name) is not given:
            raise Unsupported(f"its input for '{name}' is another tensor, which is not supported", _ADVICE)
    y = scope.lookup(call.text("y"))
    if not isinstance(y, Value) or len(call.inputs) < len(xs):
        raise OpError(f"{len(call.inputs)} inputs for {len(xs)} names in xs, or y is not there")
    importer.bind_results(step, differentiated(b, y, call.operands(len(xs))))


def differentiated(b: Builder, y: Value, xs: Sequence[Value]) -> list[Value]:
    """The derivative of the sum of y with respect to each of xs, of their shapes. Raises Unsupported."""
    nodes = list(b.frame.graph.nodes)
    known = {y: b.expand(b.constant(1.0, y.dtype), y.shape)}
    moving = _depending(nodes, xs)
    for node in reversed(nodes):
        reached = [v for v in node.outputs if v in known and v in moving and v not in xs]
        if not reached:
            continue
        rule = _RULES.get(type(node.op))
        if rule is None or len(node.outputs) > 1:
            raise Unsupported(f"edgec has no derivative of '{node.op.name}'", _ADVICE)
        for index, operand in enumerate(node.inputs):
            if operand is None or operand not in moving:
                continue
            part = rule(b, node, known[reached[0]], index)
            if part is not None:
                known[operand] = b.binary("add", known[operand], part) if operand in known else part
    return [known[x] if x in known else b.expand(b.constant(0.0, x.dtype), x.shape) for x in xs]


def _depending(nodes: Sequence[Node], xs: Sequence[Value]) -> set[Value]:
    """All values that are made from xs, and xs."""
    found = set(xs)
    for node in nodes:
        if any(v in found for v in node.inputs if v is not None):
            found.update(v for v in node.outputs if v.dtype.is_float)
    return found


def _summed(b: Builder, d: Value, x: Value) -> Value:
    """The derivative of x from that of x broadcast: summed over the axes on which elements were repeated."""
    ahead = d.rank - x.rank
    sizes: list[Dim] = [*[1] * ahead, *x.shape]
    axes = []
    for axis, (size, wide) in enumerate(zip(sizes, d.shape)):
        if axis < ahead or (size == 1 and wide != 1):
            axes.append(axis)
        elif size != wide:
            raise Unsupported(f"an axis of size {size} may or may not be repeated", "fix it with --shape")
    return b.reshape(b.one(Reduce("sum", tuple(axes), True), d) if axes else d, x.shape)


def _operand(node: Node, index: int) -> Value:
    found = node.inputs[index]
    assert found is not None
    return found


def _of_map(b: Builder, node: Node, d: Value, index: int) -> Value | None:
    assert isinstance(node.op, Map)
    x, program = _operand(node, index), derivative(node.op.program, index)
    if program is None:
        return None
    operands = [v for v in node.inputs if v is not None]
    return _summed(b, b.map(program, [*operands, d], x.dtype), x)


def _of_product(b: Builder, node: Node, d: Value, index: int) -> Value:
    """d yᵀ for x, and xᵀ d for y; turned around where the operand lies turned around."""
    op = node.op
    assert isinstance(op, MatMul)
    if op.epilogue is not None:
        raise Unsupported("edgec has no derivative of a fused product", _ADVICE)
    x, y = _operand(node, 0), _operand(node, 1)
    if index == 0:
        turned = op.transpose_a
        part = (
            multiply(b, y, d, op.transpose_b, True)
            if turned
            else multiply(b, d, y, False, not op.transpose_b)
        )
        return _summed(b, part, x)
    turned = op.transpose_b
    part = multiply(b, d, x, True, op.transpose_a) if turned else multiply(b, x, d, not op.transpose_a, False)
    return _summed(b, part, y)


def _of_reduction(b: Builder, node: Node, d: Value, index: int) -> Value:
    op, x = node.op, _operand(node, index)
    assert isinstance(op, Reduce)
    if op.kind not in ("sum", "mean") or op.prologue or op.epilogue:
        raise Unsupported(f"edgec has no derivative of the reduction '{op.kind}'", _ADVICE)
    kept = [1 if axis in op.axes else size for axis, size in enumerate(x.shape)]
    wide = b.expand(b.reshape(d, kept), x.shape)
    if op.kind == "sum":
        return wide
    count = product([size for axis, size in enumerate(x.shape) if axis in op.axes])
    return b.binary("div", wide, b.cast(b.reshape(b.dims([count]), ()), x.dtype))


def _of_transpose(b: Builder, node: Node, d: Value, index: int) -> Value:
    assert isinstance(node.op, Transpose)
    return b.transpose(d, [int(axis) for axis in np.argsort(node.op.perm)])


_RULES: dict[type[Op], Rule] = {
    Map: _of_map,
    MatMul: _of_product,
    Reduce: _of_reduction,
    Reshape: lambda b, node, d, index: b.reshape(d, _operand(node, index).shape),
    Expand: lambda b, node, d, index: _summed(b, d, _operand(node, index)),
    Transpose: _of_transpose,
}
STEP_HANDLERS["ai.onnx.preview.training", "Gradient"] = gradient
