"""Symbolic sizes: where symbols come from, what folds at import, what is guarded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_models import FLOAT, INT64, check, imported, info, model_of, node, operators

from edgec.format.read import read_model
from edgec.format.write import write_model
from edgec.frontends.onnx import ExportError
from edgec.interpreter import interpret
from edgec.ir.graph import Element, InputDim


def test_one_name_is_one_symbol_and_later_uses_are_checked() -> None:
    model = model_of([node("Add", ["a", "b"], ["y"])], [info("a", ["n", 3]), info("b", ["n", 3])], ["y"])
    graph = imported(model).main
    assert [str(d) for d in graph.outputs[0].shape] == ["n", "3"]
    assert graph.symbols["n"] == InputDim(graph.inputs[0], 0)
    with pytest.raises(ValueError, match="'b'.*n"):
        interpret(imported(model), {"a": np.zeros((2, 3), np.float32), "b": np.zeros((3, 3), np.float32)})


def test_axes_without_a_name_get_one() -> None:
    graph = imported(model_of([node("Relu", ["x"], ["y"])], [info("x", [None, 4, "?"])], ["y"])).main
    assert [str(d) for d in graph.inputs[0].shape] == ["x.0", "4", "x.2"]


def test_shapes_override_open_axes_only() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", [None, 4])], ["y"])
    assert imported(model, {"x": ("batch", 4)}).main.outputs[0].shape[1] == 4
    assert imported(model, {"x": (2, 4)}).main.outputs[0].shape == (2, 4)
    with pytest.raises(ExportError, match="size 4 on axis 1, --shape gives 5"):
        imported(model, {"x": (2, 5)})


def test_an_input_without_rank_is_refused_with_advice() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", None)], ["y"])
    with pytest.raises(ExportError, match="input 'x': has no declared rank.*--shape"):
        imported(model)
    assert imported(model, {"x": ("n", 2)}).main.inputs[0].rank == 2


def test_shape_arithmetic_leaves_no_nodes() -> None:
    """x reshaped to [n, c * h / 2, 2 w] with sizes computed in integers and in floats."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Slice", ["s", "one", "three"], ["ch"]),
        node("ReduceProd", ["ch"], ["area"], keepdims=1),
        node("Div", ["area", "two"], ["half"]),
        node("Slice", ["s", "three", "four"], ["w"]),
        node("Cast", ["w"], ["wf"], to=FLOAT),
        node("Mul", ["wf", "scale"], ["wide"]),
        node("Floor", ["wide"], ["floored"]),
        node("Cast", ["floored"], ["wi"], to=INT64),
        node("Concat", ["n", "half", "wi"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["y"]),
    ]
    constants = {
        "zero": [0], "one": [1], "two": [2], "three": [3], "four": [4], "scale": np.float32([2.0]),
    }  # fmt: skip
    model = model_of(nodes, [info("x", ["n", 4, "h", "w"])], ["y"], constants)
    graph = check(model, {"x": np.ones((3, 4, 5, 7), np.float32)}).main
    assert operators(graph) == ["reshape"]
    assert [str(d) for d in graph.outputs[0].shape] == ["n", "2*h", "2*w"]
    assert not graph.guards


def test_half_a_size_rounds_down() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Cast", ["s"], ["f"], to=FLOAT),
        node("Mul", ["f", "half"], ["g"]),
        node("Floor", ["g"], ["h"]),
        node("Cast", ["h"], ["count"], to=INT64),
        node("ConstantOfShape", ["count"], ["y"]),
    ]
    model = model_of(nodes, [info("x", ["n"])], ["y"], {"half": np.float32(0.5)})
    assert str(check(model, {"x": np.zeros(7, np.float32)}).main.outputs[0].shape[0]) == "floordiv(n, 2)"


def test_what_is_left_over_must_divide() -> None:
    model = model_of([node("Reshape", ["x", "t"], ["y"])], [info("x", ["n"])], ["y"], {"t": [-1, 3]})
    result = check(model, {"x": np.zeros(6, np.float32)})
    assert [g.node for g in result.main.guards] == ["y_node"]
    with pytest.raises(ValueError, match="y_node"):
        interpret(result, {"x": np.zeros(7, np.float32)})


