"""Loop and Scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import onnx

from edgec.frontends.onnx.builder import Builder, Frame
from edgec.frontends.onnx.control import close
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.frontends.onnx.sequence import box, unbox
from edgec.ir.containers import joined
from edgec.ir.dims import Dim
from edgec.ir.graph import InputDim, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import OpError
from edgec.ops.control import Loop
from edgec.ops.gather import Gather
from edgec.ops.view import Slice

MAX_ROUNDS = 8


@onnx_op("Loop")
def loop(b: Builder, call: Call) -> Sequence[Value]:
    """Loop: sizes of carried values that change from one iteration to the next become the body's symbols."""
    trip, condition = call.optional(0), call.optional(1)
    start = [call.operand(i) for i in range(2, len(call.inputs))]
    graph = call.graph("body")
    types = [v.type for v in start]
    for _ in range(MAX_ROUNDS):
        saved = b.save()
        frame = _loop_body(b, call, graph, types)
        wider = _widened(types, frame, len(start))
        if wider == types:
            break
        b.restore(saved)
        types = wider
    else:
        raise Unsupported("the shapes of its carried values do not settle")
    scalars = [b.reshape(v, ()) if v is not None else None for v in (trip, condition)]
    captured = b.close_bodies([frame])
    results = b.emit(Loop(len(start)), [*scalars, *start, *captured], (frame.graph,))
    plain = [o.type.WhichOneof("value") != "optional_type" for o in graph.output[1:]]
    return [unbox(b, call, v, i) if plain[i] else v for i, v in enumerate(results)]


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
        carried = [_carried(b, name, t) for name, t in zip(names[2:], types)]
        condition, *results = call.import_body(graph, [*given, *carried])
        boxed = [_fitting(b, t, r) for t, r in zip(types, results)]
        close(b, frame, [b.reshape(condition, ()), *boxed, *results[len(types) :]])
    return frame


def _fitting(b: Builder, type: TensorType, result: Value) -> Value:
    """What a body makes of a carried value, in the form in which it goes in.

    An optional whose content comes out is boxed again. One element keeps its rank: converters write bodies that
    add an axis of size 1 to a scalar, which ONNX Runtime takes.
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


def _widened(types: Sequence[TensorType], frame: Frame, n: int) -> list[TensorType]:
    """types with -1 for every size that the body changes. Raises where rank or dtype change."""
    wider = []
    for i in range(n):
        before, after = frame.graph.inputs[2 + i], frame.graph.outputs[1 + i]
        if before.dtype != after.dtype or before.rank != after.rank:
            raise OpError(f"carried value {i} goes in as {before.type} and comes out as {after.type}")
        shape: list[Dim] = [
            d if d == -1 or p == q else -1 for d, p, q in zip(types[i].shape, before.shape, after.shape)
        ]
        wider.append(replace(joined(types[i], after.type), shape=tuple(shape)))
    return wider


@onnx_op("Scan")
def scan(b: Builder, call: Call) -> Sequence[Value]:
    """Scan as a Loop whose body gathers its slices; opset 8's batch axis is not supported."""
    if call.version < 9:
        raise Unsupported("Scan before opset 9 is not supported", "convert the model to opset 9 or newer")
    graph, values = call.graph("body"), call.operands()
    scanned = call.integer("num_scan_inputs")
    states, inputs = values[: len(values) - scanned], values[len(values) - scanned :]
    axes = [resolve_axis(a, v.rank) for a, v in zip(call.integers("scan_input_axes", [0] * scanned), inputs)]
    reverse = call.integers("scan_input_directions", [0] * scanned)
    length = inputs[0].shape[axes[0]]
    with b.body(f"{call.name}/{graph.name}") as frame:
        names = [i.name for i in graph.input]
        iteration = b.input("iteration", TensorType(DType.I64, ()))
        condition = b.input("condition", TensorType(DType.BOOL, ()))
        carried = [b.input(name, v.type) for name, v in zip(names, states)]
        last = b.reshape(b.dims([length - 1]), ())
        backwards = b.binary("sub", last, iteration) if any(reverse) else iteration
        slices = [
            b.one(Gather(axis), v, backwards if r else iteration) for v, axis, r in zip(inputs, axes, reverse)
        ]
        results = call.import_body(graph, [*carried, *slices])
        close(b, frame, [condition, *results])
    if _widened([v.type for v in states], frame, len(states)) != [v.type for v in states]:
        raise OpError("a state's shape changes from one iteration to the next")
    captured = b.close_bodies([frame])
    trip = b.reshape(b.dims([length]), ())
    found = b.emit(Loop(len(states)), [trip, None, *states, *captured], (frame.graph,))
    return [*found[: len(states)], *_placed(b, call, found[len(states) :], length)]


def _placed(b: Builder, call: Call, stacked: Sequence[Value], length: Dim) -> list[Value]:
    """Scan outputs [length, ...] flipped and moved to the axes the node asks for."""
    n = len(stacked)
    axes = call.integers("scan_output_axes", [0] * n)
    reverse = call.integers("scan_output_directions", [0] * n)
    results = []
    for value, axis, flipped in zip(stacked, axes, reverse):
        value = b.reshape(value, (length, *value.shape[1:]))
        if flipped:
            starts = (length - 1, *[0] * (value.rank - 1))
            steps = (-1, *[1] * (value.rank - 1))
            value = b.one(Slice(starts, steps, value.shape), value)
        axis = resolve_axis(axis, value.rank)
        perm = list(range(1, value.rank))
        perm.insert(axis, 0)
        results.append(b.transpose(value, perm))
    return results
