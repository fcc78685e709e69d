"""Strings, sequences, optionals and maps in and out of a session."""

import gc
from typing import Any

import graphs
import numpy as np
import pytest

import edgert
from edgec.format.write import write_model
from edgec.ir.dims import symbol
from edgec.ir.graph import Graph, InputDim, Model, Reference, SourceName
from edgec.ir.types import DType
from edgec.ops.sequence import SequenceConstruct
from edgec.ops.view import Concat, Reshape

N = symbol("n")
F32 = np.float32


def passing(text: str) -> edgert.Session:
    """A session that gives back its container."""
    x, y = graphs.container("x", text), graphs.container("y", text)
    return edgert.load(
        write_model(Model({"main": Graph("main", [x], [y], [graphs.node(Reshape(()), [x], y, "id")])}))
    )


def strings(*names: str) -> Model:
    """The inputs, vectors of strings, one after another."""
    given = [graphs.value(n, symbol(f"n_{n}"), dtype=DType.STRING) for n in names]
    total = sum((v.shape[0] for v in given), 0)
    y = graphs.value("y", total, dtype=DType.STRING)
    graph = Graph("main", given, [y], [graphs.node(Concat(0), list(given), y, "concat")])
    graph.symbols = {f"n_{n}": InputDim(v, 0) for n, v in zip(names, given)}
    return Model({"main": graph})


def same(a: Any, b: Any) -> bool:
    if isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and bool(np.all(a == b))
        )
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


WORDS = np.array([["", "döner"], ["日本", "x" * 1000]], object)
VALUES = [
    ("sequence(f32[?, 3])", [np.ones((2, 3), F32), np.zeros((0, 3), F32)]),
    ("sequence(f32[...])", [np.ones((2, 3), F32), np.array(1.5, F32)]),
    ("sequence(string[2, 2])", [WORDS, WORDS.T.copy()]),
    ("sequence(i64[])", []),
    ("sequence(sequence(bool[?]))", [[], [np.array([True])]]),
    ("sequence(?)", [np.array([1, 2], np.int16), np.array(["a"], object)]),
    ("optional(f32[2])", None),
    ("optional(f32[2])", np.array([1, 2], F32)),
    ("optional(string[2, 2])", WORDS),
    ("optional(sequence(f32[1]))", [np.ones(1, F32)]),
    ("optional(sequence(f32[1]))", []),
    ("map(i64, f32[])", {3: 0.5, -1: 2.0}),
    ("map(string, i64[])", {"a": 1, "日本": 2}),
    ("map(i64, string[])", {1: "one"}),
    ("map(string, f64[])", {}),
    ("sequence(map(string, f32[]))", [{"a": 1.0}, {}, {"b": 2.0}]),
]


@pytest.mark.parametrize(("text", "content"), VALUES, ids=str)
def test_a_container_comes_back(text: str, content: Any) -> None:
    session = passing(text)
    assert [str(s) for s in session.inputs] == [f"x: {text}"]
    assert session.inputs[0].is_container and session.inputs[0].shape == ()
    for _ in range(2):
        found = session.run({"x": content})["y"]
        assert same(found, content), found


MISFITS = [
    (
        "sequence(f32[?, 3])",
        [np.ones((2, 3), F32), np.ones((2, 4), F32)],
        "item 1 is f32[2, 4], expected f32[?, 3]",
    ),
    ("sequence(f32[3])", [np.ones(3, np.float64)], "x[0]' is float64, expected float32"),
    ("sequence(f32[3])", np.ones(3, F32), "is ndarray, expected a list"),
    ("sequence(sequence(i64[]))", [[], [np.ones(1, np.int64)]], "item 1: item 0 is i64[1], expected i64[]"),
    ("optional(f32[3])", np.ones(2, F32), "is f32[2], expected f32[3]"),
    ("sequence(f32[])", None, "is None, expected a list"),
    ("map(i64, f32[])", [1], "is list, expected a dict"),
    ("map(i64, f32[])", {"a": 1.0}, "keys"),
    ("sequence(string[1])", [np.array([7], object)], "holds 7, expected str"),
    ("sequence(f32[1])", [np.array(["a"])], "expected float32"),
]


@pytest.mark.parametrize(("text", "content", "message"), MISFITS, ids=str)
def test_what_does_not_fit_is_an_error(text: str, content: Any, message: str) -> None:
    with pytest.raises(edgert.InputError) as caught:
        passing(text).run({"x": content})
    assert message in str(caught.value), caught.value


def test_containers_too_deep_are_an_error() -> None:
    content: Any = []
    for _ in range(20):
        content = [content]
    with pytest.raises(edgert.EdgertError, match="nested more than 16 deep"):
        passing("sequence(?)").run({"x": content})


