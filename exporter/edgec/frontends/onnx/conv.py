"""Convolution, and the padding rules that windows share."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.matmul import centred
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, ceildiv, floordiv, maximum
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.conv import Conv


def window_pads(
    call: Call,
    sizes: tuple[Dim, ...],
    kernel: tuple[Dim, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> tuple[Dim, ...]:
    """Begins, then ends, from the attributes `pads` and `auto_pad` (SAME: output = ceil(input / stride))."""
    rank = len(sizes)
    mode = call.text("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return call.integers("pads", [0] * (2 * rank))
    if mode == "VALID":
        return (0,) * (2 * rank)
    begins: list[Dim] = []
    ends: list[Dim] = []
    for size, k, stride, dilation in zip(sizes, kernel, strides, dilations):
        extent = (k - 1) * dilation + 1
        total = maximum((ceildiv(size, stride) - 1) * stride + extent - size, 0)
        less = floordiv(total, 2)
        begins.append(less if mode == "SAME_UPPER" else total - less)
        ends.append(total - less if mode == "SAME_UPPER" else less)
    return (*begins, *ends)


def bias_program(dtype: DType, bias: Value | None) -> scalar.Program | None:
    """The epilogue that adds a bias to the accumulator; None without one."""
    return scalar.binary("add", dtype) if bias is not None else None


@onnx_op("Conv")
def conv(b: Builder, call: Call) -> Value:
    """Conv on [N, C, *S]: channels last inside; the weight [O, C/g, *K] becomes [O, *K, C/g]."""
    return convolve(b, call, call.operand(0), call.operand(1), call.optional(2))


@onnx_op("ConvInteger")
def conv_integer(b: Builder, call: Call) -> Value:
    """The i32 convolution of 8-bit tensors less their zero points; padding stands for the zero point."""
    x = centred(b, call.operand(0), call.optional(2), 1)
    return convolve(b, call, x, centred(b, call.operand(1), call.optional(3), 0), None)


def convolve(b: Builder, call: Call, x: Value, w: Value, bias: Value | None) -> Value:
    if x.rank < 3 or w.rank != x.rank:
        raise OpError(f"input is {x.type}, weight is {w.type}, expected equal ranks of 3 or more")
    ones = [1] * (x.rank - 2)
    strides, dilations = call.integers("strides", ones), call.integers("dilations", ones)
    kernel = call.integers("kernel_shape", ()) or w.shape[2:]
    if kernel != w.shape[2:]:
        raise OpError(f"kernel_shape is {kernel}, weight is {w.type}")
    pads = window_pads(call, x.shape[2:], w.shape[2:], strides, dilations)
    op = Conv(
        strides,
        pads,
        dilations,
        call.integer("group", 1),
        bias_program(x.dtype, bias),
        int(x.dtype.compute),
        int(x.dtype),
    )
    operands = [b.channels_last(x), b.channels_last(w)]
    return b.channels_first(b.one(op, *operands, *([bias] if bias is not None else [])))
