"""Convolutions: channels first, with the bias that their epilogue begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgec.ir.dims import Dim, ceildiv, floordiv, maximum
from edgec.ir.graph import Value
from edgec.ir.types import DType, TensorType
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.view import Pad, Reshape, Slice
from edgec.passes.editor import constant
from edgec.writers.onnx.integers import centred_bytes, narrow
from edgec.writers.onnx.lower import Lowering, first_order, given, lowers, moved, take_bias
from edgec.writers.onnx.scope import is_static
from edgec.writers.onnx.view import op_of


@lowers("conv")
def lower_conv(at: Lowering) -> None:
    op = op_of(at.node, Conv)
    x, w, *extras = given(at.node.inputs)
    result = moved(at.node.outputs[0].type, first_order(x.rank))
    settings = window_settings(op, w.shape[1:-1])
    bias, program, rest = take_bias(op.epilogue, extras, w.shape[0])
    accumulator = DType(op.accumulator)
    made = product_type(at, "Conv", x, w, accumulator, op.dtype, program)
    if made is None:
        accumulated = _integers(at, op, x, w, result, settings)
        at.finish(at.channels_last(accumulated), op.epilogue, extras, op.dtype)
        return
    if bias is not None and bias.dtype != made:
        bias, program, rest = None, op.epilogue, extras
    image, weight = at.channels_first(at.cast(x, made)), at.channels_first(at.cast(w, made))
    image, pads = _padded(at, image, op, w.shape[1:-1])
    operands = [image, weight, bias] if bias is not None else [image, weight]
    y = at.onnx("Conv", operands, TensorType(made, result.shape), **{**settings, **pads})
    at.finish(at.channels_last(y), program, rest, op.dtype)


def product_type(
    at: Lowering, op_type: str, x: Value, w: Value, accumulator: DType, dtype: int, program: Any
) -> DType | None:
    """The float type in which ONNX's operator gives what the accumulator holds; None for integers."""
    if accumulator.is_int:
        return None
    same = x.dtype == w.dtype and x.dtype.compute == accumulator
    unrounded = x.dtype == accumulator or (program is None and dtype == x.dtype)
    return x.dtype if same and unrounded and at.target.takes(op_type, x.dtype) else accumulator


def window_settings(op: Any, kernel: Sequence[Dim]) -> dict[str, Any]:
    """The attributes that windows share, pads aside; those that say nothing are left out."""
    settings: dict[str, Any] = {"strides": op.strides if any(s != 1 for s in op.strides) else None}
    if any(d != 1 for d in op.dilations):
        settings["dilations"] = op.dilations
    if is_static(kernel):
        settings["kernel_shape"] = tuple(kernel)
    if getattr(op, "groups", 1) != 1:
        settings["group"] = op.groups
    return settings


def _padded(at: Lowering, image: Value, op: Conv, kernel: Sequence[Dim]) -> tuple[Value, dict[str, Any]]:
    """The image and the attributes for its pads; pads that only a run knows are a node where no rule fits."""
    spatial = image.rank - 2
    if is_static(op.pads):
        return image, {"pads": op.pads if any(op.pads) else None}
    same = same_padding(op.pads, image.shape[2:], kernel, op.strides, op.dilations)
    if same is not None:
        return image, {"auto_pad": same}
    pads = (0, 0, *op.pads[:spatial], 0, 0, *op.pads[spatial:])
    return at.editor.add(Pad("constant", pads), [image, None], at.node), {}


