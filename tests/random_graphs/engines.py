"""Runs a grown case on everything that edgec has and compares with what the case expects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache

import numpy as np
import onnx
from grower import Case, Tensor
from oracle import Array

import edgert
from edgec.format.write import write_model
from edgec.interpreter import interpret
from edgec.pipeline import export

MARGIN = 4.0  # how many times its estimated error a result may be off
ISAS = ("portable", "avx2", "avx512", "neon")
# what edgec refuses with a reason
LIMITS = (
    "Squeeze without axes would remove the axis",  # the rank hangs on a size that a run finds
    "is at least the kernel's",  # a window larger than its image, of which ONNX Runtime makes one
)


class Different(AssertionError):
    """An engine's output is not what it should be; the text has engine, output, numbers and the model."""


@contextmanager
def tier(isa: str) -> Iterator[None]:
    """Sessions loaded inside use the instruction set."""
    before = os.environ.get("EDGERT_ISA")
    os.environ["EDGERT_ISA"] = isa
    try:
        yield
    finally:
        if before is None:
            del os.environ["EDGERT_ISA"]
        else:
            os.environ["EDGERT_ISA"] = before


@lru_cache(maxsize=1)
def devices() -> list[tuple[str, str]]:
    """Devices with the instruction sets to force: every tier of the CPU, and OpenCL where it is."""
    model = write_model(export(identity()).model)
    found = []
    for isa in ISAS:
        with tier(isa), suppress(ValueError):  # one that this machine lacks
            edgert.load(model, device="cpu")
            found.append(("cpu", isa))
    if any(d["device"].startswith("opencl") for d in edgert.devices()):
        found.append(("opencl", ""))
    return found


def identity() -> onnx.ModelProto:
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "xy")
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "identity", [x], [y])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)


def check(case: Case, on: Sequence[tuple[str, str]] | None = None) -> None:
    """Every engine's outputs are those expected, or edgec has said what it cannot do. Raises Different."""
    try:
        _check(case, on)
    except Different:
        raise
    except Exception as error:
        if not any(limit in str(error) for limit in LIMITS):
            raise Different(f"{type(error).__name__}: {error}\n{text_of(case)}") from error


def _check(case: Case, on: Sequence[tuple[str, str]] | None) -> None:
    exported = export(case.model).model
    _compare(case, "interpreter", interpret(exported, case.feeds))
    kept = export(case.model, keep="all").model
    _compare(case, "interpreter without fusion", interpret(kept, case.feeds))
    file = write_model(exported)
    for device, isa in devices() if on is None else on:
        with tier(isa):
            session = edgert.load(file, device=device, threads=1)
            _compare(case, f"{device} {isa}".strip(), session.run(dict(case.feeds)))


def _compare(case: Case, engine: str, found: Mapping[str, Array]) -> None:
    for wanted in case.expected:
        reason = difference(found[wanted.name], wanted)
        if reason:
            raise Different(f"{engine}: output '{wanted.name}': {reason} ({wanted.judge})\n{text_of(case)}")


def difference(found: Array, wanted: Tensor) -> str:
    """What tells `found` from the tensor beyond its error; "" where nothing does."""
    expected = wanted.array
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"{found.dtype}{list(found.shape)}, expected {expected.dtype}{list(expected.shape)}"
    if not expected.size:
        return ""
    with np.errstate(invalid="ignore"):
        off = np.asarray(np.abs(found.astype(np.float64) - expected.astype(np.float64)))
    off[found == expected] = 0
    off[np.isnan(found) & np.isnan(expected)] = 0
    at = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, off)), off.shape)
    if off[at] <= MARGIN * wanted.error:
        return ""
    place = ", ".join(map(str, at))
    return f"[{place}] is {found[at]!r}, expected {expected[at]!r} within {MARGIN * wanted.error:.3g}"


def text_of(case: Case) -> str:
    inputs = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in case.feeds.items())
    return f"inputs: {inputs}\n{onnx.printer.to_text(case.model)}"
