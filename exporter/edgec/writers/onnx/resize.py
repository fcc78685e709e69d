"""Resampling, and images from files."""

from __future__ import annotations

from typing import Any

from edgec.ir.dims import Dim, Expr, floordiv, product, symbols_of
from edgec.ir.graph import Element, Node, Value
from edgec.ir.types import DType
from edgec.ops.image import ImageDecode
from edgec.ops.map import Map
from edgec.ops.program import Program
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.view import Bitcast
from edgec.writers.onnx.scope import Scope, is_static, writes
from edgec.writers.onnx.target import onnx_type
from edgec.writers.onnx.view import op_of, reshape


@writes("image_decode")
def write_image_decode(scope: Scope, node: Node) -> str:
    op = op_of(node, ImageDecode)
    return scope.emit("ImageDecoder", scope.name(node.operand(0)), pixel_format=op.format)


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
    policy, asked = _policy(scope, op)
    extent = ["", scope.name(asked)] if asked is not None else _extent(scope, op, x, axes)
    given = [scope.name(x), _roi(scope, op, roi, axes), *extent]
    attributes: dict[str, Any] = {
        "mode": op.kind,
        "coordinate_transformation_mode": op.coordinates,
        "nearest_mode": op.nearest if op.kind == "nearest" else None,
        "cubic_coeff_a": op.cubic_a if op.kind == "cubic" else None,
        "exclude_outside": int(op.exclude_outside) or None,
        "antialias": int(op.antialias) or None,
        "extrapolation_value": op.extrapolation or None,
        "keep_aspect_ratio_policy": policy,
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
    if op.scale_bits:
        return [_scales(scope, op, axes)]
    wanted: dict[int, Dim] = dict(zip(op.axes, op.sizes))
    return ["", scope.dims([wanted.get(a, x.shape[a]) for a in axes])]


def _scales(scope: Scope, op: Resize, axes: tuple[int, ...]) -> str:
    """Scales that only a run knows: the numbers whose bits the operator has."""
    known = dict(zip(op.axes, op.scale_bits))
    parts = [_scale(scope, known[a]) if a in known else scope.constant([1.0], DType.F32) for a in axes]
    return scope.emit("Concat", *parts, axis=0)


def _scale(scope: Scope, bits: Dim) -> str:
    """One scale as an f32 vector, read from the tensor that was taken for integers where there is one."""
    source = _element(scope, bits)
    node = scope.graph.producers().get(source.value) if source is not None else None
    if source is not None and node is not None and isinstance(node.op, Bitcast):
        numbers = node.operand(0)
        flat = reshape(scope, scope.name(numbers), numbers.shape, (product(numbers.shape),))
        picked = scope.emit("Gather", flat, scope.ints([source.index]), axis=0)
        return scope.cast(picked, numbers.dtype, DType.F32)
    scope.target.since(26, scope.who, "Resize by scales that only a run knows")
    number = scope.emit("BitCast", scope.dims([bits]), to=onnx_type(DType.F64))
    return scope.cast(number, DType.F64, DType.F32)


def _policy(scope: Scope, op: Resize) -> tuple[str | None, Value | None]:
    """The policy and sizes where the one scale for all axes is the least or greatest of sizes / old sizes."""
    source = _element(scope, op.scale_bits[0]) if op.scale_bits else None
    producers = scope.graph.producers()
    nodes: list[Node] = []
    value = source.value if source is not None else None
    while value is not None and value in producers and len(nodes) < 4:
        nodes.append(producers[value])
        value = nodes[-1].inputs[0]
    nodes = [n for n in nodes if n.op.name not in ("bitcast", "expand")]
    if len(nodes) < 2 or not isinstance(nodes[0].op, Reduce) or not isinstance(nodes[1].op, Map):
        return None, None
    kind, sizes = nodes[0].op.kind, _numerator(nodes[1], nodes[1].op.program)
    if kind not in _POLICIES or sizes is None or sizes.shape != (len(op.axes),):
        return None, None
    scope.target.since(18, scope.who, "Resize that keeps the aspect ratio")
    return _POLICIES[kind], sizes


def _numerator(node: Node, program: Program) -> Value | None:
    """The i64 operand that a map divides, once it is a float."""
    code, first = program.code, len(program.operands)
    if not code or code[-1].op != "div" or code[-1].args[0] < first:
        return None
    cast = code[code[-1].args[0] - first]
    value = node.operand(cast.args[0]) if cast.op == "cast" and cast.args[0] < first else None
    return value if value is not None and value.dtype == DType.I64 else None


_POLICIES = {"min": "not_larger", "max": "not_smaller"}


def _element(scope: Scope, dim: Dim) -> Element | None:
    """The tensor element that a dim is."""
    names = symbols_of(dim)
    source = scope.graph.symbols.get(next(iter(names))) if len(names) == 1 else None
    plain = isinstance(dim, Expr) and str(dim) in names
    return source if plain and isinstance(source, Element) else None


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
