"""What the handlers of com.microsoft share: how they register, and how they use ONNX's own operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import onnx

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import HANDLERS, Call, Given, onnx_op
from edgec.ir.graph import Value

DOMAIN = "com.microsoft"


def contrib_op(*names: str) -> Callable[[Given], Given]:
    """Decorator: the function handles these operators of com.microsoft."""
    return onnx_op(*names, domain=DOMAIN)


def onnx_results(
    b: Builder, call: Call, operator: str, inputs: Sequence[Value | None], **attributes: Any
) -> list[Value]:
    """The results of ONNX's operator of that name, newest version, as part of `call`."""
    version = onnx.defs.onnx_opset_version()
    found = replace(
        call, op_type=operator, domain="", version=version, inputs=list(inputs), attributes=attributes
    )
    result = HANDLERS["", operator](b, found)
    return [result] if isinstance(result, Value) else list(result)


def onnx_result(
    b: Builder, call: Call, operator: str, inputs: Sequence[Value | None], **attributes: Any
) -> Value:
    """The first of `onnx_results`."""
    return onnx_results(b, call, operator, inputs, **attributes)[0]


# the attributes of activations, in the order in which fused operators list their values
_PARAMETERS = {
    "Clip": ("min", "max"),
    "Elu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
    "LeakyRelu": ("alpha",),
    "Relu": (),
    "Selu": ("alpha", "gamma"),
    "Sigmoid": (),
    "Softplus": (),
    "Softsign": (),
    "Tanh": (),
    "ThresholdedRelu": ("alpha",),
    "HardSwish": (),
    "QuickGelu": ("alpha",),
    "Silu": (),
}


def activate(b: Builder, call: Call, x: Value, kind: str, values: Sequence[float]) -> Value:
    """An activation by its name; what `values` lacks has the default of ONNX's operator."""
    if kind in ("", "Identity"):
        return x
    if kind not in _PARAMETERS:
        raise Unsupported(f"its activation is '{kind}', which is not supported")
    if kind == "Clip":
        low, high = (b.constant(v, x.dtype) for v in values)
        return b.binary("min", b.binary("max", x, low), high)
    attributes = dict(zip(_PARAMETERS[kind], values))
    return onnx_result(b, call, {"QuickGelu": "Swish", "Silu": "Swish"}.get(kind, kind), [x], **attributes)
