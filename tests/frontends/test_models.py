"""Whole models: constants, functions, external data, problems, names, old opsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_models import BOOL, INT64, check, imported, info, model_of, node, operators

from edgec.frontends.onnx import ExportError, import_model
from edgec.interpreter import interpret

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_every_problem_is_listed_once() -> None:
    nodes = [
        node("Absent", ["t"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("Concat", ["x", "z"], ["c"], axis=0),
        node("Nothing", ["x"], ["d"]),
    ]  # fmt: skip
    inputs = [info("t", [3], INT64), info("x", [2, 3]), info("z", [2, 4])]
    with pytest.raises(ExportError) as caught:
        imported(model_of(nodes, inputs, ["b", "c", "d"]))
    assert [p.node for p in caught.value.problems] == ["a_node", "c_node", "d_node"]
    assert "3 problems" in str(caught.value)


def test_a_cycle_is_reported() -> None:
    nodes = [node("Add", ["b", "x"], ["a"]), node("Relu", ["a"], ["b"])]
    with pytest.raises(ExportError, match="Add 'a_node': input 'b' is not made"):
        imported(model_of(nodes, [info("x", [2])], ["a"]))


def test_nodes_are_sorted() -> None:
    """Some converters write nodes before those that make their operands, also for what a body captures."""
    body = helper.make_graph([node("Sub", ["b", "x"], ["inner"])], "then", [], [info("inner", [2, 3])])
    other = helper.make_graph([node("Neg", ["x"], ["else_"])], "else", [], [info("else_", [2, 3])])
    nodes = [
        node("If", ["positive"], ["c"], then_branch=body, else_branch=other),
        node("Exp", ["a"], ["b"]),
        node("Relu", ["x"], ["a"]),
    ]
    model = model_of(nodes, [info("x", [2, 3]), info("positive", [], BOOL)], ["c"])
    check(model, {"x": X, "positive": np.array(True)}, peer="onnxruntime")


def test_initialisers_that_are_inputs_are_constants() -> None:
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", [2, 3]), info("w", [3])], ["y"],
                     {"w": np.float32([1, 2, 3])})  # fmt: skip
    graph = imported(model).main
    assert [v.name for v in graph.inputs] == ["x"]


def test_constants_fold() -> None:
    nodes = [node("Mul", ["a", "a"], ["b"]), node("Add", ["x", "b"], ["y"])]
    model = model_of(nodes, [info("x", [3])], ["y"], {"a": np.float32([1, 2, 3])})
    graph = check(model, {"x": np.zeros(3, np.float32)}).main
    assert operators(graph) == ["map"]
    assert graph.names["b"].absorbed_by == "b_node"


def test_outputs_are_values_of_their_own() -> None:
    """An input, a constant and one value twice as outputs."""
    nodes = [node("Identity", ["x"], ["a"]), node("Relu", ["x"], ["b"]), node("Identity", ["b"], ["c"])]
    model = model_of(nodes, [info("x", [2, 3])], ["a", "b", "c", "k"], {"k": np.float32([4])})
    found = interpret(imported(model), {"x": X})
    assert list(found) == ["a", "b", "c", "k"]
    np.testing.assert_array_equal(found["a"], X)
    np.testing.assert_array_equal(found["k"], [4])


def test_names_of_the_source_are_kept() -> None:
    nodes = [node("Conv", ["x", "w"], ["y"]), node("Shape", ["y"], ["s"]), node("Reshape", ["y", "s"], ["z"])]
    model = model_of(nodes, [info("x", [1, 2, "h", 5])], ["z"], {"w": np.ones((3, 2, 3, 3), np.float32)})
    graph = imported(model).main
    y = graph.names["y"].value
    assert y is not None and y.shape[1] == 3
    assert graph.names["s"].absorbed_by == "s_node"


def test_local_functions_are_inlined_with_their_attributes() -> None:
    body = [
        helper.make_node("LeakyRelu", ["p"], ["q"], name="inner"),
        helper.make_node("Add", ["q", "p"], ["r"], name="add"),
    ]
    reference = onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    body[0].attribute.append(reference)
    function = helper.make_function("custom", "Twice", ["p"], ["r"], body,
                                    [helper.make_opsetid("", 16)], ["slope"])  # fmt: skip
    call = helper.make_node("Twice", ["x"], ["y"], name="call", domain="custom", slope=0.5)
    model = model_of([call], [info("x", [2, 3])], ["y"], functions=[function])
    graph = check(model, {"x": X - 2}, peer="onnxruntime").main
    assert [n.name for n in graph.nodes] == ["call/inner", "call/add"]


def test_operators_without_a_handler_take_onnx_own_function_body() -> None:
    model = model_of(
        [node("MeanVarianceNormalization", ["x"], ["y"], axes=[1])], [info("x", [2, 3])], ["y"], opset=13
    )
    check(model, {"x": X}, 1e-4)


def test_external_data_is_read_from_beside_the_model(tmp_path: Path) -> None:
    weight = np.arange(3000, dtype=np.float32)
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", [3000])], ["y"], {"w": weight})
    path = tmp_path / "m.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="m.data", size_threshold=0)
    found = interpret(import_model(path), {"x": np.zeros(3000, np.float32)})
    np.testing.assert_array_equal(found["y"], weight)


def test_external_data_outside_the_folder_is_refused(tmp_path: Path) -> None:
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", [3])], ["y"], {"w": np.ones(3, np.float32)})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="'w': its data cannot be read: .*inside"):
        import_model(folder / "m.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ExportError, match="not a readable ONNX file"):
        import_model(path)


def test_opsets_out_of_range_are_refused() -> None:
    with pytest.raises(ExportError, match="uses opset 0, supported are 1 to"):
        imported(model_of([node("Relu", ["x"], ["y"])], [info("x", [2])], ["y"], opset=0))


OLD = [
    (7, node("Upsample", ["x"], ["y"], scales=[1.0, 1.0, 2.0, 2.0]), (1, 1, 2, 3)),
    (9, node("Slice", ["x"], ["y"], axes=[1], starts=[-2], ends=[99]), (2, 4)),
    (7, node("Dropout", ["x"], ["y"]), (2, 4)),
    (8, node("BatchNormalization", ["x", "p", "p", "p", "p"], ["y"]), (2, 3, 4)),
    (9, node("Clip", ["x"], ["y"], min=-0.5), (5,)),
    (9, node("Pad", ["x"], ["y"], pads=[1, 0, 0, 2], value=3.0), (2, 2)),
    (11, node("Squeeze", ["x"], ["y"], axes=[0]), (1, 4)),
    (9, node("TopK", ["x"], ["y", "i"], k=2), (2, 5)),
]


@pytest.mark.parametrize(("opset", "old", "shape"), OLD, ids=[f"{o}-{n.op_type}" for o, n, _ in OLD])
def test_old_forms_of_operators(opset: int, old: onnx.NodeProto, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    model = model_of([old], [info("x", shape)], ["y"], {"p": np.float32([0.5, 1, 2])}, opset)
    check(model, {"x": x}, peer="onnxruntime")


def test_defaults_of_attributes_are_f32_as_attributes_are() -> None:
    model = model_of([node("LeakyRelu", ["x"], ["y"])], [info("x", [1], onnx.TensorProto.DOUBLE)], ["y"])
    assert interpret(imported(model), {"x": np.array([-1.0])})["y"] == -float(np.float32(0.01))


@pytest.mark.parametrize(
    ("operator", "expected"), [("ReduceL2", 7), ("ReduceLogSum", 2), ("ReduceLogSumExp", 5)]
)
def test_roots_and_logarithms_of_integers_are_rounded_towards_zero(operator: str, expected: int) -> None:
    model = model_of([node(operator, ["x"], ["y"], keepdims=0)], [info("x", [3], INT64)], ["y"], opset=18)
    graph = imported(model).main
    assert interpret(graph, {"x": np.array([3, 4, 5])})["y"] == expected
    assert all(v.dtype.is_float for n in graph.nodes if "sqrt" in str(n.op) for v in n.inputs if v)


def test_sparse_initialisers_become_dense() -> None:
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", [2, 3])], ["y"])
    values = numpy_helper.from_array(np.float32([5, 7]), "w")
    indices = numpy_helper.from_array(np.array([1, 5]), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2, 3]))
    expected = X + np.float32([[0, 5, 0], [0, 0, 7]])
    np.testing.assert_array_equal(interpret(imported(model), {"x": X})["y"], expected)


def test_an_empty_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    with pytest.raises(ExportError, match=r"empty.onnx': has no outputs"):
        import_model(path)


def test_a_model_loaded_without_its_external_data_is_refused(tmp_path: Path) -> None:
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", [2, 3])], ["y"], {"w": X})
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ExportError, match="without its external data.*give the path"):
        import_model(onnx.load(str(path), load_external_data=False))


def test_every_damaged_initialiser_is_listed() -> None:
    names = ("short", "type", "size")
    nodes = [node("Add", ["x", name], [f"{name}_y"]) for name in names]
    model = model_of(nodes, [info("x", [2, 3])], [f"{n}_y" for n in names], dict.fromkeys(names, X))
    short, kind, size = model.graph.initializer
    short.raw_data = b"123"
    kind.data_type = 99
    size.dims[0] = -2
    with pytest.raises(ExportError) as caught:
        imported(model)
    assert [(p.node, p.operator) for p in caught.value.problems] == [(n, "initializer") for n in names]
