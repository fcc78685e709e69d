"""Types of containers, shape rules and definitions of the operators on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgec.ir.containers import ContainerError, container, join, parse_element
from edgec.ir.dims import symbol
from edgec.ir.types import DType, ElementType, TensorType
from edgec.ops.base import Context, Op, OpError
from edgec.ops.containers import checked, unwrap, wrap
from edgec.ops.maps import MapConstruct, MapLookup, MapValues
from edgec.ops.sequence import (
    Box,
    HasElement,
    SequenceAt,
    SequenceConcat,
    SequenceConstruct,
    SequenceErase,
    SequenceInsert,
    SequenceLength,
    SequenceSplit,
    Unbox,
)

F32, I64, TEXT = DType.F32, DType.I64, DType.STRING
N = symbol("n")
X = np.arange(6, dtype=np.float32).reshape(2, 3)
TEXTS = [
    "f32[2, 3]",
    "i64[]",
    "string[?]",
    "f16[...]",
    "u8[-]",
    "sequence(f32[?, 3])",
    "optional(sequence(bool[...]))",
    "map(i64, f32[])",
    "sequence(map(string, string[]))",
    "sequence(?)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_types_are_read_as_they_are_printed(text: str) -> None:
    assert str(parse_element(text)) == text


@pytest.mark.parametrize(
    "text", ["", "f32", "f32[", "f32[x]", "f99[1]", "sequence(f32[1]", "map(f32, f32[])", "i64[]]"]
)
def test_other_texts_are_no_types(text: str) -> None:
    with pytest.raises(ContainerError):
        parse_element(text)


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        ("f32[2, 3]", "f32[2, 3]", "f32[2, 3]"),
        ("f32[2, 3]", "f32[4, 3]", "f32[?, 3]"),
        ("f32[2, 3]", "f32[3]", "f32[...]"),
        ("f32[-]", "f32[3]", "f32[3]"),
        ("f32[...]", "f32[3]", "f32[...]"),
        ("sequence(f32[-])", "sequence(f32[1])", "sequence(f32[1])"),
        ("sequence(?)", "sequence(f32[1])", "sequence(f32[1])"),
        ("map(i64, f32[])", "map(i64, f32[])", "map(i64, f32[])"),
    ],
)
def test_join(a: str, b: str, both: str) -> None:
    assert str(join(parse_element(a), parse_element(b))) == both
    assert str(join(parse_element(b), parse_element(a))) == both


@pytest.mark.parametrize(("a", "b"), [("f32[1]", "i64[1]"), ("map(i64, f32[])", "map(string, f32[])")])
def test_what_cannot_be_in_one_container(a: str, b: str) -> None:
    with pytest.raises(ContainerError, match="cannot be in one container"):
        join(parse_element(a), parse_element(b))


def tensor(dtype: DType, *shape: Any) -> TensorType:
    return TensorType(dtype, shape)


def held(text: str) -> TensorType:
    found = parse_element(text)
    return container(found.dtype, found.element, found.key)


INDEX = tensor(I64)
RULES = [
    (SequenceConstruct(F32), [tensor(F32, 2, N), tensor(F32, 2, 3)], "sequence(f32[2, ?])"),
    (SequenceConstruct(I64), [], "sequence(i64[-])"),
    (SequenceAt(F32, (-1, 3)), [held("sequence(f32[?, 3])"), INDEX], "f32[0.0, 3]"),
    (SequenceInsert(), [held("sequence(f32[-])"), tensor(F32, 2, N)], "sequence(f32[2, ?])"),
    (SequenceErase(), [held("sequence(f32[2])"), INDEX], "sequence(f32[2])"),
    (SequenceLength(), [held("sequence(f32[2])")], "i64[]"),
    (SequenceConcat(0, False, F32, (2, -1)), [held("sequence(f32[2, ?])")], "f32[0.0, 0.1]"),
    (SequenceConcat(1, True, F32, (2, 4)), [held("sequence(f32[2, 4])")], "f32[2, 0.1, 4]"),
    (SequenceSplit(0, False), [tensor(F32, N, 3)], "sequence(f32[3])"),
    (SequenceSplit(0), [tensor(F32, N, 3), INDEX], "sequence(f32[?, 3])"),
    (Box("sequence(f32[?])"), [], "optional(sequence(f32[?]))"),
    (Box("f32[2]"), [tensor(F32, 3)], "optional(f32[?])"),
    (Unbox(DType.SEQUENCE), [held("optional(sequence(f32[?]))")], "sequence(f32[?])"),
    (HasElement(), [held("optional(f32[?])")], "bool[]"),
    (MapConstruct(), [tensor(TEXT, N), tensor(F32, N)], "map(string, f32[])"),
    (MapLookup(F32, 0.0), [held("map(i64, f32[])"), tensor(I64, 4)], "f32[4]"),
    (MapValues(F32), [held("map(i64, f32[])")], "f32[0.0]"),
]


@pytest.mark.parametrize(("op", "operands", "result"), RULES, ids=[str(r[0]) for r in RULES])
def test_results(op: Op, operands: list[TensorType | None], result: str) -> None:
    (found,) = op.infer(operands, Context(symbol))
    assert str(found) == result


REFUSED = [
    (SequenceConstruct(F32), [tensor(F32, 2), tensor(I64, 2)], "cannot be in one container"),
    (SequenceConstruct(I64), [tensor(F32, 2)], "expected i64"),
    (SequenceAt(F32, (3,)), [tensor(F32, 2), INDEX], "expected a value of type sequence"),
    (SequenceAt(F32, (3,)), [held("sequence(f32[2, 3])"), INDEX], r"the item is f32\[2, 3\]"),
    (SequenceAt(F32, (3,)), [held("sequence(f32[3])"), tensor(I64, 1)], "expected an i64 scalar"),
    (SequenceInsert(), [held("sequence(f32[3])"), tensor(I64, 1)], "cannot be in one container"),
    (SequenceConcat(2, False, F32, (2, 3)), [held("sequence(f32[2, 3])")], "axis 2"),
    (SequenceSplit(0), [tensor(F32, 3), tensor(F32)], "expected an i64 scalar or vector"),
    (Box(), [held("optional(f32[?])")], "an optional already"),
    (Box("f32"), [], "is no type"),
    (MapConstruct(), [tensor(F32, 2), tensor(F32, 2)], "expected i64 or string keys"),
    (MapLookup(F32, ""), [held("map(i64, f32[])"), tensor(I64, 4)], "default is ''"),
    (MapLookup(F32, 0.0), [held("map(i64, f32[])"), tensor(TEXT, 4)], "keys are string"),
    (MapValues(I64), [held("map(i64, f32[])")], "expected a map to i64"),
]


@pytest.mark.parametrize(("op", "operands", "text"), REFUSED, ids=[r[2] for r in REFUSED])
def test_operands_that_do_not_fit(op: Op, operands: list[TensorType | None], text: str) -> None:
    with pytest.raises(OpError, match=text):
        op.infer(operands, Context(symbol))


def agree(found: Any, wanted: Any) -> None:
    if isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted)
        for a, b in zip(found, wanted):
            agree(a, b)
    elif isinstance(wanted, np.ndarray):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    else:
        assert found == wanted


AT = np.array
THREE = [X, X + 1, X + 2]
DEFINITIONS = [
    (SequenceAt(F32, (2, 3)), [THREE, AT(-1)], X + 2),
    (SequenceInsert(), [THREE, X, AT(-3)], [X, *THREE]),
    (SequenceInsert(), [THREE, X, None], [*THREE, X]),
    (SequenceErase(), [THREE, AT(1)], [X, X + 2]),
    (SequenceErase(), [THREE], THREE[:2]),
    (SequenceLength(), [THREE], AT(3)),
    (SequenceConcat(1, False, F32, (2, 3)), [THREE], np.concatenate(THREE, 1)),
    (SequenceConcat(2, True, F32, (2, 3)), [THREE], np.stack(THREE, 2)),
    (SequenceSplit(1), [X, AT(2)], [X[:, :2], X[:, 2:]]),
    (SequenceSplit(1), [X, AT([0, 3])], [X[:, :0], X]),
    (SequenceSplit(0), [X], [X[:1], X[1:]]),
    (SequenceSplit(0, False), [X], [X[0], X[1]]),
    (SequenceSplit(0), [X[:0], AT(2)], []),
    (HasElement(), [wrap(None)], AT(False)),
    (HasElement(), [wrap([])], AT(True)),
    (Unbox(F32, (2, -1)), [wrap(X)], X),
    (MapConstruct(), [AT([3, 1, 3]), AT([1.0, 2.0, 4.0])], {3: 4.0, 1: 2.0}),
    (MapLookup(F32, -1.0), [wrap({3: 4.0}), AT([3, 5])], AT([4, -1], np.float32)),
    (MapValues(F32), [wrap({3: 4.0, 1: 2.0})], AT([2, 4], np.float32)),
]


@pytest.mark.parametrize(("op", "operands", "wanted"), DEFINITIONS, ids=[str(d[0]) for d in DEFINITIONS])
def test_definitions(op: Op, operands: list[Any], wanted: Any) -> None:
    (found,) = op.eval([wrap(o) if isinstance(o, list) else o for o in operands])
    agree(unwrap(found), wanted)


FAILING = [
    (SequenceAt(F32, (2, 3)), [THREE, AT(3)], "position is 3, expected -3 to 2"),
    (SequenceAt(F32, (3,)), [THREE, AT(0)], r"item 0 is f32\[2, 3\], expected f32\[3\]"),
    (SequenceInsert(), [THREE, X, AT(4)], "position is 4, expected -3 to 3"),
    (SequenceErase(), [[]], "the sequence is empty"),
    (SequenceConcat(0, False, F32, (2, 3)), [[]], "at least one item"),
    (SequenceSplit(0), [X, AT(0)], "split is 0"),
    (SequenceSplit(0), [X, AT([1, 2])], "add up to 2"),
    (Unbox(F32, (2, 3)), [wrap(None)], "the optional is absent"),
]


@pytest.mark.parametrize(("op", "operands", "text"), FAILING, ids=[f[2] for f in FAILING])
def test_values_that_do_not_fit(op: Op, operands: list[Any], text: str) -> None:
    with pytest.raises(OpError, match=text):
        op.eval([wrap(o) if isinstance(o, list) else o for o in operands])


@pytest.mark.parametrize(
    ("content", "text", "message"),
    [
        (X, "sequence(f32[2, 3])", "is ndarray, expected a list"),
        ([X, X[0]], "sequence(f32[2, ?])", r"item 1 is float32 of shape \(3,\), expected f32\[2, \?\]"),
        ([X.astype(int)], "sequence(f32[2, 3])", "item 0 is int64"),
        ([X], "map(i64, f32[])", "is list, expected a dict"),
        ([[X], X], "sequence(sequence(f32[...]))", "item 1 is ndarray, expected a list"),
        (X[0], "optional(f32[2])", r"of shape \(3,\), expected f32\[2\]"),
    ],
)
def test_contents_that_do_not_fit(content: Any, text: str, message: str) -> None:
    found = parse_element(text)
    with pytest.raises(OpError, match=message):
        checked(content, found.dtype, found.element)


def test_an_element_type_says_what_is_not_known() -> None:
    assert str(ElementType(DType.SEQUENCE, ())) == "sequence(?)"
