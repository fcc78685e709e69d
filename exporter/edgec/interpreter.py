"""Runs graphs with the operators' NumPy definitions: a full, slow device."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Union

import numpy as np

from edgec.ir.dims import Dim, DimError, evaluate, symbols_of
from edgec.ir.graph import Count, Element, Graph, Guard, InputDim, Model, Node, Value
from edgec.ir.types import DType
from edgec.ops.base import Array, OpError
from edgec.ops.containers import checked, unwrap, wrap
from edgec.ops.control import If, Loop

Source = Union[str, "os.PathLike[str]", bytes, Model, Graph]
Inputs = Union[Mapping[str, Any], Sequence[Any], np.ndarray[Any, Any]]


class InterpretError(ValueError):
    """A run failed; the text names the node or input, what was found and what was expected."""


def interpret(
    source: Source, inputs: Inputs, entry: str | None = None, keep: bool = False
) -> dict[str, Array]:
    """The outputs of a model (path or bytes of an `.edge` file, Model or Graph), by name.

    `inputs` is a mapping by name, a sequence in input order, or one array. With `keep` the result also
    holds every value that still has a name of the source model, in source layout.
    Raises InterpretError (a ValueError) for wrong inputs and where a node cannot run on them.

    >>> interpret("model.edge", {"x": np.zeros((1, 3, 224, 224), np.float32)})  # doctest: +SKIP
    {'y': array(...)}
    """
    model = _open(source)
    graph = model if isinstance(model, Graph) else _entry(model, entry)
    initial = {} if isinstance(model, Graph) else _initial_states(model, graph)
    values = _run_top(graph, match_inputs(graph, inputs, initial), keep)
    outputs = {v.name: _handed_out(v, values[v]) for v in graph.outputs}
    return {**source_values(graph, values), **outputs} if keep else outputs


def interpret_values(graph: Graph, inputs: Inputs) -> dict[Value, Array]:
    """Every value of the graph (not of its bodies) for the given inputs."""
    return _run_top(graph, match_inputs(graph, inputs, {}), keep=True)


def source_values(graph: Graph, values: Mapping[Value, Array]) -> dict[str, Array]:
    """Values by their names in the source model, in its layout; absorbed names are left out."""
    found = {}
    for name, source in graph.names.items():
        if source.value is not None and source.value in values:
            array = _handed_out(source.value, values[source.value])
            found[name] = array if source.perm is None else array.transpose(source.perm)
    return found


def _handed_out(value: Value, array: Array) -> Any:
    return unwrap(array) if value.dtype.is_container else np.array(array)


def _open(source: Source) -> Model | Graph:
    if isinstance(source, (Model, Graph)):
        return source
    from edgec.format.read import read_model

    return read_model(source)


def _entry(model: Model, name: str | None) -> Graph:
    if name is None:
        return model.main
    if name not in model.entries:
        raise InterpretError(f"entry '{name}' is not one of {', '.join(model.entries)}")
    return model.entries[name]


def _initial_states(model: Model, graph: Graph) -> dict[str, Any]:
    """Starting values of the entry's state inputs, which a caller may leave out."""
    found: dict[str, Any] = {}
    for state in model.states:
        if model.entries.get(state.entry) is not graph:
            continue
        value = next(v for v in graph.inputs if v.name == state.input)
        if value.dtype.is_container:
            found[state.input] = {DType.SEQUENCE: [], DType.MAP: {}}.get(value.dtype)
        elif state.initial is not None:
            found[state.input] = state.initial
        elif all(isinstance(d, int) for d in value.shape):
            found[state.input] = np.zeros([int(str(d)) for d in value.shape], value.dtype.numpy)
    return found


