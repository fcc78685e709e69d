"""The error measure, samples, and comparisons that find where two engines part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgec.ir.containers import container, parse_element
from edgec.ir.dims import eq, logical_not, symbol
from edgec.ir.graph import Element, Graph, Guard, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.containers import checked
from edgec.samples import InputError, random_inputs, sizes_of_symbols
from edgec.validate import Difference, difference, relative_error, validate
from edgec.validate.engines import EngineError, load_arrays, save_arrays

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("got", "expected", "error"),
    [
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([0.0, 1e-9], [0.0, 0.0], 1e-3),
        ([NAN, 1.0], [NAN, 1.0], 0.0),
        ([NAN, 1.0], [0.0, 1.0], INF),
        ([INF, 1.0], [INF, 2.0], 0.5),
        ([INF, 1.0], [-INF, 1.0], INF),
        ([INF, 1.0], [1.0, 1.0], INF),
        ([], [], 0.0),
    ],
)
def test_relative_error(got: list[float], expected: list[float], error: float) -> None:
    assert relative_error(np.array(got), np.array(expected)) == pytest.approx(error)


def test_integers_must_be_equal() -> None:
    found = difference("a", np.array([1, 2, 3]), np.array([1, 2, 4]))
    assert found == Difference("a", (3,), INF, "1 of 3 elements differ")
    assert difference("a", np.array([1]), np.array([1])).error == 0


def test_shapes_and_types_must_be_equal() -> None:
    assert "shape" in difference("a", np.zeros(2), np.zeros(3)).note
    assert "float64" in difference("a", np.zeros(2), np.zeros(2, np.float32)).note


def graph() -> Graph:
    n = symbol("n")
    x = Value("x", TensorType(DType.F32, (n, 3, 2 * n)))
    mask = Value("mask", TensorType(DType.BOOL, (n,)))
    return Graph("main", [x, mask])


def test_samples_fit_and_repeat() -> None:
    first, second = (random_inputs(graph(), {"mask": (4,)}, 1) for _ in range(2))
    assert first["x"].shape == (4, 3, 8) and first["mask"].dtype == bool
    assert all(np.array_equal(first[k], second[k]) for k in first)
    assert not np.array_equal(first["x"], random_inputs(graph(), {"mask": (4,)}, 2)["x"])


def test_samples_name_what_is_wrong() -> None:
    with pytest.raises(InputError, match="'y'.*x, mask"):
        sizes_of_symbols(graph(), {"y": (1,)})
    with pytest.raises(InputError, match=r"'x'.*\[1, 2\].*f32\[n, 3, 2\*n\]"):
        sizes_of_symbols(graph(), {"x": (1, 2)})


def test_values_pass_between_processes_in_order(tmp_path: Path) -> None:
    given = {"b:0": np.arange(3), "a/x": np.array(1.5, np.float32), "s": [np.ones(2), None, {"k": 1.0}]}
    save_arrays(tmp_path / "x", given)
    found = load_arrays(tmp_path / "x")
    assert list(found) == list(given)
    assert all(difference(k, found[k], given[k]).error == 0 for k in given)


ONES, TWOS = np.ones(2, np.float32), np.full(2, 2, np.float32)


@pytest.mark.parametrize(
    ("got", "expected", "error", "note"),
    [
        ([ONES, TWOS], [ONES, TWOS], 0, ""),
        ([ONES, ONES], [ONES, TWOS], 0.5, ""),
        ([ONES, ONES[:1]], [ONES, ONES], np.inf, "item 1: shape"),
        ([ONES], [ONES, TWOS], np.inf, "is list of 1"),
        ([], None, np.inf, "is list of 0"),
        (None, ONES, np.inf, "is absent"),
        (None, None, 0, ""),
        ({"a": 1.0, "b": 4.0}, {"b": 2.0, "a": 1.0}, 1, ""),
        ({"a": 1.0}, {"b": 1.0}, np.inf, "is keys ['a']"),
        ([{1: "x"}], [{1: "y"}], np.inf, "item 0: item 0: 1 of 1"),
    ],
)
def test_differences_of_containers(got: Any, expected: Any, error: float, note: str) -> None:
    found = difference("y", got, expected)
    assert found.error == error and found.note.startswith(note)
    assert bool(found.note) == bool(note)


def test_samples_take_the_data_that_guards_let_pass() -> None:
    rate, given = Value("rate", TensorType(DType.I64, ())), Value("given", TensorType(DType.I64, (3,)))
    flag, free = Value("flag", TensorType(DType.BOOL, (1,))), Value("free", TensorType(DType.I64, (100,)))
    graph = Graph("main", [rate, given, flag, free])
    symbols = {v.name: symbol(f"{v.name}[0]", None) for v in graph.inputs}
    graph.symbols = {str(symbols[v.name]): Element(v, 0) for v in graph.inputs}
    checks = [eq(symbols["rate"], 16000), eq(symbols["given"], 7), logical_not(symbols["flag"])]
    graph.guards = [Guard(expr, "choose", "it fits") for expr in checks]
    for seed in range(4):
        made = random_inputs(graph, {}, seed, {"given": np.arange(3)})
        assert made["rate"] == 16000 and not made["flag"][0] and np.array_equal(made["given"], [0, 1, 2])
        assert list(made) == ["rate", "given", "flag", "free"] and len(set(made["free"])) > 4


def test_samples_are_of_their_types_where_guards_let_none_pass() -> None:
    rate = Value("rate", TensorType(DType.U8, ()))
    graph = Graph("main", [rate], symbols={"rate[0]": Element(rate, 0)})
    graph.guards = [Guard(eq(symbol("rate[0]", None), 300), "choose", "it fits")]
    assert random_inputs(graph, {}, 0)["rate"].dtype == np.uint8


def test_samples_of_containers_fit() -> None:
    texts = [
        "sequence(f32[2, ?])",
        "optional(sequence(string[...]))",
        "map(string, i64[])",
        "sequence(i8[-])",
    ]
    types = [parse_element(text) for text in texts]
    inputs = [Value(f"x{i}", container(t.dtype, t.element, t.key)) for i, t in enumerate(types)]
    made = random_inputs(Graph("main", inputs), {}, 1)
    for value in inputs:
        checked(made[value.name], value.dtype, value.type.element)
    assert made["x0"][0].shape[0] == 2 and made["x3"] == []


def model(scale: float) -> object:
    """x -> Mul -> Exp -> Add -> y, all of which fuse into one map."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Mul", ["x", "k"], ["m"], name="mul"),
        helper.make_node("Exp", ["m"], ["e"], name="exp"),
        helper.make_node("Add", ["e", "k"], ["y"], name="add"),
    ]
    k = numpy_helper.from_array(np.array(scale, np.float32), "k")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in "xy")
    made = helper.make_graph(nodes, "g", [x], [y], [k])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_first_tensor_to_diverge_is_found_inside_a_fused_group(tmp_path: Path) -> None:
    import edgec

    onnx = pytest.importorskip("onnx")
    source, other = tmp_path / "source.onnx", tmp_path / "other.onnx"
    onnx.save(model(0.5), str(source))
    onnx.save(model(0.6), str(other))
    path = tmp_path / "m.edge"
    edgec.export(str(source), str(path))
    fine = validate(path, source, device="interpreter", against="reference", layers=True)
    assert fine.ok and fine.comparisons[0].first == ""

    edgec.export(str(other), str(path))
    report = validate(path, other, device="interpreter", against="reference", layers=True)
    assert report.ok
    wrong = validate(path, source, device="interpreter", against="reference", layers=True)
    assert not wrong.ok and wrong.comparisons[0].first == "y"
    assert {"m", "e"} <= set(wrong.comparisons[0].group)


