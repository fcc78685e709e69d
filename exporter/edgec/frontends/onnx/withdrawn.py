"""Experimental operators that ONNX withdrew: Affine, Crop ...; ONNX Runtime says what they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from edgec.frontends.onnx import map, normalize, view
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op, refuse
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ir.types import DType


@onnx_op("Affine")
def affine(b: Builder, call: Call) -> Value:
    """alpha x + beta."""
    return _scaled(b, call.operand(0), call.real("alpha", 1.0), call.real("beta", 0.0))


def _scaled(b: Builder, x: Value, factor: float, offset: float = 0.0) -> Value:
    product = b.binary("mul", x, b.constant(factor, x.dtype))
    return b.binary("add", product, b.constant(offset, x.dtype)) if offset else product


@onnx_op("Scale")
def scale(b: Builder, call: Call) -> Value:
    return _scaled(b, call.operand(0), call.real("scale", 1.0))


@onnx_op("ImageScaler")
def image_scaler(b: Builder, call: Call) -> Value:
    """scale x + bias per channel."""
    x = _scaled(b, call.operand(0), call.real("scale", 1.0))
    bias = b.constant(call.reals("bias"), x.dtype)
    return b.binary("add", x, normalize.along_channels(b, bias, x.rank))


@onnx_op("ParametricSoftplus")
def parametric_softplus(b: Builder, call: Call) -> Value:
    """alpha log(1 + exp(beta x))."""
    x = _scaled(b, call.operand(0), call.real("beta"))
    softplus = map.activation(b, replace(call, op_type="Softplus", inputs=[x]))
    return _scaled(b, softplus, call.real("alpha"))


@onnx_op("ScaledTanh")
def scaled_tanh(b: Builder, call: Call) -> Value:
    """alpha tanh(beta x)."""
    return _scaled(b, b.unary("tanh", _scaled(b, call.operand(0), call.real("beta"))), call.real("alpha"))


@onnx_op("Crop")
def crop(b: Builder, call: Call) -> Value:
    """An image less its borders (left, top, right, bottom), or of a given size from (left, top) on."""
    x = call.operand(0)
    left, top, right, bottom = call.integers("border")
    height, width = x.shape[2] - top - bottom, x.shape[3] - left - right
    if call.has("scale"):
        height, width = call.integers("scale")
    x = b.slice_axis(x, 2, top, view.require_size(b, height))
    return b.slice_axis(x, 3, left, view.require_size(b, width))


@onnx_op("DynamicSlice")
def dynamic_slice(b: Builder, call: Call) -> Value:
    """Slice of opset 10, without steps."""
    return view.slice(b, replace(call, version=10))


@onnx_op("ConstantFill")
def constant_fill(b: Builder, call: Call) -> Value:
    """A tensor of one value; of f32 where `dtype` is not given."""
    number = call.integer("dtype", onnx.TensorProto.FLOAT)
    value = np.array(call.attributes.get("value", 0.0), onnx.helper.tensor_dtype_to_np_dtype(number))
    return b.expand(b.constant(value), _filled_shape(b, call))


@onnx_op("GivenTensorFill")
def given_tensor_fill(b: Builder, call: Call) -> Value:
    """The f32 values of an attribute."""
    return b.reshape(b.constant(call.reals("values"), DType.F32), _filled_shape(b, call))


def _filled_shape(b: Builder, call: Call) -> list[Dim]:
    """The attribute `shape`; or the input, or its shape; and then `extra_shape`."""
    given = call.optional(0)
    if given is None:
        sizes: list[Dim] = [*call.integers("shape")]
    elif call.flag("input_as_shape"):
        sizes = [view.require_size(b, d) for d in b.dims_of(given)]
    else:
        sizes = list(given.shape)
    return [*sizes, *call.integers("extra_shape", ())]


@onnx_op("GRUUnit")
def gru_unit(b: Builder, call: Call) -> Value:
    """One step of a GRU whose gates [1, N, 3 D] (reset, update, output) lack their activations only.

    Past the end of its sequence the state [1, N, D] stays, or is 0 with `drop_states`.
    """
    state, gates, lengths, step = call.operands(4)
    hidden = state.shape[2]
    update = b.unary("sigmoid", b.slice_axis(gates, 2, hidden, hidden))
    output = b.unary("tanh", b.slice_axis(gates, 2, hidden * 2, hidden))
    moved = b.binary("add", output, b.binary("mul", update, b.binary("sub", state, output)))
    valid = b.binary("lt", b.cast(b.reshape(step, ()), DType.I64), b.cast(lengths, DType.I64))
    rest = b.constant(0.0, state.dtype) if call.flag("drop_states") else state
    return map.select(b, b.reshape(valid, (state.shape[1], 1)), moved, rest)


for _domain in ("", "org.pytorch.aten"):
    refuse(
        "ATen",
        domain=_domain,
        reason="it calls PyTorch, which ONNX does not define",
        advice="export the model again without ONNX_ATEN_FALLBACK",
    )
