"""Element types and tensor types."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgec.ir.dims import Dim, dims_text


class DType(enum.IntEnum):
    """Element type. The numbers are those of the file and of `edgert.h`; they never change."""

    F32 = 1
    F64 = 2
    F16 = 3
    BF16 = 4
    I8 = 5
    I16 = 6
    I32 = 7
    I64 = 8
    U8 = 9
    U16 = 10
    U32 = 11
    U64 = 12
    BOOL = 13
    C64 = 14
    C128 = 15
    STRING = 16
    F8E4M3FN = 17
    F8E4M3FNUZ = 18
    F8E5M2 = 19
    F8E5M2FNUZ = 20
    F8E8M0 = 21
    I4 = 22
    U4 = 23
    F4E2M1 = 24
    I2 = 25
    U2 = 26
    SEQUENCE = 27
    OPTIONAL = 28
    MAP = 29
    F6E2M3 = 30
    F6E3M2 = 31

    @property
    def text(self) -> str:
        """The lower-case name used in printed graphs and specs, e.g. `f32`."""
        return self.name.lower()

    @property
    def is_float(self) -> bool:
        return self in _FLOATS

    @property
    def is_signed_int(self) -> bool:
        return self in (DType.I8, DType.I16, DType.I32, DType.I64, DType.I4, DType.I2)

    @property
    def is_unsigned_int(self) -> bool:
        return self in (DType.U8, DType.U16, DType.U32, DType.U64, DType.U4, DType.U2)

    @property
    def is_int(self) -> bool:
        return self.is_signed_int or self.is_unsigned_int

    @property
    def is_container(self) -> bool:
        """A sequence, an optional or a map: one handle, whose contents `TensorType.element` describes."""
        return self in (DType.SEQUENCE, DType.OPTIONAL, DType.MAP)

    @property
    def is_arithmetic(self) -> bool:
        """Real numbers and bool: neither complex nor text nor a container."""
        return not (self.is_container or self in (DType.STRING, DType.C64, DType.C128))

    @property
    def compute(self) -> DType:
        """The type in which arithmetic on this storage type is done: f32 for the small floats."""
        if self in _STORAGE_FLOATS:
            return DType.F32
        if self in (DType.I4, DType.I2):
            return DType.I8
        if self in (DType.U4, DType.U2):
            return DType.U8
        return self

    @property
    def itemsize(self) -> int:
        """Bytes of one element in memory. Sub-byte elements take one byte each."""
        return _ITEMSIZE.get(self, 1)

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype that holds it; types NumPy lacks need ml_dtypes.

        Raises ImportError naming the extra if ml_dtypes is needed and missing.
        """
        plain = _NUMPY.get(self)
        if plain is not None:
            return np.dtype(plain)
        try:
            import ml_dtypes
        except ImportError as error:
            raise ImportError(f"type {self.text} needs ml_dtypes: pip install 'edgec[export]'") from error
        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, _ML_DTYPES[self]))
        return found

    @staticmethod
    def of(dtype: Any) -> DType:
        """The element type of a NumPy dtype (or anything `np.dtype` takes)."""
        dtype = np.dtype(dtype)
        if dtype.kind in "OSUT":
            return DType.STRING
        found = _FROM_NAME.get(dtype.name)
        if found is None:
            raise TypeError(f"no element type for NumPy dtype {dtype}")
        return found

    @staticmethod
    def parse(text: str) -> DType:
        """The inverse of `text`."""
        return DType[text.upper()]


