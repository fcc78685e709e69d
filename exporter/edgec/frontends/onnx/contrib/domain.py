"""What the handlers of com.microsoft share: how they register, and how they use ONNX's own operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import onnx

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import HANDLERS, Call, Given, Result, onnx_op
from edgec.ir.graph import Value
from edgec.ops.base import OpError

DOMAIN = "com.microsoft"


def contrib_op(*names: str, ranks: Mapping[int, Sequence[int]] | None = None) -> Callable[[Given], Given]:
    """Decorator: the function handles these operators of com.microsoft.

    `ranks` has the ranks that inputs may have, by their index; others raise OpError.
    """

    def add(handler: Given) -> Given:
        def checked(b: Builder, call: Call) -> Result:
            for index, allowed in (ranks or {}).items():
                found = call.optional(index)
                if found is not None and found.rank not in allowed:
                    expected = " or ".join(map(str, allowed))
                    raise OpError(f"input {index} is {found.type}, expected rank {expected}")
            return handler(b, call)

        onnx_op(*names, domain=DOMAIN)(checked if ranks else handler)
        return handler

    return add


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
        if len(values) != 2:
            raise OpError(f"Clip has {len(values)} parameters, expected 2")
        low, high = (b.constant(v, x.dtype) for v in values)
        return b.binary("min", b.binary("max", x, low), high)
    attributes = dict(zip(_PARAMETERS[kind], values))
    return onnx_result(b, call, {"QuickGelu": "Swish", "Silu": "Swish"}.get(kind, kind), [x], **attributes)