def test_forced_tiers_agree_with_the_interpreter(tmp_path: Path) -> None:
    import edgec

    onnx = pytest.importorskip("onnx")
    source, path = tmp_path / "source.onnx", tmp_path / "m.edge"
    onnx.save(model(0.5), str(source))
    edgec.export(str(source), str(path), embed_reference=2)
    assert validate(path, device="cpu@portable").ok
    assert validate(path, device="cpu", against="interpreter", seeds=(0, 1)).worst < 1e-6


def test_a_source_that_is_given_is_what_counts(tmp_path: Path) -> None:
    """References in the file do not stand in for the model that was asked for."""
    import edgec

    onnx = pytest.importorskip("onnx")
    source, other, path = tmp_path / "source.onnx", tmp_path / "other.onnx", tmp_path / "m.edge"
    onnx.save(model(0.5), str(source))
    onnx.save(model(0.6), str(other))
    edgec.export(str(source), str(path), embed_reference=1)
    assert validate(path, device="interpreter").comparisons[0].inputs == "embedded 0"
    assert validate(path, source, device="interpreter").ok
    assert not validate(path, other, device="interpreter").ok
    with pytest.raises(EngineError, match="outputs only"):
        validate(path, device="interpreter", against="embedded", layers=True)


def test_an_embedded_reference_that_diverges_is_named(tmp_path: Path) -> None:
    import edgec

    onnx = pytest.importorskip("onnx")
    source, path = tmp_path / "source.onnx", tmp_path / "m.edge"
    onnx.save(model(0.5), str(source))
    edgec.export(str(source), str(path), embed_reference=1)
    report = validate(path, device="interpreter", tolerance=-1.0)
    assert not report.ok and report.comparisons[0].first == "y"
