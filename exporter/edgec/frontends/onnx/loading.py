"""Reading ONNX protobufs: models, tensors, attributes, types."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Union

import numpy as np
import onnx
from onnx import external_data_helper, numpy_helper

from edgec.frontends.onnx import external
from edgec.frontends.onnx.errors import ExportError, Problem
from edgec.ir.types import DType, ElementType

ModelSource = Union[onnx.ModelProto, str, Path]
OLDEST_OPSET = 1
_ADVICE = "convert it with onnx.version_converter, or export it again"

_DTYPES: dict[int, DType] = {
    onnx.TensorProto.FLOAT: DType.F32,
    onnx.TensorProto.DOUBLE: DType.F64,
    onnx.TensorProto.FLOAT16: DType.F16,
    onnx.TensorProto.BFLOAT16: DType.BF16,
    onnx.TensorProto.INT8: DType.I8,
    onnx.TensorProto.INT16: DType.I16,
    onnx.TensorProto.INT32: DType.I32,
    onnx.TensorProto.INT64: DType.I64,
    onnx.TensorProto.UINT8: DType.U8,
    onnx.TensorProto.UINT16: DType.U16,
    onnx.TensorProto.UINT32: DType.U32,
    onnx.TensorProto.UINT64: DType.U64,
    onnx.TensorProto.BOOL: DType.BOOL,
    onnx.TensorProto.COMPLEX64: DType.C64,
    onnx.TensorProto.COMPLEX128: DType.C128,
    onnx.TensorProto.STRING: DType.STRING,
    onnx.TensorProto.FLOAT8E4M3FN: DType.F8E4M3FN,
    onnx.TensorProto.FLOAT8E4M3FNUZ: DType.F8E4M3FNUZ,
    onnx.TensorProto.FLOAT8E5M2: DType.F8E5M2,
    onnx.TensorProto.FLOAT8E5M2FNUZ: DType.F8E5M2FNUZ,
}
for _name, _dtype in (
    ("INT4", DType.I4),
    ("UINT4", DType.U4),
    ("FLOAT4E2M1", DType.F4E2M1),
    ("FLOAT8E8M0", DType.F8E8M0),
    ("INT2", DType.I2),
    ("UINT2", DType.U2),
    ("FLOAT6E2M3", DType.F6E2M3),
    ("FLOAT6E3M2", DType.F6E3M2),
):
    if hasattr(onnx.TensorProto, _name):
        _DTYPES[getattr(onnx.TensorProto, _name)] = _dtype
_BITS = {  # of those that share bytes
    **{DType.F6E2M3: 6, DType.F6E3M2: 6},
    **{DType.I4: 4, DType.U4: 4, DType.F4E2M1: 4, DType.I2: 2, DType.U2: 2},
}


def dtype_of(element_type: int) -> DType:
    """The element type of an ONNX TensorProto.DataType number. Raises ValueError for unknown ones."""
    if element_type not in _DTYPES:
        raise ValueError(f"ONNX element type {element_type} is not known")
    return _DTYPES[element_type]


def onnx_type_of(dtype: DType) -> int:
    """The inverse of `dtype_of`."""
    return next(number for number, found in _DTYPES.items() if found == dtype)


def type_proto(type: ElementType) -> onnx.TypeProto:
    """A type as ONNX writes it; sizes that are not known have no value."""
    make = onnx.helper
    if type.dtype.is_container:
        inside = onnx.TypeProto() if type.element is None else type_proto(type.element)
        if type.dtype is DType.MAP:
            return make.make_map_type_proto(onnx_type_of(type.key or DType.I64), inside)
        wrapped = type.dtype is DType.OPTIONAL
        return make.make_optional_type_proto(inside) if wrapped else make.make_sequence_type_proto(inside)
    shape = None if type.shape is None else [None if d < 0 else d for d in type.shape]
    return make.make_tensor_type_proto(onnx_type_of(type.dtype), shape)


def element_type(proto: onnx.TypeProto) -> ElementType:
    """The inverse of `type_proto`; names of sizes are lost. Raises ValueError for an unknown kind."""
    kind = proto.WhichOneof("value")
    if kind == "sequence_type":
        return ElementType(DType.SEQUENCE, (), element_type(proto.sequence_type.elem_type))
    if kind == "optional_type":
        return ElementType(DType.OPTIONAL, (), element_type(proto.optional_type.elem_type))
    if kind == "map_type":
        values = element_type(proto.map_type.value_type)
        if values.dtype.is_container or values.shape not in (None, ()):
            raise ValueError(f"is a map to {values}, expected one to numbers or strings")
        values = ElementType(values.dtype, ())
        return ElementType(DType.MAP, (), values, dtype_of(proto.map_type.key_type))
    if kind != "tensor_type":
        raise ValueError(f"has kind {kind}, expected a tensor, sequence, optional or map")
    shape: tuple[int, ...] | None = None
    if proto.tensor_type.HasField("shape"):
        sizes = proto.tensor_type.shape.dim
        shape = tuple(d.dim_value if d.dim_value > 0 else -1 for d in sizes)
    return ElementType(dtype_of(proto.tensor_type.elem_type), shape)


def array_of(tensor: onnx.TensorProto) -> np.ndarray[Any, Any]:
    """The contents of a tensor; strings as objects of type str. Raises ValueError for a damaged one."""
    dtype = dtype_of(tensor.data_type)
    sizes = list(tensor.dims)
    if any(size < 0 for size in sizes):
        raise ValueError(f"its sizes are {sizes}, expected 0 or more")
    if tensor.HasField("segment"):
        raise ValueError("is a segment of a tensor, expected a whole one")
    if external.is_mapped(tensor):
        return external.mapped(tensor)
    if tensor.HasField("raw_data") and dtype is not DType.STRING:
        expected = -(-math.prod(sizes) * _BITS.get(dtype, 8 * dtype.numpy.itemsize) // 8)
        if len(tensor.raw_data) != expected:
            given = len(tensor.raw_data)
            raise ValueError(f"has {given} bytes, sizes {sizes} of {dtype.text} take {expected}")
    array = numpy_helper.to_array(tensor)
    if dtype is DType.STRING:
        text = [v.decode() if isinstance(v, bytes) else str(v) for v in array.reshape(-1)]
        return np.array(text, dtype=object).reshape(array.shape)
    return array


def attributes_of(
    node: onnx.NodeProto, outer: Mapping[str, onnx.AttributeProto]
) -> dict[str, onnx.AttributeProto]:
    """A node's attributes by name; those that refer to a function's are looked up in `outer`."""
    found: dict[str, onnx.AttributeProto] = {}
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            found[attribute.name] = attribute
        elif attribute.ref_attr_name in outer:
            renamed = onnx.AttributeProto()
            renamed.CopyFrom(outer[attribute.ref_attr_name])
            renamed.name = attribute.name
            found[attribute.name] = renamed
    return found


def attribute_value(attribute: onnx.AttributeProto) -> Any:
    """An attribute as Python: text decoded, tensors as arrays, graphs and types as they are."""
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.type == onnx.AttributeProto.TENSOR:
        return array_of(attribute.t)
    if attribute.type == onnx.AttributeProto.STRING:
        return value.decode(errors="replace")
    if attribute.type == onnx.AttributeProto.STRINGS:
        return [v.decode(errors="replace") for v in value]
    return value


def opsets_of(
    imports: Iterable[onnx.OperatorSetIdProto], around: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Opset versions by domain; ONNX's own is "" in all spellings.

    A function takes what it does not say from `around`; a model that does not say uses opset 1.
    """
    return dict(around or {"": 1}) | {"" if o.domain == "ai.onnx" else o.domain: o.version for o in imports}


