"""Activations, with the bias before them."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op, onnx_result
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import floordiv, product
from edgec.ir.graph import Value
from edgec.ops.base import OpError


@contrib_op("Gelu", "BiasGelu")
def gelu(b: Builder, call: Call) -> Value:
    """x Phi(x) of the input plus the bias, if there is one."""
    return onnx_result(b, call, "Gelu", [_biased(b, call)])


@contrib_op("FastGelu")
def fast_gelu(b: Builder, call: Call) -> Value:
    return onnx_result(b, call, "Gelu", [_biased(b, call)], approximate="tanh")


def _biased(b: Builder, call: Call) -> Value:
    x, bias = call.operand(0), call.optional(1)
    return b.binary("add", x, bias) if bias is not None else x


@contrib_op("QuickGelu")
def quick_gelu(b: Builder, call: Call) -> Value:
    """x sigmoid(alpha x)."""
    return onnx_result(b, call, "Swish", [call.operand(0)], alpha=call.real("alpha", 1.702))


@contrib_op("ScaledSiLU")
def scaled_silu(b: Builder, call: Call) -> Value:
    """SiLU of the scaled input; the scale is an input, or alpha."""
    x, scale = call.operand(0), call.optional(1)
    alpha = b.constant(call.real("alpha", 1.0), x.dtype)
    factor = b.reshape(b.cast(scale, x.dtype), ()) if scale is not None else alpha
    return onnx_result(b, call, "Swish", [b.binary("mul", x, factor)])


@contrib_op("BiasSplitGelu")
def bias_split_gelu(b: Builder, call: Call) -> Value:
    """The left half of the last axis of x + bias times Gelu of the right half."""
    x = b.binary("add", call.operand(0), call.operand(1))
    half = floordiv(x.shape[-1], 2)
    left, right = (b.slice_axis(x, x.rank - 1, half * i, half) for i in (0, 1))
    return b.binary("mul", left, onnx_result(b, call, "Gelu", [right]))


@contrib_op("BiasAdd")
def bias_add(b: Builder, call: Call) -> Value:
    """x + bias + skip."""
    return b.binary("add", b.binary("add", call.operand(0), call.operand(1)), call.operand(2))


@contrib_op("GatedAdd")
def gated_add(b: Builder, call: Call) -> Value:
    """x + y gate."""
    return b.binary("add", call.operand(0), b.binary("mul", call.operand(1), call.operand(2)))


@contrib_op("BiasSoftmax")
def bias_softmax(b: Builder, call: Call) -> Value:
    """Softmax of x + bias over all axes from `axis` on.

    The bias lacks the outer batch axes, or with `is_inner_broadcast` has 1 for those right before `axis`.
    """
    x, bias = call.operand(0), call.operand(1)
    axis = call.axis(x.rank, 1)
    if bias.rank > x.rank:
        raise OpError(f"bias is {bias.type}, expected at most rank {x.rank}")
    total = b.binary("add", x, bias)
    flat = b.reshape(total, (product(x.shape[:axis]), product(x.shape[axis:])))
    return b.reshape(onnx_result(b, call, "Softmax", [flat], axis=1), total.shape)
