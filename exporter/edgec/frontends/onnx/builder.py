"""Writes graphs of core operators: infers types, collects guards, folds constants and shape arithmetic."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgec.frontends.onnx import symbolic
from edgec.frontends.onnx.symbolic import Contents, NotSymbolic
from edgec.ir.dims import Dim, Expr, symbol, symbols_of
from edgec.ir.graph import Count, Element, Graph, Guard, Node, SourceName, Value
from edgec.ir.types import DType, TensorType
from edgec.ops import program as scalar
from edgec.ops.base import Array, Context, Op, OpError
from edgec.ops.map import Map
from edgec.ops.program import Program
from edgec.ops.reduce import Reduce
from edgec.ops.view import Concat, Expand, Extents, Iota, Reshape, Slice, Transpose

MAX_FOLDED_ELEMENTS = 1 << 20
_MOVEMENT = {"reshape", "transpose", "slice", "expand", "gather", "gather_elements", "gather_nd"}


def _check_size(type: TensorType) -> None:
    """Raises OpError for a tensor of more elements than 64 bits count, empty ones included."""
    if math.prod(max(d, 1) for d in type.shape if isinstance(d, int)) >= 1 << 63:
        raise OpError(f"gives {type}, which has 2**63 elements or more")


@dataclass(eq=False)
class Frame:
    """A graph being written: the model's, or a body of a control operator inside `parent`."""

    graph: Graph
    parent: Frame | None = None
    captures: dict[Value, Value] = field(default_factory=dict)
    materialised: dict[Value, Value] = field(default_factory=dict)
    facts: set[Dim] = field(default_factory=set)

    def saved(self) -> tuple[Any, ...]:
        g = self.graph
        return tuple(
            x.copy()
            for x in (
                g.inputs,
                g.outputs,
                g.nodes,
                g.symbols,
                g.guards,
                g.names,
                self.captures,
                self.materialised,
                self.facts,
            )
        )

    def restore(self, saved: tuple[Any, ...]) -> None:
        copies = tuple(x.copy() for x in saved)
        g = self.graph
        g.inputs, g.outputs, g.nodes, g.symbols, g.guards, g.names = copies[:6]
        self.captures, self.materialised, self.facts = copies[6:]


