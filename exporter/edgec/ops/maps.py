"""Maps from keys, i64 or strings, to numbers or strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

from edgec.ir.containers import container
from edgec.ir.dims import Dim
from edgec.ir.graph import UNBOUNDED
from edgec.ir.types import DType, ElementType, TensorType
from edgec.ops.base import Array, Context, Op, OpError, given, register
from edgec.ops.containers import unwrap, wrap
from edgec.ops.shapes import Operands, check_rank, operand, require_equal

KEYS = (DType.I64, DType.STRING)
Contents = dict[Union[int, str], Union[int, float, str]]


def _contents(operand: Array | None) -> Contents:
    found = unwrap(operand)
    if not isinstance(found, dict):
        raise OpError(f"operand is {type(found).__name__}, expected a map (a dict)")
    return found


def _map_type(operands: Operands, dtype: int) -> TensorType:
    found = operand(operands, 0, "map")
    if found.dtype != DType.MAP or (found.element is not None and found.element.dtype != dtype):
        raise OpError(f"operand is {found}, expected a map to {DType(dtype).text}")
    return found


@register
@dataclass(frozen=True)
class MapConstruct(Op):
    """A map from keys to the values beside them; of equal keys the last counts.

    Operands: keys i64 or string [n], values [n]. Source: ai.onnx.ml ZipMap.
    """

    name = "map_construct"

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        keys, values = operand(operands, 0, "keys"), operand(operands, 1, "values")
        check_rank(keys, "keys", 1, 1)
        check_rank(values, "values", 1, 1)
        if keys.dtype not in KEYS or values.dtype.is_container:
            raise OpError(f"keys are {keys} and values {values}, expected i64 or string keys of tensors")
        (n,), (m,) = keys.shape, values.shape
        require_equal(context, n, m, f"there are {n} keys for {m} values")
        return [container(DType.MAP, ElementType(values.dtype, ()), keys.dtype)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        keys, values = given(operands)
        return [wrap(dict(zip(keys.tolist(), values.tolist(), strict=True)))]


@register
@dataclass(frozen=True)
class MapLookup(Op):
    """The values, of type `dtype`, that a map has for keys; `default` for keys that it has not.

    Operands: map, keys of its type [n]. Result: `dtype` [n]. Source: ai.onnx.ml DictVectorizer,
    CastMap.
    """

    name = "map_lookup"
    dtype: int
    default: int | float | str = 0.0

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        source, keys = _map_type(operands, self.dtype), operand(operands, 1, "keys")
        check_rank(keys, "keys", 1, 1)
        if keys.dtype != source.key:
            raise OpError(f"keys are {keys}, those of the map {source}")
        if isinstance(self.default, str) != (self.dtype == DType.STRING):
            raise OpError(f"default is {self.default!r}, values are {DType(self.dtype).text}")
        return [TensorType(DType(self.dtype), keys.shape)]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        found = _contents(operands[0])
        (keys,) = given(operands[1:])
        values = [found.get(k, self.default) for k in keys.tolist()]
        return [np.array(values, DType(self.dtype).numpy)]


@register
@dataclass(frozen=True)
class MapValues(Op):
    """A map's values in the order of its keys, strings by their UTF-8 bytes.

    Operand: map. Result: `dtype` [n], n found by the run. Source: ai.onnx.ml CastMap with map_form DENSE.
    """

    name = "map_values"
    dtype: int

    def infer(self, operands: Operands, context: Context) -> list[TensorType]:
        _map_type(operands, self.dtype)
        size: Dim = context.count(0, 0, UNBOUNDED)
        return [TensorType(DType(self.dtype), (size,))]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        found = _contents(operands[0])
        keys = sorted(found, key=lambda k: k.encode() if isinstance(k, str) else k)
        return [np.array([found[k] for k in keys], DType(self.dtype).numpy)]
