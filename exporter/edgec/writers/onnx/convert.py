"""`to_onnx`: an .edge file back to an ONNX model."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Union

import onnx
from onnx import ModelProto, NodeProto, StringStringEntryProto, ValueInfoProto

from edgec.format.read import read_model
from edgec.ir.graph import Graph, Model, Value
from edgec.writers.onnx import (  # noqa: F401  (they register what they write)
    attention,
    control,
    conv,
    foreign_node,
    gather,
    map,
    matmul,
    ml,
    normalize,
    pool,
    random,
    reduce,
    resize,
    rnn,
    select,
    sequence,
    text,
    view,
)
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.lower import lower
from edgec.writers.onnx.scope import Scope, Shared
from edgec.writers.onnx.target import NEWEST, Target, type_proto

Source = Union[str, "os.PathLike[str]", bytes, Model]
LARGEST = 2**31 - 2**20  # bytes of constants that one file can hold with everything else
_IR_VERSION = 10  # the first with metadata on values


def to_onnx(
    source: Source,
    path: str | os.PathLike[str] | None = None,
    opset: int | None = None,
    *,
    entry: str | None = None,
) -> ModelProto:
    """The ONNX model that does what an .edge file (path, bytes or Model) does; written to `path` if given.

    `opset` is 13 to 26 (None: 26, the newest that ONNX Runtime 1.31 takes). `entry` names the graph (None:
    the main one). Inputs, outputs, sizes and metadata keep their names, tensors and nodes where the source's
    still exist; states become ordinary inputs and outputs, with a note in the metadata; references stay in
    the file. Above 2 GiB the constants go to `path`.data, which the result then refers to.

    Raises OnnxError (a ValueError) for what ONNX cannot say at that opset, FormatError for a file that is
    none, OSError where one cannot be read or written.

    >>> to_onnx("model.edge", "model.onnx", opset=17)  # doctest: +SKIP
    """
    model = source if isinstance(source, Model) else read_model(source)
    if entry is not None and entry not in model.entries:
        raise OnnxError(f"entry '{entry}' is not one of {', '.join(model.entries)}")
    name = entry or next(n for n, g in model.entries.items() if g is model.main)
    target = Target(NEWEST if opset is None else opset)
    graph = _copy(model.entries[name])
    lower(graph, target)
    proto = _model(graph, model, name, target)
    if path is not None:
        save(proto, Path(path))
    return proto


def _copy(graph: Graph) -> Graph:
    """A graph that can be rewritten; constants are shared."""
    arrays = [v.const for inner in graph.walk() for v in inner.values() if v.const is not None]
    return copy.deepcopy(graph, {id(a): a for a in arrays})


def _model(graph: Graph, model: Model, entry: str, target: Target) -> ModelProto:
    shared = Shared(target)
    given = [shared.reserve(v.name) for v in graph.inputs]
    # an output that is called as an input is that input
    names = [v.name if v.name in given else shared.reserve(v.name) for v in graph.outputs]
    scope = Scope(graph, shared)
    for value, name in zip(graph.inputs, given):
        target.check_type(value.dtype, value.name)
        scope.bind(value, name)
    for value, name in zip(graph.outputs, names):
        if name not in given and value not in graph.inputs and value.const is None:
            scope.reserved[value] = name
    scope.run()
    for value, name in zip(graph.outputs, names):
        if name not in given:
            scope.result(value, name)
    nodes, used = _needed(scope.nodes, names)
    written = onnx.helper.make_graph(
        nodes,
        graph.name or entry,
        [_info(v, model) for v in graph.inputs],
        [_info(v, model) for v in graph.outputs],
        [tensor for tensor in shared.initializers if tensor.name in used],
    )
    opsets = [onnx.helper.make_opsetid(d, target.version(d)) for d in sorted(shared.domains)]
    version = max(onnx.helper.find_min_ir_version_for(opsets), _IR_VERSION if model.value_metadata else 0)
    proto = onnx.helper.make_model(written, opset_imports=opsets, producer_name="edgec", ir_version=version)
    proto.metadata_props.extend(_entries(dict(_metadata(model, entry))))
    return proto


def _needed(nodes: list[NodeProto], outputs: list[str]) -> tuple[list[NodeProto], set[str]]:
    """The nodes that the outputs need, in order, and the names that are read."""
    used, kept = set(outputs), []
    for node in reversed(nodes):
        if not used.isdisjoint(node.output):
            kept.append(node)
            used.update(_reads(node))
    return kept[::-1], used


def _reads(node: NodeProto) -> Iterator[str]:
    """The names of a node's operands, and of what its bodies read and give."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _reads(inner)
        yield from (output.name for output in attribute.g.output)


def _info(value: Value, model: Model) -> ValueInfoProto:
    info = onnx.helper.make_value_info(value.name, type_proto(value.type))
    info.metadata_props.extend(_entries(model.value_metadata.get(value.name, {})))
    return info


def _metadata(model: Model, entry: str) -> Iterator[tuple[str, str]]:
    yield from model.metadata.items()
    for state in model.states:
        if state.entry == entry:
            yield f"edgec.state.{state.input}", state.output


def _entries(texts: dict[str, str]) -> list[StringStringEntryProto]:
    return [StringStringEntryProto(key=key, value=value) for key, value in texts.items()]


def save(model: ModelProto, path: Path) -> None:
    """Write the model; constants of more than 2 GiB go to a second file beside it, named path.data."""
    if sum(len(t.raw_data) for t in model.graph.initializer) <= LARGEST:
        onnx.save(model, str(path))
        return
    data = f"{path.name}.data"
    (path.parent / data).unlink(missing_ok=True)
    onnx.save(model, str(path), save_as_external_data=True, location=data, size_threshold=1024)
