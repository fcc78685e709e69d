"""Function bodies that ONNX itself defines for operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import onnx
from onnx import defs
from onnx.checker import ValidationError
from onnx.shape_inference import InferenceError, infer_node_outputs

from edgec.frontends.onnx import loading
from edgec.ir.containers import element_of
from edgec.ir.graph import Value


def _schema(node: onnx.NodeProto, version: int) -> Any:
    """The operator's schema at an opset version, None if unknown; its hints lack the function methods."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    if not defs.has(node.op_type, domain):
        return None
    try:
        return defs.get_schema(node.op_type, version, domain)
    except defs.SchemaError:
        return None


def schema_defaults(node: onnx.NodeProto, version: int) -> dict[str, onnx.AttributeProto]:
    """The default attributes of a node's operator."""
    schema = _schema(node, version)
    if schema is None:
        return {}
    return {
        name: a.default_value
        for name, a in schema.attributes.items()
        if a.default_value is not None and a.default_value.name
    }


def schema_function(
    node: onnx.NodeProto,
    attributes: Mapping[str, onnx.AttributeProto],
    operands: Sequence[Value | None],
    version: int,
) -> onnx.FunctionProto | None:
    """The body ONNX gives for a node's operator at an opset version; None where there is none."""
    schema = _schema(node, version)
    if schema is None:
        return None
    if schema.has_context_dependent_function:
        return _context_function(schema, node, attributes, operands, version)
    if not schema.has_function:
        return None
    usable = [v for v in schema.function_opset_versions if v <= version]
    if not usable:
        return None
    body = onnx.FunctionProto()
    body.ParseFromString(schema.get_function_with_opset_version(max(usable)))
    return body


def _context_function(
    schema: Any,
    node: onnx.NodeProto,
    attributes: Mapping[str, onnx.AttributeProto],
    operands: Sequence[Value | None],
    version: int,
) -> onnx.FunctionProto | None:
    usable = [v for v in schema.context_dependent_function_opset_versions if v <= version]
    if not usable:
        return None
    resolved = _resolved(node, attributes)
    types = [_type_of(v).SerializeToString() for v in operands]
    body = onnx.FunctionProto()
    body.ParseFromString(
        schema.get_context_dependent_function_with_opset_version(
            max(usable), resolved.SerializeToString(), types
        )
    )
    return body


def _resolved(node: onnx.NodeProto, attributes: Mapping[str, onnx.AttributeProto]) -> onnx.NodeProto:
    """The node with `attributes` in place of its own, which may refer to those of a function."""
    resolved = onnx.NodeProto()
    resolved.CopyFrom(node)
    del resolved.attribute[:]
    resolved.attribute.extend(attributes.values())
    return resolved


def fits_some_sizes(
    node: onnx.NodeProto,
    attributes: Mapping[str, onnx.AttributeProto],
    operands: Sequence[Value | None],
    version: int,
) -> bool:
    """Whether ONNX takes the node's attributes and its operands' element types, whatever the sizes are."""
    schema = _schema(node, version)
    if schema is None or any(a.HasField("g") for a in attributes.values()):
        return True
    types = {
        name: loading.type_proto(replace(element_of(v.type), shape=None))
        for name, v in zip(node.input, operands)
        if v is not None
    }
    try:
        infer_node_outputs(schema, _resolved(node, attributes), types)
    except (InferenceError, ValidationError):
        return False
    return True


def _type_of(value: Value | None) -> onnx.TypeProto:
    return onnx.TypeProto() if value is None else loading.type_proto(element_of(value.type))