_STORAGE_FLOATS = frozenset(
    {
        DType.F16,
        DType.BF16,
        DType.F8E4M3FN,
        DType.F8E4M3FNUZ,
        DType.F8E5M2,
        DType.F8E5M2FNUZ,
        DType.F8E8M0,
        DType.F4E2M1,
        DType.F6E2M3,
        DType.F6E3M2,
    }
)
_FLOATS = _STORAGE_FLOATS | {DType.F32, DType.F64}
_NUMPY: dict[DType, str] = {
    DType.F32: "float32",
    DType.F64: "float64",
    DType.F16: "float16",
    DType.I8: "int8",
    DType.I16: "int16",
    DType.I32: "int32",
    DType.I64: "int64",
    DType.U8: "uint8",
    DType.U16: "uint16",
    DType.U32: "uint32",
    DType.U64: "uint64",
    DType.BOOL: "bool",
    DType.C64: "complex64",
    DType.C128: "complex128",
    DType.STRING: "object",
    DType.SEQUENCE: "object",
    DType.OPTIONAL: "object",
    DType.MAP: "object",
}
_ML_DTYPES: dict[DType, str] = {
    DType.BF16: "bfloat16",
    DType.F8E4M3FN: "float8_e4m3fn",
    DType.F8E4M3FNUZ: "float8_e4m3fnuz",
    DType.F8E5M2: "float8_e5m2",
    DType.F8E5M2FNUZ: "float8_e5m2fnuz",
    DType.F8E8M0: "float8_e8m0fnu",
    DType.F4E2M1: "float4_e2m1fn",
    DType.F6E2M3: "float6_e2m3fn",
    DType.F6E3M2: "float6_e3m2fn",
    DType.I4: "int4",
    DType.U4: "uint4",
    DType.I2: "int2",
    DType.U2: "uint2",
}
_FROM_NAME: dict[str, DType] = {
    name: d for d, name in (*_NUMPY.items(), *_ML_DTYPES.items()) if not d.is_container
}
_ITEMSIZE: dict[DType, int] = {
    DType.F32: 4,
    DType.F64: 8,
    DType.F16: 2,
    DType.BF16: 2,
    DType.I16: 2,
    DType.I32: 4,
    DType.I64: 8,
    DType.U16: 2,
    DType.U32: 4,
    DType.U64: 8,
    DType.C64: 8,
    DType.C128: 16,
    DType.STRING: 16,
    DType.SEQUENCE: 8,
    DType.OPTIONAL: 8,
    DType.MAP: 8,
}


@dataclass(frozen=True)
class ElementType:
    """What a sequence, optional or map holds.

    `shape` holds -1 where sizes differ or are not known; None is any rank. With `empty` there is no element
    yet, so that its shape is whatever is put in. A container in a container has shape () and an `element`
    of its own. A map's element is its values' type; `key` is I64 or STRING.

    >>> str(ElementType(DType.SEQUENCE, (), ElementType(DType.F32, (-1, 3))))
    'sequence(f32[?, 3])'
    """

    dtype: DType
    shape: tuple[int, ...] | None = None
    element: ElementType | None = None
    key: DType | None = None
    empty: bool = False

    def __str__(self) -> str:
        if self.dtype.is_container:
            return _container_text(self.dtype, self.element, self.key)
        if self.shape is None:
            return f"{self.dtype.text}[{'-' if self.empty else '...'}]"
        return f"{self.dtype.text}[{', '.join('?' if d < 0 else str(d) for d in self.shape)}]"


def _container_text(dtype: DType, element: ElementType | None, key: DType | None) -> str:
    inside = "?" if element is None else str(element)
    return f"{dtype.text}({inside if key is None else f'{key.text}, {inside}'})"


@dataclass(frozen=True)
class TensorType:
    """dtype and shape (static rank, symbolic dims) of a value.

    A sequence, optional or map is a scalar: shape (), one handle; `element` says what it holds (None: not
    known) and `key` what a map's keys are.

    >>> str(TensorType(DType.F32, (1, 3)))
    'f32[1, 3]'
    >>> str(TensorType(DType.SEQUENCE, (), ElementType(DType.F32, (-1, 3))))
    'sequence(f32[?, 3])'
    """

    dtype: DType
    shape: tuple[Dim, ...]
    element: ElementType | None = None
    key: DType | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        if self.dtype.is_container:
            return _container_text(self.dtype, self.element, self.key)
        return f"{self.dtype.text}[{dims_text(self.shape)}]"
