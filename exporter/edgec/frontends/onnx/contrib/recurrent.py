"""DynamicQuantizeLSTM: a loop, since the state is quantised again in each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgec.frontends.onnx import gather
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import activate, contrib_op
from edgec.frontends.onnx.contrib.heads import added
from edgec.frontends.onnx.contrib.products import dynamically_quantized, integer_product
from edgec.frontends.onnx.control import close
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call
from edgec.ir.graph import Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import OpError
from edgec.ops.control import Loop
from edgec.ops.gather import Gather
from edgec.ops.scatter import ScatterNd

_ACTIVATIONS = ("Sigmoid", "Tanh", "Tanh")
_USES_ALPHA = ("LeakyRelu", "ThresholdedRelu", "Elu", "HardSigmoid")
_RANKS = {0: (3,), 1: (3,), 2: (3,), 3: (2,), 4: (1,), 5: (3,), 6: (3,), 7: (2,)} | {
    i: (1, 2) for i in range(8, 12)
}
State = tuple[Value, Value]


@dataclass
class Direction:
    """One direction's parts of the inputs: weights [I, 4 H] and [H, 4 H], scale and zero point of each."""

    call: Call
    weight: Value
    recurrence: Value
    bias: Value | None
    peephole: Value | None
    scales: Sequence[Value]
    activations: Sequence[tuple[str, list[float]]]

    def inputs(self, b: Builder, x: Value) -> Value:
        """What x [T, B, I] adds to the gates: [T, B, 4 H]."""
        return added(b, self._product(b, x, self.weight, 0), self.bias)

    def _product(self, b: Builder, x: Value, weight: Value, index: int) -> Value:
        """x, quantised, times weights whose scale and zero point are at that index."""
        quantized, scale, zero = dynamically_quantized(b, x)
        step, offset = self.scales[index : index + 2]
        return integer_product(b, quantized, weight, zero, offset, scale, step)

    def step(self, b: Builder, given: Value, hidden: Value, cell: Value) -> State:
        """The state and the cell [B, H] after one step whose input adds `given` [B, 4 H] to the gates."""
        product = self._product(b, hidden, self.recurrence, 2)
        gates, size = b.binary("add", given, product), hidden.shape[1]
        entry, out, forget, fresh = (b.slice_axis(gates, 1, size * i, size) for i in range(4))
        entry = self._activated(b, self._peep(b, entry, 0, cell), 0)
        if self.call.flag("input_forget"):
            forget = b.binary("sub", b.constant(1.0, entry.dtype), entry)
        else:
            forget = self._activated(b, self._peep(b, forget, 2, cell), 0)
        fresh = b.binary("mul", entry, self._activated(b, fresh, 1))
        cell = b.binary("add", b.binary("mul", forget, cell), fresh)
        out = self._activated(b, self._peep(b, out, 1, cell), 0)
        kind, values = self.activations[2]
        return b.binary("mul", out, activate(b, self.call, cell, kind, values)), cell

    def _peep(self, b: Builder, gate: Value, index: int, cell: Value) -> Value:
        if self.peephole is None:
            return gate
        size = cell.shape[1]
        return b.binary(
            "add", gate, b.binary("mul", b.slice_axis(self.peephole, 0, size * index, size), cell)
        )

    def _activated(self, b: Builder, gate: Value, index: int) -> Value:
        limit = self.call.real("clip", 0.0)
        if limit:
            gate = b.binary("min", gate, b.constant(limit, gate.dtype))
            gate = b.binary("max", gate, b.constant(-limit, gate.dtype))
        return activate(b, self.call, gate, *self.activations[index])


@contrib_op("DynamicQuantizeLSTM", ranks=_RANKS)
def dynamic_quantize_lstm(b: Builder, call: Call) -> Sequence[Value]:
    """LSTM on x [T, B, I] whose weights [D, I, 4 H] and [D, H, 4 H] are 8-bit integers.

    The input as a whole, and the state of all sequences in each step, are quantised by their range.
    ONNX Runtime with several threads quantises parts of a batch apart; this is what it does with one.
    """
    kind = call.text("direction", "forward")
    ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    if kind not in ways:
        raise OpError(f"direction is '{kind}', expected one of {', '.join(ways)}")
    x, lengths, found = call.operand(0), call.optional(4), []
    for d, backwards in enumerate(ways[kind]):
        start = [_part(b, v, d) if v is not None else _zeros(b, call, x) for v in map(call.optional, (5, 6))]
        given = _turned(b, call, x, lengths) if backwards else x
        y, hidden, cell = _run(b, _direction(b, call, d), given, lengths, (start[0], start[1]))
        found.append((_turned(b, call, y, lengths) if backwards else y, hidden, cell))
    parts = [[b.reshape(v, (1, *v.shape)) for v in part] for part in zip(*found)]
    whole, last, kept = (b.concat(part, 0) for part in parts)
    return [b.transpose(whole, [1, 0, 2, 3]), last, kept]


