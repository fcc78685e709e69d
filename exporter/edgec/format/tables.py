"""The tables and structs of schemas/edge.fbs as data, which writer and reader share.

A field's slot is its position. Types: a scalar of SCALARS, `string`, a table's name, or any of them in
brackets for a vector; vectors may also hold a struct of STRUCTS. A default other than 0 follows the type.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Field(NamedTuple):
    """One field of a table: its name, type and default."""

    name: str
    type: str
    default: int = 0

    @property
    def element(self) -> str:
        return self.type.strip("[]")

    @property
    def is_vector(self) -> bool:
        return self.type.startswith("[")


SCALARS: dict[str, str] = {
    "uint8": "<u1",
    "int32": "<i4",
    "int64": "<i8",
    "uint64": "<u8",
    "double": "<f8",
}

STRUCTS: dict[str, np.dtype[np.void]] = {
    "ExprNode": np.dtype(
        {
            "names": ["value", "a", "b", "c", "code"],
            "formats": ["<i8", "<i4", "<i4", "<i4", "<u1"],
            "itemsize": 24,
        }
    ),
    "Instruction": np.dtype(
        [
            ("imm", "<i8"),
            ("a", "<u2"),
            ("b", "<u2"),
            ("c", "<u2"),
            ("code", "<u1"),
            ("dtype", "<u1"),
        ]
    ),
}

ENUMS: dict[str, tuple[str, ...]] = {
    "AttrKind": ("Int", "Ints", "Float", "Floats", "String", "Strings", "Program", "Bool"),
    "Source": ("InputDim", "Element", "Count"),
}

TABLES: dict[str, tuple[Field, ...]] = {
    "Attr": (
        Field("name", "string"),
        Field("kind", "uint8"),
        Field("ints", "[int64]"),
        Field("exprs", "[int32]"),
        Field("floats", "[double]"),
        Field("strings", "[string]"),
        Field("code", "[Instruction]"),
        Field("operands", "[uint8]"),
    ),
    "Form": (
        Field("kind", "string"),
        Field("offset", "uint64"),
        Field("bytes", "uint64"),
        Field("params", "[int64]"),
    ),
    "Constant": (Field("dtype", "uint8"), Field("dims", "[int64]"), Field("forms", "[Form]")),
    "Value": (
        Field("name", "string"),
        Field("dtype", "uint8"),
        Field("dims", "[int32]"),
        Field("constant", "int32", -1),
        Field("form", "int32"),
        Field("base", "int32", -1),
        Field("offset", "int32", -1),
        Field("capacity", "int32", -1),
        Field("type", "string"),
    ),
    "Node": (
        Field("op", "string"),
        Field("name", "string"),
        Field("inputs", "[int32]"),
        Field("outputs", "[int32]"),
        Field("attrs", "[Attr]"),
        Field("graphs", "[int32]"),
        Field("absorbed", "[string]"),
    ),
    "Binding": (
        Field("symbol", "int32"),
        Field("source", "uint8"),
        Field("value", "int32"),
        Field("index", "int32"),
    ),
    "Guard": (Field("expr", "int32"), Field("node", "string"), Field("message", "string")),
    "Segment": (
        Field("first_node", "int32"),
        Field("bindings", "[Binding]"),
        Field("guards", "[Guard]"),
    ),
    "SourceName": (
        Field("name", "string"),
        Field("value", "int32", -1),
        Field("perm", "[uint8]"),
        Field("absorbed_by", "string"),
    ),
    "Graph": (
        Field("name", "string"),
        Field("values", "[Value]"),
        Field("inputs", "[int32]"),
        Field("outputs", "[int32]"),
        Field("nodes", "[Node]"),
        Field("segments", "[Segment]"),
        Field("names", "[SourceName]"),
    ),
    "KeyValue": (Field("key", "string"), Field("value", "string")),
    "ValueMetadata": (Field("name", "string"), Field("entries", "[KeyValue]")),
    "Entry": (Field("name", "string"), Field("graph", "int32")),
    "State": (
        Field("entry", "int32"),
        Field("input", "int32"),
        Field("output", "int32"),
        Field("initial", "int32", -1),
    ),
    "Reference": (
        Field("inputs", "[int32]"),
        Field("outputs", "[int32]"),
        Field("tolerance", "double"),
        Field("source", "string"),
    ),
    "Model": (
        Field("producer", "string"),
        Field("symbols", "[string]"),
        Field("exprs", "[ExprNode]"),
        Field("constants", "[Constant]"),
        Field("graphs", "[Graph]"),
        Field("entries", "[Entry]"),
        Field("metadata", "[KeyValue]"),
        Field("value_metadata", "[ValueMetadata]"),
        Field("states", "[State]"),
        Field("references", "[Reference]"),
    ),
}

EXPR_CODES: tuple[str, ...] = (
    "const",
    "symbol",
    "add",
    "sub",
    "mul",
    "floordiv",
    "ceildiv",
    "mod",
    "min",
    "max",
    "eq",
    "select",
    "bcast",
)

MAGIC = b"edgefile"
FORMAT_VERSION = 2
LEAST_READER = 1
HEADER_BYTES = 64
ALIGNMENT = 64
# magic, format version, least reader, root offset, root bytes, data offset, data bytes, crc32, zeros
HEADER = "<8sIIQQQQI12s"
CRC_OFFSET = 48
IDENTIFIER = b"EDGE"


class FormatError(ValueError):
    """A file is not a valid `.edge` file, or a graph cannot be written as one."""
