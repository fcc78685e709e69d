"""Opsets 1 to 6: a call of an old version of an operator becomes one of the oldest that its handler knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import onnx

from edgec.frontends.onnx import map, matmul, normalize, pool, resize, view
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import HANDLERS, Call, Handler, Result
from edgec.ir.dims import Dim, eq, maximum, select
from edgec.ir.types import DType
from edgec.ops.base import OpError

Upgrade = Callable[[Builder, Call], Call]
NEWER = (map, matmul, normalize, pool, resize, view)  # their handlers are registered before they are wrapped


def _before(version: int, *names: str) -> Callable[[Upgrade], Upgrade]:
    """Decorator: at opsets below `version`, calls of these operators pass through the function first."""

    def add(upgrade: Upgrade) -> Upgrade:
        for name in names:
            HANDLERS["", name] = _dated(HANDLERS["", name], version, upgrade)
        return upgrade

    return add


def _dated(handler: Handler, version: int, upgrade: Upgrade) -> Handler:
    def handle(b: Builder, call: Call) -> Result:
        return handler(b, replace(upgrade(b, call), version=version) if call.version < version else call)

    return handle


def _with(call: Call, **attributes: Any) -> Call:
    return replace(call, attributes={**call.attributes, **attributes})


@_before(7, "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Less", "Greater")
def align(b: Builder, call: Call) -> Call:
    """With `broadcast`, the second operand's axes lie at `axis` of the first, or end where its axes end."""
    x, y = call.operand(0), call.operand(1)
    if not call.flag("broadcast") or y.rank > x.rank or not call.has("axis"):
        return call
    axis = call.axis(x.rank)
    if axis + y.rank > x.rank:
        raise OpError(f"operands are {x.type} and {y.type}: at axis {axis} the second one does not fit")
    return replace(call, inputs=[x, b.reshape(y, (*y.shape, *[1] * (x.rank - axis - y.rank)))])


@_before(7, "PRelu")
def align_slope(b: Builder, call: Call) -> Call:
    """A vector of slopes runs along the channels; a single one serves them all."""
    x, slope = call.operand(0), call.operand(1)
    if slope.shape == (1,):
        slope = b.reshape(slope, ())
    return replace(call, inputs=[x, normalize.along_channels(b, slope, x.rank) if slope.rank == 1 else slope])


@_before(6, "Cast")
def named_type(b: Builder, call: Call) -> Call:
    """The type is a name, FLOAT."""
    name = call.text("to")
    if name.isdigit():
        return _with(call, to=int(name))
    if name.upper() not in onnx.TensorProto.DataType.keys():
        raise OpError(f"'to' is '{name}', expected the name of an element type: FLOAT, INT64 ...")
    return _with(call, to=onnx.TensorProto.DataType.Value(name.upper()))


@_before(6, "Selu")
def rounded_constants(b: Builder, call: Call) -> Call:
    return _with(call, alpha=call.real("alpha", 1.6732), gamma=call.real("gamma", 1.0507))


@_before(6, "Tile")
def tile_one_axis(b: Builder, call: Call) -> Call:
    """Copies along one axis, both given as tensors of one element."""
    x, (count,), (axis,) = call.operand(0), b.dims_of(call.operand(1)), b.dims_of(call.operand(2))
    axis = select(eq(maximum(axis, 0), axis), axis, axis + x.rank)
    repeats: list[Dim] = [select(eq(axis, i), count, 1) for i in range(x.rank)]
    return replace(call, inputs=[x, b.dims(repeats)])


@_before(5, "Reshape")
def shape_attribute(b: Builder, call: Call) -> Call:
    return replace(call, inputs=[call.operand(0), b.constant(call.integers("shape"), DType.I64)])


@_before(4, "Concat")
def second_axis(b: Builder, call: Call) -> Call:
    return _with(call, axis=call.integer("axis", 1))


@_before(2, "Pad")
def paddings(b: Builder, call: Call) -> Call:
    return _with(call, pads=call.integers("paddings"))


@_before(2, "LpPool", "GlobalLpPool")
def real_power(b: Builder, call: Call) -> Call:
    power = call.real("p", 2.0)
    if not power.is_integer():
        raise Unsupported(f"{call.op_type} with p = {power} is not supported", "round p to an integer")
    return _with(call, p=int(power))


@_before(7, "Upsample")
def two_scales(b: Builder, call: Call) -> Call:
    return _with(call, scales=[1.0, 1.0, call.real("height_scale"), call.real("width_scale")])