def match_inputs(graph: Graph, inputs: Inputs, defaults: Mapping[str, Any]) -> list[Array]:
    """Arrays in the order of the graph's inputs. Raises InterpretError for names, counts, dtypes, ranks."""
    names = [v.name for v in graph.inputs]
    given: Mapping[str, Any]
    if isinstance(inputs, Mapping):
        given = inputs
    else:
        listed = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
        if len(listed) > len(names):
            raise InterpretError(f"{len(listed)} inputs, expected {len(names)}: {', '.join(names)}")
        given = dict(zip(names, listed, strict=False))
    unknown = [n for n in given if n not in names]
    missing = [n for n in names if n not in given and n not in defaults]
    if unknown or missing:
        raise InterpretError(
            f"inputs {', '.join(names)} are expected; missing: {', '.join(missing) or 'none'}; "
            f"unknown: {', '.join(unknown) or 'none'}"
        )
    return [_matched(v, given.get(v.name, defaults.get(v.name))) for v in graph.inputs]


def _matched(value: Value, given: Any) -> Array:
    if value.dtype.is_container:
        try:
            return wrap(checked(given, value.dtype, value.type.element))
        except OpError as error:
            raise InterpretError(f"input '{value.name}' {error}; the input is {value.type}") from error
    array = np.asarray(given)
    if array.dtype.kind in "SUT":
        array = array.astype(object)
    if array.ndim != value.rank or array.dtype != value.dtype.numpy:
        raise InterpretError(
            f"input '{value.name}' is {array.dtype} of shape {array.shape}, expected {value.type}"
        )
    return array


def _run_top(graph: Graph, arrays: Sequence[Array], keep: bool) -> dict[Value, Array]:
    run = _Run(graph, {}, keep)
    run.execute(arrays)
    return run.values


