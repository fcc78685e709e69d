"""Pooling, reductions with programs, and sampling: what becomes ONNX's in another layout."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from edgec.ir.dims import floordiv
from edgec.ir.graph import Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.grid_sample import GridSample
from edgec.ops.normalize import Normalize
from edgec.ops.pool import Pool
from edgec.ops.reduce import Reduce
from edgec.ops.roi import RoiAlign
from edgec.ops.view import Pad
from edgec.passes.editor import constant
from edgec.writers.onnx.conv import same_padding, window_settings
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.foreign import foreign
from edgec.writers.onnx.lower import Lowering, first_order, lowers, moved
from edgec.writers.onnx.scope import is_static
from edgec.writers.onnx.view import op_of

_POOLS = {"max": "MaxPool", "average": "AveragePool", "lp": "LpPool"}


@lowers("pool")
def lower_pool(at: Lowering) -> None:
    op = op_of(at.node, Pool)
    x, op_type = at.node.operand(0), _POOLS[op.kind]
    made = x.dtype
    if not at.target.takes(op_type, made):
        made = DType.F64 if made.is_int and made.itemsize > 2 else DType.F32
    settings = window_settings(op, op.kernel)
    since = {"average": 19, "lp": 18}.get(op.kind, 0)
    if "dilations" in settings:
        at.target.since(since, at.node.name, f"{op_type} with dilations")
    if op.ceil_mode and _has_partial_windows(op, x, at.node.outputs[0]):
        at.target.since(18 if op.kind == "lp" else 0, at.node.name, "LpPool with ceil_mode")
        settings["ceil_mode"] = 1
    if op.kind == "average":
        settings["count_include_pad"] = int(op.count_include_pad) or None
    if op.kind == "lp":
        settings["p"] = op.p
    image = at.channels_first(at.cast(x, made))
    if is_static(op.pads):
        settings["pads"] = op.pads if any(op.pads) else None
    else:
        settings["auto_pad"] = same_padding(op.pads, image.shape[2:], op.kernel, op.strides, op.dilations)
        if settings["auto_pad"] is None:
            image = _padded(at, op, image)
    types = [moved(v.type, first_order(x.rank)) for v in at.node.outputs]
    types[0] = TensorType(made, types[0].shape)
    results = _emit(at, foreign(op_type, *types, **settings), image)
    results = [at.channels_last(r) for r in results]
    results[0] = at.cast(results[0], x.dtype)
    at.become(*results)


def _has_partial_windows(op: Pool, x: Value, result: Value) -> bool:
    """Whether a last window may reach beyond the pads; where none does, `ceil_mode` says nothing.

    Older opsets count one too many where such a window would start in the pads.
    """
    spatial = x.rank - 2
    for i, (size, made) in enumerate(zip(x.shape[1:-1], result.shape[1:-1])):
        extent = (op.kernel[i] - 1) * op.dilations[i] + 1
        whole = floordiv(size + op.pads[i] + op.pads[spatial + i] - extent, op.strides[i]) + 1
        if made != whole:
            return True
    return False


def _padded(at: Lowering, op: Pool, image: Any) -> Any:
    """The image with what never wins a maximum around it."""
    if op.kind != "max" or op.indices or op.ceil_mode or not image.dtype.is_float:
        raise OnnxError(
            f"'{at.node.name}': pads that only a run knows cannot be written for {op.kind} pooling"
        )
    spatial = image.rank - 2
    pads = (0, 0, *op.pads[:spatial], 0, 0, *op.pads[spatial:])
    fill = constant("least", np.asarray(-np.inf, image.dtype.numpy), image.dtype)
    return at.editor.add(Pad("constant", pads), [image, fill], at.node)


def _emit(at: Lowering, op: Any, *operands: Any) -> list[Any]:
    """The results of an operator with several."""
    values = [Value(old.name, t) for old, t in zip(at.node.outputs, op.results, strict=True)]
    at.editor.insert(Node(op, list(operands), values, at.node.name))
    return values


@lowers("reduce")
def lower_reduce(at: Lowering) -> None:
    """The programs before and after become maps of their own."""
    op = op_of(at.node, Reduce)
    if op.prologue is None and op.epilogue is None:
        return
    x, *extras = [v for v in at.node.inputs if v is not None]
    split = op.split()
    value = x
    if op.prologue is not None:
        value = at.map(op.prologue, [x, *extras[:split]], op.prologue.dtype)
    elif x.dtype != x.dtype.compute:
        value = at.cast(x, x.dtype.compute)
    plain = dataclasses.replace(op, prologue=None, epilogue=None)
    total = at.editor.add(plain, [value], at.node)
    at.finish(total, op.epilogue, extras[split:], at.node.outputs[0].dtype)


@lowers("normalize")
def lower_normalize(at: Lowering) -> None:
    """InstanceNormalization, where an image is normalised per channel; the rest is written as it is."""
    op, x = op_of(at.node, Normalize), at.node.operand(0)
    scale, bias = (*at.node.inputs[1:3], None, None)[:2]
    last = x.rank - 1
    spatial = {tuple(range(1, last)): (last,), tuple(range(2, x.rank)): (1,)}.get(tuple(sorted(op.axes)))
    if x.rank < 3 or not op.center or spatial is None or scale is None or bias is None:
        return
    if not at.target.takes("InstanceNormalization", x.dtype):
        return
    (channel,) = spatial
    shape = tuple(x.shape[channel] if i == channel else 1 for i in range(channel, x.rank))
    parameters = []
    for value in (scale, bias):
        if value.dtype != x.dtype or value.const is None or value.shape[-len(shape) :] != shape:
            return
        if not isinstance(shape[0], int) or value.const.size != shape[0]:
            return
        parameters.append(constant(value.name, value.const.reshape(-1), value.dtype))
    image = at.channels_first(x) if channel == last else x
    y = at.onnx("InstanceNormalization", [image, *parameters], image.type, epsilon=op.epsilon)
    at.become(at.channels_last(y) if channel == last else y)


@lowers("grid_sample")
def lower_grid_sample(at: Lowering) -> None:
    op = op_of(at.node, GridSample)
    x, grid = at.node.operand(0), at.node.operand(1)
    at.target.since(16 if x.rank == 4 else 20, at.node.name, f"GridSample of rank {x.rank}")
    old = {"linear": "bilinear", "cubic": "bicubic"}
    mode = op.kind if at.target.opset >= 20 else old.get(op.kind, op.kind)
    result = moved(at.node.outputs[0].type, first_order(x.rank))
    y = at.onnx(
        "GridSample",
        [at.channels_first(x), at.cast(grid, x.dtype)],
        result,
        mode=mode,
        padding_mode=op.padding,
        align_corners=int(op.align_corners),
    )
    at.become(at.channels_last(y))


@lowers("roi_align")
def lower_roi_align(at: Lowering) -> None:
    op = op_of(at.node, RoiAlign)
    x, rois, batch = (at.node.operand(i) for i in range(3))
    mode: str | None = "half_pixel" if op.half_pixel else "output_half_pixel"
    if at.target.opset < 16:
        if op.half_pixel:
            at.target.since(16, at.node.name, "RoiAlign with half_pixel")
        mode = None
    y = at.onnx(
        "RoiAlign",
        [at.channels_first(x), at.cast(rois, x.dtype), at.cast(batch, DType.I64)],
        moved(at.node.outputs[0].type, first_order(x.rank)),
        mode={"average": "avg", "max": "max"}[op.kind],
        output_height=op.height,
        output_width=op.width,
        sampling_ratio=op.sampling_ratio,
        spatial_scale=op.spatial_scale,
        coordinate_transformation_mode=mode,
    )
    at.become(at.channels_last(y))
