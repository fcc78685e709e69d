"""Resampling."""

from __future__ import annotations

from typing import Any

from edgec.ir.dims import Dim, floordiv
from edgec.ir.graph import Node, Value
from edgec.ir.types import DType
from edgec.ops.resize import Resize
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.view import op_of


@writes("resize")
def write_resize(scope: Scope, node: Node) -> str:
    op, x = op_of(node, Resize), node.operand(0)
    roi = node.inputs[1] if len(node.inputs) > 1 else None
    target = scope.target
    if op.antialias:
        target.since(18, node.name, "Resize with antialias")
    if op.coordinates == "half_pixel_symmetric":
        target.since(19, node.name, "Resize with half_pixel_symmetric")
    named = target.opset >= 18
    axes = op.axes if named else tuple(range(x.rank))
    given = [scope.name(x), _roi(scope, op, roi, axes), *_extent(scope, op, x, axes)]
    attributes: dict[str, Any] = {
        "mode": op.kind,
        "coordinate_transformation_mode": op.coordinates,
        "nearest_mode": op.nearest if op.kind == "nearest" else None,
        "cubic_coeff_a": op.cubic_a if op.kind == "cubic" else None,
        "exclude_outside": int(op.exclude_outside) or None,
        "antialias": int(op.antialias) or None,
        "extrapolation_value": op.extrapolation or None,
        "axes": op.axes if named else None,
    }
    return scope.emit("Resize", *given, **attributes)


def _roi(scope: Scope, op: Resize, roi: Value | None, axes: tuple[int, ...]) -> str:
    """Starts, then ends, for each of `axes`: 0 and 1 for those that the operator leaves alone."""
    if roi is None or axes == op.axes:
        return scope.name(roi)
    order = [op.axes.index(a) if a in op.axes else -1 for a in axes]
    count = len(op.axes)
    whole = scope.emit("Concat", scope.name(roi), scope.constant([0.0, 1.0], DType.F32), axis=0)
    places = [2 * count if i < 0 else i for i in order] + [
        2 * count + 1 if i < 0 else count + i for i in order
    ]
    return scope.emit("Gather", whole, scope.ints(places), axis=0)


def _extent(scope: Scope, op: Resize, x: Value, axes: tuple[int, ...]) -> list[str]:
    """The operands scales and sizes, one of which is left out."""
    if op.scales and _agree(op, x):
        known = dict(zip(op.axes, op.scales))
        return [scope.constant([known.get(a, 1.0) for a in axes], DType.F32)]
    wanted: dict[int, Dim] = dict(zip(op.axes, op.sizes))
    return ["", scope.dims([wanted.get(a, x.shape[a]) for a in axes])]


def _agree(op: Resize, x: Value) -> bool:
    """Whether floor(size * scale) is the size of the result, as ONNX has it."""
    for axis, wanted, scale in zip(op.axes, op.sizes, op.scales):
        size = x.shape[axis]
        if is_static([size, wanted]):
            if int(float(int(str(size))) * scale) != wanted:
                return False
        else:
            numerator, denominator = float(scale).as_integer_ratio()
            if floordiv(size * numerator, denominator) != wanted:
                return False
    return True
