"""Products and convolutions with what follows them."""

from __future__ import annotations

from dataclasses import replace

from edgec.frontends.onnx import conv, matmul, pool
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import activate, contrib_op, onnx_result
from edgec.frontends.onnx.registry import Call
from edgec.ir.graph import Value


@contrib_op("FusedConv")
def fused_conv(b: Builder, call: Call) -> Value:
    """activation(Conv(x, w, bias) + z)."""
    y = conv.conv(b, call)
    z = call.optional(3)
    y = b.binary("add", y, z) if z is not None else y
    return activate(b, call, y, call.text("activation", ""), call.reals("activation_params"))


@contrib_op("NhwcConv", "NhwcFusedConv")
def image_conv(b: Builder, call: Call) -> Value:
    """FusedConv whose images have their channels last."""
    x, w, bias, z = call.operand(0), call.operand(1), call.optional(2), call.optional(3)
    first = [b.channels_first(x), w, bias, b.channels_first(z) if z is not None else None]
    return b.channels_last(fused_conv(b, replace(call, inputs=first)))


@contrib_op("NhwcMaxPool")
def image_max_pool(b: Builder, call: Call) -> Value:
    x = b.channels_first(call.operand(0))
    return b.channels_last(pool.pool(b, replace(call, op_type="MaxPool", inputs=[x]))[0])


@contrib_op("ConvTransposeWithDynamicPads")
def conv_transpose(b: Builder, call: Call) -> Value:
    """ConvTranspose whose pads, which may be missing, are an input: the rows that they name are cut off."""
    x, w, given, bias = call.operand(0), call.operand(1), call.optional(2), call.optional(3)
    attributes = dict(call.attributes)
    y = onnx_result(b, call, "ConvTranspose", [x, w, bias], **attributes)
    pads = b.dims_of(given) if given is not None else ()
    spatial = x.rank - 2
    for i, (begin, end) in enumerate(zip(pads[:spatial], pads[spatial:])):
        y = b.slice_axis(y, i + 2, begin, y.shape[i + 2] - begin - end)
    return y


@contrib_op("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation")
def fused_matmul(b: Builder, call: Call) -> Value:
    """alpha x y, transposed where asked for; then an activation."""
    x, y = _batched(b, call, "A", 0), _batched(b, call, "B", 1)
    if x.rank > 1 and y.rank > 1:
        result = matmul.multiply(b, x, y, call.flag("transA"), call.flag("transB"))
    else:
        result = matmul.broadcast_product(b, _turned(b, call, "A", x), _turned(b, call, "B", y))
    if call.real("alpha", 1.0) != 1.0:
        result = b.binary("mul", result, b.constant(call.real("alpha"), result.dtype))
    return _activated(b, call, result)


def _batched(b: Builder, call: Call, which: str, index: int) -> Value:
    """An operand whose first axis moves behind its batches with transBatchA."""
    x = call.operand(index)
    if x.rank < 3 or not call.flag(f"transBatch{which}"):
        return x
    return b.transpose(x, [*range(1, x.rank - 1), 0, x.rank - 1])


def _turned(b: Builder, call: Call, which: str, x: Value) -> Value:
    if x.rank < 2 or not call.flag(f"trans{which}"):
        return x
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


def _activated(b: Builder, call: Call, x: Value) -> Value:
    names = ("activation_alpha", "activation_beta", "activation_gamma")
    kind = call.text("activation", "")
    if kind == "Softmax":
        return onnx_result(b, call, "Softmax", [x], axis=call.integer("activation_axis", -1))
    given = [call.real(n) for n in names if call.has(n)]
    return activate(b, call, x, kind, given)


@contrib_op("FusedGemm")
def fused_gemm(b: Builder, call: Call) -> Value:
    """activation(alpha A B + beta C)."""
    return _activated(b, call, matmul.gemm(b, call))


@contrib_op("GemmFastGelu")
def gemm_fast_gelu(b: Builder, call: Call) -> Value:
    """FastGelu(x w + bias)."""
    y, bias = matmul.broadcast_product(b, call.operand(0), call.operand(1)), call.optional(2)
    y = b.binary("add", y, bias) if bias is not None else y
    return onnx_result(b, call, "Gelu", [y], approximate="tanh")
