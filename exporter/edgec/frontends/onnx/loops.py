"""Loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx

from edgec.frontends.onnx import checks
from edgec.frontends.onnx.builder import Builder, Frame
from edgec.frontends.onnx.control import close
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.frontends.onnx.sequence import box, unbox
from edgec.ir.containers import joined
from edgec.ir.dims import Dim, eq, less, product
from edgec.ir.graph import Graph, InputDim, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import OpError
from edgec.ops.control import Loop

MAX_ROUNDS = 8
MAX_UNROLLED = 16  # steps of a loop over lists that export knows


@onnx_op("Loop")
def loop(b: Builder, call: Call) -> Sequence[Value]:
    """Loop: sizes of carried values that change from one iteration to the next become the body's symbols."""
    trip, condition = call.optional(0), call.optional(1)
    start = [call.operand(i) for i in range(2, len(call.inputs))]
    graph = call.graph("body")
    checks.check_body(graph, 2 + len(start), 1 + max(len(start), len(call.outputs)))
    unrolled = _unrolled(b, call, graph, start) if any(v in b.items for v in start) else None
    if unrolled is not None:
        return unrolled
    frame = _settled(b, call, graph, [v.type for v in start])
    scalars = [b.reshape(v, ()) if v is not None else None for v in (trip, condition)]
    captured = b.close_bodies([frame])
    inner = frame.graph.inputs[2 : 2 + len(start)]
    unset = [i for i, (v, inside) in enumerate(zip(start, inner)) if v.rank != inside.rank]
    for i in unset:
        start[i] = b.constant(np.zeros((0,) * inner[i].rank), inner[i].dtype)
    results = b.emit(Loop(len(start)), [*scalars, *start, *captured], (frame.graph,))
    for i in unset:
        _require_iteration(b, i, results[i], frame.graph.outputs[1 + i])
    plain = [o.type.WhichOneof("value") != "optional_type" for o in graph.output[1:]]
    return [unbox(b, call, v, i) if plain[i] else v for i, v in enumerate(results)]


def _unrolled(b: Builder, call: Call, graph: onnx.GraphProto, start: Sequence[Value]) -> list[Value] | None:
    """The steps one after the other, where export knows that there are a few: lists stay known then.

    None where it does not know.
    """
    trip, condition = call.optional(0), call.optional(1)
    steps = None if trip is None else _known(b, trip)
    if steps is None or not 0 < steps <= MAX_UNROLLED or (condition is not None and not _known(b, condition)):
        return None
    saved, state = b.save(), list(start)
    stacks: list[list[Value]] = [[] for _ in graph.output[1 + len(start) :]]
    for step in range(steps):
        counters = [b.constant(step, DType.I64), b.constant(True, DType.BOOL)]
        given = [b.reshape(v, [1] * min(_declared_rank(i), 1)) for v, i in zip(counters, graph.input)]
        again, *results = call.import_body(graph, [*given, *state])
        if not _known(b, again):
            b.restore(saved)
            return None
        state = results[: len(start)]
        for stack, part in zip(stacks, results[len(start) :]):
            stack.append(b.reshape(part, (1, *part.shape)))
    return [*state, *(b.concat(stack, 0) for stack in stacks)]


def _known(b: Builder, scalar: Value) -> int | None:
    """The one element of a tensor where it is a number that export knows."""
    found = b.contents(scalar)
    value = None if found is None or found.size != 1 else found.reshape(-1)[0]
    return value if isinstance(value, int) else None


def _settled(b: Builder, call: Call, graph: onnx.GraphProto, types: Sequence[TensorType]) -> Frame:
    """The body for carried values of types that hold in every iteration.

    Raises OpError where a rank or dtype changes, Unsupported where the types do not settle.
    """
    for _ in range(MAX_ROUNDS):
        saved = b.save()
        frame = _loop_body(b, call, graph, types)
        wider = _widened(types, frame)
        if wider == list(types):
            return frame
        b.restore(saved)
        types = wider
    raise Unsupported("the shapes of its carried values do not settle")


def _declared_rank(info: onnx.ValueInfoProto) -> int:
    return len(info.type.tensor_type.shape.dim)


def _loop_body(b: Builder, call: Call, graph: onnx.GraphProto, types: Sequence[TensorType]) -> Frame:
    with b.body(f"{call.name}/{graph.name}") as frame:
        names = [i.name for i in graph.input]
        scalars = [
            b.input(names[0], TensorType(DType.I64, ())),
            b.input(names[1], TensorType(DType.BOOL, ())),
        ]
        given = [b.reshape(v, [1] * min(_declared_rank(info), 1)) for v, info in zip(scalars, graph.input)]
        given += [_carried(b, name, t) for name, t in zip(names[2:], types)]
        condition, *results = call.import_body(graph, given)
        boxed = [_fitting(b, t, r) for t, r in zip(types, results)]
        close(b, frame, [b.reshape(condition, ()), *boxed, *results[len(types) :]])
    return frame


def _fitting(b: Builder, type: TensorType, result: Value) -> Value:
    """What a body makes of a carried value, in the form in which it goes in.

    An optional whose content comes out is boxed again. One element keeps its rank: converters write bodies
    that add an axis of size 1 to a scalar, which ONNX Runtime takes.
    """
    if type.dtype is DType.OPTIONAL and result.dtype is not DType.OPTIONAL:
        return box(b, result)
    if type.rank != result.rank and {*type.shape, *result.shape} <= {1}:
        return b.reshape(result, type.shape)
    return result


def _carried(b: Builder, name: str, type: TensorType) -> Value:
    """A carried value; sizes given as -1 become symbols of the body."""
    shape = [b.new_symbol(f"{name}.{axis}") if d == -1 else d for axis, d in enumerate(type.shape)]
    value = b.input(name, replace(type, shape=tuple(shape)))
    for axis, (symbol, d) in enumerate(zip(shape, type.shape)):
        if d == -1:
            b.frame.graph.symbols[str(symbol)] = InputDim(value, axis)
    return value


def _widened(types: Sequence[TensorType], frame: Frame) -> list[TensorType]:
    """types with -1 for every size that the body changes.

    A value that the body sets without reading it may come out with any rank: what goes in is a stand-in that
    some converters write. Raises OpError where rank or dtype of another change.
    """
    wider = []
    for i, type in enumerate(types):
        before, after = frame.graph.inputs[2 + i], frame.graph.outputs[1 + i]
        if before.dtype != after.dtype or before.rank != after.rank:
            if before.dtype != after.dtype or after.rank == 0 or _is_read(before, frame.graph):
                raise OpError(f"carried value {i} goes in as {before.type} and comes out as {after.type}")
            wider.append(replace(after.type, shape=(-1,) * after.rank))
            continue
        shape: list[Dim] = [
            d if d == -1 or p == q else -1 for d, p, q in zip(type.shape, before.shape, after.shape)
        ]
        wider.append(replace(joined(type, after.type), shape=tuple(shape)))
    return wider


def _is_read(value: Value, graph: Graph) -> bool:
    return value in graph.outputs or any(value in node.inputs for node in graph.nodes)


def _require_iteration(b: Builder, i: int, result: Value, inside: Value) -> None:
    """Guards a carried value that means something only once the body has set it, by a size it then has."""
    for found, size in zip(result.shape, inside.shape):
        if isinstance(size, int) and size > 0:
            b.guard(eq(found, size), f"the loop runs, for carried value {i} starts without a value")
            return
    b.guard(less(0, product(result.shape)), f"the loop runs, for carried value {i} starts without a value")
