"""What is written is what is read, and nothing else is read without an error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgec.format import forms
from edgec.format.read import read_model
from edgec.format.segments import cut
from edgec.format.tables import FormatError
from edgec.format.write import write_model
from edgec.ir.dims import bcast, ceildiv, eq, floordiv, maximum, minimum, mod, select, symbol
from edgec.ir.graph import (
    Count,
    Element,
    Graph,
    Guard,
    InputDim,
    Model,
    Node,
    Reference,
    SourceName,
    State,
    Value,
)
from edgec.ir.text import graph_text
from edgec.ir.types import DType, TensorType
from edgec.ops.conv import Conv
from edgec.ops.map import Map
from edgec.ops.program import Builder
from edgec.ops.view import Reshape

N = symbol("n")
DIMS = [
    0,
    7,
    N,
    3 * N * N - 2 * N + 1,
    floordiv(N + 1, 3),
    ceildiv(N, symbol("m")),
    mod(N, 4),
    minimum(N, 9),
    maximum(symbol("k", None), N),
    eq(N, 5),
    select(eq(N, 5), N + 2, 8),
    bcast(N, symbol("m")),
]


def relu() -> Map:
    b = Builder([DType.F32])
    return Map(b.finish(b("max", 0, b.const(0.0, DType.F32))), DType.F32)


def conv_model() -> Model:
    rng = np.random.default_rng(0)
    x = Value("x", TensorType(DType.F32, (N, 8, 8, 3)))
    weight = rng.standard_normal((5, 3, 3, 3), np.float32)
    form = forms.conv_form(weight.shape, 1)
    w = Value("w", TensorType(DType.F32, weight.shape), weight, form)
    y = Value("y", TensorType(DType.F32, (N, 6, 6, 5)))
    z = Value("z", TensorType(DType.F32, (N, 6, 6, 5)))
    conv = Node(Conv((1, 1), (0, 0, 0, 0), (1, 1)), [x, w], [y], "stem")
    graph = Graph("main", [x], [z], [conv, Node(relu(), [y], [z], "relu", absorbed=["old"])])
    graph.symbols["n"] = InputDim(x, 0)
    graph.guards.append(Guard(eq(maximum(N, 1), N), "stem", "batch is at least 1"))
    graph.names = {"y:0": SourceName(y, (0, 3, 1, 2)), "gone": SourceName(None, None, "relu")}
    model = Model({"main": graph}, {"author": "a"}, {"x": {"unit": "pixel"}})
    model.states.append(State("main", "x", "z", np.zeros((1, 2), np.float32)))
    pixels = np.zeros((1, 8, 8, 3), np.float32)
    result = np.zeros((1, 6, 6, 5), np.float32)
    model.references.append(Reference({"x": pixels}, {"z": result}, "by hand", 1e-5))
    return model


def test_second_writing_is_identical():
    first = write_model(conv_model())
    assert write_model(read_model(first)) == first


def test_everything_survives(tmp_path):
    before = conv_model()
    write_model(before, tmp_path / "m.edge")
    after = read_model(tmp_path / "m.edge")
    assert graph_text(after.main) == graph_text(before.main)
    assert after.metadata == before.metadata
    assert after.value_metadata == before.value_metadata
    assert after.main.names["y:0"].perm == (0, 3, 1, 2)
    assert after.main.names["gone"].absorbed_by == "relu"
    weight = after.main.nodes[0].operand(1)
    np.testing.assert_array_equal(weight.const, before.main.nodes[0].operand(1).const)
    assert weight.form.kind == "panels"
    assert after.states[0].initial.shape == (1, 2)
    assert after.references[0].source == "by hand" and after.references[0].tolerance == 1e-5
    assert [p.name for p in tmp_path.iterdir()] == ["m.edge"]


@pytest.mark.parametrize("dim", DIMS, ids=str)
def test_dims_survive(dim):
    x = Value("x", TensorType(DType.F32, (N, symbol("m"), symbol("k", None), dim)))
    graph = Graph("main", [x], [x])
    graph.symbols = {s: InputDim(x, i) for i, s in enumerate("nmk")}
    read = read_model(write_model(Model({"main": graph}))).main.inputs[0].shape[3]
    assert str(read) == str(dim)


def test_elements_may_be_negative_after_reading():
    shape, x = Value("shape", TensorType(DType.I64, (1,))), Value("x", TensorType(DType.F32, (N,)))
    size = select(eq(symbol("k", None), -1), N, symbol("k", None))
    y = Value("y", TensorType(DType.F32, (size,)))
    graph = Graph("main", [x, shape], [y], [Node(Reshape((size,)), [x], [y], "reshape")])
    graph.symbols = {"n": InputDim(x, 0), "k": Element(shape, 0)}
    assert read_model(write_model(Model({"main": graph}))).main.outputs[0].shape == (size,)


def test_one_content_is_stored_once():
    sizes = []
    for copies in (1, 4):
        graph = Graph("main")
        for i in range(copies):
            const = np.arange(4096, dtype=np.float32)
            graph.outputs.append(Value(f"c{i}", TensorType(DType.F32, (4096,)), const))
        sizes.append(len(write_model(Model({"main": graph}))))
    assert sizes[1] - sizes[0] < 1024


def test_segments_begin_where_symbols_become_known():
    shape = Value("shape", TensorType(DType.I64, (1,)))
    x = Value("x", TensorType(DType.F32, (N,)))
    k = symbol("k", None)
    a, b = Value("a", x.type), Value("b", TensorType(DType.F32, (k,)))
    graph = Graph("main", [x, shape], [b])
    graph.nodes = [Node(relu(), [x], [a], "relu"), Node(Reshape((k,)), [a], [b], "reshape")]
    made = Value("made", shape.type)
    b2 = Builder([DType.I64])
    double = Map(b2.finish(b2("add", 0, 0)), DType.I64)
    graph.nodes.insert(1, Node(double, [shape], [made], "double"))
    graph.symbols = {"n": InputDim(x, 0), "k": Element(made, 0)}
    graph.guards = [Guard(eq(k, N), "reshape", "same size"), Guard(eq(N, 4), "relu", "n is 4")]
    segments = cut(graph)
    assert [(s.first_node, s.symbols) for s in segments] == [(0, ["n"]), (2, ["k"])]
    assert [[g.node for g in s.guards] for s in segments] == [["relu"], ["reshape"]]


def test_counts_that_only_an_output_needs_end_in_an_empty_segment():
    x = Value("x", TensorType(DType.F32, (N,)))
    c = symbol("c")
    y = Value("y", TensorType(DType.F32, (c,)))
    graph = Graph("main", [x], [y], [Node(relu(), [x], [y], "counted")])
    graph.symbols = {"n": InputDim(x, 0), "c": Count(y, 0, N)}
    assert [(s.first_node, s.symbols) for s in cut(graph)] == [(0, ["n"]), (1, ["c"])]
    assert read_model(write_model(Model({"main": graph}))).main.symbols["c"].bound == N


def test_counts_that_nothing_reads_have_a_segment_all_the_same():
    x, y = (Value(n, TensorType(DType.F32, (N,))) for n in "xy")
    unread = Value("unread", TensorType(DType.F32, (symbol("c"),)))
    graph = Graph("main", [x], [y], [Node(relu(), [x], [y, unread], "counted")])
    graph.symbols = {"n": InputDim(x, 0), "c": Count(unread, 0, N)}
    assert [(s.first_node, s.symbols) for s in cut(graph)] == [(0, ["n"]), (1, ["c"])]


def test_every_truncation_is_an_error():
    data = write_model(conv_model())
    for size in range(0, len(data), 7):
        with pytest.raises(FormatError):
            read_model(data[:size])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_byte_is_an_error(data):
    file = bytearray(write_model(conv_model()))
    position = data.draw(st.integers(0, len(file) - 1))
    file[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        read_model(bytes(file))
    try:
        read_model(bytes(file), verify_checksum=False)
    except FormatError:
        pass
