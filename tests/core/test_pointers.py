"""A file cannot make strings or containers of other bytes, nor store them so that they lead astray."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgert
from edgec.format.strings import pack_strings
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op
from edgec.ops.gather import Gather
from edgec.ops.scatter import ScatterElements
from edgec.ops.sequence import SequenceAt, SequenceConstruct
from edgec.ops.view import Bitcast, Concat, Expand, Pad, Reshape, Transpose

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "edgert"))
import graphs  # noqa: E402


def one_node(op: Op, types: list[TensorType], result: TensorType) -> bytes:
    """A file of one node of any types, whether they make sense or not."""
    inputs = [Value(f"x{i}", t) for i, t in enumerate(types)]
    y = Value("y", result)
    return write_model(
        Model({"main": Graph("main", inputs, [y], [graphs.node(op, list(inputs), y, "node")])})
    )


def tensor(dtype: DType, *shape: int) -> TensorType:
    return TensorType(dtype, shape)


STRING, C128, I64, SEQUENCE = DType.STRING, DType.C128, DType.I64, DType.SEQUENCE
FORGED: dict[str, tuple[Op, list[TensorType], TensorType]] = {
    "bitcast": (Bitcast(int(STRING)), [tensor(C128, 2)], tensor(STRING, 2)),
    "bitcast of a string": (Bitcast(int(C128)), [tensor(STRING, 2)], tensor(C128, 2)),
    "handle of an integer": (Bitcast(int(SEQUENCE)), [tensor(I64)], tensor(SEQUENCE)),
    "integer of a handle": (Bitcast(int(I64)), [tensor(SEQUENCE)], tensor(I64)),
    "reshape": (Reshape((2,)), [tensor(C128, 2)], tensor(STRING, 2)),
    "gather": (Gather(0), [tensor(C128, 2), tensor(I64, 2)], tensor(STRING, 2)),
    "handle by gather": (Gather(0), [tensor(SEQUENCE), tensor(I64)], tensor(SEQUENCE)),
    "expand": (Expand((4, 2)), [tensor(C128, 2)], tensor(STRING, 4, 2)),
    "later operand of concat": (Concat(0), [tensor(STRING, 1), tensor(C128, 1)], tensor(STRING, 2)),
    "fill": (Pad("constant", (1, 0)), [tensor(STRING, 1), tensor(C128)], tensor(STRING, 2)),
    "updates": (
        ScatterElements(0),
        [tensor(STRING, 2), tensor(I64, 1), tensor(C128, 1)],
        tensor(STRING, 2),
    ),
    "map": (graphs.ADD, [tensor(STRING, 2), tensor(STRING, 2)], tensor(STRING, 2)),
    "a vector of sequences": (Reshape((2,)), [tensor(SEQUENCE, 2)], tensor(SEQUENCE, 2)),
}


@pytest.mark.parametrize("case", FORGED)
def test_no_operator_makes_strings_or_handles_of_other_bytes(case: str) -> None:
    file = one_node(*FORGED[case])
    with pytest.raises(edgert.EdgertError) as caught:
        session = edgert.load(file)
        session.run({s.name: zeros(s) for s in session.inputs})
    assert caught.value.status in ("format", "unsupported"), caught.value


@pytest.mark.parametrize("op", [Transpose((0,)), SequenceConstruct(int(STRING))], ids=lambda op: op.name)
def test_no_kernel_leaves_a_string_unwritten(op: Op) -> None:
    """A second result, which the kernel does not know of, would be what the memory held before."""
    x, second = Value("x", tensor(STRING, 2)), Value("second", tensor(STRING, 2))
    first = Value("first", op.infer([x.type], Context())[0])
    node = Node(op, [x], [first, second], "node")
    with pytest.raises(edgert.FormatError, match="node.*cannot have"):
        edgert.load(write_model(Model({"main": Graph("main", [x], [first, second], [node])})))


def zeros(spec: edgert.Spec) -> Any:
    if spec.is_container:
        return []
    return np.full(spec.shape, "" if spec.type == "string" else 0, spec.dtype)


def test_what_comes_out_of_a_container_is_checked() -> None:
    """The file says that items are i64; the host gives, as far as the type says, anything."""
    y = graphs.value("y", dtype=STRING)
    x, i = graphs.container("x", "sequence(?)"), graphs.value("i", dtype=I64)
    graph = Graph("main", [x, i], [y], [graphs.node(SequenceAt(int(STRING), ()), [x, i], y, "take")])
    session = edgert.load(write_model(Model({"main": graph})))
    assert session.run({"x": [np.array("text", object)], "i": 0})["y"].item() == "text"
    with pytest.raises(edgert.InputError, match="take.*c128"):
        session.run({"x": [np.zeros((), np.complex128)], "i": 0})


def stored(strings: list[str]) -> bytes:
    """A file that gives back its constant."""
    y = graphs.const(np.array(strings, object))
    y.name = "y"
    return write_model(Model({"main": Graph("main", [], [y], [])}))


def replaced(file: bytes, old: bytes, new: bytes) -> bytes:
    assert file.count(old) == 1
    return file.replace(old, new)


def offsets(*numbers: int) -> bytes:
    return np.array(numbers, "<u8").tobytes()


PACKED = pack_strings(np.array(["ab", "é"], object)).tobytes()
BAD_CONSTANTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "past the end": (lambda f: replaced(f, offsets(0, 2, 4), offsets(0, 2, 400)), "ends at 400"),
    "falling": (lambda f: replaced(f, offsets(0, 2, 4), offsets(0, 2, 1)), "ends at 1"),
    "huge": (lambda f: replaced(f, offsets(0, 2, 4), offsets(0, 2**63, 4)), "ends at"),
    "not from 0": (lambda f: replaced(f, offsets(0, 2, 4), offsets(1, 2, 4)), "begins at 1"),
    "short": (lambda f: replaced(f, offsets(0, 2, 4), offsets(0, 2, 3)), "is not UTF-8|follow"),
    "no UTF-8": (lambda f: replaced(f, "abé".encode(), b"ab\xc3\x28"), "string 1 is not UTF-8"),
    "overlong": (lambda f: replaced(f, "abé".encode(), b"ab\xc0\x80"), "string 1 is not UTF-8"),
}


@pytest.mark.parametrize("case", BAD_CONSTANTS)
def test_damaged_constants_of_strings_are_errors(case: str) -> None:
    file = stored(["ab", "é"])
    assert PACKED in file and edgert.load(file).run({})["y"].tolist() == ["ab", "é"]
    change, message = BAD_CONSTANTS[case]
    with pytest.raises(edgert.FormatError, match=message):
        edgert.load(change(file))


@pytest.mark.parametrize(
    "text",
    ["sequence(f32[2)]", "sequence(f99[2])", "optional(f32[2])", "sequence(f32[2]", "sequence((32[2])"],
)
def test_a_type_that_is_none_is_an_error(text: str) -> None:
    x, y = graphs.container("x", "sequence(f32[2])"), graphs.container("y", "sequence(f64[2])")
    file = write_model(Model({"main": Graph("main", [x], [y], [graphs.node(Reshape(()), [x], y, "id")])}))
    padded = text.encode().ljust(16, b" ")
    with pytest.raises(edgert.FormatError, match="is no type|but its type is"):
        edgert.load(replaced(file, b"sequence(f32[2])", padded))