def graphs_of(model: onnx.ModelProto) -> Iterator[onnx.GraphProto | onnx.FunctionProto]:
    """The model's graph, its functions, and all bodies in them."""
    waiting: list[onnx.GraphProto | onnx.FunctionProto] = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def load_model(source: ModelSource) -> onnx.ModelProto:
    """The model with its external data in reach: in memory, or mapped where they are large.

    Raises ExportError where it cannot be read, has no outputs, is of an opset that the installed onnx package
    does not know, keeps data outside its folder, or was loaded without its external data.
    """
    model = source if isinstance(source, onnx.ModelProto) else _read(Path(source))
    name = str(model.graph.name if isinstance(source, onnx.ModelProto) else source)
    if not model.graph.output:
        raise ExportError([Problem(name, "model", "has no outputs: it is empty or no ONNX model")])
    try:
        _check_names(model)
        _check_opsets(model)
    except ValueError as error:
        raise ExportError([Problem(name, "model", str(error), _ADVICE)]) from error
    if not isinstance(source, onnx.ModelProto):
        _load_external_data(model, Path(source).parent)
    elif any(external.is_external(t) for _, t in _tensors(model)):
        advice = "give the path instead, or load it with onnx.load(path)"
        raise ExportError([Problem(name, "model", "was loaded without its external data", advice)])
    return model


