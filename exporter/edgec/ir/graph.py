"""Graphs of core operators over typed values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType, TensorType

if TYPE_CHECKING:
    from edgec.ops.base import Op


@dataclass(frozen=True)
class FormSpec:
    """How a constant's bytes are to be stored: a kind of `edgec.format.forms` and its parameters."""

    kind: str
    params: tuple[int, ...] = ()


@dataclass(eq=False)
class Value:
    """A tensor in a graph. `const` is its contents where they are known at export.

    Values compare by identity. `name` is for people; it need not be unique. `const` is always the
    logical tensor; `form` asks the writer to pack it (None: plain row-major), and `more_forms` to store
    it in further ways that a kernel may take instead. `steps`, where `const` is integers times step sizes,
    are those two arrays.
    """

    name: str
    type: TensorType
    const: np.ndarray[Any, Any] | None = None
    form: FormSpec | None = None
    more_forms: tuple[FormSpec, ...] = ()
    steps: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]] | None = None

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.type.shape

    @property
    def rank(self) -> int:
        return len(self.type.shape)

    def __repr__(self) -> str:
        return f"%{self.name}: {self.type}"


@dataclass(eq=False)
class Node:
    """One core operator applied to values. An absent optional operand is None.

    `name` is the source node's name, used in every message about it. `graphs` are the bodies of a
    control operator; what a body uses from outside is passed to it as an operand, never captured.
    `absorbed` lists source nodes and values that were fused into this one.
    """

    op: Op
    inputs: list[Value | None]
    outputs: list[Value]
    name: str
    graphs: tuple[Graph, ...] = ()
    absorbed: list[str] = field(default_factory=list)

    def operand(self, index: int) -> Value:
        """The operand at `index`, which must be there."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise ValueError(f"{self.op.name} '{self.name}': operand {index} is missing")
        return value


UNBOUNDED = -1


@dataclass(frozen=True)
class InputDim:
    """The symbol is the size of axis `axis` of graph input `value`."""

    value: Value
    axis: int


@dataclass(frozen=True)
class Element:
    """The symbol is element `index` (flat) of the small integer tensor `value`, once it has run."""

    value: Value
    index: int


@dataclass(frozen=True)
class Count:
    """The symbol is a count that the node producing `value` finds: the size of its axis `axis`.

    `bound` is an upper bound in terms of earlier symbols, for which storage is reserved; UNBOUNDED
    where only the run can tell (results of control operators).
    """

    value: Value
    axis: int
    bound: Dim


SymbolSource = InputDim | Element | Count


@dataclass(frozen=True)
class Guard:
    """A condition export could not prove: at bind `expr` must not be 0, else it is `node`'s error.

    `message` says what was expected, e.g. "axis 1 of 'a' equals axis 1 of 'b'".
    """

    expr: Dim
    node: str
    message: str


@dataclass(frozen=True)
class SourceName:
    """Where a name of the source model went.

    `value` holds it, transposed by `perm`: source = transpose(value, perm); None is the identity.
    `absorbed_by` names the node it was fused into when no value holds it any more.
    """

    value: Value | None
    perm: tuple[int, ...] | None = None
    absorbed_by: str | None = None


@dataclass(eq=False)
class Graph:
    """Nodes in execution order over values, with the symbols of their dims and the guards on them."""

    name: str
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    symbols: dict[str, SymbolSource] = field(default_factory=dict)
    guards: list[Guard] = field(default_factory=list)
    names: dict[str, SourceName] = field(default_factory=dict)

    def values(self) -> Iterator[Value]:
        """Every value once: inputs, then operands and results in node order, then outputs."""
        seen: set[int] = set()
        for value in self._all_values():
            if id(value) not in seen:
                seen.add(id(value))
                yield value

    def _all_values(self) -> Iterator[Value]:
        yield from self.inputs
        for node in self.nodes:
            yield from (v for v in node.inputs if v is not None)
            yield from node.outputs
        yield from self.outputs

    def producers(self) -> dict[Value, Node]:
        """The node that makes each value; graph inputs and constants have none."""
        return {value: node for node in self.nodes for value in node.outputs}

    def users(self) -> dict[Value, list[Node]]:
        """The nodes that read each value, once per operand that is it."""
        found: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in node.inputs:
                if value is not None:
                    found.setdefault(value, []).append(node)
        return found

    def replace(self, old: Value, new: Value, perm: Sequence[int] | None = None) -> None:
        """Use `new` wherever `old` is read, is an output, names a source, or feeds a symbol.

        With `perm`, old = transpose(new, perm); then only names are kept and the caller rewires
        the readers.
        """
        for key, source in self.names.items():
            if source.value is old:
                self.names[key] = SourceName(new, compose(source.perm, perm), None)
        if perm is not None:
            return
        for node in self.nodes:
            node.inputs = [new if v is old else v for v in node.inputs]
        self.outputs = [new if v is old else v for v in self.outputs]
        for key, symbol in self.symbols.items():
            if symbol.value is old and isinstance(symbol, Element):
                self.symbols[key] = Element(new, symbol.index)

    def absorb(self, values: Iterable[Value], node: Node) -> None:
        """Record that the source names of `values`, which no longer exist, live inside `node`."""
        gone = set(values)
        for key, source in self.names.items():
            if source.value in gone:
                self.names[key] = SourceName(None, None, node.name)
                node.absorbed.append(key)

    def walk(self) -> Iterator[Graph]:
        """This graph and every body below it, outermost first."""
        yield self
        for node in self.nodes:
            for body in node.graphs:
                yield from body.walk()


def compose(outer: Sequence[int] | None, inner: Sequence[int] | None) -> tuple[int, ...] | None:
    """The one permutation that is transpose(transpose(x, inner), outer)."""
    if outer is None or inner is None:
        only = outer if inner is None else inner
        return None if only is None else tuple(only)
    return tuple(inner[i] for i in outer)


@dataclass(frozen=True)
class State:
    """Input `input` of `entry` starts as `initial` (None: zeros) and takes `output` after each run."""

    entry: str
    input: str
    output: str
    initial: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True)
class Reference:
    """Inputs with the outputs `source` (e.g. "onnxruntime 1.31.1") computed for them.

    `tolerance` bounds max|a-b| / max(max|b|, 1e-6) per output.
    """

    inputs: dict[str, np.ndarray[Any, Any]]
    outputs: dict[str, np.ndarray[Any, Any]]
    source: str
    tolerance: float = 1e-4


@dataclass(eq=False)
class Model:
    """What a `.edge` file holds: named entry graphs and what goes with them."""

    entries: dict[str, Graph]
    metadata: dict[str, str] = field(default_factory=dict)
    value_metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    producer: str = "edgec"

    @property
    def main(self) -> Graph:
        """The entry called "main", or the only one."""
        if "main" in self.entries:
            return self.entries["main"]
        return next(iter(self.entries.values()))