def test_sizes_read_at_run_time() -> None:
    model = model_of([node("Reshape", ["x", "t"], ["y"])], [info("x", [6]), info("t", [2], INT64)], ["y"])
    for target in ([2, 3], [-1, 2], [1, 6]):
        result = check(model, {"x": np.arange(6, dtype=np.float32), "t": np.array(target)})
    assert all(isinstance(s, Element) for s in result.main.symbols.values())
    with pytest.raises(ValueError, match="y_node"):
        interpret(result, {"x": np.zeros(6, np.float32), "t": np.array([4, 2])})


@pytest.mark.parametrize("keep", [0, 1])
def test_axes_read_at_run_time(keep: int) -> None:
    inputs = [info("x", [2, "n", 4]), info("axes", [2], INT64)]
    model = model_of([node("ReduceSum", ["x", "axes"], ["y"], keepdims=keep)], inputs, ["y"])
    for axes in ([0, 1], [-1, 1], [2, 0]):
        check(model, {"x": np.arange(24, dtype=np.float32).reshape(2, 3, 4), "axes": np.array(axes)})


def test_slices_read_at_run_time() -> None:
    inputs = [info("x", ["n", 5]), *(info(name, [1], INT64) for name in ("a", "b", "axis", "step"))]
    model = model_of([node("Slice", ["x", "a", "b", "axis", "step"], ["y"])], inputs, ["y"])
    x = np.arange(20, dtype=np.float32).reshape(4, 5)
    for a, b, axis, step in ((1, 3, 0, 1), (-1, -9, 1, -2), (0, 99, -1, 2), (3, 1, 0, 1)):
        values = {"a": a, "b": b, "axis": axis, "step": step}
        check(model, {"x": x, **{k: np.array([v]) for k, v in values.items()}})


@pytest.mark.parametrize("axes", [[0], [1, 3], [-1, 0], [3, 1, 0, 2]])
def test_pads_read_at_run_time(axes: list[int]) -> None:
    """Sizes under pads that may crop stay short: their product is read back from a file."""
    k = len(axes)
    nodes = [node("Pad", ["x", "pads", "", "axes"], ["z"]), node("Reshape", ["z", "all"], ["y"])]
    inputs = [info("x", ["a", 3, "b", 5]), info("pads", [2 * k], INT64), info("axes", [k], INT64)]
    feeds = {"x": np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5), "axes": np.array(axes)}
    feeds["pads"] = np.array([1, 0, 2, 3][:k] + [2, 1, 0, 1][:k])
    result = check(model_of(nodes, inputs, ["y"], {"all": [-1]}), feeds)
    expected = interpret(result, feeds)["y"]
    np.testing.assert_array_equal(interpret(read_model(write_model(result)), feeds)["y"], expected)


def test_the_rank_must_be_known() -> None:
    inputs = [info("x", [6]), info("t", ["k"], INT64)]
    model = model_of([node("Reshape", ["x", "t"], ["y"])], inputs, ["y"])
    with pytest.raises(ExportError, match="Reshape 'y_node'.*known size"):
        imported(model)


def test_declared_output_sizes_are_checked_not_trusted() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", ["n"])], ["y"])
    model.graph.output[0].CopyFrom(info("y", [3]))
    result = imported(model)
    assert str(result.main.outputs[0].shape[0]) == "n"
    with pytest.raises(ValueError, match="model declares 3"):
        interpret(result, {"x": np.zeros(4, np.float32)})


def test_naming_a_fixed_axis_voids_declared_output_sizes() -> None:
    """A model fixed to batch 1, opened to any batch: what it says of its outputs was for batch 1."""
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", [1, 4])], ["y"])
    model.graph.output[0].CopyFrom(info("y", [1, 4]))
    x = np.ones((3, 4), np.float32)
    assert interpret(imported(model, {"x": ("batch", 4)}), {"x": x})["y"].shape == (3, 4)


def test_shapes_take_integers_of_numpy_and_axes_without_a_name() -> None:
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", ["n", "m"])], ["y"])
    shape = imported(model, {"x": [np.int64(2), None]}).main.inputs[0].shape  # type: ignore[list-item]
    assert [type(shape[0]), str(shape[0]), str(shape[1])] == [int, "2", "x.1"]


@pytest.mark.parametrize("shape", [5, "2,3", (2, -1), (2, 1.5)])
def test_shapes_that_are_none_are_refused(shape: Any) -> None:
    model = model_of([node("Relu", ["x"], ["y"])], [info("x", ["n", "m"])], ["y"])
    with pytest.raises(ExportError, match="input 'x': .*shape"):
        imported(model, {"x": shape})
