"""Reading ONNX protobufs: models, tensors, attributes, types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Union

import numpy as np
import onnx
from onnx import external_data_helper, numpy_helper

from edgec.frontends.onnx.errors import ExportError, Problem
from edgec.ir.types import DType, ElementType

ModelSource = Union[onnx.ModelProto, str, Path]
OLDEST_OPSET = 1

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
):
    if hasattr(onnx.TensorProto, _name):
        _DTYPES[getattr(onnx.TensorProto, _name)] = _dtype


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
    dtype_of(tensor.data_type)
    if any(size < 0 for size in tensor.dims):
        raise ValueError(f"its sizes are {list(tensor.dims)}, expected 0 or more")
    array = numpy_helper.to_array(tensor)
    if tensor.data_type == onnx.TensorProto.STRING:
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


def opsets_of(imports: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Opset versions by domain; ONNX's own is "" in all spellings, and 1 where a model does not say."""
    return {"": 1} | {"" if o.domain == "ai.onnx" else o.domain: o.version for o in imports}


def load_model(source: ModelSource) -> onnx.ModelProto:
    """The model with its external data in memory.

    Raises ExportError where it cannot be read, has no outputs, is of an opset that the installed onnx package
    does not know, keeps data outside its folder, or was loaded without its external data.
    """
    model = source if isinstance(source, onnx.ModelProto) else _read(Path(source))
    name = model.graph.name if isinstance(source, onnx.ModelProto) else str(source)
    if not model.graph.output:
        raise ExportError([Problem(name, "model", "has no outputs: it is empty or no ONNX model")])
    if any(map(external_data_helper.uses_external_data, model.graph.initializer)):
        advice = "give the path instead, or load it with onnx.load(path)"
        raise ExportError([Problem(name, "model", "was loaded without its external data", advice)])
    known = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and not OLDEST_OPSET <= entry.version <= known:
            raise ExportError(
                [
                    Problem(
                        model.graph.name,
                        "model",
                        f"uses opset {entry.version}, supported are {OLDEST_OPSET} to {known}",
                        "convert it with onnx.version_converter or install a newer onnx package",
                    )
                ]
            )
    return model


def _read(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(str(path), load_external_data=False)
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except FileNotFoundError as error:
        raise ExportError([Problem(str(path), "model", f"cannot be read: {error}")]) from error
    except Exception as error:  # protobuf and onnx raise many types for bad files
        raise ExportError([Problem(str(path), "model", f"is not a readable ONNX file: {error}")]) from error
    return model
