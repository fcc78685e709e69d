"""Control flow. Bodies take everything they use as explicit inputs.

A body's dims may use symbols of the graphs around it. A body's own symbols mean nothing outside: a
result's dim that depends on one, or that differs between branches, becomes a count symbol (bound
-1: not known).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgec.ir.containers import ContainerError, joined
from edgec.ir.dims import Dim, maximum, symbols_of
from edgec.ir.graph import Graph
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op, OpError, register
from edgec.ops.shapes import Operands, operand, optional


def _is_inner(dim: Dim, graph: Graph) -> bool:
    own = {name for g in graph.walk() for name in g.symbols}
    return not own.isdisjoint(symbols_of(dim))


def _check_inputs(body: Graph, expected: Sequence[TensorType]) -> None:
    if len(body.inputs) != len(expected):
        raise OpError(f"body '{body.name}' takes {len(body.inputs)} inputs, got {len(expected)}")
    for i, (value, given) in enumerate(zip(body.inputs, expected, strict=True)):
        if value.dtype != given.dtype or value.rank != given.rank:
            raise OpError(f"body '{body.name}' input {i} is {value.type}, got {given}")
        held = _joined(value.type, given, f"body '{body.name}' input {i}")
        if held.element != value.type.element:
            raise OpError(f"body '{body.name}' input {i} is {value.type}, got {given}")
        for axis, (a, b) in enumerate(zip(value.shape, given.shape, strict=True)):
            if a != b and not _is_inner(a, body):
                raise OpError(f"body '{body.name}' input {i} has size {a} on axis {axis}, got {b}")


def _joined(a: TensorType, b: TensorType, who: str) -> TensorType:
    """The type of a container that is one of two. Raises OpError for different contents."""
    try:
        return joined(a, b)
    except ContainerError as error:
        raise OpError(f"{who}: {error}") from error


@register
@dataclass(frozen=True)
class If(Op):
    """One of two bodies, chosen by a scalar.

    Operands: condition (bool, one element), then captures. Bodies: then, else; each takes all
    captures and gives results of equal dtypes and ranks. Source: ONNX If.
    """

    name = "if"

    def infer_node(self, operands: Operands, bodies: Sequence[Graph], context: Context) -> list[TensorType]:
        condition = operand(operands, 0, "condition")
        if condition.dtype != DType.BOOL:
            raise OpError(f"condition is {condition}, expected bool")
        if len(bodies) != 2:
            raise OpError(f"if has {len(bodies)} bodies, expected then and else")
        captures = [operand(operands, i, str(i)) for i in range(1, len(operands))]
        for body in bodies:
            _check_inputs(body, captures)
        yes, no = bodies
        if len(yes.outputs) != len(no.outputs):
            raise OpError(f"then gives {len(yes.outputs)} results, else {len(no.outputs)}")
        results = []
        for i, (a, b) in enumerate(zip(yes.outputs, no.outputs, strict=True)):
            if a.dtype != b.dtype or a.rank != b.rank:
                raise OpError(f"result {i} is {a.type} in then, {b.type} in else")
            shape: list[Dim] = []
            for axis, (p, q) in enumerate(zip(a.shape, b.shape, strict=True)):
                inner = _is_inner(p, yes) or _is_inner(q, no)
                same = p == q and not inner
                bound = -1 if inner else maximum(p, q)
                shape.append(p if same else context.count(i, axis, bound))
            held = _joined(a.type, b.type, f"result {i}")
            results.append(replace(held, shape=tuple(shape)))
        return results


@register
@dataclass(frozen=True)
class Loop(Op):
    """A body run again and again.

    Operands: trip count (i64 scalar) or None, condition (bool scalar) or None, n_carried carried
    values, captures. Body inputs: iteration (i64 scalar), condition (bool scalar), carried,
    captures; outputs: condition, carried, one slice per scan. Runs while iteration < trip count and
    the condition holds. Results: the carried values at the end, then each scan's slices stacked on
    a new first axis. A carried value whose size changes is declared in the body with the body's own
    symbols. Source: ONNX Loop, Scan.
    """

    name = "loop"
    n_carried: int = 0

    def infer_node(self, operands: Operands, bodies: Sequence[Graph], context: Context) -> list[TensorType]:
        if len(bodies) != 1:
            raise OpError(f"loop has {len(bodies)} bodies, expected one")
        (body,) = bodies
        trip, condition = optional(operands, 0), optional(operands, 1)
        if trip is not None and trip.dtype != DType.I64:
            raise OpError(f"trip count is {trip}, expected i64")
        if condition is not None and condition.dtype != DType.BOOL:
            raise OpError(f"condition is {condition}, expected bool")
        given = [operand(operands, i, str(i)) for i in range(2, len(operands))]
        scalars = [TensorType(DType.I64, ()), TensorType(DType.BOOL, ())]
        _check_inputs(body, [*scalars, *given])
        if len(body.outputs) < 1 + self.n_carried:
            raise OpError(f"body gives {len(body.outputs)} results, expected {1 + self.n_carried}")
        results = [self._carried(i, given[i], body, context) for i in range(self.n_carried)]
        for i, value in enumerate(body.outputs[1 + self.n_carried :], self.n_carried):
            slice_shape = [
                context.count(i, 1 + axis, -1) if _is_inner(d, body) else d
                for axis, d in enumerate(value.shape)
            ]
            if value.dtype.is_container:
                raise OpError(f"result {i} is {value.type} in each step, and only tensors can be stacked")
            results.append(TensorType(value.dtype, (context.count(i, 0, -1), *slice_shape)))
        return results

    @staticmethod
    def _carried(i: int, start: TensorType, body: Graph, context: Context) -> TensorType:
        before, after = body.inputs[2 + i], body.outputs[1 + i]
        if before.dtype != after.dtype or before.rank != after.rank:
            raise OpError(f"carried value {i} goes in as {before.type}, comes out as {after.type}")
        shape = tuple(
            size if p == q else context.count(i, axis, -1)
            for axis, (size, p, q) in enumerate(zip(start.shape, before.shape, after.shape, strict=True))
        )
        return replace(_joined(before.type, after.type, f"carried value {i}"), shape=shape)
