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
}
_ML_DTYPES: dict[DType, str] = {
    DType.BF16: "bfloat16",
    DType.F8E4M3FN: "float8_e4m3fn",
    DType.F8E4M3FNUZ: "float8_e4m3fnuz",
    DType.F8E5M2: "float8_e5m2",
    DType.F8E5M2FNUZ: "float8_e5m2fnuz",
    DType.F8E8M0: "float8_e8m0fnu",
    DType.F4E2M1: "float4_e2m1fn",
    DType.I4: "int4",
    DType.U4: "uint4",
    DType.I2: "int2",
    DType.U2: "uint2",
}
_FROM_NAME: dict[str, DType] = {name: d for d, name in (*_NUMPY.items(), *_ML_DTYPES.items())}
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
}


@dataclass(frozen=True)
class TensorType:
    """dtype and shape (static rank, symbolic dims) of a value.

    >>> str(TensorType(DType.F32, (1, 3)))
    'f32[1, 3]'
    """

    dtype: DType
    shape: tuple[Dim, ...]

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.text}[{dims_text(self.shape)}]"