@pytest.mark.parametrize(
    "given",
    [
        np.array(["a", "bc"], object),
        np.array(["a", "bc"]),
        np.array([b"a", b"bc"]),
        ["a", "bc"],
        ["a", b"bc"],
    ],
    ids=["object", "unicode", "bytes", "list", "mixed"],
)
def test_arrays_of_text_are_strings(given: Any) -> None:
    session = edgert.load(write_model(strings("x")))
    assert str(session.inputs[0]) == "x: string[n_x]" and session.inputs[0].dtype == object
    assert session.run({"x": given})["y"].tolist() == ["a", "bc"]


def test_results_stay_when_the_session_runs_again() -> None:
    session = edgert.load(write_model(strings("a", "b")))
    first = session.run({"a": ["one"], "b": ["two", "three"]})["y"]
    session.run({"a": ["x" * 100], "b": []})
    session.close()
    gc.collect()
    assert first.tolist() == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(2, F32), "is float32, expected an array of str"),
        (np.array(["a", 1], object), "holds 1, expected str"),
        (np.array([["a"]], object), "has rank 2, expected 1"),
        ("a\ud800", "UTF-8"),
    ],
    ids=str,
)
def test_what_is_no_text_is_an_error(given: Any, message: str) -> None:
    session = edgert.load(write_model(strings("x")))
    with pytest.raises(edgert.InputError, match=message):
        session.run({"x": [given] if isinstance(given, str) else given})


def test_bytes_that_are_no_text_come_back() -> None:
    session = edgert.load(write_model(strings("x")))
    (found,) = session.run({"x": [b"a\xff"]})["y"].tolist()
    assert found.encode("utf-8", "surrogateescape") == b"a\xff"


def test_references_of_strings_are_checked() -> None:
    for expected, passes in ((["a", "bé"], True), (["a", "b"], False)):
        model = strings("x")
        given, made = np.array(["a", "bé"], object), np.array(expected, object)
        model.references = [Reference({"x": given}, {"y": made}, "by hand", 0.0)]
        session = edgert.load(write_model(model))
        assert [check.passed for check in session.check()] == [passes]
        assert session.reference(0)[0]["x"].tolist() == ["a", "bé"]


def test_bind_refuses_what_has_no_fixed_memory() -> None:
    session = edgert.load(write_model(strings("x")))
    with pytest.raises(edgert.InputError, match="bind: 'x: string"):
        session.bind({"x": np.array(["a"], object)}, {"y": np.array([""], object)})
    with pytest.raises(edgert.InputError, match=r"bind: 'x: sequence\(f32\[1\]\)' has no memory"):
        passing("sequence(f32[1])").bind({"x": np.ones(1, F32)}, {"y": np.ones(1, F32)})


def test_states_keep_what_they_point_to() -> None:
    session = edgert.load(graphs.file_of(graphs.remembering()))
    for i in range(5):
        found = session.run({"x": [f"step {i} " + "x" * i]})
        gc.collect()
    steps = [f"step {i} " + "x" * i for i in range(5)]
    assert found["longer"].tolist() == ["start", *steps]
    assert [item.tolist() for item in found["more"]] == [[s] for s in steps]
    session.reset()
    found = session.run({"x": ["again"]})
    assert found["longer"].tolist() == ["start", "again"] and len(found["more"]) == 1


def test_what_a_run_makes_counts_against_the_memory_limit() -> None:
    x, y = graphs.value("x", N), graphs.container("y", "sequence(f32[?])")
    graph = Graph("main", [x], [y])
    graph.nodes = [graphs.node(SequenceConstruct(int(DType.F32)), [x] * 64, y, "collect")]
    graph.symbols = {"n": InputDim(x, 0)}
    session = edgert.load(write_model(Model({"main": graph})), memory_limit=1 << 20)
    assert len(session.run(np.ones(1000, F32))["y"]) == 64
    with pytest.raises(edgert.EdgertError, match="memory limit") as caught:
        session.run(np.ones(10000, F32))
    assert caught.value.status == "memory"
    assert len(session.run(np.ones(1000, F32))["y"]) == 64


def test_layers_say_why_a_container_is_not_among_them() -> None:
    x, y = graphs.value("x", 2), graphs.container("y", "sequence(f32[2])")
    graph = Graph("main", [x], [y], [graphs.node(SequenceConstruct(int(DType.F32)), [x], y, "collect")])
    graph.names = {"y": SourceName(y), "x": SourceName(x)}
    layers = edgert.load(write_model(Model({"main": graph}))).run_layers(np.ones(2, F32))
    assert "not a tensor" in layers.absent["y"] and "x" in layers


@pytest.mark.parametrize("device", [None, 3, "cpu\0"], ids=str)
def test_a_device_that_is_no_text_is_an_error(device: Any) -> None:
    with pytest.raises(edgert.InputError, match="device is"):
        edgert.load(write_model(strings("x")), device=device)


def test_an_unknown_tier_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGERT_ISA", "sse9")
    with pytest.raises(edgert.InputError, match="EDGERT_ISA is 'sse9', expected .*portable"):
        edgert.load(write_model(strings("x")))