def _check_names(model: onnx.ModelProto) -> None:
    """Raises ValueError where a name is no UTF-8: protobuf hands out bytes then."""
    names: list[object] = []
    for graph in graphs_of(model):
        names += [graph.name]
        names += [v if isinstance(v, (str, bytes)) else v.name for v in (*graph.input, *graph.output)]
        names += [t.name for t in graph.initializer] if isinstance(graph, onnx.GraphProto) else []
        for node in graph.node:
            names += [node.name, node.op_type, node.domain, *node.input, *node.output]
            names += [a.name for a in node.attribute]
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"holds the name {name!r}, which is not UTF-8")


def _check_opsets(model: onnx.ModelProto) -> None:
    """Raises ValueError where the opset is not known to the onnx package, or is open."""
    versions: dict[str, int] = {}
    known = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        if versions.setdefault(domain, entry.version) != entry.version:
            raise ValueError(f"uses opsets {versions[domain]} and {entry.version} of the domain '{domain}'")
        if not domain and not OLDEST_OPSET <= entry.version <= known:
            raise ValueError(f"uses opset {entry.version}, supported are {OLDEST_OPSET} to {known}")
    has_opsets = model.ir_version >= 3 or model.ir_version <= 0
    if has_opsets and "" not in versions and any(n.domain in ("", "ai.onnx") for n in model.graph.node):
        raise ValueError("does not say which opset it uses: opset_import has no entry for ai.onnx")


def _tensors(model: onnx.ModelProto) -> Iterator[tuple[Problem, onnx.TensorProto]]:
    """Every tensor of the model, with a problem that names it and wants a reason."""
    for graph in graphs_of(model):
        if isinstance(graph, onnx.GraphProto):
            yield from ((Problem(t.name, "initializer", ""), t) for t in graph.initializer)
        for node in graph.node:
            who = Problem(node.name or next(iter(node.output), ""), node.op_type, "")
            for attribute in node.attribute:
                yield from ((who, t) for t in (attribute.t, *attribute.tensors))


def _load_external_data(model: onnx.ModelProto, folder: Path) -> None:
    """Bring what lies in other files into reach. Raises ExportError naming every tensor that cannot be."""
    problems = []
    for who, tensor in _tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        try:
            external.bring_in(tensor, folder)
        except Exception as error:  # onnx raises many types, its own checker's among them
            problems.append(replace(who, reason=f"its data cannot be read: {error or type(error).__name__}"))
    if problems:
        raise ExportError(problems)


def _read(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(path), load_external_data=False)
    except FileNotFoundError as error:
        raise ExportError([Problem(str(path), "model", f"cannot be read: {error}")]) from error
    except Exception as error:  # protobuf raises many types for bad files
        raise ExportError([Problem(str(path), "model", f"is not a readable ONNX file: {error}")]) from error
