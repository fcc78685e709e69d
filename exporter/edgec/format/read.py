"""Reading a `.edge` file back into a model (schemas/README.md)."""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from math import prod
from typing import Any

import numpy as np
from flatbuffers import encode
from flatbuffers import number_types as N
from flatbuffers.table import Table

from edgec.format import forms, strings
from edgec.format.tables import (
    CRC_OFFSET,
    ENUMS,
    EXPR_CODES,
    HEADER,
    HEADER_BYTES,
    IDENTIFIER,
    LEAST_READER,
    MAGIC,
    SCALARS,
    STRUCTS,
    TABLES,
    FormatError,
)
from edgec.ir.containers import ContainerError, parse_element
from edgec.ir.dims import CALLS, Dim, Expr, build, symbol
from edgec.ir.graph import (
    UNBOUNDED,
    Count,
    Element,
    FormSpec,
    Graph,
    Guard,
    InputDim,
    Model,
    Node,
    Reference,
    SourceName,
    State,
    SymbolSource,
    Value,
)
from edgec.ir.types import DType, TensorType
from edgec.ops import REGISTRY
from edgec.ops.program import INSTRUCTIONS, Instruction, Program

Array = np.ndarray[Any, Any]
Row = dict[str, Any]
Buffer = bytes | memoryview

MAX_DEPTH = 32
MAX_TERMS = 1024
_NAMES = {code: (name, count) for name, (code, count) in INSTRUCTIONS.items()}
_FLAGS = {
    "uint8": N.Uint8Flags,
    "int32": N.Int32Flags,
    "int64": N.Int64Flags,
    "uint64": N.Uint64Flags,
    "double": N.Float64Flags,
}


def read_model(source: str | os.PathLike[str] | bytes, verify_checksum: bool = True) -> Model:
    """The model in a file or in bytes. Constants are views of the mapped file where stored plain.

    Raises FormatError, saying what is wrong, for anything that is not a valid file; OSError where the
    file cannot be read.
    """
    buffer = _buffer(source)
    try:
        root, data = _sections(buffer, verify_checksum)
        return _ModelReader(_table(_root(root), "Model", 0), data).model()
    except FormatError:
        raise
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise FormatError(f"the file is damaged: {type(error).__name__}: {error}") from error


