"""Writing a model as a `.edge` file (schemas/README.md)."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import flatbuffers
import numpy as np

from edgec.format import forms, strings
from edgec.format.segments import Segment, cut
from edgec.format.tables import (
    ALIGNMENT,
    CRC_OFFSET,
    ENUMS,
    EXPR_CODES,
    FORMAT_VERSION,
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
from edgec.ir.dims import Atom, Dim, Expr, Symbol, product
from edgec.ir.graph import UNBOUNDED, Count, FormSpec, Graph, InputDim, Model, Node, Value
from edgec.ir.types import DType
from edgec.ops.program import INSTRUCTIONS, Program

Array = np.ndarray[Any, Any]
Row = dict[str, Any]
MADE_AGAIN_BYTES = 1 << 24


def write_model(model: Model, path: str | os.PathLike[str] | None = None) -> bytes:
    """The file's bytes; written to `path` instead (and b"" returned) where one is given.

    Raises FormatError for what a file cannot hold, naming the node or value.

    >>> from edgec.ir.graph import Graph
    >>> write_model(Model({"main": Graph("main")}))[:8]
    b'edgefile'
    """
    writer = _ModelWriter()
    root = _flatbuffer(writer.model(model))
    if path is None:
        buffer = io.BytesIO()
        _write_file(buffer, root, writer.data)
        return buffer.getvalue()
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    try:
        with partial.open("wb+") as file:
            _write_file(file, root, writer.data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return b""


def _write_file(file: BinaryIO, root: bytes, data: _Data) -> None:
    data_offset = _aligned(HEADER_BYTES + len(root))
    header = struct.pack(
        HEADER,
        MAGIC,
        FORMAT_VERSION,
        LEAST_READER,
        HEADER_BYTES,
        len(root),
        data_offset,
        data.size,
        0,
        b"",
    )
    head = (header + root).ljust(data_offset, b"\0")
    crc = zlib.crc32(head)
    file.write(head)
    for chunk in data.chunks():
        crc = zlib.crc32(chunk, crc)
        file.write(chunk)
    file.seek(CRC_OFFSET)
    file.write(struct.pack("<I", crc))


def _bytes(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class _Data:
    """The data section: arrays at aligned offsets, each content once.

    Large arrays are made again when they are written, so that only one of them is in memory at a time.
    """

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[Array | Callable[[], Array]] = []
        self._offsets: dict[bytes, int] = {}

    def add(self, make: Callable[[], Array]) -> tuple[int, int]:
        """The offset and the number of the bytes of the array that `make` gives."""
        flat = _bytes(make())
        digest = hashlib.sha256(flat.data).digest()
        if digest not in self._offsets:
            self._offsets[digest] = self.size
            self._parts.append(flat if flat.nbytes < MADE_AGAIN_BYTES else make)
            self.size = _aligned(self.size + flat.nbytes)
        return self._offsets[digest], flat.nbytes

    def chunks(self) -> Iterable[bytes | memoryview]:
        for part in self._parts:
            flat = part if isinstance(part, np.ndarray) else _bytes(part())
            yield flat.data
            yield b"\0" * (_aligned(flat.nbytes) - flat.nbytes)


class _Expressions:
    """The expression table: each subexpression once, arguments before users."""

    def __init__(self) -> None:
        self.symbols: dict[str, int] = {}
        self.nodes: dict[tuple[int, int, int, int, int], int] = {}

    def symbol(self, name: str) -> int:
        return self.symbols.setdefault(name, len(self.symbols))

    def _node(self, op: str, a: int = 0, b: int = 0, c: int = 0, value: int = 0) -> int:
        key = (value, a, b, c, EXPR_CODES.index(op))
        return self.nodes.setdefault(key, len(self.nodes))

    def index(self, dim: Dim) -> int:
        """The table's index of a dim."""
        if isinstance(dim, int):
            if not -(2**63) <= dim < 2**63:
                raise FormatError(f"dim {dim} does not fit 64 bits")
            return self._node("const", value=dim)
        total: int | None = None
        for monomial, coefficient in dim.terms:
            size = coefficient if total is None else abs(coefficient)
            term = self._product([self._atom(a) for a in monomial], size)
            sign = "add" if coefficient > 0 else "sub"
            total = term if total is None else self._node(sign, total, term)
        assert total is not None
        return total

    def _product(self, factors: list[int], coefficient: int) -> int:
        if coefficient != 1 or not factors:
            factors = [*factors, self.index(coefficient)]
        result = factors[0]
        for factor in factors[1:]:
            result = self._node("mul", result, factor)
        return result

    def _atom(self, atom: Atom) -> int:
        if isinstance(atom, Symbol):
            return self._node("symbol", self.symbol(atom.name))
        return self._node(atom.op, *(self.index(a) for a in atom.args))

    def table(self) -> Array:
        # zeros, for the padding is written too
        table = np.zeros(len(self.nodes), STRUCTS["ExprNode"])
        for row, node in zip(table, self.nodes):
            for name, field in zip(table.dtype.names or (), node):
                row[name] = field
        return table