class Builder:
    """Emits core operators into the current frame on behalf of the source node `source`.

    A value is one of: the result of a node (it has a home frame), a constant, or *virtual*: its contents are
    dims and it becomes data (an `extents` node) only where a node reads it.
    """

    def __init__(self, name: str) -> None:
        self.frame = Frame(Graph(name))
        self.source = ""
        self._home: dict[Value, Frame] = {}
        self._contents: dict[Value, Contents | None] = {}
        self._symbols: set[str] = set()
        self._elements: dict[Value, tuple[Dim, ...]] = {}
        self.items: dict[Value, tuple[Value, ...]] = {}  # of sequences and optionals made from known ones
        self._origins: dict[Value, tuple[Op, tuple[Value | None, ...]]] = {}

    # -- values

    def constant(self, array: Any, dtype: DType | None = None, name: str = "") -> Value:
        """A constant; `dtype` is taken from the array where not given."""
        found = np.asarray(array) if dtype is None else np.asarray(array, dtype=dtype.numpy)
        kind = dtype or DType.of(found.dtype)
        return Value(
            name or "constant",
            TensorType(kind, found.shape),
            np.ascontiguousarray(found).reshape(found.shape),
        )

    def input(self, name: str, type: TensorType) -> Value:
        """A new input of the current frame's graph. Raises OpError for one that is too large."""
        _check_size(type)
        value = Value(name, type)
        self.frame.graph.inputs.append(value)
        self._home[value] = self.frame
        return value

    def virtual(self, contents: Contents, dtype: DType, name: str = "") -> Value:
        """A tensor of dims; a constant where no element holds a symbol."""
        if symbolic.is_plain(contents):
            return self.constant(symbolic.array_of_contents(contents, dtype), dtype, name)
        value = Value(name or self.source, TensorType(dtype, contents.shape))
        self._contents[value] = contents
        return value

    def dims(self, dims: Sequence[Dim]) -> Value:
        """The i64 vector of `dims`."""
        contents = np.empty(len(dims), object)
        contents[:] = dims
        return self.virtual(contents, DType.I64)

    def is_virtual(self, value: Value) -> bool:
        return value.const is None and value not in self._home

    def contents(self, value: Value) -> Contents | None:
        """The elements of `value` as dims where they are known, else None."""
        if value not in self._contents:
            known = None if value.const is None else symbolic.contents_of_array(value.const)
            self._contents[value] = known
        return self._contents[value]

    def dims_of(self, value: Value) -> tuple[Dim, ...]:
        """The elements of a small integer tensor as dims, flat.

        Known contents, or symbols that a run reads from the tensor (or from those it is computed from).
        Raises OpError where the number of elements is not known or above 64.
        """
        known = self.contents(value) if value.dtype.is_int else None
        if known is None:
            known = self._derived(value)
        if known is not None:
            return tuple(known.reshape(-1))
        if value not in self._elements:
            count = math.prod(d if isinstance(d, int) else 65 for d in value.shape)
            if count > 64 or not value.dtype.is_int or value.const is not None:
                raise OpError(
                    f"'{value.name}' is {value.type}; sizes, axes and counts are read from "
                    "integer tensors of known size, at most 64 elements"
                )
            self._elements[value] = tuple(
                self.new_symbol(f"{value.name}[{i}]", low=None) for i in range(count)
            )
        found = self._elements[value]
        for index, element in enumerate(found):
            self._home[value].graph.symbols[str(element)] = Element(value, index)
        return found

    def _derived(self, value: Value) -> Contents | None:
        """Contents of a run-time tensor as arithmetic on elements of those it is computed from."""
        if value not in self._origins:
            return None
        op, operands = self._origins[value]
        known = []
        try:
            for v in operands:
                if v is None:
                    return None
                found = self.contents(v)
                if found is None:
                    found = np.empty(len(elements := self.dims_of(v)), object)
                    found[:] = elements
                    found = found.reshape([d for d in v.shape if isinstance(d, int)])
                known.append(found)
            return self._evaluate(op, operands, known)
        except (NotSymbolic, KeyError, OpError):
            return None

    def new_symbol(self, name: str, low: int | None = 0) -> Expr:
        """A symbol no other part of the model uses, called `name` or `name'2` and so on."""
        unique, number = name, 1
        while unique in self._symbols:
            number += 1
            unique = f"{name}'{number}"
        self._symbols.add(unique)
        return symbol(unique, low)

    # -- facts

    def guard(self, condition: Dim, message: str) -> None:
        """Require `condition` != 0. Raises OpError where it is known to be 0."""
        if isinstance(condition, int):
            if not condition:
                raise OpError(message)
        elif not self.is_known(condition):
            self.frame.facts.add(condition)
            self.frame.graph.guards.append(Guard(condition, self.source, message))

    def is_known(self, condition: Dim) -> bool:
        """Whether a guard of this frame or one around it already holds `condition`."""
        frame: Frame | None = self.frame
        while frame is not None:
            if condition in frame.facts:
                return True
            frame = frame.parent
        return False

    # -- nodes

    def emit(self, op: Op, operands: Sequence[Value | None], graphs: tuple[Graph, ...] = ()) -> list[Value]:
        """The results of `op`: folded to constants or dims where possible, else a new node's.

        Raises OpError where the operands do not fit.
        """
        context = Context(self.new_symbol)
        types = op.infer_node([v.type if v else None for v in operands], graphs, context)
        for type in types:
            _check_size(type)
        for condition, message in context.guards:
            self.guard(condition, message)
        held = any(t.dtype.is_container for t in types)
        if not graphs and not context.counts and not held and op.repeatable:
            folded = self._fold(op, operands, types)
            if folded is not None:
                return folded
        outputs = self._append(op, operands, types, graphs)
        if len(outputs) == 1 and (outputs[0].dtype.is_int or outputs[0].dtype == DType.BOOL):
            self._origins[outputs[0]] = (op, tuple(operands))
        for index, axis, found, bound in context.counts:
            (name,) = symbols_of(found)
            self.frame.graph.symbols[name] = Count(outputs[index], axis, bound)
        return outputs

    def _append(
        self,
        op: Op,
        operands: Sequence[Value | None],
        types: Sequence[TensorType],
        graphs: tuple[Graph, ...] = (),
    ) -> list[Value]:
        outputs = [Value(self.source, t) for t in types]
        inputs = [self.local(v) if v is not None else None for v in operands]
        self.frame.graph.nodes.append(Node(op, inputs, outputs, self.source, graphs))
        for value in outputs:
            self._home[value] = self.frame
        return outputs

    def own(self, value: Value) -> Value:
        """`value` as a result of a node of the current frame, as the outputs of a graph must be."""
        local = self.local(value)
        if local.const is None and local not in self.frame.graph.inputs:
            return local
        return self.copy(local)

    def copy(self, value: Value) -> Value:
        """The same tensor as the result of a node of its own."""
        return self._append(Reshape(value.shape), [value], [value.type])[0]

    def one(self, op: Op, *operands: Value | None) -> Value:
        """The only (or first) result of `op`."""
        return self.emit(op, operands)[0]

    def _fold(
        self, op: Op, operands: Sequence[Value | None], types: Sequence[TensorType]
    ) -> list[Value] | None:
        if all(v is None or v.const is not None for v in operands):
            return self._fold_constants(op, operands, types)
        return self._fold_contents(op, operands, types)

    def _fold_constants(
        self, op: Op, operands: Sequence[Value | None], types: Sequence[TensorType]
    ) -> list[Value] | None:
        given: list[Array | None] = [v.const if v is not None else None for v in operands]
        allowed = max([MAX_FOLDED_ELEMENTS, *(g.size for g in given if g is not None)])
        for t in types:
            if not all(isinstance(d, int) for d in t.shape):
                return None
            if math.prod(d for d in t.shape if isinstance(d, int)) > allowed:
                return None
        try:
            bound = op.bind({})
        except KeyError:
            return None
        with np.errstate(all="ignore"):
            results = bound.eval(given)
        folded = [self.constant(r, t.dtype, self.source) for r, t in zip(results, types)]
        if isinstance(op, Transpose) and operands[0] is not None and operands[0].steps is not None:
            integers, sizes = (bound.eval([a])[0] for a in operands[0].steps)
            folded[0].steps = (integers, sizes)
        return folded

    def _fold_contents(
        self, op: Op, operands: Sequence[Value | None], types: Sequence[TensorType]
    ) -> list[Value] | None:
        known: list[Contents] = []
        for v in operands:
            found = self.contents(v) if v is not None else None
            if found is None:
                return None
            known.append(found)
        try:
            result = self._evaluate(op, operands, known)
        except (NotSymbolic, KeyError):
            return None
        if result is None or result.size > symbolic.MAX_ELEMENTS:
            return None
        return [self.virtual(result, types[0].dtype)]

    def _evaluate(
        self, op: Op, operands: Sequence[Value | None], known: Sequence[Contents]
    ) -> Contents | None:
        if isinstance(op, Map):
            return symbolic.evaluate_program(op.program, known)
        if isinstance(op, Reduce) and op.prologue is None and op.epilogue is None:
            axes = [a for a in op.axes if isinstance(a, int)]
            if len(axes) < len(op.axes):
                return None
            return symbolic.reduce_contents(op.kind, known[0], axes, op.keepdims)
        if isinstance(op, Concat):
            return np.concatenate(known, axis=op.axis)
        if op.name in _MOVEMENT:
            indices = [v.const if v is not None else None for v in operands[1:]]
            if all(i is not None for i in indices):
                return op.bind({}).eval([known[0], *indices])[0]
        return None

    # -- frames

    def local(self, value: Value) -> Value:
        """`value` as the current frame's nodes may read it: captured or made into data if need be."""
        if value.const is not None:
            return value
        if value not in self._home:
            return self._materialise(value)
        return self._capture(value, self.frame)

    def _capture(self, value: Value, frame: Frame) -> Value:
        if self._home[value] is frame:
            return value
        if value not in frame.captures:
            if frame.parent is None:
                raise AssertionError(f"value '{value.name}' is read outside the body that makes it")
            self._capture(value, frame.parent)
            inner = Value(value.name, value.type)
            frame.captures[value] = inner
            self._home[inner] = frame
        return frame.captures[value]

    def _materialise(self, value: Value) -> Value:
        frame = self.frame
        if value not in frame.materialised:
            contents = self._contents[value]
            assert contents is not None
            parts = [symbolic.split(v) for v in contents.reshape(-1)]
            numerators = tuple(n for n, _ in parts)
            data = self.one(Extents(numerators, contents.shape))
            data = self.cast(data, value.dtype)
            if any(d != 1 for _, d in parts):
                divisors = np.array([d for _, d in parts], np.float32).reshape(contents.shape)
                data = self.binary("div", data, self.constant(divisors, value.dtype))
            frame.materialised[value] = data
        return frame.materialised[value]

    @contextlib.contextmanager
    def body(self, name: str) -> Iterator[Frame]:
        """Emit into the body of a control operator for the length of a `with` block."""
        outer = self.frame
        self.frame = Frame(Graph(name), outer)
        try:
            yield self.frame
        finally:
            self.frame = outer

    def close_bodies(self, frames: Sequence[Frame]) -> list[Value]:
        """Give every body the captures of all as inputs; the captured values, in that order."""
        captured = list(dict.fromkeys(v for f in frames for v in f.captures))
        for frame in frames:
            for value in captured:
                inner = frame.captures.get(value) or Value(value.name, value.type)
                frame.graph.inputs.append(inner)
        return captured

    def save(self) -> list[tuple[Frame, tuple[Any, ...]]]:
        """What `restore` needs to undo everything emitted from now on."""
        found = []
        frame: Frame | None = self.frame
        while frame is not None:
            found.append((frame, frame.saved()))
            frame = frame.parent
        return found

    def restore(self, saved: list[tuple[Frame, tuple[Any, ...]]]) -> None:
        self.frame = saved[0][0]
        for frame, state in saved:
            frame.restore(state)

    def name_value(self, name: str, value: Value) -> None:
        """Record that source name `name` is `value`, or was folded away by the current node."""
        if value in self._home:
            if value.name == self.source:
                value.name = name
            found = SourceName(self._capture(value, self.frame))
        else:
            found = SourceName(None, None, self.source)
        self.frame.graph.names[name] = found

    # -- short forms of common operators

    def map(self, program: Program, operands: Sequence[Value], dtype: DType | None = None) -> Value:
        return self.one(Map(program, dtype or program.dtype), *operands)

    def unary(self, op: str, x: Value) -> Value:
        """Scalar instruction `op` on every element, of x's dtype (bool for predicates)."""
        program = scalar.unary(op, x.dtype)
        return self.map(program, [x], DType.BOOL if op in scalar.PREDICATES else x.dtype)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        """Scalar instruction `op` on broadcast operands of one dtype."""
        if a.dtype != b.dtype:
            raise OpError(f"operands are {a.type} and {b.type}, expected one type")
        program = scalar.binary(op, a.dtype)
        return self.map(program, [a, b], DType.BOOL if op in scalar.PREDICATES else a.dtype)

    def cast(self, x: Value, dtype: DType) -> Value:
        if x.dtype == dtype:
            return x
        b = scalar.Builder([x.dtype])
        return self.map(b.finish(b.cast(0, dtype)), [x], dtype)

    def reshape(self, x: Value, shape: Sequence[Dim]) -> Value:
        return x if x.shape == tuple(shape) else self.one(Reshape(tuple(shape)), x)

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        return x if list(perm) == list(range(x.rank)) else self.one(Transpose(tuple(perm)), x)

    def expand(self, x: Value, shape: Sequence[Dim]) -> Value:
        return x if x.shape == tuple(shape) else self.one(Expand(tuple(shape)), x)

    def concat(self, parts: Sequence[Value], axis: int) -> Value:
        return parts[0] if len(parts) == 1 else self.one(Concat(axis), *parts)

    def iota(self, count: Dim, dtype: DType = DType.I64) -> Value:
        return self.one(Iota(count, dtype))

    def slice_axis(self, x: Value, axis: int, start: Dim, size: Dim, step: Dim = 1) -> Value:
        """Elements start, start + step ... of one axis."""
        starts: list[Dim] = [0] * x.rank
        steps: list[Dim] = [1] * x.rank
        shape = list(x.shape)
        starts[axis], steps[axis], shape[axis] = start, step, size
        if shape == list(x.shape) and step == 1 and start == 0:
            return x
        return self.one(Slice(tuple(starts), tuple(steps), tuple(shape)), x)

    def channels_last(self, x: Value) -> Value:
        """[N, C, *S] to [N, *S, C]."""
        return self.transpose(x, [0, *range(2, x.rank), 1])

    def channels_first(self, x: Value) -> Value:
        """[N, *S, C] to [N, C, *S]."""
        return self.transpose(x, [0, x.rank - 1, *range(1, x.rank - 1)])
