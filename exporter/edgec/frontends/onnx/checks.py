"""What ONNX demands of a model and no operator's own rule would notice: names, attributes, declarations."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import onnx
from onnx import AttributeProto, defs

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.errors import Problem
from edgec.ir.graph import Value
from edgec.ops.base import OpError

FIRST_STRICT = 7  # exporters to older opsets did not keep to them
# operators that exporters wrote, and ONNX Runtime took, before they became ONNX's
EARLIER = ("LayerNormalization", "MeanVarianceNormalization", "ThresholdedRelu")
ACTIVATIONS = (
    "Relu Tanh Sigmoid Affine LeakyRelu ThresholdedRelu ScaledTanh HardSigmoid Elu Softsign Softplus"
)
# what a text attribute may say, by operator (all where it is "")
CHOICES = {
    ("", "auto_pad"): "NOTSET SAME_UPPER SAME_LOWER VALID",
    ("", "activations"): ACTIVATIONS,
    ("", "reduction"): "none add mul min max sum mean",
    ("", "approximate"): "none tanh",
    ("Pad", "mode"): "constant reflect edge wrap",
    ("DepthToSpace", "mode"): "DCR CRD",
    ("BitShift", "direction"): "LEFT RIGHT",
}


def check_structure(model: onnx.ModelProto) -> list[Problem]:
    """What is wrong with names: twice given ones, and such as are no text."""
    problems = list(_twice("function", ((f"{f.domain}.{f.name}", f.overload) for f in model.functions)))
    for graph in loading.graphs_of(model):
        problems += _made_twice(graph)
        problems += _twice("output", ((o.name, "") for o in graph.output) if graph is model.graph else ())
    return problems


def _twice(what: str, given: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    seen = set()
    for key in given:
        if key in seen:
            yield Problem(key[0], what, "is there twice")
        seen.add(key)


def _made_twice(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[Problem]:
    """Inputs, initialisers and results of nodes that take a name which another one has."""
    seen: set[str] = set()
    is_graph = isinstance(graph, onnx.GraphProto)
    inputs = [i.name for i in graph.input] if is_graph else list(graph.input)
    for name in inputs:
        yield from _name(name, name, "input", seen, f"input '{name}' is there twice")
    if is_graph:
        tensors = [t.name for t in graph.initializer] + [t.values.name for t in graph.sparse_initializer]
        own: set[str] = set()
        for name in tensors:  # one that is an input too is the input's default
            yield from _name(name, name, "initializer", own, f"initialiser '{name}' is there twice")
        seen |= own
    for node in graph.node:
        who = node.name or next(iter(node.output), node.op_type)
        for name in filter(None, node.output):
            yield from _name(name, who, node.op_type, seen, f"makes '{name}', a name given twice")


def _name(name: str, who: str, operator: str, seen: set[str], reason: str) -> Iterator[Problem]:
    if name in seen:
        yield Problem(who, operator, reason, "give every value a name of its own")
    elif not name:
        yield Problem(who, operator, "has no name")
    seen.add(name)


def check_node(
    node: onnx.NodeProto, domain: str, version: int, attributes: Mapping[str, AttributeProto]
) -> None:
    """Attributes, operands and results are such as the operator has in the opset.

    Operators unknown to ONNX pass. Raises OpError.
    """
    if len({a.name for a in node.attribute}) < len(node.attribute):
        names = [a.name for a in node.attribute]
        raise OpError(f"attribute '{next(n for n in names if names.count(n) > 1)}' is there twice")
    if not domain and version < FIRST_STRICT:
        return
    form = _form(node.op_type, version, domain)
    if form is None:
        return
    if form.since > version and node.op_type in EARLIER:
        return
    if form.since > version:
        raise OpError(f"opset {version} does not have this operator; it came with {form.since}")
    _check_attributes(form, attributes)
    _check_choices(node.op_type, attributes)
    inputs, outputs = _count(node.input), _count(node.output)
    if inputs > form.inputs:
        raise OpError(f"has {inputs} inputs, the operator takes {form.inputs}")
    if outputs > form.outputs:
        raise OpError(f"has {outputs} outputs, the operator gives {form.outputs}")


@dataclass(frozen=True)
class _Form:
    """An operator in an opset: most inputs and outputs, types of attributes, those that must be there."""

    since: int
    inputs: int
    outputs: int
    types: Mapping[str, str]
    required: tuple[str, ...]


@lru_cache(maxsize=1024)
def _form(operator: str, version: int, domain: str) -> _Form | None:
    """What ONNX says of the operator; of its first form where the opset is older. None: not ONNX's."""
    if not defs.has(operator, domain):
        return None
    try:
        schema = defs.get_schema(operator, version, domain)
    except defs.SchemaError:
        known = [s for s in defs.get_all_schemas_with_history() if (s.name, s.domain) == (operator, domain)]
        schema = min(known, key=lambda s: s.since_version)
    attributes: Mapping[str, Any] = schema.attributes
    types = {name: a.type.name for name, a in attributes.items()}
    required = tuple(name for name, a in attributes.items() if a.required)
    return _Form(schema.since_version, schema.max_input, schema.max_output, types, required)


