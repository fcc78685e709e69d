"""Epilogues: the scalar program run on an operator's accumulator before it is stored.

Register 0 is the accumulator element; register i is element of extra operand i - 1, which
broadcasts (NumPy rules) to the result. Without a program the accumulator itself is stored.
"""

from __future__ import annotations

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.program import Program
from edgec.ops.shapes import Operands, Shape, require_broadcast_to


def check_operands(program: Program, types: list[TensorType], what: str) -> None:
    """Raises OpError unless the program takes exactly operands of these types."""
    if len(program.operands) != len(types):
        raise OpError(f"{what} takes {len(program.operands)} operands, got {len(types)}")
    for i, (expected, found) in enumerate(zip(program.operands, types, strict=True)):
        if found.dtype.compute != expected:
            raise OpError(f"{what} operand {i} is {found.dtype.text}, expected {expected.text}")


def infer_epilogue(
    program: Program | None,
    accumulator: int,
    dtype: int,
    shape: Shape,
    extras: Operands,
    context: Context,
) -> TensorType:
    """The result type of an operator with result `shape`; checks program, extras and dtypes."""
    given = [e for e in extras if e is not None]
    if len(given) != len(extras):
        raise OpError("an epilogue operand is missing")
    for i, extra in enumerate(given):
        require_broadcast_to(context, extra.shape, shape, f"epilogue operand {i + 1}")
    computed = DType(accumulator).compute
    if program is None:
        if given:
            raise OpError(f"{len(given)} extra operands without an epilogue")
    else:
        check_operands(program, [TensorType(DType(accumulator), shape), *given], "epilogue")
        computed = program.dtype
    if DType(dtype).compute != computed:
        raise OpError(f"result type {DType(dtype).text} cannot hold the epilogue's {computed.text}")
    return TensorType(DType(dtype), shape)
