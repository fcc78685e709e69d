"""From a trained network to an `.edge` file: the passes, in order."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

import onnx

from edgec.format.segments import sizes_in
from edgec.format.write import write_model
from edgec.frontends.onnx import import_model
from edgec.frontends.onnx.loading import load_model
from edgec.ir.dims import symbols_of
from edgec.ir.graph import Graph, InputDim, Model, State
from edgec.ir.types import DType
from edgec.passes.attention import attention
from edgec.passes.common_subexpressions import common_subexpressions
from edgec.passes.composites import composites
from edgec.passes.copies import Copy, remaining_copies
from edgec.passes.dead_code import dead_code
from edgec.passes.flush_subnormals import flush_subnormals
from edgec.passes.fold_affine import fold_affine
from edgec.passes.fold_constants import fold_constants
from edgec.passes.fuse_epilogues import fuse_epilogues, fuse_epilogues_exactly
from edgec.passes.fuse_maps import fuse_maps
from edgec.passes.hand_through import hand_through
from edgec.passes.head_ranges import head_ranges
from edgec.passes.hoist_products import hoist_products
from edgec.passes.keep_axes import keep_axes
from edgec.passes.layout import layout
from edgec.passes.lookup_tables import lookup_tables
from edgec.passes.move_bytes import move_bytes
from edgec.passes.narrow_products import narrow_products
from edgec.passes.order_nodes import order_nodes
from edgec.passes.pack_weights import pack_weights
from edgec.passes.prefix_symbols import prefix_symbols
from edgec.passes.raise_maps import raise_maps
from edgec.passes.simplify_programs import simplify_programs
from edgec.passes.sink_reshapes import sink_reshapes
from edgec.passes.views import views
from edgec.passes.widen_outputs import widen_outputs
from edgec.passes.widen_products import widen_products
from edgec.passes.winograd_weights import winograd_weights

Source = Union[str, "os.PathLike[str]", onnx.ModelProto]
Shapes = Mapping[str, Sequence[Union[int, str]]]
Progress = Callable[[str], None]
Pass = Callable[[Graph], bool]

CLEAN: tuple[Pass, ...] = (dead_code, fold_constants, common_subexpressions)
PASSES: tuple[Pass, ...] = (
    hand_through,
    narrow_products,
    *CLEAN,
    simplify_programs,
    keep_axes,
    views,
    simplify_programs,
    composites,
    hoist_products,
    attention,
    layout,
    views,
    head_ranges,
    *CLEAN,
    simplify_programs,
    sink_reshapes,
    views,
    move_bytes,
    fuse_maps,
    raise_maps,
    lookup_tables,
    fold_affine,
    fuse_epilogues,
    widen_products,
    fuse_maps,
    *CLEAN,
    flush_subnormals,
    widen_outputs,
    order_nodes,
    pack_weights,
    winograd_weights,
)
# exact exports: what runs instead of passes that change f32 results by more than the order of a sum does
EXACTLY: Mapping[Pass, Pass | None] = {
    winograd_weights: None,
    flush_subnormals: None,
    fold_affine: None,
    fuse_epilogues: fuse_epilogues_exactly,
}
# every tensor of the source stays visible: nothing is folded or fused
PASSES_KEEPING_ALL: tuple[Pass, ...] = (dead_code, layout, widen_products, pack_weights)


@dataclass
class ExportReport:
    """What an export did.

    `source_counts` counts the source's operators, `counts` the core operators that are left, bodies
    included. `copies` are the transposes that remain, with reasons. `bytes` is the file's size, 0 where
    none was written. `warnings` name what is slow or planned late.
    """

    model: Model
    source_counts: dict[str, int]
    counts: dict[str, int]
    fused_groups: int
    fused_operators: int
    copies: list[Copy]
    symbols: list[str]
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def export(
    model: Source,
    path: str | os.PathLike[str] | None = None,
    *,
    shapes: Shapes | None = None,
    keep: str | None = None,
    winograd: bool = True,
    exact: bool = False,
    embed_reference: int = 0,
    states: Sequence[State] | None = None,
    entries: Mapping[str, Source] | None = None,
    metadata: Mapping[str, str] | None = None,
    memory_budget: int | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Compile an ONNX model (a path or a loaded one) and write it to `path` (None: only report).

    `shapes` fixes input shapes or names their axes: {"x": (1, 3, 224, 224)} or ("batch", 3, "h", "w").
    keep="all" switches folding and fusion off, so that every tensor of the source can be read at run time.
    `winograd` False keeps 3x3 convolutions to their definition: slower, smaller, and exact to rounding.
    `exact` leaves out all that changes f32 results by more than the order of a sum (docs/design.md).
    `embed_reference` puts that many seeded inputs with their expected outputs into the file. `states` ties
    inputs to outputs of the run before. `entries` are further models of one file by the name of their entry.
    `memory_budget` is the bytes for activations that loading takes where it is not told (`edgert.load`).
    `progress` is told what happens.

    Raises ExportError listing everything the model holds that cannot be expressed, ValueError for arguments
    that cannot be used.

    >>> export("model.onnx", "model.edge", shapes={"x": (1, 3, 224, 224)})  # doctest: +SKIP
    """
    _check_settings(keep, embed_reference, memory_budget)
    if path is not None:
        _check_target(Path(path), model)
    started = time.perf_counter()
    tell = progress or (lambda _: None)
    tell("reading")
    source = load_model(_local(model))
    compiled = _import(source, entries or {}, shapes, tell)
    for state in states or ():
        _check_state(compiled, state)
        compiled.states.append(state)
    compiled.metadata.update(metadata or {})
    if memory_budget is not None:
        compiled.metadata["memory_budget"] = str(memory_budget)
    for graph in compiled.entries.values():
        optimise(graph, keep_all=bool(keep), winograd=winograd, exact=exact, progress=tell)
    if embed_reference:
        from edgec.references import make_references

        tell("computing references")
        compiled.references += make_references(_local(model), embed_reference, shapes)
    report = _report(compiled, source)
    report.warnings += _loose_references(compiled)
    if path is not None:
        tell("writing")
        write_model(compiled, path)
        report.bytes = Path(path).stat().st_size
    report.seconds = time.perf_counter() - started
    return report


