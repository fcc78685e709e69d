"""Reshape and transpose as one thing: the same atoms, cut into axes and ordered differently.

Axes of two shapes are refined into atoms: factors that both sides keep whole. A tensor's layout (the order
in which its axes are stored) then is an order of atoms; a reshape or transpose between two stored tensors is
free where both store the atoms in one order.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from edgec.ir.dims import Dim, floordiv, mod

Perm = tuple[int, ...]


def identity(rank: int) -> Perm:
    return tuple(range(rank))


def inverse(perm: Perm) -> Perm:
    """The permutation that undoes `perm`.

    >>> inverse((0, 3, 1, 2))
    (0, 2, 3, 1)
    """
    found = [0] * len(perm)
    for i, axis in enumerate(perm):
        found[axis] = i
    return tuple(found)


def between(stored: Perm, wanted: Perm) -> Perm:
    """The transpose that takes a tensor stored as transpose(x, stored) to transpose(x, wanted)."""
    places = inverse(stored)
    return tuple(places[axis] for axis in wanted)


def is_trivial(perm: Perm, shape: Sequence[Dim]) -> bool:
    """Whether transpose(x, perm) only moves axes of size 1."""
    moved = [axis for axis in perm if shape[axis] != 1]
    return moved == sorted(moved)


@dataclass(frozen=True)
class Regroup:
    """y's elements are x's: axis i of x consists of the atoms `x[i]`, outermost first; likewise y.

    Atoms are numbered; `sizes` are their sizes. Axes of size 1 have none. `perm` is the transpose it is, or
    for a reshape that only moves axes of size 1 could be.
    """

    x: tuple[tuple[int, ...], ...]
    y: tuple[tuple[int, ...], ...]
    sizes: tuple[Dim, ...]
    perm: Perm | None = None

    def x_order(self, perm: Perm) -> tuple[int, ...]:
        """The atoms of x in the order in which transpose(x, perm) stores them."""
        return tuple(a for axis in perm for a in self.x[axis])

    def y_order(self, perm: Perm) -> tuple[int, ...]:
        return tuple(a for axis in perm for a in self.y[axis])

    def forward(self, perm: Perm) -> Perm | None:
        """The layout of y that makes it free where x is stored by `perm`, or None."""
        if self.perm is not None:
            return tuple(inverse(self.perm)[axis] for axis in perm)
        return _axes_for(self.x_order(perm), self.y)

    def backward(self, perm: Perm) -> Perm | None:
        """The layout of x that makes it free where y is stored by `perm`, or None."""
        if self.perm is not None:
            return tuple(self.perm[axis] for axis in perm)
        return _axes_for(self.y_order(perm), self.x)


def _axes_for(order: tuple[int, ...], axes: tuple[tuple[int, ...], ...]) -> Perm | None:
    """The order of axes that stores atoms in `order`; an axis without atoms follows its predecessor."""
    first = {atoms[0]: axis for axis, atoms in enumerate(axes) if atoms}
    found: list[int] = []
    position = 0
    while position < len(order):
        axis = first.get(order[position])
        if axis is None:
            return None
        atoms = axes[axis]
        if order[position : position + len(atoms)] != atoms:
            return None
        found.append(axis)
        position += len(atoms)
    for axis, atoms in enumerate(axes):
        if not atoms:
            found.insert(found.index(axis - 1) + 1 if axis else 0, axis)
    return tuple(found)


def of_transpose(shape: Sequence[Dim], perm: Perm) -> Regroup:
    """The regrouping that transpose(x of `shape`, perm) is."""
    numbers: list[tuple[int, ...]] = []
    sizes: list[Dim] = []
    for size in shape:
        numbers.append(() if size == 1 else (len(sizes),))
        if size != 1:
            sizes.append(size)
    return Regroup(tuple(numbers), tuple(numbers[axis] for axis in perm), tuple(sizes), perm)


def of_reshape(x_shape: Sequence[Dim], y_shape: Sequence[Dim], ones: Container[Dim] = (1,)) -> Regroup | None:
    """The regrouping that a reshape is; None where the axes have no common refinement.

    `ones` are the sizes known to be 1.

    >>> of_reshape((2, 6), (2, 3, 2)).x
    ((0,), (1, 2))
    """
    if any(size == 0 for size in (*x_shape, *y_shape)):
        return None
    x_atoms: list[list[int]] = [[] for _ in x_shape]
    y_atoms: list[list[int]] = [[] for _ in y_shape]
    sizes: list[Dim] = []
    x_left, y_left = list(x_shape), list(y_shape)
    i = j = 0
    ones = {1, *(size for size in (*x_shape, *y_shape) if size in ones)}
    while i < len(x_left) or j < len(y_left):
        if i < len(x_left) and x_left[i] in ones:
            i += 1
            continue
        if j < len(y_left) and y_left[j] in ones:
            j += 1
            continue
        if i == len(x_left) or j == len(y_left):
            return None
        atom = _common(x_left[i], y_left[j])
        if atom is None:
            return None
        x_atoms[i].append(len(sizes))
        y_atoms[j].append(len(sizes))
        sizes.append(atom)
        x_left[i], y_left[j] = _quotient(x_left[i], atom), _quotient(y_left[j], atom)
    perm = _as_transpose(x_atoms, y_atoms)
    return Regroup(tuple(map(tuple, x_atoms)), tuple(map(tuple, y_atoms)), tuple(sizes), perm)


def _as_transpose(x: list[list[int]], y: list[list[int]]) -> Perm | None:
    """The transpose that a reshape is if it only moves axes of size 1."""
    if sorted(x) != sorted(y):
        return None
    ones = [axis for axis, atoms in enumerate(x) if not atoms]
    return tuple(x.index(atoms) if atoms else ones.pop(0) for atoms in y)


def _common(a: Dim, b: Dim) -> Dim | None:
    """The one of two sizes that divides the other."""
    if a == b:
        return a
    if mod(a, b) == 0:
        return b
    return a if mod(b, a) == 0 else None


def _quotient(a: Dim, b: Dim) -> Dim:
    return 1 if a == b else floordiv(a, b)