def _count(names: Sequence[str]) -> int:
    return max((i + 1 for i, name in enumerate(names) if name), default=0)


def _check_attributes(form: _Form, attributes: Mapping[str, AttributeProto]) -> None:
    for name, attribute in attributes.items():
        expected = form.types.get(name)
        if expected is None:
            close = difflib.get_close_matches(name, form.types, 1, 0.4)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(form.types) or 'none'}"
            raise OpError(f"the operator has no attribute '{name}'; {hint}")
        found = AttributeProto.AttributeType.Name(attribute.type)
        if found != expected:
            raise OpError(f"attribute '{name}' is of type {found}, expected {expected}")
    for name in form.required:
        if name not in attributes:
            raise OpError(f"attribute '{name}' is missing")


def _check_choices(operator: str, attributes: Mapping[str, AttributeProto]) -> None:
    """Texts are among those that ONNX defines; operators with rules of their own check the rest."""
    for name, attribute in attributes.items():
        known = CHOICES.get((operator, name)) or CHOICES.get(("", name))
        if known is None:
            continue
        given = [attribute.s] if attribute.type == AttributeProto.STRING else attribute.strings
        for text in (g.decode(errors="replace") for g in given):
            if text.lower() not in known.lower().split():
                raise OpError(f"attribute '{name}' is '{text}', expected one of {', '.join(known.split())}")


def check_body(graph: onnx.GraphProto, given: int, wanted: int = 0) -> None:
    """A body takes as many inputs as it is given and gives at least the results wanted. Raises OpError."""
    if len(graph.input) != given:
        raise OpError(f"its body '{graph.name}' takes {len(graph.input)} inputs, expected {given}")
    if len(graph.output) < wanted:
        raise OpError(f"its body '{graph.name}' gives {len(graph.output)} results, expected {wanted}")


def check_output(value: Value, info: onnx.ValueInfoProto, sizes: bool) -> None:
    """What the model declares of an output is so; with `sizes` of its known sizes too. Raises ValueError."""
    if info.type.WhichOneof("value") != "tensor_type" or value.dtype.is_container:
        return
    declared = info.type.tensor_type
    if declared.elem_type and loading.dtype_of(declared.elem_type) != value.dtype:
        kind = loading.dtype_of(declared.elem_type)
        raise ValueError(f"is {value.type}, the model declares {kind.text}")
    dims = declared.shape.dim
    if not sizes or len(dims) != value.rank:  # networks that were cut or extended keep old declarations
        return
    for axis, (found, dim) in enumerate(zip(value.shape, dims)):
        if isinstance(found, int) and dim.dim_value > 0 and dim.dim_value != found:
            raise ValueError(f"is {value.type}, the model declares {dim.dim_value} on axis {axis}")
