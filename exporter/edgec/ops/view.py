"""Movement of elements: reshape, transpose, slice, pad, concat, expand; and index makers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgec.ir.dims import Dim, Expr, dims_text, eq, logical_not, product
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register, static
from edgec.ops.shapes import (
    Operands,
    check_axis,
    operand,
    optional,
    require_at_least,
    require_broadcast_to,
    require_equal,
)

PAD_KINDS = ("constant", "edge", "reflect", "wrap")


@register
@dataclass(frozen=True)
class Reshape(Op):
    """The same elements in row-major order under another shape; never a copy.

    Operand: x. Result: x's dtype, `shape`, which has as many elements. Source: ONNX Reshape,
    Flatten, Squeeze, Unsqueeze.
    """

    name = "reshape"
    shape: tuple[Dim, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        require_equal(
            context,
            product(x.shape),
            product(self.shape),
            f"input of shape [{dims_text(x.shape)}] has as many elements as [{dims_text(self.shape)}]",
        )
        return [replace(x, shape=self.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        if x.size != math.prod(static(self.shape)):
            raise OpError(f"{x.size} elements do not fill shape {self.shape}")
        return [x.reshape(static(self.shape))]


@register
@dataclass(frozen=True)
class Transpose(Op):
    """Axes in another order: result axis i is operand axis perm[i]. Source: ONNX Transpose."""

    name = "transpose"
    perm: tuple[int, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if sorted(self.perm) != list(range(x.rank)):
            raise OpError(f"perm {self.perm} is no permutation of the axes of {x}")
        return [TensorType(x.dtype, tuple(x.shape[i] for i in self.perm))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        return [x.transpose(self.perm).copy()]


@register
@dataclass(frozen=True)
class Slice(Op):
    """A strided box: result[i] = x[starts + i * steps] for i in `shape`.

    Operand: x. All lists have one entry per axis; steps are not 0, may be negative; every element
    named must exist (frontends clamp). Source: ONNX Slice, Split, flips.
    """

    name = "slice"
    starts: tuple[Dim, ...]
    steps: tuple[Dim, ...]
    shape: tuple[Dim, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if not len(self.starts) == len(self.steps) == len(self.shape) == x.rank:
            raise OpError(f"starts, steps and shape need {x.rank} entries for {x}")
        for step in self.steps:
            context.guard(logical_not(eq(step, 0)), f"step {step} is not 0")
        for axis, (size, start, step, count) in enumerate(
            zip(x.shape, self.starts, self.steps, self.shape, strict=True)
        ):
            last = start + (count - 1) * step
            if isinstance(count, int) and count < 0:
                raise OpError(f"axis {axis} has negative size {count}")
            known = isinstance(size, int) and isinstance(start, int) and isinstance(last, int)
            if known and count != 0 and not (0 <= start < size and 0 <= last < size):  # type: ignore[operator]
                raise OpError(f"axis {axis} of size {size} has no elements {start} to {last}")
        return [TensorType(x.dtype, self.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        box = []
        for axis, (size, start, step, count) in enumerate(
            zip(x.shape, static(self.starts), static(self.steps), static(self.shape), strict=True)
        ):
            end = start + count * step
            last = end - step
            if count < 0 or (count and not (0 <= start < size and 0 <= last < size)):
                raise OpError(f"axis {axis} of size {size} has no elements {start} to {last}")
            box.append(slice(start, None if end < 0 else end, step) if count else slice(0, 0))
        return [x[tuple(box)].copy()]


@register
@dataclass(frozen=True)
class Pad(Op):
    """Elements added around a tensor.

    Operands: x, and for kind "constant" a scalar fill value of x's dtype (None: 0). `pads` holds
    the begins of all axes, then the ends, none negative. edge repeats the border element, reflect
    mirrors without it, wrap continues from the other side.
    A reflected pad is less than the axis's size. Source: ONNX Pad.
    """

    name = "pad"
    kind: str
    pads: tuple[Dim, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        if self.kind not in PAD_KINDS:
            raise OpError(f"kind is '{self.kind}', expected one of {', '.join(PAD_KINDS)}")
        if len(self.pads) != 2 * x.rank:
            raise OpError(f"pads has {len(self.pads)} entries, expected {2 * x.rank}")
        if any(isinstance(p, int) and p < 0 for p in self.pads):
            raise OpError(f"pads ({dims_text(self.pads)}) must not be negative")
        fill = optional(operands, 1)
        if fill is not None and (fill.rank > 1 or fill.dtype != x.dtype):
            raise OpError(f"fill value is {fill}, expected a scalar of {x.dtype.text}")
        if self.kind == "reflect":
            for axis, size in enumerate(x.shape):
                for pad in (self.pads[axis], self.pads[x.rank + axis]):
                    if pad != 0:
                        message = f"axis {axis} of size {size} is reflected by {pad}, less than its size"
                        require_at_least(context, size, pad + 1, message)
        shape = tuple(self.pads[i] + size + self.pads[x.rank + i] for i, size in enumerate(x.shape))
        return [TensorType(x.dtype, shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        x, fill = (*operands, None)[:2]
        assert x is not None
        pads = static(self.pads)
        if min(pads, default=0) < 0:
            raise OpError(f"pads {tuple(pads)} must not be negative")
        begins, ends = pads[: x.ndim], pads[x.ndim :]
        if self.kind == "constant":
            value = "" if fill is None and DType.of(x.dtype) == DType.STRING else 0
            shape = [b + n + e for b, n, e in zip(begins, x.shape, ends, strict=True)]
            result = np.full(shape, value if fill is None else fill.reshape(()), x.dtype)
            result[tuple(slice(b, b + n) for b, n in zip(begins, x.shape, strict=True))] = x
            return [result]
        for axis, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if begin or end:
                x = x.take(_padded_positions(self.kind, x.shape[axis], begin, end), axis)
        return [x]


def _padded_positions(kind: str, size: int, begin: int, end: int) -> Array:
    """Which element each position of a padded axis repeats. Raises OpError where there is none."""
    if size == 0:
        raise OpError(f"an axis of size 0 cannot be padded by {kind}")
    places = np.arange(-begin, size + end)
    if kind == "edge":
        return np.clip(places, 0, size - 1)
    if kind == "wrap":
        return places % size
    if max(begin, end) >= size:
        raise OpError(f"an axis of size {size} cannot be reflected by {max(begin, end)}")
    return np.asarray((size - 1) - np.abs((size - 1) - np.abs(places)))


@register
@dataclass(frozen=True)
class Concat(Op):
    """Tensors of one dtype joined along `axis`; other sizes must be equal. Source: ONNX Concat."""

    name = "concat"
    axis: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        first = operand(operands, 0, "0")
        check_axis(self.axis, first.rank)
        total: Dim = 0
        for i in range(len(operands)):
            part = operand(operands, i, str(i))
            if part.rank != first.rank or part.dtype != first.dtype:
                raise OpError(f"operand {i} is {part}, operand 0 is {first}")
            total = total + part.shape[self.axis]
            for axis, (a, b) in enumerate(zip(part.shape, first.shape, strict=True)):
                if axis != self.axis:
                    require_equal(context, a, b, f"axis {axis} of operand {i} is {a}, of operand 0 {b}")
        shape = list(first.shape)
        shape[self.axis] = total
        return [TensorType(first.dtype, tuple(shape))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [np.concatenate(given(operands), self.axis)]


@register
@dataclass(frozen=True)
class Expand(Op):
    """x repeated along axes of size 1 (and new leading ones) to exactly `shape`. Source: ONNX
    Expand, Tile.
    """

    name = "expand"
    shape: tuple[Dim, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        require_broadcast_to(context, x.shape, self.shape, "input")
        return [TensorType(x.dtype, self.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        try:
            return [np.broadcast_to(x, static(self.shape)).copy()]
        except ValueError:
            raise OpError(f"shape {x.shape} does not broadcast to {self.shape}") from None


@register
@dataclass(frozen=True)
class Iota(Op):
    """0, 1, ... count - 1 as a vector of an integer or float `dtype`; no operands. Source: ONNX
    Range.
    """

    name = "iota"
    count: Dim
    dtype: int = DType.I64

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        return [TensorType(DType(self.dtype), (self.count,))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        return [np.arange(static([self.count])[0]).astype(DType(self.dtype).numpy)]


@register
@dataclass(frozen=True)
class Extents(Op):
    """Dims as data: an i64 tensor of shape `shape` holding `values` in row-major order; no
    operands.

    Source: ONNX Shape, Size and arithmetic on them.
    """

    name = "extents"
    values: tuple[Dim, ...]
    shape: tuple[int, ...]

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        if product(self.shape) != len(self.values):
            raise OpError(f"{len(self.values)} values do not fill shape {self.shape}")
        return [TensorType(DType.I64, self.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        known = not any(isinstance(v, Expr) for v in self.values)
        values = np.array(self.values, np.int64 if known else object)
        return [values.reshape(self.shape)]


@register
@dataclass(frozen=True)
class Bitcast(Op):
    """The same bytes read as another dtype of the same size; x's shape. Source: ONNX BitCast."""

    name = "bitcast"
    dtype: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        x = operand(operands, 0, "x")
        target = DType(self.dtype)
        if x.dtype.itemsize != target.itemsize or DType.STRING in (x.dtype, target):
            raise OpError(f"{x.dtype.text} and {target.text} have different sizes")
        return [TensorType(target, x.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = given(operands)
        return [np.ascontiguousarray(x).view(DType(self.dtype).numpy).reshape(x.shape)]