def same_padding(
    pads: Sequence[Dim],
    sizes: Sequence[Dim],
    kernel: Sequence[Dim],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> str | None:
    """SAME_UPPER or SAME_LOWER where the pads are what ONNX makes of it."""
    for mode in ("SAME_UPPER", "SAME_LOWER"):
        begins: list[Dim] = []
        ends: list[Dim] = []
        for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
            extent = (k - 1) * dilation + 1
            total = maximum((ceildiv(size, stride) - 1) * stride + extent - size, 0)
            half = floordiv(total, 2)
            begins.append(half if mode == "SAME_UPPER" else total - half)
            ends.append(total - half if mode == "SAME_UPPER" else half)
        if (*begins, *ends) == tuple(pads):
            return mode
    return None


def _integers(
    at: Lowering, op: Conv, x: Value, w: Value, result: TensorType, settings: dict[str, Any]
) -> Value:
    """The sums in the accumulator type: ConvInteger for bytes, else in f64, which holds them."""
    accumulator = DType(op.accumulator)
    small, small_w = centred_bytes(at, x), centred_bytes(at, w)
    if small is not None and small_w is not None and accumulator == DType.I32:
        image, pads = _padded(at, at.channels_first(small[0]), op, w.shape[1:-1])
        operands = [image, at.channels_first(small_w[0]), small[1], small_w[1]]
        type_ = TensorType(DType.I32, result.shape)
        return at.onnx("ConvInteger", operands, type_, **{**settings, **pads})
    image, pads = _padded(at, at.channels_first(at.cast(x, DType.F64)), op, w.shape[1:-1])
    weight = at.channels_first(at.cast(w, DType.F64))
    wide = TensorType(DType.F64, result.shape)
    return narrow(at, at.onnx("Conv", [image, weight], wide, **{**settings, **pads}), accumulator)


@lowers("conv_transpose")
def lower_conv_transpose(at: Lowering) -> None:
    op = op_of(at.node, ConvTranspose)
    x, w, *extras = given(at.node.inputs)
    bias, program, rest = take_bias(op.epilogue, extras, w.shape[0])
    accumulator = DType(op.accumulator)
    made = product_type(at, "ConvTranspose", x, w, accumulator, op.dtype, program)
    wide = made or DType.F64
    extra = op.output_padding or (0,) * (x.rank - 2)
    plain = is_static(op.pads) and is_static(extra) and _small(extra, op)
    if made is None or not plain or (bias is not None and bias.dtype != wide):
        bias, program, rest = None, op.epilogue, extras
    settings = window_settings(op, w.shape[1:-1])
    if plain:
        settings["pads"] = op.pads if any(op.pads) else None
        settings["output_padding"] = extra if any(extra) else None
    weight = _weight(at, at.cast(w, wide), op.groups)
    operands = [at.channels_first(at.cast(x, wide)), weight, *([bias] if bias is not None else [])]
    result = moved(at.node.outputs[0].type, first_order(x.rank), wide)
    if plain:
        y = at.onnx("ConvTranspose", operands, result, **settings)
    else:
        y = _cropped(at, op, operands, result, settings, extra)
    if made is None:
        y = narrow(at, y, accumulator)
    at.finish(at.channels_last(y), program, rest, op.dtype)


def _small(extra: Sequence[Dim], op: ConvTranspose) -> bool:
    """Output padding that every implementation takes: less than the stride or the dilation."""
    return all(0 <= int(str(e)) < max(s, d) for e, s, d in zip(extra, op.strides, op.dilations))


def _weight(at: Lowering, w: Value, groups: int) -> Value:
    """[O, *K, C/groups], group by group, as ONNX's [C, O/groups, *K]."""
    outputs, *kernel, inner = w.shape
    rank = w.rank
    split: tuple[Dim, ...] = (groups, floordiv(outputs, groups), *kernel, inner)
    order = (0, rank, *range(1, rank))
    joined: tuple[Dim, ...] = (inner * groups, floordiv(outputs, groups), *kernel)
    if w.const is not None:
        sizes = [int(str(d)) for d in split]
        array = w.const.reshape(sizes).transpose(order).reshape([int(str(d)) for d in joined])
        return constant(w.name, array, w.dtype)
    apart = at.editor.add(Reshape(split), [w], at.node, w.name)
    return at.editor.add(Reshape(joined), [at.transpose(apart, order)], at.node, w.name)


def _cropped(
    at: Lowering,
    op: ConvTranspose,
    operands: Sequence[Value],
    result: TensorType,
    settings: dict[str, Any],
    extra: Sequence[Dim],
) -> Value:
    """The whole result, zeros added at the ends, cut by the pads: sizes here may be formulas."""
    x, spatial = operands[0], operands[0].rank - 2
    kernel = operands[1].shape[2:]
    full = tuple(
        (size - 1) * s + (k - 1) * d + 1
        for size, s, k, d in zip(x.shape[2:], op.strides, kernel, op.dilations)
    )
    whole = TensorType(result.dtype, (*result.shape[:2], *full))
    y = at.onnx("ConvTranspose", operands, whole, **settings)
    if any(e != 0 for e in extra):
        y = at.editor.add(Pad("constant", (*[0] * (spatial + 4), *extra)), [y, None], at.node)
    starts = (0, 0, *op.pads[:spatial])
    return at.editor.add(Slice(starts, (1,) * x.rank, result.shape), [y], at.node)
