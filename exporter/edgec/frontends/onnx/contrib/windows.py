"""Windows along one axis: UnfoldTensor, and convolutions that look back."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import activate, contrib_op, onnx_result
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import floordiv
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.gather import Gather


@contrib_op("UnfoldTensor")
def unfold(b: Builder, call: Call) -> Value:
    """All runs of `size` elements along an axis, `step` apart, on a new last axis."""
    x, size, step = call.operand(0), call.integer("size"), call.integer("step", 1)
    axis = call.axis(x.rank, -1, "dim")
    if size < 1 or step < 1:
        raise OpError(f"size is {size} and step {step}, expected 1 or more")
    count = floordiv(x.shape[axis] - size, step) + 1
    starts = b.binary("mul", b.iota(count), b.constant(step, DType.I64))
    places = b.binary("add", b.reshape(starts, (count, 1)), b.reshape(b.iota(size), (1, size)))
    found = b.one(Gather(axis), x, places)
    return b.transpose(found, [*range(axis + 1), *range(axis + 2, x.rank + 1), axis + 1])


@contrib_op("CausalConvWithState", ranks={0: (3,), 1: (3,), 2: (1,), 3: (3,)})
def causal_conv(b: Builder, call: Call) -> Sequence[Value]:
    """A depthwise convolution of [B, C, L] behind the K steps before it [B, C, K]; and the last K steps."""
    x, weight, bias, past = call.operand(0), call.operand(1), call.optional(2), call.optional(3)
    if call.integer("ndim", 1) != 1 or call.flag("channels_last") or call.integer("state_window", 0):
        raise Unsupported("only convolutions of [batch, channels, length] with one state are supported")
    dilation, width, channels = call.integer("dilation", 1), weight.shape[2], weight.shape[0]
    if not isinstance(width, int) or not isinstance(channels, int):
        raise Unsupported(f"its weight is {weight.type}", "make it a constant")
    state = (width - 1) * dilation
    if past is None:
        past = b.expand(b.constant(0.0, x.dtype), (*x.shape[:2], state))
    whole = b.concat([past, x], 2)
    y = onnx_result(b, call, "Conv", [whole, weight, bias], group=channels, dilations=[dilation])
    kind = {"none": "", "silu": "Silu", "swish": "Silu"}.get(call.text("activation", "none"), "?")
    return [activate(b, call, y, kind, ()), b.slice_axis(whole, 2, x.shape[2], state)]
