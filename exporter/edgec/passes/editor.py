"""A graph with its uses indexed, so that a rewrite costs only what it touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from edgec.ir.dims import Expr, symbols_of
from edgec.ir.graph import Count, Element, Graph, InputDim, Node, SourceName, Value, compose
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op


class Editor:
    """Rewrites a graph; `finish` puts its nodes back in an order that respects operands and symbols.

    Between creation and `finish`, change the graph through the editor only.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.changed = False
        self._nodes: dict[Node, None] = dict.fromkeys(graph.nodes)
        self._producer = graph.producers()
        self._users: dict[Value, list[Node]] = graph.users()
        self._names: dict[Value, list[str]] = {}
        for key, source in graph.names.items():
            if source.value is not None:
                self._names.setdefault(source.value, []).append(key)
        self._outputs: dict[Value, int] = {}
        for value in graph.outputs:
            self._outputs[value] = self._outputs.get(value, 0) + 1
        self._elements: dict[Value, list[str]] = {}
        for name, symbol in graph.symbols.items():
            if not isinstance(symbol, InputDim):
                self._elements.setdefault(symbol.value, []).append(name)

    def __iter__(self) -> Iterator[Node]:
        """The nodes at the time of the call that are still there when their turn comes."""
        for node in list(self._nodes):
            if node in self._nodes:
                yield node

    def producer(self, value: Value | None) -> Node | None:
        return None if value is None else self._producer.get(value)

    def users(self, value: Value) -> list[Node]:
        """The nodes that read `value`, once per operand that is it."""
        return self._users.get(value, [])

    def is_output(self, value: Value) -> bool:
        return value in self._outputs

    def is_symbol_source(self, value: Value) -> bool:
        return value in self._elements

    def names_of(self, value: Value) -> list[str]:
        return self._names.get(value, [])

    def only_user(self, value: Value) -> Node | None:
        """The node that alone reads `value`, through one operand, where nothing else needs it."""
        users = self.users(value)
        if len(users) != 1 or value in self._outputs or value in self._elements:
            return None
        return users[0]

    def is_dead(self, value: Value) -> bool:
        return not self.users(value) and value not in self._outputs and value not in self._elements

    def add(self, op: Op, inputs: Sequence[Value | None], like: Node, name: str = "") -> Value:
        """A new node with one result, of the type `op` infers; messages name it as `like`.

        `name` is the result's, by default like's first result's.
        """
        context = Context()
        types = op.infer([None if v is None else v.type for v in inputs], context)
        value = Value(name or like.outputs[0].name, types[0])
        self.insert(Node(op, list(inputs), [value], like.name))
        return value

    def insert(self, node: Node) -> None:
        self.changed = True
        self._nodes[node] = None
        for value in node.inputs:
            if value is not None:
                self._users.setdefault(value, []).append(node)
        for value in node.outputs:
            self._producer[value] = node

    def remove(self, node: Node, into: Node | None = None) -> None:
        """Take out a node whose results nobody reads any more.

        Source names still on its results were absorbed by `into`; without it they are gone.
        """
        self.changed = True
        if into is not None:
            self.absorb(node.outputs, into)
        for value in node.outputs:
            for key in self._names.pop(value, []):
                del self.graph.names[key]
        del self._nodes[node]
        for operand in node.inputs:
            if operand is not None:
                self._users[operand].remove(node)
        for value in node.outputs:
            if self._producer.get(value) is node:
                del self._producer[value]

    def detach(self, node: Node) -> None:
        """Take out a node whose results another node, to be inserted, will make."""
        self.changed = True
        del self._nodes[node]
        for value in node.inputs:
            if value is not None:
                self._users[value].remove(node)

    def take_result(self, node: Node, reader: Node) -> None:
        """`node` makes the only result of `reader`, which goes, in place of its own, and absorbs both."""
        (old,), (result,) = node.outputs, reader.outputs
        self.detach(reader)
        self._users.pop(old, None)
        del self._producer[old]
        node.outputs = [result]
        self._producer[result] = node
        self.absorb([old], node)
        self.inherit(node, reader)

    def inherit(self, node: Node, gone: Node) -> None:
        """`node` does what `gone` did: it absorbs its source name, and what that had absorbed."""
        names = self.graph.names
        for key in gone.absorbed:
            if key in names and names[key].absorbed_by == gone.name:
                names[key] = SourceName(None, None, node.name)
        node.absorbed.extend(n for n in (gone.name, *gone.absorbed) if n != node.name)

    def remove_dead(self, node: Node, into: Node | None = None) -> None:
        """Take out `node`, and what only it needed, where nobody reads its results; see `remove`."""
        stack = [node]
        while stack:
            candidate = stack.pop()
            if candidate in self._nodes and all(self.is_dead(v) for v in candidate.outputs):
                feeding = [self._producer.get(v) for v in candidate.inputs if v is not None]
                self.remove(candidate, into)
                stack.extend(p for p in feeding if p is not None)

    def __contains__(self, node: Node) -> bool:
        return node in self._nodes

    def set_inputs(self, node: Node, inputs: Sequence[Value | None]) -> None:
        self.changed = True
        for old in node.inputs:
            if old is not None:
                self._users[old].remove(node)
        node.inputs = list(inputs)
        for new in node.inputs:
            if new is not None:
                self._users.setdefault(new, []).append(node)

    def rewire(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """Give `node` other operands, and take out what only fed it before; it absorbs their names."""
        feeding = [self.producer(v) for v in node.inputs]
        self.set_inputs(node, inputs)
        for source in feeding:
            if source is not None and source in self:
                self.remove_dead(source, node)

    def replace(self, old: Value, new: Value) -> None:
        """Use `new` wherever `old` is read, is an output, names a source, or feeds a symbol."""
        self.changed = True
        for node in dict.fromkeys(self._users.pop(old, [])):
            for i, value in enumerate(node.inputs):
                if value is old:
                    node.inputs[i] = new
                    self._users.setdefault(new, []).append(node)
        self.rename(old, new)
        if old in self._outputs:
            new.name = old.name
            self.graph.outputs = [new if v is old else v for v in self.graph.outputs]
            self._outputs[new] = self._outputs.get(new, 0) + self._outputs.pop(old)
        for name in self._elements.pop(old, []):
            symbol = self.graph.symbols[name]
            if isinstance(symbol, Element):
                self.graph.symbols[name] = Element(new, symbol.index)
            elif isinstance(symbol, Count):
                self.graph.symbols[name] = Count(new, symbol.axis, symbol.bound)
            self._elements.setdefault(new, []).append(name)

    def alias(self, node: Node, value: Value) -> bool:
        """Take out a node of one result that is `value` itself; False where an output must stay its own."""
        result = node.outputs[0]
        if result in self._outputs and (value not in self._producer or value in self._outputs):
            return False
        self.replace(result, value)
        self.remove(node)
        return True

    def replace_output(self, index: int, value: Value) -> None:
        """Make `value` the graph's output at `index`."""
        old = self.graph.outputs[index]
        if old is value:
            return
        self.changed = True
        self.graph.outputs[index] = value
        self._outputs[value] = self._outputs.get(value, 0) + 1
        self._outputs[old] -= 1
        if not self._outputs[old]:
            del self._outputs[old]

    def rename(self, old: Value, new: Value, perm: Sequence[int] | None = None) -> None:
        """Source names of `old` go to `new`, where old = transpose(new, perm)."""
        for key in self._names.pop(old, []):
            source = self.graph.names[key]
            self.graph.names[key] = SourceName(new, compose(source.perm, perm), None)
            self._names.setdefault(new, []).append(key)

    def absorb(self, values: Iterable[Value], node: Node) -> None:
        """The source names of `values`, which no longer exist, live inside `node` from now on."""
        for value in values:
            for key in self._names.pop(value, []):
                self.graph.names[key] = SourceName(None, None, node.name)
                node.absorbed.append(key)

    def finish(self) -> bool:
        """Write the nodes back; whether anything changed."""
        if self.changed:
            self.graph.nodes = self._ordered()
        return self.changed

    def _ordered(self) -> list[Node]:
        """The nodes, each after those it needs, otherwise in their present order."""
        done: set[Node] = set()
        ordered: list[Node] = []
        for root in self._nodes:
            stack: list[tuple[Node, bool]] = [(root, False)]
            while stack:
                node, ready = stack.pop()
                if node in done:
                    continue
                if ready:
                    done.add(node)
                    ordered.append(node)
                    continue
                stack.append((node, True))
                stack.extend((p, False) for p in self._needed(node) if p not in done)
        return ordered

    def _needed(self, node: Node) -> list[Node]:
        found = [self._producer[v] for v in node.inputs if v is not None and v in self._producer]
        for name in node_symbols(node):
            source = self.graph.symbols.get(name)
            if source is not None and not isinstance(source, InputDim):
                producer = self._producer.get(source.value)
                if producer is not None and producer is not node:
                    found.append(producer)
        return found


_symbols_of = lru_cache(maxsize=1 << 16)(symbols_of)


def node_symbols(node: Node) -> set[str]:
    """The symbols in the node's attributes, its results' dims, and its bodies' dims."""
    found = _own_symbols(node)
    for body in node.graphs:
        for inner in body.walk():
            for guard in inner.guards:
                found |= symbols_of(guard.expr)
            for child in inner.nodes:
                found |= _own_symbols(child)
    return found


def _own_symbols(node: Node) -> set[str]:
    found: set[str] = set()
    for value in node.outputs:
        for dim in value.shape:
            if isinstance(dim, Expr):
                found |= _symbols_of(dim)
    for attribute in node.op.attributes().values():
        for item in attribute if isinstance(attribute, tuple) else (attribute,):
            if isinstance(item, Expr):
                found |= _symbols_of(item)
    return found


def constant(name: str, array: np.ndarray[Any, Any], dtype: DType | None = None) -> Value:
    """A value whose contents are known."""
    found = np.ascontiguousarray(array).reshape(array.shape)
    return Value(name, TensorType(dtype or DType.of(found.dtype), found.shape), found)