def _buffer(source: str | os.PathLike[str] | bytes) -> memoryview:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return memoryview(source)
    with open(source, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise FormatError("the file is empty")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _sections(buffer: memoryview, verify_checksum: bool) -> tuple[bytes, memoryview]:
    if len(buffer) < HEADER_BYTES or bytes(buffer[: len(MAGIC)]) != MAGIC:
        raise FormatError("not an .edge file: it does not start with 'edgefile'")
    _, version, least, root_at, root_size, data_at, data_size, crc, _ = struct.unpack_from(HEADER, buffer)
    if least > LEAST_READER:
        raise FormatError(f"format {version} needs a reader of version {least}, this is {LEAST_READER}")
    if root_at + root_size > len(buffer) or data_at + data_size > len(buffer):
        raise FormatError(f"the file has {len(buffer)} bytes, its header promises more: truncated")
    if verify_checksum:
        head = bytearray(buffer[:HEADER_BYTES])
        head[CRC_OFFSET : CRC_OFFSET + 4] = bytes(4)
        found = zlib.crc32(buffer[HEADER_BYTES:], zlib.crc32(head))
        if found != crc:
            raise FormatError(f"checksum is {found:08x}, the header says {crc:08x}: damaged")
    root = bytes(buffer[root_at : root_at + root_size])
    if root[4:8] != IDENTIFIER:
        raise FormatError(f"the FlatBuffer's identifier is {root[4:8]!r}, expected {IDENTIFIER!r}")
    return root, buffer[data_at : data_at + data_size]


def _root(buffer: bytes) -> Table:
    return Table(buffer, encode.Get(N.UOffsetTFlags.packer_type, buffer, 0))


def _table(table: Table, name: str, depth: int) -> Row:
    if depth > MAX_DEPTH:
        raise FormatError("tables are nested too deeply")
    row: Row = {}
    for slot, field in enumerate(TABLES[name]):
        offset = table.Offset(4 + 2 * slot)
        if field.is_vector:
            row[field.name] = _vector(table, offset, field.element, depth) if offset else []
        elif field.type in SCALARS:
            row[field.name] = table.Get(_FLAGS[field.type], table.Pos + offset) if offset else field.default
        else:
            row[field.name] = table.String(table.Pos + offset).decode() if offset else None
    return row


def _vector(table: Table, offset: int, element: str, depth: int) -> Any:
    length, start = table.VectorLen(offset), table.Vector(offset)
    dtype = STRUCTS.get(element) or (np.dtype(SCALARS[element]) if element in SCALARS else None)
    if length * (dtype.itemsize if dtype else 4) > len(table.Bytes) - start:
        raise FormatError(f"a vector of {length} {element} runs past the end")
    if dtype is not None:
        return np.frombuffer(table.Bytes, dtype, length, start)
    if element == "string":
        return [table.String(start + 4 * i).decode() for i in range(length)]
    return [
        _table(Table(table.Bytes, table.Indirect(start + 4 * i)), element, depth + 1) for i in range(length)
    ]


class _ModelReader:
    """Turns rows of the schema's tables into a Model."""

    def __init__(self, row: Row, data: memoryview) -> None:
        self.row = row
        self.data = data
        self.dims = list(_dims(row["exprs"], row["symbols"], self._elements()))
        self.graphs: list[Graph] = []
        self.graph_values: list[list[Value]] = []
        self._unpacked: dict[tuple[int, int], Array] = {}

    def _elements(self) -> set[int]:
        """Symbols read from tensors: unlike sizes they may be negative."""
        code = ENUMS["Source"].index("Element")
        segments = [s for graph in self.row["graphs"] for s in graph["segments"]]
        return {int(b["symbol"]) for s in segments for b in s["bindings"] if b["source"] == code}

    def model(self) -> Model:
        row = self.row
        for graph in row["graphs"]:
            self.graph(graph)
        model = Model(
            {e["name"]: _at(self.graphs, e["graph"], "graph") for e in row["entries"]},
            _key_values(row["metadata"]),
            {m["name"]: _key_values(m["entries"]) for m in row["value_metadata"]},
            producer=row["producer"] or "",
        )
        if not model.entries:
            raise FormatError("the file has no entry point")
        names = list(model.entries)
        for state in row["states"]:
            entry = _at(names, state["entry"], "entry")
            graph, initial = model.entries[entry], state["initial"]
            model.states.append(
                State(
                    entry,
                    _at(graph.inputs, state["input"], "input").name,
                    _at(graph.outputs, state["output"], "output").name,
                    None if initial < 0 else self.constant(initial, 0)[0],
                )
            )
        for reference in row["references"]:
            model.references.append(self.reference(reference, model.main))
        return model

    def reference(self, row: Row, graph: Graph) -> Reference:
        def tensors(values: list[Value], indices: Array) -> dict[str, Array]:
            if len(values) != len(indices):
                raise FormatError("a reference does not match the graph's inputs and outputs")
            return {v.name: self.constant(int(i), 0)[0] for v, i in zip(values, indices)}

        return Reference(
            tensors(graph.inputs, row["inputs"]),
            tensors(graph.outputs, row["outputs"]),
            row["source"] or "",
            row["tolerance"],
        )

    def graph(self, row: Row) -> None:
        values = [self.value(v) for v in row["values"]]
        graph = Graph(
            row["name"] or "",
            [_at(values, i, "value") for i in row["inputs"]],
            [_at(values, i, "value") for i in row["outputs"]],
            [self.node(n, values) for n in row["nodes"]],
        )
        for segment in row["segments"]:
            for guard in segment["guards"]:
                expr = _at(self.dims, guard["expr"], "expression")
                graph.guards.append(Guard(expr, guard["node"] or "", guard["message"] or ""))
            for binding in segment["bindings"]:
                name = _at(self.row["symbols"], binding["symbol"], "symbol")
                graph.symbols[name] = self.binding(binding, values, row["values"])
        for source in row["names"]:
            index = source["value"]
            graph.names[source["name"]] = SourceName(
                None if index < 0 else _at(values, index, "value"),
                tuple(int(p) for p in source["perm"]) if len(source["perm"]) else None,
                source["absorbed_by"],
            )
        self.graphs.append(graph)
        self.graph_values.append(values)

    def binding(self, row: Row, values: list[Value], rows: list[Row]) -> SymbolSource:
        value = _at(values, row["value"], "value")
        kind = _at(ENUMS["Source"], row["source"], "symbol source")
        if kind == "InputDim":
            return InputDim(value, row["index"])
        if kind == "Element":
            return Element(value, row["index"])
        axis = row["index"]
        capacity = rows[row["value"]]["capacity"]
        others = [d for i, d in enumerate(value.shape) if i != axis]
        bound: Dim = UNBOUNDED
        if capacity >= 0 and all(isinstance(d, int) for d in others):
            bound = _at(self.dims, capacity, "expression") // max(prod(others), 1)
        return Count(value, axis, bound)

    def value(self, row: Row) -> Value:
        value = Value(row["name"] or "", self.type(row))
        if row["constant"] >= 0:
            value.const, value.form = self.constant(row["constant"], row["form"])
            value.more_forms = self._derived_forms(row["constant"])
        return value

    def type(self, row: Row) -> TensorType:
        dtype, shape = DType(row["dtype"]), self._shape(row["dims"])
        if not dtype.is_container or row["type"] is None:
            return TensorType(dtype, shape)
        try:
            held = parse_element(row["type"])
        except ContainerError as error:
            raise FormatError(f"value '{row['name']}': {error}") from error
        if held.dtype != dtype or shape:
            raise FormatError(f"value '{row['name']}' is {dtype.text} of rank {len(shape)}, not {held}")
        return TensorType(dtype, (), held.element, held.key)

    def _shape(self, indices: Array) -> tuple[Dim, ...]:
        return tuple(_at(self.dims, i, "expression") for i in indices)

    def constant(self, index: int, form_index: int) -> tuple[Array, FormSpec | None]:
        row = _at(self.row["constants"], index, "constant")
        stored = _at(row["forms"], form_index, "form")
        form = FormSpec(stored["kind"], tuple(int(p) for p in stored["params"]))
        if (index, form_index) not in self._unpacked:
            begin, end = stored["offset"], stored["offset"] + stored["bytes"]
            if end > len(self.data):
                raise FormatError(f"constant {index} lies outside the data section")
            shape = tuple(int(d) for d in row["dims"])
            self._unpacked[index, form_index] = _unpacked(self.data[begin:end], row["dtype"], form, shape)
        spec = None if form.kind in ("plain", strings.KIND) else form
        return self._unpacked[index, form_index], spec

    def _derived_forms(self, index: int) -> tuple[FormSpec, ...]:
        """Those forms of a constant that only stand beside others."""
        rows = [form for form in self.row["constants"][index]["forms"] if form["kind"] == "winograd"]
        return tuple(FormSpec(form["kind"], tuple(int(p) for p in form["params"])) for form in rows)

    def node(self, row: Row, values: list[Value]) -> Node:
        cls = REGISTRY.get(row["op"])
        if cls is None:
            raise FormatError(f"node '{row['name']}': operator {row['op']} is not known")
        given = {a["name"]: self.attribute(a) for a in row["attrs"]}
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise FormatError(f"{row['op']} '{row['name']}': unknown attribute {', '.join(unknown)}")
        for name, f in known.items():
            if name not in given:
                if f.default is MISSING:
                    raise FormatError(f"{row['op']} '{row['name']}': attribute {name} is missing")
                given.setdefault(name, None if _optional(f.type) else f.default)
        return Node(
            cls(**given),
            [None if i < 0 else _at(values, i, "value") for i in row["inputs"]],
            [_at(values, i, "value") for i in row["outputs"]],
            row["name"] or "",
            tuple(_at(self.graphs, i, "graph") for i in row["graphs"]),
            list(row["absorbed"]),
        )

    def attribute(self, row: Row) -> Any:
        kind = _at(ENUMS["AttrKind"], row["kind"], "attribute kind")
        ints = [int(i) for i in row["ints"]]
        if len(row["exprs"]):
            ints = [_at(self.dims, i, "expression") for i in row["exprs"]]
        read: dict[str, Callable[[], Any]] = {
            "Int": lambda: ints[0],
            "Ints": lambda: tuple(ints),
            "Bool": lambda: bool(ints[0]),
            "Float": lambda: float(row["floats"][0]),
            "Floats": lambda: tuple(float(x) for x in row["floats"]),
            "String": lambda: row["strings"][0],
            "Strings": lambda: tuple(row["strings"]),
            "Program": lambda: _program(row["operands"], row["code"]),
        }
        return read[kind]()


def _unpacked(stored: memoryview, dtype: int, form: FormSpec, shape: tuple[int, ...]) -> Array:
    if (form.kind == strings.KIND) != (dtype == DType.STRING):
        raise FormatError(f"a constant of {DType(dtype).text} is stored as {form.kind}")
    if form.kind == strings.KIND:
        return strings.unpack_strings(np.frombuffer(stored, np.uint8), shape)
    return forms.unpack(np.frombuffer(stored, DType(dtype).numpy), form, shape)


def _optional(annotation: Any) -> bool:
    """Whether a field's annotation allows None, which is how an attribute left out is read."""
    return "None" in str(annotation)


def _program(operands: Array, code: Array) -> Program:
    registers = len(operands)
    instructions = []
    for position, row in enumerate(code):
        name, count = _NAMES[int(row["code"])]
        args = tuple(int(row[k]) for k in ("a", "b", "c")[:count])
        if any(a >= registers + position for a in args):
            raise FormatError(f"instruction {position} reads a register that is not written yet")
        dtype = DType(int(row["dtype"]))
        value = _const(int(row["imm"]), dtype) if name == "const" else 0
        instructions.append(Instruction(name, args, dtype, value))
    if not registers and not instructions:
        raise FormatError("a program is empty")
    return Program(tuple(DType(int(d)) for d in operands), tuple(instructions))


def _const(bits: int, dtype: DType) -> float | int | bool:
    if dtype.is_float:
        value: float = struct.unpack("<d", struct.pack("<q", bits))[0]
        return value
    if dtype is DType.BOOL:
        return bool(bits)
    return bits + 2**64 if dtype is DType.U64 and bits < 0 else bits


def _dims(table: Array, symbols: list[str], elements: set[int]) -> Iterator[Dim]:
    done: list[Dim] = []
    for position, row in enumerate(table):
        op = _at(EXPR_CODES, int(row["code"]), "expression code")
        count = 0 if op == "const" else CALLS.get(op, 2)
        arguments = [int(row[k]) for k in ("a", "b", "c")[:count]]
        if op == "const":
            dim: Dim = int(row["value"])
        elif op == "symbol":
            name = _at(symbols, int(row["a"]), "symbol")
            dim = symbol(name, None if int(row["a"]) in elements else 0)
        else:
            if any(not 0 <= a < position for a in arguments):
                raise FormatError(f"expression {position} uses one that comes after it")
            dim = _combine(op, [done[a] for a in arguments])
        done.append(dim)
        yield dim


def _combine(op: str, args: list[Dim]) -> Dim:
    sizes = [len(a.terms) if isinstance(a, Expr) else 1 for a in args]
    if prod(sizes) > MAX_TERMS**2 or max(sizes) > MAX_TERMS:
        raise FormatError(f"an expression has more than {MAX_TERMS} terms")
    if op == "add":
        return args[0] + args[1]
    if op == "sub":
        return args[0] - args[1]
    if op == "mul":
        return args[0] * args[1]
    return build(op, *args)


def _at(items: Any, index: Any, what: str) -> Any:
    if not 0 <= int(index) < len(items):
        raise FormatError(f"{what} {index} is not one of {len(items)}")
    return items[int(index)]


def _key_values(rows: list[Row]) -> dict[str, str]:
    return {r["key"]: r["value"] or "" for r in rows}
