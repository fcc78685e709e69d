"""One operator on one device against its definition: what every kernel test comes down to.

A case is an operator and its operands. `compare` wraps them into a one-node model, writes and loads it, and
holds the result against `Op.eval`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import edgert
from edgec.format.write import write_model
from edgec.ir.dims import symbol
from edgec.ir.graph import Count, FormSpec, Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op
from edgec.ops.view import Transpose

Array = np.ndarray[Any, Any]
ISAS = ("portable", "avx2", "avx512", "neon")


@dataclass(frozen=True)
class Device:
    """A device as `edgert.load` names it; for the CPU with the ISA tier that its kernels shall use."""

    name: str
    isa: str = ""
    threads: int = 1

    def __str__(self) -> str:
        return f"{self.name}-{self.isa}-{self.threads}" if self.isa else self.name

    @contextmanager
    def selected(self) -> Iterator[None]:
        """Kernels planned inside use the tier."""
        before = os.environ.get("EDGERT_ISA")
        if self.isa:
            os.environ["EDGERT_ISA"] = self.isa
        try:
            yield
        finally:
            if before is None:
                os.environ.pop("EDGERT_ISA", None)
            else:
                os.environ["EDGERT_ISA"] = before


@lru_cache(maxsize=1)
def cpu_devices() -> list[Device]:
    """The CPU under every tier that this machine runs, the best one also with two threads."""
    found = [Device("cpu", isa) for isa in ISAS if runs(isa)]
    return [*found, Device("cpu", found[-1].isa, 2)]


def runs(isa: str) -> bool:
    """Whether the library takes the tier here; it refuses one that it cannot run."""
    model = one_node(Transpose((0,)), [np.zeros(1, np.float32)])
    with Device("cpu", isa).selected():
        try:
            session = edgert.load(write_model(model), device="cpu", threads=1)
        except edgert.InputError:
            return False
        return bool(session.describe()["isa"] == isa)


def one_node(
    op: Op,
    operands: Sequence[Array | None],
    constants: Collection[int] = (),
    forms: Mapping[int, FormSpec] | None = None,
    results: int | None = None,
) -> Model:
    """A model of one node whose operands are its inputs, but for `constants`.

    A constant named in `forms` is stored so. With `results` only the first few are outputs.
    """
    types = [None if o is None else TensorType(DType.of(o.dtype), o.shape) for o in operands]
    context = Context(lambda name: symbol(f"op.{name}"))
    made = op.infer(types, context)
    values: list[Value | None] = []
    for i, (array, kind) in enumerate(zip(operands, types)):
        if array is None or kind is None:
            values.append(None)
        elif i in constants:
            values.append(Value(f"x{i}", kind, array, (forms or {}).get(i)))
        else:
            values.append(Value(f"x{i}", kind))
    outputs = [Value(f"y{i}", kind) for i, kind in enumerate(made)]
    graph = Graph("main", [v for v in values if v is not None and v.const is None])
    graph.outputs = outputs[:results]
    graph.nodes = [Node(op, values, outputs, "node")]
    for output, axis, found, bound in context.counts:
        graph.symbols[str(found)] = Count(outputs[output], axis, bound)
    return Model({"main": graph})


def run(
    op: Op,
    operands: Sequence[Array | None],
    device: Device,
    constants: Collection[int] = (),
    forms: Mapping[int, FormSpec] | None = None,
) -> list[Array]:
    """The results of the operator on the device."""
    model = one_node(op, operands, constants, forms)
    inputs = {f"x{i}": o for i, o in enumerate(operands) if o is not None and i not in constants}
    with device.selected():
        session = edgert.load(write_model(model), device=device.name, threads=device.threads, strict=True)
        return list(session.run(inputs).values())


def compare(
    op: Op,
    operands: Sequence[Array | None],
    device: Device,
    constants: Collection[int] = (),
    forms: Mapping[int, FormSpec] | None = None,
    tolerance: float = 1e-5,
    floor: float = 1e-6,
) -> None:
    """Every result is what `Op.eval` says: floats within `tolerance` of the largest, the rest equal.

    The largest counts as at least `floor`: sums of products of operands around 1 that cancel to less keep
    their terms' rounding errors.
    """
    expected = op.eval(operands)
    found = run(op, operands, device, constants, forms)
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected)):
        assert_close(a, np.asarray(b), tolerance, f"{op}, result {i} on {device}", floor)


def assert_close(a: Array, b: Array, tolerance: float, what: str, floor: float = 1e-6) -> None:
    """Same type and shape, NaN and infinities in the same places, and close or equal between."""
    assert a.dtype == b.dtype and a.shape == b.shape, f"{what}: {a.dtype}{a.shape}, {b.dtype}{b.shape}"
    if not DType.of(b.dtype).is_float:
        assert np.array_equal(a, b), f"{what}: {a} is not {b}"
        return
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(wide_b)
    assert np.array_equal(wide_a[~finite], wide_b[~finite], equal_nan=True), f"{what}: {a} is not {b}"
    if not finite.any():
        return
    scale = max(float(np.abs(wide_b[finite]).max()), floor)
    step = {DType.F16: 1e-3, DType.BF16: 8e-3}.get(DType.of(b.dtype), 0.0)
    error = float(np.abs(wide_a - wide_b)[finite].max()) / scale
    assert error <= max(tolerance, step), f"{what}: error {error:.2g}"


def numbers(random: np.random.Generator, shape: Sequence[int], dtype: Any) -> Array:
    """Seeded test data: floats around 0, small integers, both truths."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        return random.integers(0 if dtype.kind == "u" else -9, 9, shape).astype(dtype)
    return random.standard_normal(shape).astype(dtype)