def optimise(
    graph: Graph,
    *,
    keep_all: bool = False,
    winograd: bool = True,
    exact: bool = False,
    progress: Progress | None = None,
) -> None:
    """Run the passes over a graph and its bodies, innermost bodies first."""
    instead: Mapping[Pass, Pass | None] = EXACTLY if exact else {} if winograd else {winograd_weights: None}
    for usual in PASSES_KEEPING_ALL if keep_all else PASSES:
        run = instead.get(usual, usual)
        if run is None:
            continue
        if progress is not None:
            progress(run.__name__.replace("_", " "))
        for inner in list(graph.walk())[::-1]:
            run(inner)


def _check_settings(keep: str | None, embed_reference: int, memory_budget: int | None) -> None:
    if keep not in (None, "", "all"):
        raise ValueError(f"keep is {keep!r}, expected 'all' or nothing")
    if embed_reference < 0:
        raise ValueError(f"embed_reference is {embed_reference}, expected 0 or more")
    if memory_budget is not None and not 0 <= memory_budget < 1 << 64:
        raise ValueError(f"memory_budget is {memory_budget}, expected 0 to 2^64 - 1")


def _check_target(path: Path, model: Source) -> None:
    """Raises ValueError, before any work is done, where `path` cannot be written or is the source."""
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, expected the name of the file to write")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if not isinstance(model, onnx.ModelProto) and path.resolve() == Path(model).resolve():
        raise ValueError(f"{path}: is the model itself; give the .edge file another name")


