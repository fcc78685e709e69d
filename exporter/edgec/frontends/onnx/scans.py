"""Scan, as a Loop whose body gathers its slices."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx import checks
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.control import close
from edgec.frontends.onnx.registry import Call, onnx_op, resolve_axis
from edgec.ir.dims import Dim, eq
from edgec.ir.graph import Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import OpError
from edgec.ops.control import Loop
from edgec.ops.gather import Gather
from edgec.ops.view import Pad, Slice


@onnx_op("Scan")
def scan(b: Builder, call: Call) -> Sequence[Value]:
    """States, then what each step gives of every scan output, stacked."""
    if call.version < 9:
        return _batched(b, call)
    values = call.operands()
    count = _state_count(call, values)
    states, inputs = values[:count], values[count:]
    given = call.integers("scan_input_axes", [0] * len(inputs))
    axes = [resolve_axis(a, v.rank) for a, v in zip(given, inputs)]
    length = _common_size(b, inputs, axes)
    reverse = call.integers("scan_input_directions", [0] * len(inputs))
    trip = b.reshape(b.dims([length]), ())
    found = _steps(b, call, states, inputs, axes, reverse, trip)
    return [*found[:count], *_placed(b, call, found[count:], length)]


def _state_count(call: Call, values: Sequence[Value]) -> int:
    scanned = call.integer("num_scan_inputs")
    if not 0 < scanned <= len(values):
        raise OpError(f"num_scan_inputs is {scanned}, expected 1 to {len(values)}")
    states = len(values) - scanned
    checks.check_body(call.graph("body"), len(values), max(states, len(call.outputs)))
    return states


def _common_size(b: Builder, values: Sequence[Value], axes: Sequence[int]) -> Dim:
    """The size that all values have on their axes."""
    size = values[0].shape[axes[0]]
    for value, axis in zip(values, axes):
        found = value.shape[axis]
        b.guard(eq(size, found), f"axis {axis} of '{value.name}' is {found}, expected {size}")
    return size


def _steps(
    b: Builder,
    call: Call,
    states: Sequence[Value],
    inputs: Sequence[Value],
    axes: Sequence[int],
    reverse: Sequence[int],
    trip: Value,
) -> list[Value]:
    """The states after `trip` steps, and the slices of the scan outputs stacked on a first axis."""
    graph = call.graph("body")
    last = b.binary("sub", trip, b.constant(1, DType.I64))

    with b.body(f"{call.name}/{graph.name}") as frame:
        iteration, condition = _counters(b)
        given = [b.input(info.name, v.type) for info, v in zip(graph.input, states)]
        backwards = b.binary("sub", last, iteration) if any(reverse) else iteration
        for value, axis, flipped in zip(inputs, axes, reverse):
            given.append(b.one(Gather(axis), value, backwards if flipped else iteration))
        results = call.import_body(graph, given)
        kept = [_same_shape(b, i, v, results[i]) for i, v in enumerate(states)]
        close(b, frame, [condition, *kept, *results[len(states) :]])
    captured = b.close_bodies([frame])
    return b.emit(Loop(len(states)), [trip, None, *states, *captured], (frame.graph,))


def _same_shape(b: Builder, index: int, before: Value, after: Value) -> Value:
    """A state after a step, whose shape may not change. Raises OpError, or guards, where it does."""
    message = f"state {index} goes in as {before.type} and comes out as {after.type}"
    if before.dtype != after.dtype or before.rank != after.rank:
        raise OpError(message)
    for old, new in zip(before.shape, after.shape):
        b.guard(eq(old, new), message)
    return b.reshape(after, before.shape)


def _counters(b: Builder) -> tuple[Value, Value]:
    """The inputs of a body that every loop has: iteration and condition."""
    iteration = b.input("iteration", TensorType(DType.I64, ()))
    return iteration, b.input("condition", TensorType(DType.BOOL, ()))


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


def _batched(b: Builder, call: Call) -> list[Value]:
    """Scan of opset 8: a scan for each entry of the first axis of all states and inputs.

    The second axis of inputs is scanned; operand 0, where given, has how many steps each entry takes. What
    scan outputs have behind that is 0.
    """
    steps, values = call.optional(0), [call.operand(i) for i in range(1, len(call.inputs))]
    count = _state_count(call, values)
    batch = _common_size(b, values, [0] * len(values))
    length = _common_size(b, values[count:], [1] * (len(values) - count))
    reverse = call.integers("directions", [0] * (len(values) - count))
    with b.body(f"{call.name}/entry") as frame:
        iteration, condition = _counters(b)
        parts = [b.one(Gather(0), v, iteration) for v in values]
        trip = b.reshape(b.dims([length]), ())
        if steps is not None:
            trip = b.one(Gather(0), b.cast(steps, DType.I64), iteration)
        found = _steps(b, call, parts[:count], parts[count:], [0] * len(reverse), reverse, trip)
        rows = [_filled(b, v, length) for v in found[count:]]
        close(b, frame, [condition, *found[:count], *rows])
    captured = b.close_bodies([frame])
    results = b.emit(Loop(0), [b.reshape(b.dims([batch]), ()), None, *captured], (frame.graph,))
    return [b.reshape(v, (batch, *v.shape[1:])) for v in results]


def _filled(b: Builder, stacked: Value, length: Dim) -> Value:
    """Slices [n, ...] followed by zeros up to `length`."""
    rest = [0] * (stacked.rank - 1)
    padded = b.one(Pad("constant", (*[0] * stacked.rank, length - stacked.shape[0], *rest)), stacked, None)
    return b.reshape(padded, (length, *stacked.shape[1:]))
