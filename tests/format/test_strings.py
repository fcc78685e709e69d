"""Constants of strings, and what containers hold, written and read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgec.format.read import read_model
from edgec.format.strings import pack_strings, unpack_strings
from edgec.format.tables import FormatError
from edgec.format.write import write_model
from edgec.ir.containers import parse_element
from edgec.ir.graph import Graph, Model, Node, Reference, State, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.view import Concat, Reshape

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def array(strings: list[str]) -> np.ndarray:
    found = np.empty(len(strings), object)
    found[:] = strings
    return found


@given(st.lists(TEXT, max_size=5))
def test_unpacking_is_the_inverse_of_packing(strings):
    packed = pack_strings(array(strings))
    assert unpack_strings(packed, (len(strings),)).tolist() == strings
    assert packed.nbytes == 8 * (len(strings) + 1) + len("".join(strings).encode())


def test_shapes_survive():
    matrix = np.array([["a", ""], ["é", "日本"]], object)
    assert np.array_equal(unpack_strings(pack_strings(matrix), (2, 2)), matrix)
    assert unpack_strings(pack_strings(np.array("x", object)), ()).item() == "x"


@pytest.mark.parametrize(
    ("offsets", "text"),
    [
        ([0, 1, 3], b"ab"),
        ([0, 2, 1], b"a"),
        ([1, 1, 2], b"ab"),
        ([0, 2**63, 2], b"ab"),
        ([0, 1], b"a"),
        ([0, 1, 2], b"abc"),
        ([0, 1, 2], b"a\xff"),
    ],
)
def test_damage_is_an_error(offsets, text):
    stored = np.frombuffer(np.array(offsets, "<u8").tobytes() + text, np.uint8)
    with pytest.raises(FormatError):
        unpack_strings(stored, (2,))


@pytest.mark.parametrize("element", [3, None, b"bytes", "\ud800"], ids=repr)
def test_what_is_no_text_cannot_be_stored(element):
    with pytest.raises(FormatError):
        pack_strings(np.array([element], object))


def test_strings_are_everywhere_that_tensors_are():
    words = array(["one", "two"])
    x, c = (Value(n, TensorType(DType.STRING, (2,))) for n in "xc")
    c.const = words
    y = Value("y", TensorType(DType.STRING, (4,)))
    graph = Graph("main", [x], [y], [Node(Concat(0), [x, c], [y], "join")])
    model = Model({"main": graph})
    model.states = [State("main", "x", "y", array(["", "start"]))]
    model.references = [Reference({"x": words}, {"y": array(["1", "2", "3", "4"])}, "by hand", 0.0)]
    file = write_model(model)
    read = read_model(file)
    assert [n.inputs[1].const.tolist() for n in read.main.nodes] == [["one", "two"]]
    assert read.main.nodes[0].inputs[1].form is None
    assert read.states[0].initial.tolist() == ["", "start"]
    assert read.references[0].inputs["x"].tolist() == ["one", "two"]
    assert write_model(read) == file


def test_equal_strings_are_stored_once():
    constants = [Value(f"c{i}", TensorType(DType.STRING, (1,)), array(["twice" * 20])) for i in range(2)]
    y = Value("y", TensorType(DType.STRING, (2,)))
    file = write_model(Model({"main": Graph("main", [], [y], [Node(Concat(0), constants, [y], "join")])}))
    assert file.count(b"twice" * 20) == 1


TYPES = [
    "sequence(f32[?, 3])",
    "sequence(i64[])",
    "sequence(string[...])",
    "sequence(f32[-])",
    "sequence(?)",
    "optional(sequence(bf16[2]))",
    "optional(bool[?])",
    "map(string, f32[])",
    "sequence(map(i64, f64[]))",
]


@pytest.mark.parametrize("text", TYPES)
def test_what_a_container_holds_survives(text):
    held = parse_element(text)
    values = [Value(n, TensorType(held.dtype, (), held.element, held.key)) for n in "xy"]
    graph = Graph("main", values[:1], values[1:], [Node(Reshape(()), values[:1], values[1:], "id")])
    read = read_model(write_model(Model({"main": graph})))
    assert [str(v.type) for v in read.main.values()] == [text, text]
    assert read.main.inputs[0].type == values[0].type


def test_a_type_that_is_none_is_an_error():
    held = parse_element("sequence(f32[2])")
    x = Value("x", TensorType(held.dtype, (), held.element))
    file = write_model(Model({"main": Graph("main", [x], [x])}))
    damaged = file.replace(b"sequence(f32[2])", b"optional(f32[2])")
    with pytest.raises(FormatError, match="is sequence of rank 0, not optional"):
        read_model(damaged, verify_checksum=False)


def test_a_reference_cannot_hold_a_sequence():
    held = parse_element("sequence(f32[2])")
    x = Value("x", TensorType(held.dtype, (), held.element))
    model = Model({"main": Graph("main", [x], [x])})
    model.references = [Reference({"x": []}, {"x": []}, "by hand", 0.0)]
    with pytest.raises(FormatError, match="only tensors can be stored"):
        write_model(model)
