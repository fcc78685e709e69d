"""Kernels of sequences, optionals and maps, and files that lie about what they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgert
from edgec.format.write import write_model
from edgec.interpreter import interpret
from edgec.ir.dims import symbol
from edgec.ir.graph import UNBOUNDED, Count, Graph, Model, Node, Value
from edgec.ir.types import DType, ElementType, TensorType
from edgec.ops.base import Context, Op
from edgec.ops.maps import MapConstruct, MapLookup, MapValues
from edgec.ops.sequence import (
    Box,
    SequenceAt,
    SequenceConcat,
    SequenceConstruct,
    SequenceInsert,
    SequenceSplit,
    Unbox,
)
from edgec.ops.view import Concat, Reshape

F32, F64, I64, TEXT = DType.F32, DType.F64, DType.I64, DType.STRING
SEQUENCE, OPTIONAL, MAP = DType.SEQUENCE, DType.OPTIONAL, DType.MAP
X = np.arange(6, dtype=np.float32).reshape(2, 3)
WORDS = np.array(["b", "a", "", "b", "ä"], object)


class Chain:
    """A graph of nodes one after the other; a size that a node finds is a symbol of its own."""

    def __init__(self, *inputs: np.ndarray[Any, Any]) -> None:
        self.graph = Graph("main")
        self.inputs = {f"x{i}": array for i, array in enumerate(inputs)}
        for name, array in self.inputs.items():
            self.graph.inputs.append(Value(name, TensorType(DType.of(array.dtype), array.shape)))

    def add(self, op: Op, *operands: Value | None) -> Value:
        """The node's first result as its shape rule says."""
        context = Context(lambda name: symbol(f"{len(self.graph.nodes)}.{name}"))
        (type_,) = op.infer([None if v is None else v.type for v in operands], context)
        value = self.declare(op, operands, type_)
        for _, axis, found, bound in context.counts:
            self.graph.symbols[str(found)] = Count(value, axis, bound)
        return value

    def declare(self, op: Op, operands: Any, type_: TensorType) -> Value:
        """The node's result, of a type that need not be true."""
        value = Value(f"v{len(self.graph.nodes)}", type_)
        self.graph.nodes.append(Node(op, list(operands), [value], f"{op.name}_node"))
        return value

    def run(self, *outputs: Value) -> dict[str, Any]:
        self.graph.outputs = list(outputs)
        session = edgert.load(write_model(Model({"main": self.graph})), device="cpu", strict=True)
        return dict(session.run(self.inputs))


