"""Comparing two engines on the same inputs, output by output or layer by layer."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgec.format.read import read_model
from edgec.ir.graph import Graph, Model, Node
from edgec.samples import random_inputs
from edgec.validate.engines import ONNX_ENGINES, Engine, EngineError, engine
from edgec.validate.measure import Difference, difference, differences

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Comparison:
    """One set of inputs: what was compared, and where it first went wrong.

    `first` is the first tensor, in order of execution, above the tolerance. `group` lists source
    names that were fused into the node making it, and `inside` is the first of them that diverges
    when nothing is fused ("" where that is not known).
    """

    inputs: str
    reference: str
    tolerance: float
    outputs: list[Difference]
    layers: list[Difference] = field(default_factory=list)
    first: str = ""
    group: list[str] = field(default_factory=list)
    inside: str = ""

    @property
    def ok(self) -> bool:
        return all(d.agrees(self.tolerance) for d in self.outputs)


@dataclass(frozen=True)
class Report:
    """All comparisons of one engine (`subject`) on one model."""

    model: str
    subject: str
    comparisons: list[Comparison]

    @property
    def ok(self) -> bool:
        return all(c.ok for c in self.comparisons)

    @property
    def worst(self) -> float:
        """The largest error of any output."""
        return max((d.error for c in self.comparisons for d in c.outputs), default=0.0)


def validate(
    edge: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    *,
    device: str = "cpu",
    against: str | None = None,
    inputs: Sequence[Mapping[str, Array]] = (),
    shapes: Mapping[str, Sequence[int]] | None = None,
    seeds: Sequence[int] = (0,),
    threads: int | None = None,
    layers: bool = False,
    tolerance: float | None = None,
) -> Report:
    """Runs `edge` on `device` and on another engine, and compares them.

    `device` is cpu, cpu@portable (any instruction set), opencl, or interpreter. `against` is
    onnxruntime, reference, interpreter, another device, or embedded: the outputs that the file carries.
    Without it: ONNX Runtime, or the reference evaluator, if there is a `source` model; else what the file
    carries, where neither `inputs`, `shapes` nor `layers` ask for more; else the interpreter. `tolerance`
    bounds max|a-b| / max(max|b|, 1e-6) per tensor, 1e-4 if not given. Raises EngineError, InputError, and
    what the engines raise.
    """
    path, onnx_path = Path(edge), None if source is None else Path(source)
    model = read_model(path)
    subject = engine(device, path, onnx_path, threads)
    if against is None:
        against = _default_reference(model, onnx_path, bool(inputs) or bool(shapes) or layers)
    if against == EMBEDDED:
        if layers:
            raise EngineError("embedded: the file carries outputs only; compare layers with another engine")
        comparisons = list(_embedded(model, subject, tolerance))
        return Report(str(path), subject.name, comparisons)
    cases = [(f"given {i}", dict(case)) for i, case in enumerate(inputs)]
    if not cases:
        cases = [(f"seed {seed}", random_inputs(model.main, shapes or {}, seed)) for seed in seeds]
    judge = engine(against, path, onnx_path, threads)
    limit = TOLERANCE if tolerance is None else tolerance
    found = []
    for label, case in cases:
        if layers:
            found.append(_compare_layers(model, subject, judge, label, case, limit))
            found[-1] = _look_inside(found[-1], onnx_path, device, judge, case, threads)
        else:
            found.append(_compare_outputs(subject, judge, label, case, limit))
    return Report(str(path), subject.name, found)


def _default_reference(model: Model, source: Path | None, asks_for_more: bool) -> str:
    if source is None:
        return EMBEDDED if model.references and not asks_for_more else "interpreter"
    return ONNX_ENGINES[0] if importlib.util.find_spec("onnxruntime") else ONNX_ENGINES[1]


def _embedded(model: Model, subject: Engine, tolerance: float | None) -> Iterator[Comparison]:
    if not model.references:
        raise EngineError("embedded: the file carries no references; export with --embed-reference")
    for position, reference in enumerate(model.references):
        got = subject.run(reference.inputs)
        found = [difference(name, got[name], array) for name, array in reference.outputs.items()]
        limit = reference.tolerance if tolerance is None else tolerance
        first = _first_apart(found, limit)
        yield Comparison(f"embedded {position}", reference.source, limit, found, first=first)


def _first_apart(found: Sequence[Difference], tolerance: float) -> str:
    return next((d.name for d in found if not d.agrees(tolerance)), "")


def _compare_outputs(
    subject: Engine, judge: Engine, label: str, inputs: Mapping[str, Array], tolerance: float
) -> Comparison:
    expected, got = judge.run(inputs), subject.run(inputs)
    found = differences(got, expected, list(expected))
    return Comparison(label, judge.name, tolerance, found, first=_first_apart(found, tolerance))


def _compare_layers(
    model: Model, subject: Engine, judge: Engine, label: str, inputs: Mapping[str, Array], tolerance: float
) -> Comparison:
    expected, got = judge.layers(inputs), subject.layers(inputs)
    outputs = [v.name for v in model.main.outputs]
    got_outputs = {**got, **subject.run(inputs)} if not set(outputs) <= got.keys() else got
    order = list(dict.fromkeys([*(n for n in expected if n in got), *outputs]))
    found = differences({**got_outputs, **got}, expected, order)
    first = _first_apart(found, tolerance)
    ends = differences(got_outputs, expected, outputs)
    return Comparison(label, judge.name, tolerance, ends, found, first, _absorbed_into(model.main, first))


def _absorbed_into(graph: Graph, name: str) -> list[str]:
    """What was fused into the node that makes the tensor called `name`."""
    source = graph.names.get(name)
    if source is None or source.value is None:
        return []
    maker: Node | None = graph.producers().get(source.value)
    return [] if maker is None else [n for n in maker.absorbed if n != name]


def _look_inside(
    found: Comparison,
    source: Path | None,
    device: str,
    judge: Engine,
    inputs: Mapping[str, Array],
    threads: int | None,
) -> Comparison:
    """`found` with the first tensor inside the fused group that diverges, by a twin with no fusion."""
    if not found.first or not found.group or source is None:
        return found
    with unfused_twin(source) as twin:
        expected = judge.layers(inputs)
        got = engine(device, twin, source, threads).layers(inputs)
        apart = differences(got, expected, list(expected))
    return dataclasses.replace(found, inside=_first_apart(apart, found.tolerance))


@contextmanager
def unfused_twin(source: Path) -> Iterator[Path]:
    """`source` exported with keep="all": no fusion, no folding, so that every tensor can be seen."""
    from edgec.pipeline import export

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "twin.edge")
        export(str(source), str(path), keep="all")
        yield path
