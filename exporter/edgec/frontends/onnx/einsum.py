"""Einsum as transposes, sums and matrix products, two operands at a time."""

from __future__ import annotations

from collections.abc import Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.matmul import multiply
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.dims import Dim, bcast, eq, product
from edgec.ir.graph import Value
from edgec.ops.base import OpError
from edgec.ops.reduce import Reduce

_SPARE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@onnx_op("Einsum")
def einsum(b: Builder, call: Call) -> Value:
    equation = call.text("equation").replace(" ", "")
    values = call.operands()
    terms, result = _parse(equation, values)
    for i, term in enumerate(terms):
        values[i], terms[i] = _diagonals(b, values[i], term)
    value, labels = values[0], terms[0]
    for i in range(1, len(values)):
        needed = set(result).union(*terms[i + 1 :])
        value, labels = _pair(b, value, labels, values[i], terms[i], needed)
    value, labels = _sum_out(b, value, labels, set(result))
    return b.transpose(value, [labels.index(c) for c in result])


def _parse(equation: str, values: Sequence[Value]) -> tuple[list[str], str]:
    """Labels of each operand and of the result, with every ellipsis spelt out."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(values):
        raise OpError(f"equation '{equation}' has {len(terms)} terms for {len(values)} operands")
    spare = [c for c in _SPARE if c not in equation]
    widths = [v.rank - len(t.replace("...", "")) for t, v in zip(terms, values) if "..." in t]
    broadcast = "".join(spare[: max(widths, default=0)])
    full = []
    for term, value in zip(terms, values):
        width = value.rank - len(term.replace("...", ""))
        full.append(term.replace("...", broadcast[len(broadcast) - width :]))
        if len(full[-1]) != value.rank:
            raise OpError(f"term '{term}' of equation '{equation}' does not fit {value.type}")
    if not arrow:
        letters = "".join(terms).replace(".", "")
        right = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return full, right.replace("...", broadcast)


def _diagonals(b: Builder, x: Value, labels: str) -> tuple[Value, str]:
    """x with each label on one axis: of two axes of one label only the diagonal stays."""
    for label in labels:
        while labels.count(label) > 1:
            first, second = labels.index(label), labels.rindex(label)
            size = x.shape[first]
            message = f"axes {first} and {second} have one label and sizes {size} and {x.shape[second]}"
            b.guard(eq(size, x.shape[second]), message)
            rest = [i for i in range(x.rank) if i not in (first, second)]
            x = b.transpose(x, [*rest, first, second])
            x = b.reshape(x, (*x.shape[:-2], size * size))
            x = b.slice_axis(x, x.rank - 1, 0, size, size + 1)
            labels = "".join(labels[i] for i in rest) + label
    return x, labels


def _sum_out(b: Builder, x: Value, labels: str, needed: set[str]) -> tuple[Value, str]:
    axes = tuple(i for i, c in enumerate(labels) if c not in needed)
    if not axes:
        return x, labels
    return b.one(Reduce("sum", axes, False), x), "".join(c for c in labels if c in needed)


def _pair(
    b: Builder, x: Value, x_labels: str, y: Value, y_labels: str, needed: set[str]
) -> tuple[Value, str]:
    """The product of two operands, summed over labels nobody else needs."""
    x, x_labels = _sum_out(b, x, x_labels, needed | set(y_labels))
    y, y_labels = _sum_out(b, y, y_labels, needed | set(x_labels))
    shared = [c for c in x_labels if c in y_labels]
    batch = [c for c in shared if c in needed]
    inner = [c for c in shared if c not in needed]
    rows = [c for c in x_labels if c not in shared]
    columns = [c for c in y_labels if c not in shared]
    size = {c: d for c, d in zip(x_labels, x.shape)}
    for c, d in zip(y_labels, y.shape):
        size[c] = bcast(size[c], d) if c in size else d
    left = _grouped(b, x, x_labels, batch, rows, inner)
    right = _grouped(b, y, y_labels, batch, inner, columns)
    result = multiply(b, left, right)
    labels = [*batch, *rows, *columns]
    leading = list(result.shape[: len(batch)])
    return b.reshape(result, [*leading, *(size[c] for c in (*rows, *columns))]), "".join(labels)


def _grouped(
    b: Builder, x: Value, labels: str, batch: list[str], first: list[str], second: list[str]
) -> Value:
    """x as [*batch, product of first, product of second]."""
    x = b.transpose(x, [labels.index(c) for c in (*batch, *first, *second)])
    n, m = len(batch), len(batch) + len(first)
    shape: list[Dim] = [*x.shape[:n], product(x.shape[n:m]), product(x.shape[m:])]
    return b.reshape(x, shape)