KEYS = {
    "words": (WORDS, np.array(["a", "b", "none", ""], object)),
    "numbers": (np.array([3, -1, 3, 2**40, 0]), np.array([-1, 3, 5, 2**40])),
}
VALUES = {
    "f32": (np.array([1, 2, 3, 4, 5], np.float32), -1.5),
    "f64": (np.array([1, 2, 3, 4, 5], np.float64), 2),
    "i64": (np.array([1, 2, 3, 4, 2**60]), 7),
    "string": (np.array(["v", "w", "", "x", "y"], object), "otherwise"),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", VALUES)
def test_maps(key: str, value: str) -> None:
    (keys, wanted), (values, default) = KEYS[key], VALUES[value]
    chain = Chain(keys, values, wanted)
    x, y, z = chain.graph.inputs
    held = chain.add(MapConstruct(), x, y)
    found = chain.add(MapLookup(y.dtype, default), held, z)
    listed = chain.add(MapValues(y.dtype), held)
    got = chain.run(found, listed, held)
    expected = interpret(chain.graph, chain.inputs)
    np.testing.assert_array_equal(got[found.name], expected[found.name])
    np.testing.assert_array_equal(got[listed.name], expected[listed.name])
    assert got[held.name] == expected[held.name]


COUNTED = symbol("n")


def sequence_of(chain: Chain) -> Value:
    return chain.add(SequenceConstruct(F32), chain.graph.inputs[0], chain.graph.inputs[0])


def optional_of(chain: Chain) -> Value:
    return chain.add(Box(), chain.graph.inputs[0])


def tensor(dtype: DType, *shape: Any) -> TensorType:
    return TensorType(dtype, shape)


# what the node before makes, the operator that reads it, the type that the file says it gives, the error
LIES = {
    "text from numbers": (sequence_of, SequenceAt(TEXT, (2, 3)), tensor(TEXT, 2, 3), "expected string"),
    "another rank": (sequence_of, SequenceAt(F32, (6,)), tensor(F32, 6), "of rank 1"),
    "more elements": (sequence_of, SequenceAt(F32, (2, 300)), tensor(F32, 2, 300), "expected .2, 300."),
    "a sequence from numbers": (sequence_of, SequenceAt(SEQUENCE), tensor(SEQUENCE), "expected sequence"),
    "a map from numbers": (sequence_of, SequenceAt(MAP), tensor(MAP), "expected map"),
    "other items to put together": (
        sequence_of,
        SequenceConcat(0, False, F64, (2, 3)),
        tensor(F64, COUNTED, 3),
        "expected f64",
    ),
    "a smaller result": (
        sequence_of,
        SequenceConcat(0, False, F32, (2, 3)),
        tensor(F32, 2, 3),
        "sizes .4, 3., expected .2, 3.",
    ),
    "text in an optional": (optional_of, Unbox(TEXT, (2, 3)), tensor(TEXT, 2, 3), "expected string"),
    "a sequence in an optional": (optional_of, Unbox(SEQUENCE), tensor(SEQUENCE), "expected sequence"),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("arena", ["shared", "separate"])
def test_what_comes_out_of_a_container_is_checked(
    name: str, arena: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGERT_ARENA", arena)
    make, op, type_, text = LIES[name]
    chain = Chain(X, np.array(1))
    held = make(chain)
    operands = [held, chain.graph.inputs[1]] if isinstance(op, SequenceAt) else [held]
    found = chain.declare(op, operands, type_)
    if any(d is COUNTED for d in type_.shape):
        chain.graph.symbols["n"] = Count(found, 0, UNBOUNDED)
    with pytest.raises(edgert.EdgertError, match=f"{op.name}_node.*{text}"):
        chain.run(found)


# the operator, operands by number (None: left out), the type that the file says it gives, the error
MISFITS = {
    "no sequence to read": (SequenceAt(F32, (2, 3)), (0, 1), tensor(F32, 2, 3), "expected sequence"),
    "no sequence to append to": (SequenceInsert(), (0, 0), tensor(SEQUENCE), "expected sequence"),
    "a sequence that is a number": (SequenceConstruct(F32), (0,), tensor(I64), "expected sequence"),
    "no axis to split": (SequenceSplit(2), (0,), tensor(SEQUENCE), "axis is 2"),
    "an optional that is a sequence": (Box(), (0,), tensor(SEQUENCE), "expected optional"),
    "a handle under another name": (Reshape(()), (1,), tensor(SEQUENCE), "which it cannot have"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_no_bytes_become_a_handle(name: str) -> None:
    op, operands, type_, text = MISFITS[name]
    chain = Chain(X, np.array(1))
    found = chain.declare(op, [chain.graph.inputs[i] for i in operands], type_)
    with pytest.raises(edgert.EdgertError, match=text):
        chain.run(found)


def test_containers_are_nested_only_so_deep() -> None:
    chain = Chain(X)
    held = chain.graph.inputs[0]
    for _ in range(20):
        inside = ElementType(held.dtype, None if held.dtype is F32 else ())
        held = chain.declare(SequenceConstruct(held.dtype), [held], TensorType(SEQUENCE, (), inside))
    with pytest.raises(edgert.EdgertError, match="nested more than 16 deep"):
        chain.run(held)


@pytest.mark.parametrize("arena", ["shared", "separate"])
def test_results_without_elements(arena: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a segment's results are all empty, none of them has memory."""
    monkeypatch.setenv("EDGERT_ARENA", arena)
    element = ElementType(F32, (0,))
    items = Value("items", TensorType(SEQUENCE, (), element))
    content = Value("content", TensorType(OPTIONAL, (), element))
    entries = Value("entries", TensorType(MAP, (), ElementType(F32, ()), DType.I64))
    nothing = np.zeros(0, np.float32)
    for op, operand, given in (
        (SequenceConcat(0, False, F32, (0,)), items, [nothing, nothing]),
        (Unbox(F32, (0,)), content, nothing),
        (MapValues(F32), entries, {}),
    ):
        chain = Chain()
        chain.graph.inputs = [operand]
        taken = chain.declare(op, [operand], tensor(F32, 0))
        chain.inputs = {operand.name: given}
        result = chain.declare(Concat(0), [taken, taken], tensor(F32, 0))
        assert chain.run(result)[result.name].shape == (0,)
