"""The opset that is written: which operators it has and which types they take."""

from __future__ import annotations

from functools import lru_cache

import onnx
from onnx import TensorProto, TypeProto

from edgec.ir.dims import Dim
from edgec.ir.types import DType, ElementType, TensorType
from edgec.writers.onnx.errors import OnnxError

OLDEST, NEWEST = 13, 26
ML_VERSION = 5  # of ai.onnx.ml
_NEWER_TYPES = {  # of containers, the first opset whose Identity takes them
    DType.SEQUENCE: 14,
    DType.OPTIONAL: 16,
    DType.BF16: 13,
    DType.F8E4M3FN: 19,
    DType.F8E4M3FNUZ: 19,
    DType.F8E5M2: 19,
    DType.F8E5M2FNUZ: 19,
    DType.I4: 21,
    DType.U4: 21,
    DType.F4E2M1: 23,
    DType.F8E8M0: 24,
    DType.I2: 25,
    DType.U2: 25,
}


class Target:
    """What can be written at an opset.

    Raises OnnxError for an opset below 13 or above 26.
    """

    def __init__(self, opset: int) -> None:
        newest = min(NEWEST, onnx.defs.onnx_opset_version())
        if not OLDEST <= opset <= newest:
            raise OnnxError(f"opset {opset} cannot be written, expected {OLDEST} to {newest}")
        self.opset = opset

    def version(self, domain: str) -> int:
        """The version of a domain's operators."""
        return ML_VERSION if domain else self.opset

    def has(self, op_type: str, domain: str = "") -> bool:
        return _schema(op_type, self.version(domain), domain) is not None

    def least_operands(self, op_type: str) -> int:
        """How many operands must be named, if by an empty name."""
        schema = _schema(op_type, self.opset)
        return schema.min_input if schema is not None else 0

    def takes(self, op_type: str, dtype: DType, index: int = 0) -> bool:
        """Whether operand `index` of the operator may have this element type."""
        schema = _schema(op_type, self.opset)
        if schema is None:
            return False
        operand = schema.inputs[min(index, len(schema.inputs) - 1)]
        return type_text(dtype) in operand.types

    def need(self, op_type: str, dtype: DType, who: str) -> None:
        """Raises OnnxError unless the operator is there and takes the type."""
        if not self.has(op_type):
            raise OnnxError(f"'{who}': {op_type} is not in opset {self.opset}; choose a newer one")
        if not self.takes(op_type, dtype):
            raise OnnxError(f"'{who}': {op_type} of opset {self.opset} does not take {dtype.text}")

    def since(self, opset: int, who: str, what: str) -> None:
        """Raises OnnxError where the target is older than `opset`."""
        if self.opset < opset:
            raise OnnxError(f"'{who}': {what} needs opset {opset}, this is {self.opset}; choose a newer one")

    def check_type(self, dtype: DType, who: str) -> None:
        self.since(_NEWER_TYPES.get(dtype, OLDEST), who, f"type {dtype.text}")


@lru_cache(maxsize=4096)
def _schema(op_type: str, opset: int, domain: str = "") -> onnx.defs.OpSchema | None:
    try:
        found = onnx.defs.get_schema(op_type, opset, domain)
    except onnx.defs.SchemaError:
        return None
    return None if found.deprecated else found


@lru_cache(maxsize=64)
def onnx_type(dtype: DType) -> int:
    """The TensorProto.DataType number of an element type."""
    if dtype == DType.STRING:
        return int(TensorProto.STRING)
    return int(onnx.helper.np_dtype_to_tensor_dtype(dtype.numpy))


def type_text(dtype: DType) -> str:
    """The type as schemas write it: `tensor(float)`."""
    return f"tensor({TensorProto.DataType.Name(onnx_type(dtype)).lower()})"


def type_proto(type_: TensorType, dims: tuple[Dim | None, ...] | None = None) -> TypeProto:
    """The ONNX type of a value; `dims` replaces its dims, None among them is a size not known."""
    if type_.dtype.is_container:
        return _container(type_.dtype, type_.element, type_.key)
    shape = type_.shape if dims is None else dims
    written = [d if isinstance(d, int) or d is None else str(d) for d in shape]
    return onnx.helper.make_tensor_type_proto(onnx_type(type_.dtype), written)


def _container(dtype: DType, element: ElementType | None, key: DType | None) -> TypeProto:
    if element is None:
        raise OnnxError(f"a {dtype.text} of elements whose type is not known cannot be written")
    if element.dtype.is_container:
        inner = _container(element.dtype, element.element, element.key)
    else:
        sizes = None if element.shape is None else [None if d < 0 else d for d in element.shape]
        inner = onnx.helper.make_tensor_type_proto(onnx_type(element.dtype), sizes)
    if dtype == DType.SEQUENCE:
        return onnx.helper.make_sequence_type_proto(inner)
    if dtype == DType.OPTIONAL:
        return onnx.helper.make_optional_type_proto(inner)
    return onnx.helper.make_map_type_proto(onnx_type(key or DType.I64), inner)