class _ModelWriter:
    """Turns a Model into rows of the schema's tables."""

    def __init__(self) -> None:
        self.data = _Data()
        self.expressions = _Expressions()
        self.constants: list[Row] = []
        self.graphs: list[Row] = []
        self._constant_index: dict[tuple[Any, ...], int] = {}

    def model(self, model: Model) -> Row:
        entries = [{"name": n, "graph": self.graph(g)} for n, g in model.entries.items()]
        names = list(model.entries)
        return {
            "producer": model.producer,
            "entries": entries,
            "metadata": _key_values(model.metadata),
            "value_metadata": [
                {"name": n, "entries": _key_values(e)} for n, e in model.value_metadata.items()
            ],
            "states": [
                {
                    "entry": names.index(s.entry),
                    "input": _position(model.entries[s.entry].inputs, s.input),
                    "output": _position(model.entries[s.entry].outputs, s.output),
                    "initial": -1 if s.initial is None else self.plain(s.initial),
                }
                for s in model.states
            ],
            "references": [
                {
                    "inputs": [self.plain(r.inputs[v.name]) for v in model.main.inputs],
                    "outputs": [self.plain(r.outputs[v.name]) for v in model.main.outputs],
                    "tolerance": r.tolerance,
                    "source": r.source,
                }
                for r in model.references
            ],
            "constants": self.constants,
            "graphs": self.graphs,
            "symbols": list(self.expressions.symbols),
            "exprs": self.expressions.table(),
        }

    def graph(self, graph: Graph) -> int:
        """Adds a graph after its bodies; its index."""
        index = {v: i for i, v in enumerate(graph.values())}
        bounds = _count_bounds(graph)
        row: Row = {
            "name": graph.name,
            "values": [self._value(v, bounds) for v in index],
            "inputs": [index[v] for v in graph.inputs],
            "outputs": [index[v] for v in graph.outputs],
            "nodes": [self._node(n, index) for n in graph.nodes],
            "segments": [self._segment(s, graph, index) for s in cut(graph)],
            "names": [
                {
                    "name": name,
                    "value": -1 if source.value is None else index.get(source.value, -1),
                    "perm": source.perm,
                    "absorbed_by": source.absorbed_by,
                }
                for name, source in graph.names.items()
                if source.value in index or source.absorbed_by is not None
            ],
        }
        self.graphs.append(row)
        return len(self.graphs) - 1

    def _value(self, value: Value, bounds: dict[tuple[Value, int], Dim]) -> Row:
        row: Row = {"name": value.name, "dtype": int(value.dtype), "dims": self._dims(value.shape)}
        if value.dtype.is_container:
            row["type"] = str(value.type)
        if value.const is not None:
            row["constant"], row["form"] = self._constant(value)
            for form in value.more_forms:
                self._stored(value.dtype, value.const, form)
        limits = [bounds.get((value, axis), d) for axis, d in enumerate(value.shape)]
        if limits != list(value.shape) and UNBOUNDED not in limits:
            row["capacity"] = self.expressions.index(product(limits))
        return row

    def _dims(self, dims: Iterable[Dim]) -> list[int]:
        return [self.expressions.index(d) for d in dims]

    def plain(self, array: Array) -> int:
        """The index of a constant in plain form, for references and initial states."""
        if array is None or isinstance(array, (list, dict)):
            raise FormatError(f"a constant is {type(array).__name__}: only tensors can be stored")
        array = np.asarray(array)
        type_ = DType.of(array.dtype)
        return self._stored(type_, array, forms.PLAIN)[0]

    def _constant(self, value: Value) -> tuple[int, int]:
        assert value.const is not None
        spec = value.form
        form = forms.PLAIN if spec is None else spec
        return self._stored(value.dtype, value.const, form)

    def _stored(self, dtype: DType, array: Array, form: FormSpec) -> tuple[int, int]:
        packed: Array | None = None
        if dtype is DType.STRING:
            packed, form = strings.pack_strings(array), FormSpec(strings.KIND)
        content = _bytes(array if packed is None else packed)
        key = (dtype, array.shape, hashlib.sha256(content.data).digest())
        if key not in self._constant_index:
            self._constant_index[key] = len(self.constants)
            self.constants.append({"dtype": int(dtype), "dims": list(array.shape), "forms": []})
        index = self._constant_index[key]
        rows: list[Row] = self.constants[index]["forms"]
        for i, row in enumerate(rows):
            if row["kind"] == form.kind and row["params"] == list(form.params):
                return index, i
        offset, size = self.data.add(lambda: forms.pack(array, form) if packed is None else packed)
        rows.append({"kind": form.kind, "params": list(form.params), "offset": offset, "bytes": size})
        return index, len(rows) - 1

    def _node(self, node: Node, index: dict[Value, int]) -> Row:
        attributes = node.op.attributes().items()
        return {
            "op": node.op.name,
            "name": node.name,
            "inputs": [-1 if v is None else index[v] for v in node.inputs],
            "outputs": [index[v] for v in node.outputs],
            "attrs": [self._attribute(k, v, node) for k, v in attributes if v is not None],
            "graphs": [self.graph(body) for body in node.graphs],
            "absorbed": node.absorbed,
        }

    def _attribute(self, name: str, value: Any, node: Node) -> Row:
        if isinstance(value, Program):
            return _program_row(name, value)
        if isinstance(value, bool):
            return _attr(name, "Bool", ints=[int(value)])
        if isinstance(value, (int, np.integer)):
            return _attr(name, "Int", ints=[int(value)])
        if isinstance(value, Expr):
            return _attr(name, "Int", exprs=self._dims([value]))
        if isinstance(value, float):
            return _attr(name, "Float", floats=[value])
        if isinstance(value, str):
            return _attr(name, "String", strings=[value])
        if isinstance(value, tuple):
            if any(isinstance(v, Expr) for v in value):
                return _attr(name, "Ints", exprs=self._dims(value))
            if all(isinstance(v, (int, np.integer)) for v in value):
                return _attr(name, "Ints", ints=[int(v) for v in value])
            if all(isinstance(v, (int, float)) for v in value):
                return _attr(name, "Floats", floats=[float(v) for v in value])
            if all(isinstance(v, str) for v in value):
                return _attr(name, "Strings", strings=list(value))
        raise FormatError(f"{node.op.name} '{node.name}': attribute {name} = {value!r} has no form in a file")

    def _segment(self, segment: Segment, graph: Graph, index: dict[Value, int]) -> Row:
        return {
            "first_node": segment.first_node,
            "bindings": [self._binding(s, graph, index) for s in segment.symbols],
            "guards": [
                {
                    "expr": self.expressions.index(g.expr),
                    "node": g.node,
                    "message": g.message,
                }
                for g in segment.guards
            ],
        }

    def _binding(self, name: str, graph: Graph, index: dict[Value, int]) -> Row:
        source = graph.symbols[name]
        if source.value not in index:
            raise FormatError(f"symbol {name} comes from '{source.value.name}', which is not in the graph")
        return {
            "symbol": self.expressions.symbol(name),
            "source": ENUMS["Source"].index(type(source).__name__),
            "value": index[source.value],
            "index": source.axis if isinstance(source, (InputDim, Count)) else source.index,
        }


