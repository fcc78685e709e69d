"""Running a graph with its operators' NumPy definitions: slow, complete, on any machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from edgec.format.read import read_model
from edgec.ir.dims import Dim, DimError, Expr, dims_text, evaluate, symbols_of
from edgec.ir.graph import Count, Element, Graph, Guard, InputDim, Model, Node, Value
from edgec.ir.types import TensorType
from edgec.ops.base import OpError
from edgec.ops.control import If, Loop

Array = np.ndarray[Any, Any]
Symbols = dict[str, int]
Inputs = Mapping[str, Any] | Sequence[Any] | Array


class InterpretError(ValueError):
    """A run failed; the text names the node or input, what was found and what was expected."""


def interpret(
    model: Model | Graph | str | os.PathLike[str] | bytes, inputs: Inputs, entry: str | None = None
) -> dict[str, Array]:
    """The outputs, by name, of a model (or graph, or `.edge` file) for `inputs`.

    `inputs` maps names to arrays, or lists arrays in order, or is the only one. Raises InterpretError
    for inputs that do not fit and for runs that fail, FormatError for a bad file.

    >>> from edgec.ir.types import DType
    >>> x = Value("x", TensorType(DType.F32, (2,)))
    >>> interpret(Graph("main", [x], [x]), np.ones(2, np.float32))
    {'x': array([1., 1.], dtype=float32)}
    """
    graph = _graph(model, entry)
    found = _Run(graph, {}, keep=False).run(_by_value(graph, inputs))
    return {v.name: np.array(found[v]) for v in graph.outputs}


def interpret_values(graph: Graph, inputs: Inputs) -> dict[Value, Array]:
    """Every value of the graph (not of its bodies) for `inputs`, constants left out."""
    return _Run(graph, {}, keep=True).run(_by_value(graph, inputs))


def _graph(model: Model | Graph | str | os.PathLike[str] | bytes, entry: str | None) -> Graph:
    if isinstance(model, Graph):
        return model
    if not isinstance(model, Model):
        model = read_model(model)
    if entry is None:
        return model.main
    if entry not in model.entries:
        known = ", ".join(model.entries)
        raise InterpretError(f"entry '{entry}' is not in the model, it has {known}")
    return model.entries[entry]


def _by_value(graph: Graph, inputs: Inputs) -> dict[Value, Array]:
    names = [v.name for v in graph.inputs]
    if isinstance(inputs, np.ndarray):
        inputs = [inputs]
    if not isinstance(inputs, Mapping):
        if len(inputs) != len(names):
            raise InterpretError(f"{len(inputs)} inputs given, expected {len(names)}: {', '.join(names)}")
        inputs = dict(zip(names, inputs))
    for name in inputs:
        if name not in names:
            raise InterpretError(f"input '{name}' is not one of {', '.join(names)}")
    for name in names:
        if name not in inputs:
            raise InterpretError(f"input '{name}' is missing, expected {', '.join(names)}")
    return {v: np.asarray(inputs[v.name]) for v in graph.inputs}


class _Run:
    """One execution of a graph or body, with the symbols known so far."""

    def __init__(self, graph: Graph, symbols: Symbols, keep: bool) -> None:
        self.graph = graph
        self.symbols = symbols
        self.keep = keep
        self.values: dict[Value, Array] = {}
        self.guards = list(graph.guards)

    def run(self, inputs: Mapping[Value, Array]) -> dict[Value, Array]:
        """The values left at the end: all with `keep`, else the outputs (and constants among them)."""
        self._bind(inputs)
        last_use = {} if self.keep else _last_uses(self.graph)
        for position, node in enumerate(self.graph.nodes):
            self._execute(node)
            for value in last_use.get(position, ()):
                self.values.pop(value, None)
        if self.guards:
            unchecked = self.guards[0]
            raise InterpretError(f"node '{unchecked.node}': {unchecked.message}: could not be checked")
        for value in self.graph.outputs:
            self.values.setdefault(value, self._read(value))
        return self.values

    def _bind(self, inputs: Mapping[Value, Array]) -> None:
        for value, array in inputs.items():
            if array.dtype != value.dtype.numpy:
                raise InterpretError(f"input '{value.name}' is {array.dtype}, expected {value.dtype.text}")
            if array.ndim != value.rank:
                raise InterpretError(_shape_text(value, array))
            self.values[value] = array
        for name, source in self.graph.symbols.items():
            if isinstance(source, InputDim):
                self.symbols[name] = self.values[source.value].shape[source.axis]
        self._learn(list(inputs))
        for value, array in inputs.items():
            for dim, size in zip(value.shape, array.shape):
                if self._known(dim) and self._evaluate(dim, f"input '{value.name}'") != size:
                    raise InterpretError(_shape_text(value, array))
        self._check_guards()

    def _learn(self, made: Sequence[Value]) -> None:
        """Reads the symbols that come from `made` values."""
        for name, source in self.graph.symbols.items():
            if source.value not in made:
                continue
            array = self.values[source.value]
            if isinstance(source, Element):
                self.symbols[name] = int(array.reshape(-1)[source.index])
            elif isinstance(source, Count):
                self.symbols[name] = array.shape[source.axis]

    def _known(self, dim: Dim) -> bool:
        return symbols_of(dim) <= self.symbols.keys()

    def _evaluate(self, dim: Dim, who: str) -> int:
        try:
            return evaluate(dim, self.symbols)
        except DimError as error:
            raise InterpretError(f"{who}: {error}") from error

    def _check_guards(self) -> None:
        waiting = []
        for guard in self.guards:
            if not self._known(guard.expr):
                waiting.append(guard)
            elif not self._evaluate(guard.expr, f"node '{guard.node}'"):
                raise InterpretError(f"node '{guard.node}': {guard.message}, got {self._got(guard)}")
        self.guards = waiting

    def _got(self, guard: Guard) -> str:
        names = sorted(symbols_of(guard.expr))
        return ", ".join(f"{name} = {self.symbols[name]}" for name in names)

    def _read(self, value: Value) -> Array:
        return self.values[value] if value.const is None else value.const

    def _execute(self, node: Node) -> None:
        who = f"{node.op.name} '{node.name}'"
        operands = [None if v is None else self._read(v) for v in node.inputs]
        try:
            with np.errstate(all="ignore"):
                if isinstance(node.op, If):
                    results = self._if(node, operands)
                elif isinstance(node.op, Loop):
                    results = self._loop(node, node.op, operands)
                else:
                    results = node.op.bind(self.symbols).eval(operands)
        except InterpretError:
            raise
        except (OpError, DimError, ValueError, IndexError, KeyError, TypeError) as error:
            raise InterpretError(f"{who}: {error}") from error
        for value, array in zip(node.outputs, results):
            self.values[value] = array
        self._learn(node.outputs)
        for value, array in zip(node.outputs, results):
            self._check_result(value.type, array, who)
        self._check_guards()

    def _check_result(self, type_: TensorType, array: Array, who: str) -> None:
        shape = tuple(self._evaluate(d, who) if isinstance(d, Expr) else d for d in type_.shape)
        if array.shape != shape or array.dtype != type_.dtype.numpy:
            raise InterpretError(
                f"{who}: result is {array.dtype}{list(array.shape)}, expected {type_.dtype.text}{list(shape)}"
            )

    def _if(self, node: Node, operands: Sequence[Array | None]) -> list[Array]:
        condition = operands[0]
        assert condition is not None
        body = node.graphs[0 if condition.reshape(-1)[0] else 1]
        return self._body(body, operands[1:])

    def _loop(self, node: Node, op: Loop, operands: Sequence[Array | None]) -> list[Array]:
        (body,) = node.graphs
        trip, condition, *rest = operands
        carried, captures = rest[: op.n_carried], rest[op.n_carried :]
        limit = None if trip is None else int(trip.reshape(-1)[0])
        going = condition is None or bool(condition.reshape(-1)[0])
        scans: list[list[Array]] = [[] for _ in body.outputs[1 + op.n_carried :]]
        iteration = 0
        while going and (limit is None or iteration < limit):
            head = [np.array(iteration, np.int64), np.array(going)]
            going_array, *results = self._body(body, [*head, *carried, *captures])
            going = bool(going_array.reshape(-1)[0])
            carried = list(results[: op.n_carried])
            for scan, piece in zip(scans, results[op.n_carried :]):
                scan.append(piece)
            iteration += 1
        stacked = [self._stack(s, v) for s, v in zip(scans, body.outputs[1 + op.n_carried :])]
        return [*(c for c in carried if c is not None), *stacked]

    def _stack(self, pieces: list[Array], value: Value) -> Array:
        if pieces:
            return np.stack(pieces)
        known = (self._evaluate(d, value.name) if self._known(d) else 0 for d in value.shape)
        return np.zeros((0, *known), value.dtype.numpy)

    def _body(self, body: Graph, operands: Sequence[Array | None]) -> list[Array]:
        inputs = {v: a for v, a in zip(body.inputs, operands) if a is not None}
        found = _Run(body, dict(self.symbols), keep=False).run(inputs)
        return [found[v] for v in body.outputs]


def _last_uses(graph: Graph) -> dict[int, list[Value]]:
    """The values that no node after each position reads."""
    last = {v: i for i, v in _uses(graph)}
    kept = set(graph.outputs) | {s.value for s in graph.symbols.values()}
    found: dict[int, list[Value]] = {}
    for value, position in last.items():
        if value not in kept:
            found.setdefault(position, []).append(value)
    return found


def _uses(graph: Graph) -> Iterator[tuple[int, Value]]:
    for position, node in enumerate(graph.nodes):
        for value in (*node.inputs, *node.outputs):
            if value is not None and value.const is None:
                yield position, value


def _shape_text(value: Value, array: Array) -> str:
    expected, got = dims_text(value.shape), dims_text(array.shape)
    return f"input '{value.name}' has shape [{got}], expected [{expected}]"