class _Run:
    """One execution of one graph or body; `outer` are the symbols known around it."""

    def __init__(self, graph: Graph, outer: Mapping[str, int], keep: bool = False) -> None:
        self.graph, self.keep = graph, keep
        self.symbols = dict(outer)
        self.values: dict[Value, Array] = {}
        self.guards: list[Guard] = list(graph.guards)
        self.sources: dict[Value, list[tuple[str, Element | Count]]] = {}
        for name, source in graph.symbols.items():
            if not isinstance(source, InputDim):
                self.sources.setdefault(source.value, []).append((name, source))

    def execute(self, arrays: Sequence[Array]) -> list[Array]:
        self._bind_inputs(arrays)
        last = {}
        for position, node in enumerate(self.graph.nodes):
            last.update({v: position for v in (*node.outputs, *node.inputs) if v is not None})
        dying: dict[int, list[Value]] = {}
        for value, position in last.items():
            if not self.keep and value not in self.graph.outputs:
                dying.setdefault(position, []).append(value)
        for position, node in enumerate(self.graph.nodes):
            self._execute(node)
            for value in dying.get(position, ()):
                self.values.pop(value, None)
        self._check_guards(final=True)
        for value in self.graph.outputs:
            self.values[value] = self._value(value)
        return [self.values[v] for v in self.graph.outputs]

    def _bind_inputs(self, arrays: Sequence[Array]) -> None:
        for value, array in zip(self.graph.inputs, arrays, strict=True):
            self.values[value] = array
        for name, source in self.graph.symbols.items():
            if isinstance(source, InputDim):
                self.symbols[name] = self.values[source.value].shape[source.axis]
        for value in self.graph.inputs:
            self._read_symbols(value)
        for value in self.graph.inputs:
            expected = self._shape(value, f"input '{value.name}'")
            if expected != self.values[value].shape:
                raise InterpretError(
                    f"input '{value.name}' has shape {self.values[value].shape}, expected {value.type}"
                )
        self._check_guards()

    def _value(self, value: Value) -> Array:
        return self.values[value] if value.const is None else value.const

    def _execute(self, node: Node) -> None:
        who = f"node '{node.name}' ({node.op.name})"
        operands = [None if v is None else self._value(v) for v in node.inputs]
        try:
            if isinstance(node.op, If):
                results = self._if(node, operands)
            elif isinstance(node.op, Loop):
                results = self._loop(node, node.op, operands)
            else:
                results = node.op.bind(self.symbols).eval(operands)
        except InterpretError:
            raise
        except (OpError, DimError) as error:
            raise InterpretError(f"{who}: {error}") from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            shapes = ", ".join("none" if o is None else str(o.shape) for o in operands)
            raise InterpretError(f"{who}: {error}, operands' shapes {shapes}") from error
        for value, array in zip(node.outputs, results, strict=False):
            self.values[value] = array
            self._read_symbols(value)
            self._check_type(value, array, who)
        self._check_guards()

    def _check_type(self, value: Value, array: Array, who: str) -> None:
        if value.dtype.is_container:
            try:
                checked(array, value.dtype, value.type.element)
            except OpError as error:
                raise InterpretError(f"{who}: result '{value.name}', {value.type}, {error}") from error
            return
        expected = self._shape(value, who)
        kind = DType.of(array.dtype)
        if array.shape != expected or kind != value.dtype:
            raise InterpretError(
                f"{who}: result '{value.name}' is {kind.text}{list(array.shape)}, "
                f"declared {value.type} = {list(expected)}"
            )

    def _shape(self, value: Value, who: str) -> tuple[int, ...]:
        try:
            return tuple(d if isinstance(d, int) else self._number(d) for d in value.shape)
        except (DimError, KeyError) as error:
            raise InterpretError(f"{who}: {error.args[0]}") from error

    def _number(self, dim: Dim) -> int:
        return evaluate(dim, self.symbols)

    def _read_symbols(self, value: Value) -> None:
        for name, source in self.sources.get(value, ()):
            array = self.values[value]
            if isinstance(source, Count):
                self.symbols[name] = array.shape[source.axis]
            elif source.index < array.size:
                self.symbols[name] = int(array.reshape(-1)[source.index])
            else:
                raise InterpretError(f"value '{value.name}' has no element {source.index}")

    def _check_guards(self, final: bool = False) -> None:
        waiting = []
        for guard in self.guards:
            needed = symbols_of(guard.expr)
            if not needed <= self.symbols.keys():
                waiting.append(guard)
                continue
            try:
                holds = self._number(guard.expr) != 0
            except DimError:
                holds = False
            if not holds:
                got = ", ".join(f"{n} = {self.symbols[n]}" for n in sorted(needed))
                raise InterpretError(f"node '{guard.node}': {guard.message}, got {got}")
        self.guards = waiting
        if final and waiting:
            names = sorted(symbols_of(waiting[0].expr) - self.symbols.keys())
            raise InterpretError(f"node '{waiting[0].node}': no value for {', '.join(names)}")

    def _if(self, node: Node, operands: list[Array | None]) -> list[Array]:
        condition, *captures = operands
        if condition is None or condition.size != 1:
            raise OpError("the condition is not one element")
        body = node.graphs[0] if condition.reshape(-1)[0] else node.graphs[1]
        return _Run(body, self.symbols).execute([c for c in captures if c is not None])

    def _loop(self, node: Node, op: Loop, operands: list[Array | None]) -> list[Array]:
        (body,) = node.graphs
        trip = None if operands[0] is None else int(operands[0].reshape(()))
        condition = np.asarray(True if operands[1] is None else operands[1]).reshape(())
        given = [o for o in operands[2:] if o is not None]
        carried, captures = given[: op.n_carried], given[op.n_carried :]
        scans: list[list[Array]] = [[] for _ in body.outputs[1 + op.n_carried :]]
        step = 0
        while condition and (trip is None or step < trip):
            arguments = [np.asarray(step, np.int64), condition, *carried, *captures]
            condition, *results = _Run(body, self.symbols).execute(arguments)
            condition, carried = condition.reshape(()), results[: op.n_carried]
            for scan, part in zip(scans, results[op.n_carried :], strict=True):
                scan.append(part)
            step += 1
        values = body.outputs[1 + op.n_carried :]
        stacks = [np.stack(s) if s else self._empty(v) for s, v in zip(scans, values, strict=True)]
        return [*carried, *stacks]

    def _empty(self, value: Value) -> Array:
        """The stack of no slices; sizes that only a step would tell are 0."""
        known = self.symbols.keys()
        shape = [self._number(d) if symbols_of(d) <= known else 0 for d in value.shape]
        return np.zeros((0, *shape), value.dtype.numpy)