def _attr(name: str, kind: str, **rest: Any) -> Row:
    return {"name": name, "kind": ENUMS["AttrKind"].index(kind), **rest}


def _program_row(name: str, program: Program) -> Row:
    code = np.zeros(len(program.code), STRUCTS["Instruction"])
    for row, instruction in zip(code, program.code):
        args = (*instruction.args, 0, 0, 0)
        row["a"], row["b"], row["c"] = args[:3]
        row["code"] = INSTRUCTIONS[instruction.op][0]
        row["dtype"] = int(instruction.dtype)
        if instruction.op == "const":
            row["imm"] = _immediate(instruction.value, instruction.dtype)
    return _attr(name, "Program", code=code, operands=[int(d) for d in program.operands])


def _immediate(value: float | int | bool, dtype: DType) -> int:
    """A const's 64 bits: a double's for floats, else the integer's two's complement."""
    if dtype.is_float:
        bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
        return bits
    wrapped = int(value) & (2**64 - 1)
    return wrapped - 2**64 if wrapped >= 2**63 else wrapped


def _key_values(entries: dict[str, str]) -> list[Row]:
    return [{"key": k, "value": v} for k, v in entries.items()]


def _position(values: Sequence[Value], name: str) -> int:
    for i, value in enumerate(values):
        if value.name == name:
            return i
    raise FormatError(f"'{name}' is not one of {', '.join(v.name for v in values)}")


