"""Rewrite a graph so that its tensors are stored in chosen axis orders."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from edgec.ir.dims import Dim, product
from edgec.ir.graph import Node, SourceName, Value, compose
from edgec.ir.types import TensorType
from edgec.ops.matmul import MatMul
from edgec.ops.view import Reshape, Transpose
from edgec.passes.editor import Editor, constant
from edgec.passes.layout_rules import broadcast_operands, follow, laid_out_operands
from edgec.passes.regroup import Perm, Regroup, between, identity, inverse, is_trivial


class LinkLike(Protocol):
    """A transpose or reshape between two stored tensors (`layout.Link`)."""

    node: Node
    regroup: Regroup

    def is_folded(self) -> bool: ...


def apply_layout(
    editor: Editor,
    perms: Mapping[Value, Perm],
    links: Sequence[LinkLike],
    folded: Sequence[LinkLike],
) -> None:
    """Store each tensor of `perms` as transpose(tensor, perm); every other tensor stays as it is."""
    _Rewriter(editor, perms, links, folded).run()


class _Rewriter:
    def __init__(
        self,
        editor: Editor,
        perms: Mapping[Value, Perm],
        links: Sequence[LinkLike],
        folded: Sequence[LinkLike],
    ) -> None:
        self._editor = editor
        self._perms = dict(perms)
        self._links = {link.node: link for link in links}
        self._folded = {link.node for link in folded}
        self._reads: dict[tuple[Value, Perm], Value] = {}

    def run(self) -> None:
        for value, perm in self._perms.items():
            self._store(value, perm)
        for node in self._editor:
            if node in self._links:
                self._link(node, self._links[node].regroup)
            elif node.outputs and node.outputs[0] in self._perms:
                self._member(node, self._perms[node.outputs[0]])
            else:
                self._reader(node)
        self._outputs()

    def _perm(self, value: Value) -> Perm:
        return self._perms.get(value, identity(value.rank))

    def _store(self, value: Value, perm: Perm) -> None:
        if perm == identity(len(perm)):
            return
        self._editor.changed = True
        value.type = TensorType(value.dtype, tuple(value.shape[axis] for axis in perm))
        names = self._editor.graph.names
        for key in self._editor.names_of(value):
            names[key] = SourceName(value, compose(names[key].perm, inverse(perm)), None)

    def _read(self, value: Value, perm: Perm, like: Node) -> Value:
        """`value` stored in the order `perm`: itself, a reshape, or a transpose made once."""
        move = between(self._perm(value), perm)
        if move == identity(len(move)):
            return value
        key = (value, perm)
        if key not in self._reads:
            shape = tuple(value.shape[axis] for axis in move)
            if value.const is not None:
                found = constant(value.name, value.const.transpose(move), value.dtype)
            elif is_trivial(move, value.shape):
                found = value
                if shape != value.shape:
                    found = self._editor.add(Reshape(shape), [value], like, value.name)
            else:
                found = self._editor.add(Transpose(move), [value], like, value.name)
            self._reads[key] = found
        return self._reads[key]

    def _member(self, node: Node, perm: Perm) -> None:
        """A node whose results are stored by `perm`."""
        if perm != identity(len(perm)):
            self._editor.changed = True
            node.op = follow(node.op, perm)
        moving = {*(laid_out_operands(node) or ()), *broadcast_operands(node)}
        inputs: list[Value | None] = []
        for i, value in enumerate(node.inputs):
            if value is None:
                inputs.append(None)
            elif i not in moving:
                inputs.append(self._read(value, identity(value.rank), node))
            elif perm == identity(len(perm)) and self._perm(value) == identity(value.rank):
                inputs.append(value)
            else:
                inputs.append(self._read(_aligned(value, len(perm)), perm, node))
        self._set_inputs(node, inputs)

    def _reader(self, node: Node) -> None:
        """A node that wants its operands in their own order."""
        inputs: list[Value | None] = []
        for i, value in enumerate(node.inputs):
            if value is None:
                inputs.append(None)
            elif isinstance(node.op, MatMul) and i < 2 and self._is_swapped(value):
                node.op = (
                    dataclasses.replace(node.op, transpose_b=not node.op.transpose_b)
                    if i
                    else dataclasses.replace(node.op, transpose_a=not node.op.transpose_a)
                )
                inputs.append(value)
            else:
                inputs.append(self._read(value, identity(value.rank), node))
        self._set_inputs(node, inputs)

    def _is_swapped(self, value: Value) -> bool:
        perm, rank = self._perm(value), value.rank
        move = between(perm, identity(rank))
        last = rank > 1 and perm == (*range(rank - 2), rank - 1, rank - 2)
        return last and not is_trivial(move, value.shape)

    def _set_inputs(self, node: Node, inputs: list[Value | None]) -> None:
        if any(a is not b for a, b in zip(inputs, node.inputs)):
            self._editor.set_inputs(node, inputs)

    def _outputs(self) -> None:
        graph = self._editor.graph
        for i, value in enumerate(graph.outputs):
            producer = self._editor.producer(value)
            if producer is not None:
                self._editor.replace_output(i, self._read(value, identity(value.rank), producer))

    def _link(self, node: Node, regroup: Regroup) -> None:
        """A transpose or reshape between stored tensors: nothing, a reshape, or one transpose."""
        x, y = node.operand(0), node.outputs[0]
        x_perm, y_perm = self._perm(x), self._perm(y)
        old, new = regroup.x_order(x_perm), regroup.y_order(y_perm)
        if node in self._folded:
            self._fold_rows(node, regroup, old)
            node.op = Reshape(y.shape)
        elif old == new:
            node.op = Reshape(y.shape)
        elif isinstance(node.op, Transpose):
            places = inverse(x_perm)
            node.op = Transpose(tuple(places[node.op.perm[axis]] for axis in y_perm))
        else:
            self._move_atoms(node, regroup, old, new)

    def _move_atoms(self, node: Node, regroup: Regroup, old: tuple[int, ...], new: tuple[int, ...]) -> None:
        """reshape, transpose, reshape, with neighbouring atoms that stay together as one axis."""
        x, y = node.operand(0), node.outputs[0]
        runs = _runs(old, new)
        shape = tuple(product(regroup.sizes[a] for a in run) for run in runs)
        order = sorted(range(len(runs)), key=lambda i: new.index(runs[i][0]))
        split = x if x.shape == shape else self._editor.add(Reshape(shape), [x], node, x.name)
        moved: tuple[Dim, ...] = tuple(shape[i] for i in order)
        perm = tuple(order)
        self._editor.changed = True
        if moved == y.shape:
            node.op = Transpose(perm)
            self._editor.set_inputs(node, [split])
        else:
            moved_value = self._editor.add(Transpose(perm), [split], node, y.name)
            node.op = Reshape(y.shape)
            self._editor.set_inputs(node, [moved_value])

    def _fold_rows(self, node: Node, regroup: Regroup, old: tuple[int, ...]) -> None:
        """Put the rows of the constant matrix that reads this reshape in the order of its atoms."""
        self._editor.changed = True
        product_node = self._editor.users(node.outputs[0])[0]
        self._editor.absorb([node.outputs[0]], product_node)
        op, matrix = product_node.op, product_node.operand(1)
        assert isinstance(op, MatMul) and matrix.const is not None
        atoms = regroup.y[-1]
        sizes = [size for a in atoms if isinstance(size := regroup.sizes[a], int)]
        wanted = [atoms.index(a) for a in old[len(old) - len(atoms) :]]
        rows = matrix.const.T if op.transpose_b else matrix.const
        blocks = rows.reshape(*sizes, rows.shape[1]).transpose(*wanted, len(wanted))
        array = np.ascontiguousarray(blocks.reshape(rows.shape))
        product_node.op = dataclasses.replace(op, transpose_b=False)
        self._editor.set_inputs(
            product_node,
            [product_node.inputs[0], constant(matrix.name, array, matrix.dtype), *product_node.inputs[2:]],
        )


def _aligned(value: Value, rank: int) -> Value:
    """A constant with leading axes of size 1 up to `rank`; other tensors have it already."""
    if value.const is None or value.rank == rank:
        return value
    return constant(
        value.name, value.const.reshape((*(1,) * (rank - value.rank), *value.const.shape)), value.dtype
    )


def _runs(old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
    """`old` cut into the longest stretches that are stretches of `new` too."""
    follower = dict(zip(new, new[1:]))
    runs: list[list[int]] = []
    for atom in old:
        if runs and follower.get(runs[-1][-1]) == atom:
            runs[-1].append(atom)
        else:
            runs.append([atom])
    return runs
