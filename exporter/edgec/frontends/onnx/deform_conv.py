"""DeformConv: the image sampled where each kernel element lies, times the weight."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, eq, floordiv, mod, product
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops import program as scalar
from edgec.ops.base import OpError
from edgec.ops.grid_sample import GridSample


@onnx_op("DeformConv")
def deformable_conv(b: Builder, call: Call) -> Value:
    """x [N, C, *S], w [O, C/g, *K], offset [N, parts * K * len(S), *S'], mask [N, parts * K, *S'].

    `parts` are ONNX's offset groups.
    Source: Dai et al., Deformable Convolutional Networks (2017), with the mask of Zhu et al. (2018).
    """
    x, w, offset = call.operands(3)
    bias, mask = call.optional(3), call.optional(4)
    if not x.rank == w.rank == offset.rank >= 3:
        raise OpError(f"operands are {x.type}, {w.type} and {offset.type}, expected one rank, 3 or more")
    groups, parts = call.integer("group", 1), call.integer("offset_group", 1)
    kernel, places = w.shape[2:], offset.shape[2:]
    b.guard(eq(mod(x.shape[1], parts), 0), f"{x.shape[1]} channels divide into {parts} offset groups")
    sampled = _sampled(b, call, x, offset, kernel, parts)
    count, total = product(kernel), product(places)
    if mask is not None:
        sampled = b.binary("mul", sampled, b.reshape(mask, (x.shape[0] * parts, count, total, 1)))
    columns = b.reshape(sampled, (x.shape[0], parts, count, total, floordiv(x.shape[1], parts)))
    columns = b.transpose(columns, (0, 3, 1, 4, 2))
    inner = w.shape[1] * count
    left = b.transpose(b.reshape(columns, (x.shape[0], total, groups, inner)), (0, 2, 1, 3))
    right = b.reshape(w, (1, groups, floordiv(w.shape[0], groups), inner))
    result = multiply(b, left, right, transpose_y=True)
    result = b.reshape(b.transpose(result, (0, 1, 3, 2)), (x.shape[0], w.shape[0], *places))
    if bias is None:
        return result
    return b.binary("add", result, b.reshape(bias, (w.shape[0], *[1] * len(places))))


def _sampled(b: Builder, call: Call, x: Value, offset: Value, kernel: tuple[Dim, ...], parts: int) -> Value:
    """x at every kernel element of every window: [N * parts, kernel elements, windows, C / parts]."""
    spatial, places = x.rank - 2, offset.shape[2:]
    count, total = product(kernel), product(places)
    strides, dilations = (call.integers(n, [1] * spatial) for n in ("strides", "dilations"))
    pads = call.integers("pads", [0] * (2 * spatial))
    rows = x.shape[0] * parts
    offsets = b.transpose(b.reshape(offset, (rows, count, spatial, total)), (0, 1, 3, 2))
    coordinates = []
    for axis in range(spatial):
        lattice = _lattice(b, axis, (*kernel, *places), dilations[axis], strides[axis], pads[axis])
        moved = b.slice_axis(offsets, 3, axis, 1)
        coordinates.append(_coordinate(b, b.reshape(lattice, (1, count, total, 1)), moved, x.shape[2 + axis]))
    grid = b.reshape(b.concat(coordinates[::-1], 3), (rows, count * total, *[1] * (spatial - 1), spatial))
    images = b.reshape(x, (rows, floordiv(x.shape[1], parts), *x.shape[2:]))
    found = b.one(GridSample("linear", "zeros"), b.channels_last(images), grid)
    return b.reshape(found, (rows, count, total, images.shape[1]))


def _lattice(b: Builder, axis: int, shape: tuple[Dim, ...], dilation: int, stride: int, pad: int) -> Value:
    """Where kernel elements lie on a spatial axis before they are moved: i64 of `shape`, kernel, windows."""
    rank = len(shape)
    place = b.constant(-pad, DType.I64)
    for position, step in ((axis, dilation), (rank // 2 + axis, stride)):
        line = b.binary("mul", b.iota(shape[position]), b.constant(step, DType.I64))
        sizes = [shape[i] if i == position else 1 for i in range(rank)]
        place = b.binary("add", place, b.reshape(line, sizes))
    return b.expand(place, shape)


def _coordinate(b: Builder, place: Value, offset: Value, size: Dim) -> Value:
    """(2 (place + offset) + 1) / size - 1, f64: GridSample's coordinate of an element."""
    t = DType.F64
    p = scalar.Builder([place.dtype, offset.dtype, DType.I64])
    at = p("add", p.cast(0, t), p.cast(1, t))
    scaled = p("div", p("add", p("add", at, at), p.const(1.0, t)), p.cast(2, t))
    return b.map(p.finish(p("sub", scaled, p.const(1.0, t))), [place, offset, b.dims([size])], t)