def _flatbuffer(model: Row) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(_table(builder, "Model", model), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: flatbuffers.Builder, name: str, row: Row) -> int:
    fields = TABLES[name]
    made: dict[str, int] = {}
    for field in fields:
        value = row.get(field.name)
        if value is None or field.type in SCALARS:
            continue
        if field.is_vector:
            if len(value):
                made[field.name] = _vector(builder, field.element, value)
        else:
            made[field.name] = builder.CreateSharedString(value)
    builder.StartObject(len(fields))
    for slot, field in enumerate(fields):
        if field.name in made:
            builder.PrependUOffsetTRelativeSlot(slot, made[field.name], 0)
        elif field.type in SCALARS and row.get(field.name) is not None:
            _scalar(builder, slot, field.type, row[field.name], field.default)
    offset: int = builder.EndObject()
    return offset


def _scalar(builder: flatbuffers.Builder, slot: int, type_: str, value: Any, default: int) -> None:
    prepend = {
        "uint8": builder.PrependUint8Slot,
        "int32": builder.PrependInt32Slot,
        "int64": builder.PrependInt64Slot,
        "uint64": builder.PrependUint64Slot,
        "double": builder.PrependFloat64Slot,
    }
    prepend[type_](slot, value, default)


def _vector(builder: flatbuffers.Builder, element: str, items: Any) -> int:
    if element in STRUCTS or element in SCALARS:
        dtype = STRUCTS[element] if element in STRUCTS else np.dtype(SCALARS[element])
        data = np.ascontiguousarray(items, dtype)
        alignment = 8 if element in STRUCTS else dtype.itemsize
        builder.StartVector(dtype.itemsize, len(data), alignment)
        builder.head = builder.Head() - data.nbytes
        builder.Bytes[builder.Head() : builder.Head() + data.nbytes] = data.tobytes()
    else:
        offsets = [
            builder.CreateSharedString(i) if element == "string" else _table(builder, element, i)
            for i in items
        ]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
    vector: int = builder.EndVector()
    return vector


def _count_bounds(graph: Graph) -> dict[tuple[Value, int], Dim]:
    """The bound of every axis whose size a kernel finds: also of the node's other results."""
    bounds: dict[tuple[Value, int], Dim] = {}
    producers = graph.producers()
    for name, source in graph.symbols.items():
        if not isinstance(source, Count):
            continue
        bounds[source.value, source.axis] = source.bound
        node = producers.get(source.value)
        for value in node.outputs if node is not None else ():
            for axis, dim in enumerate(value.shape):
                if str(dim) == name:
                    bounds[value, axis] = source.bound
    return bounds
