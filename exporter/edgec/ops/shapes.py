"""Helpers of shape rules: operands that must be there, equal dims, broadcasting."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.ir.dims import Dim, DimError, bcast, dims_text, eq, floordiv, less, logical_not, maximum, minimum
from edgec.ir.types import TensorType
from edgec.ops.base import Context, OpError

Operands = Sequence[TensorType | None]
Shape = tuple[Dim, ...]


def operand(operands: Operands, index: int, what: str) -> TensorType:
    """Operand `index`. Raises OpError, calling it `what`, where it is absent."""
    found = operands[index] if index < len(operands) else None
    if found is None:
        raise OpError(f"operand {index} ('{what}') is missing")
    return found


def optional(operands: Operands, index: int) -> TensorType | None:
    """Operand `index`, or None where it is absent."""
    return operands[index] if index < len(operands) else None


def check_axis(axis: int, rank: int) -> None:
    """Raises OpError unless 0 <= axis < rank (frontends resolve negative axes)."""
    if not 0 <= axis < rank:
        raise OpError(f"axis {axis} is not one of the {rank} axes of the input")


def check_axes(axes: Sequence[Dim], rank: int, context: Context) -> None:
    """Axes are distinct and each is an axis of a tensor of that rank, proven now or guarded."""
    for i, axis in enumerate(axes):
        if isinstance(axis, int):
            check_axis(axis, rank)
        else:
            message = f"axis {axis} is one of the {rank} axes of the input"
            context.guard(minimum(less(-1, axis), less(axis, rank)), message)
        for other in axes[:i]:
            message = f"axes ({dims_text(axes)}) name an axis twice"
            context.guard(logical_not(eq(axis, other)), message)


def check_rank(value: TensorType, what: str, least: int, most: int | None = None) -> None:
    """Raises OpError unless least <= rank <= most (most None: any)."""
    if value.rank < least or (most is not None and value.rank > most):
        wanted = str(least) if most == least else f"{least} or more" if most is None else f"{least} to {most}"
        raise OpError(f"'{what}' is {value}, expected rank {wanted}")


def require_equal(context: Context, a: Dim, b: Dim, message: str) -> None:
    """a == b, proven now or guarded. `message` says what was expected."""
    context.guard(eq(a, b), message)


def require_at_least(context: Context, a: Dim, b: Dim, message: str) -> None:
    """a >= b, proven now or guarded."""
    context.guard(eq(maximum(a, b), a), message)


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's broadcast of shapes. Raises OpError where known sizes do not fit."""
    rank = max((len(s) for s in shapes), default=0)
    result: list[Dim] = [1] * rank
    for shape in shapes:
        for i, dim in enumerate(shape, rank - len(shape)):
            try:
                result[i] = bcast(result[i], dim)
            except DimError:
                texts = " and ".join(f"[{dims_text(s)}]" for s in shapes)
                raise OpError(f"shapes {texts} do not broadcast") from None
    return tuple(result)


def require_broadcast_to(context: Context, shape: Shape, target: Shape, what: str) -> None:
    """`shape` broadcasts to exactly `target`: trailing sizes are 1 or equal."""
    message = f"{what} of shape [{dims_text(shape)}] does not broadcast to [{dims_text(target)}]"
    if len(shape) > len(target):
        raise OpError(message)
    for dim, wanted in zip(shape, target[len(target) - len(shape) :], strict=True):
        if dim != 1 and dim != wanted:
            context.guard(maximum(eq(dim, 1), eq(dim, wanted)), message)


def window_size(
    context: Context, size: Dim, begin: Dim, end: Dim, kernel: Dim, stride: int, dilation: int
) -> Dim:
    """Windows that fit in a padded axis: floor((size + begin + end - extent) / stride) + 1."""
    extent = (kernel - 1) * dilation + 1
    padded = window_room(size, begin, end)
    require_at_least(context, padded, extent, f"padded input size {padded} is at least the kernel's {extent}")
    return floordiv(padded - extent, stride) + 1


def window_room(size: Dim, begin: Dim, end: Dim) -> Dim:
    """The size of a padded axis. Raises OpError for pads known to be negative."""
    if any(isinstance(p, int) and p < 0 for p in (begin, end)):
        raise OpError(f"pads {begin} and {end} must not be negative")
    return size + begin + end


def check_windows(
    rank: int, kernel: Sequence[Dim], strides: Sequence[int], pads: Sequence[Dim], dilations: Sequence[int]
) -> None:
    """Raises OpError unless each list has one entry per spatial axis (pads two) and is positive."""
    for what, found, expected in (
        ("kernel", kernel, rank),
        ("strides", strides, rank),
        ("dilations", dilations, rank),
        ("pads", pads, 2 * rank),
    ):
        if len(found) != expected:
            raise OpError(f"{what} has {len(found)} entries, expected {expected}")
    for what, numbers in (("strides", strides), ("dilations", dilations)):
        if min(numbers, default=1) < 1:
            raise OpError(f"{what} {tuple(numbers)} must be positive")
    for size in kernel:
        if isinstance(size, int) and size < 1:
            raise OpError(f"kernel size {size} must be positive")