def _local(model: Source) -> onnx.ModelProto | Path:
    return model if isinstance(model, onnx.ModelProto) else Path(model)


def _import(
    source: onnx.ModelProto, entries: Mapping[str, Source], shapes: Shapes | None, tell: Progress
) -> Model:
    tell("importing")
    compiled = import_model(source, shapes)
    for name, other in entries.items():
        if not name or name in compiled.entries:
            raise ValueError(
                f"entries: the name {name!r} is empty or taken; taken: {', '.join(compiled.entries)}"
            )
        tell(f"importing {name}")
        compiled.entries[name] = import_model(load_model(_local(other))).main
        prefix_symbols(compiled.entries[name], f"{name}.")
    return compiled


def _check_state(model: Model, state: State) -> None:
    """Raises ValueError unless the entry has the input and the output, of one element type and rank."""
    if state.entry not in model.entries:
        known = ", ".join(model.entries)
        raise ValueError(f"state '{state.input}': entry '{state.entry}' is not one of {known}")
    graph = model.entries[state.entry]
    inputs, outputs = ({v.name: v for v in values} for values in (graph.inputs, graph.outputs))
    if state.input not in inputs:
        raise ValueError(f"state: input '{state.input}' is not one of {', '.join(inputs)}")
    if state.output not in outputs:
        raise ValueError(f"state: output '{state.output}' is not one of {', '.join(outputs)}")
    given, made = inputs[state.input], outputs[state.output]
    if given.dtype != made.dtype or given.rank != made.rank:
        raise ValueError(f"state: input '{given.name}' is {given.type}, output '{made.name}' {made.type}")


def _report(model: Model, source: onnx.ModelProto) -> ExportReport:
    graphs = [g for entry in model.entries.values() for g in entry.walk()]
    nodes = [node for g in graphs for node in g.nodes]
    fused = [node for node in nodes if node.absorbed]
    return ExportReport(
        model,
        source_counts(source),
        dict(Counter(node.op.name for node in nodes).most_common()),
        len(fused),
        sum(len(node.absorbed) for node in fused),
        [copy for entry in model.entries.values() for copy in remaining_copies(entry)],
        [name for g in graphs for name in g.symbols],
        warnings=[text for entry in model.entries.values() for text in _warnings(entry)],
    )


def _loose_references(model: Model) -> Iterator[str]:
    """References that say little, for rounding alone moves their outputs."""
    for i, reference in enumerate(model.references):
        if reference.tolerance > 1e-4:
            yield (
                f"reference {i} is mostly rounding: its tolerance is {reference.tolerance:.0e}; "
                "other sizes (--shape) may suit the model better"
            )


def _warnings(entry: Graph) -> Iterator[str]:
    """What costs time at run time or is an error there, and may surprise."""
    sizes = {name for dim in sizes_in(entry) for name in symbols_of(dim)}
    for graph in entry.walk():
        for name, source in graph.symbols.items():
            if name in sizes and not isinstance(source, InputDim):
                who = source.value.name
                yield f"size '{name}' is known only when '{who}' is; what needs it is planned then"
        for guard in graph.guards:
            if sizes.isdisjoint(symbols_of(guard.expr)):
                yield f"'{guard.node}' takes only data where {guard.message}"
        for node in graph.nodes:
            accumulator = getattr(node.op, "accumulator", DType.F32)
            if accumulator in (DType.F64, DType.I64):
                wide = DType(accumulator).text
                yield f"{node.op.name} '{node.name}' sums in {wide}, which has no fast kernel"


def source_counts(source: onnx.ModelProto) -> dict[str, int]:
    """How many nodes of each operator an ONNX model has, in bodies and in functions' definitions too."""
    found: Counter[str] = Counter()
    waiting = [source.graph, *source.functions]
    while waiting:
        for node in waiting.pop().node:
            found[node.op_type] += 1
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += list(attribute.graphs)
    return dict(found.most_common())
