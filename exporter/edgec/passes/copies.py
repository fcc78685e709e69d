"""The copies that remain, and why."""

from __future__ import annotations

from dataclasses import dataclass

from edgec.ir.graph import Graph, Node, Value
from edgec.ops.view import Transpose


@dataclass(frozen=True)
class Copy:
    """A transpose that could not be avoided: its node's source name and the reason."""

    node: str
    reason: str


def remaining_copies(graph: Graph) -> list[Copy]:
    """The transposes of a graph and its bodies, each with what it stands between."""
    found: list[Copy] = []
    for inner in graph.walk():
        producers, users = inner.producers(), inner.users()
        for node in inner.nodes:
            if isinstance(node.op, Transpose):
                source = _source(node.operand(0), producers)
                readers = _readers(node.outputs[0], users, inner)
                found.append(Copy(node.name, f"{node.operand(0).type} {node.op.perm}: {source}, {readers}"))
    return found


def _source(value: Value, producers: dict[Value, Node]) -> str:
    node = producers.get(value)
    while node is not None and node.op.name == "reshape":
        value = node.operand(0)
        node = producers.get(value)
    return f"made by {_who(node)}" if node is not None else f"input '{value.name}' comes in this order"


def _readers(value: Value, users: dict[Value, list[Node]], graph: Graph) -> str:
    readers = [f"read by {_who(n)}" for n in dict.fromkeys(users.get(value, []))]
    if value in graph.outputs:
        readers.append(f"output '{value.name}' is wanted in this order")
    return " and ".join(readers[:3])


def _who(node: Node) -> str:
    return f"{node.op.name} '{node.name}'"