def _zeros(b: Builder, call: Call, x: Value) -> Value:
    return b.expand(b.constant(0.0, x.dtype), (x.shape[1], call.integer("hidden_size")))


def _part(b: Builder, x: Value, index: int) -> Value:
    return b.reshape(b.slice_axis(x, 0, index, 1), x.shape[1:])


def _direction(b: Builder, call: Call, index: int) -> Direction:
    parts = [_part(b, v, index) if v is not None else None for v in (call.optional(i) for i in range(12))]
    weight, recurrence, bias, peephole = parts[1], parts[2], parts[3], parts[7]
    if weight is None or recurrence is None:
        raise OpError("the weights are missing")
    if bias is not None:
        half = weight.shape[1]
        bias = b.binary("add", b.slice_axis(bias, 0, 0, half), b.slice_axis(bias, 0, half, half))
    scales = [_part(b, call.operand(i), index) for i in range(8, 12)]
    activations = _activations(call, index)
    return Direction(call, weight, recurrence, bias, peephole, scales, activations)


def _activations(call: Call, index: int) -> list[tuple[str, list[float]]]:
    """Three names, each with its own of the values that all directions list one after the other."""
    names = call.texts("activations") or _ACTIVATIONS * (index + 1)
    alphas, betas = list(call.reals("activation_alpha")), list(call.reals("activation_beta"))
    found = []
    for name in names:
        values = [alphas.pop(0)] if name in _USES_ALPHA and alphas else []
        values += [betas.pop(0)] if name == "HardSigmoid" and values and betas else []
        found.append((name, values))
    return found[3 * index : 3 * index + 3]


def _turned(b: Builder, call: Call, x: Value, lengths: Value | None) -> Value:
    """The steps of each sequence of x [T, B, ...] backwards."""
    if lengths is None:
        lengths = b.expand(b.dims([x.shape[0]]), (x.shape[1],))
    ends = b.cast(lengths, DType.I64)
    return gather.reverse_sequence(b, replace(call, inputs=[x, ends], attributes={}))


def _run(
    b: Builder, way: Direction, x: Value, lengths: Value | None, start: State
) -> tuple[Value, Value, Value]:
    """y [T, B, H], 0 behind a sequence's end, and the last state and cell [B, H].

    Behind its end, a sequence also counts as 0 where the state is quantised.
    """
    given = way.inputs(b, x)
    steps, batch, size = x.shape[0], x.shape[1], start[0].shape[1]
    blank = b.expand(b.constant(0.0, x.dtype), (steps, batch, size))
    carried = [start[0], start[1], start[0], blank]
    with b.body(f"{b.source}/step") as frame:
        step = b.input("step", TensorType(DType.I64, ()))
        condition = b.input("condition", TensorType(DType.BOOL, ()))
        names = ("hidden", "cell", "last", "y")
        hidden, cell, last, y = (b.input(n, v.type) for n, v in zip(names, carried))
        after, kept = way.step(b, b.one(Gather(0), given, step), hidden, cell)
        end = after
        if lengths is not None:
            live = b.binary("lt", step, b.reshape(b.cast(lengths, DType.I64), (batch, 1)))
            end, kept = select(b, live, after, last), select(b, live, kept, cell)
            after = select(b, live, after, b.constant(0.0, after.dtype))
        y = b.one(ScatterNd("none"), y, b.reshape(step, (1, 1)), b.reshape(after, (1, batch, size)))
        close(b, frame, [condition, after, kept, end, y])
    captured = b.close_bodies([frame])
    trip = b.reshape(b.dims([steps]), ())
    _, kept, last, y = b.emit(Loop(4), [trip, None, *carried, *captured], (frame.graph,))
    return y, last, kept
