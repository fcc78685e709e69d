"""export(): files that mean what the ONNX model means, and a report of what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import edgec
from edgec.format.read import read_model
from edgec.ir.graph import State
from edgec.ir.verify import verify
from edgec.pipeline import PASSES, PASSES_KEEPING_ALL, export


def tensor(name: str, array: np.ndarray[Any, Any]) -> onnx.TensorProto:
    return numpy_helper.from_array(array.astype(np.float32), name)


def network(batch: int | str = "n") -> onnx.ModelProto:
    """conv, batch normalisation, relu, conv, residual add, pooling, flatten, gemm, softmax."""
    rng = np.random.default_rng(3)
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "s", "t", "m", "v"], ["n1"], "norm1"),
        node("Relu", ["n1"], ["r1"], "relu1"),
        node("Conv", ["r1", "w2"], ["c2"], "conv2", pads=[1, 1, 1, 1]),
        node("Add", ["c2", "r1"], ["a2"], "add2"),
        node("HardSwish", ["a2"], ["h2"], "swish2"),
        node("MaxPool", ["h2"], ["p2"], "pool2", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p2"], ["f"], "flatten"),
        node("Gemm", ["f", "w3", "b3"], ["g"], "gemm", transB=1),
        node("Softmax", ["g"], ["y"], "softmax", axis=1),
    ]
    weights = {
        "w1": rng.standard_normal((8, 3, 3, 3)) / 4, "b1": rng.standard_normal(8),
        "s": rng.standard_normal(8), "t": rng.standard_normal(8), "m": rng.standard_normal(8),
        "v": rng.random(8) + 0.5, "w2": rng.standard_normal((8, 8, 3, 3)) / 9,
        "w3": rng.standard_normal((5, 128)) / 12, "b3": rng.standard_normal(5),
    }  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])],
        [tensor(k, v) for k, v in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def expected_of(model: onnx.ModelProto, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    results: Any = ReferenceEvaluator(model).run(None, {"x": x})
    return np.asarray(results[0])


def image(n: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(n).standard_normal((n, 3, 8, 8)).astype(np.float32)


def test_the_file_means_what_the_model_means(tmp_path: Path) -> None:
    model, path = network(), tmp_path / "net.edge"
    said: list[str] = []
    report = export(model, path, progress=said.append)
    for n in (1, 3):
        expected = expected_of(model, image(n))
        np.testing.assert_allclose(edgec.interpret(str(path), {"x": image(n)})["y"], expected, atol=1e-5)
    assert report.bytes == path.stat().st_size and report.symbols == ["n"]
    assert report.source_counts["Conv"] == 2
    assert report.counts == {
        "conv": 2, "transpose": 1, "pool": 1, "reshape": 1, "matmul": 1, "softmax": 1,
    }  # fmt: skip
    assert len(report.copies) == 1 and "input 'x'" in report.copies[0].reason
    assert report.fused_groups >= 2 and report.fused_operators >= 4
    assert said[0] == "reading" and said[-1] == "writing" and "layout" in said


def test_a_path_and_fixed_shapes(tmp_path: Path) -> None:
    source = tmp_path / "net.onnx"
    onnx.save(network(), str(source))
    report = export(str(source), shapes={"x": (2, 3, 8, 8)})
    assert report.symbols == [] and report.bytes == 0
    assert report.model.main.outputs[0].shape == (2, 5)


def test_keep_all_keeps_every_tensor(tmp_path: Path) -> None:
    model, path = network(), tmp_path / "net.edge"
    export(model, path, keep="all")
    graph = read_model(str(path)).main
    kept = {name for name, source in graph.names.items() if source.value is not None}
    assert {"c1", "n1", "r1", "c2", "a2", "h2", "p2", "g", "y"} <= kept
    expected = expected_of(model, image(2))
    np.testing.assert_allclose(edgec.interpret(str(path), {"x": image(2)})["y"], expected, atol=1e-5)
    with pytest.raises(ValueError, match="keep"):
        export(model, keep="most")


def test_exact_keeps_weights_as_they_are(tmp_path: Path) -> None:
    """Neither rounded, nor scaled, nor transformed: the model's own numbers are in the file."""
    model = network()
    first = next(w for w in model.graph.initializer if w.name == "w1")
    array = numpy_helper.to_array(first).copy()
    array[0, 0, 0, 0] = 1e-40
    first.CopyFrom(numpy_helper.from_array(array, "w1"))
    wide = helper.make_model(helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])], "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 16, 16])],
        [tensor("w", np.ones((32, 32, 3, 3)))],
    ), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)  # fmt: skip
    for exact in (False, True):
        path = tmp_path / f"{exact}.edge"
        export(model, path, exact=exact)
        found = [n.operand(1) for n in read_model(path).main.nodes if n.op.name == "conv"][0].const
        assert found is not None
        assert (set(found.flat) - {0} == set(array.flat)) == exact
        x = image(2)
        np.testing.assert_allclose(
            edgec.interpret(path, {"x": x})["y"], expected_of(model, x), rtol=1e-4, atol=1e-6
        )
        export(wide, path, exact=exact)
        (conv,) = [n for n in read_model(path).main.nodes if n.op.name == "conv"]
        assert (not conv.operand(1).more_forms) == exact


def test_absorbed_names_are_listed() -> None:
    graph = export(network()).model.main
    assert graph.names["n1"].value is None and graph.names["n1"].absorbed_by == "conv1"
    source = graph.names["r1"]
    assert source.value is not None and source.perm == (0, 3, 1, 2)


def test_entries_have_symbols_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "two.edge"
    export(network(), path, entries={"other": network()}, metadata={"made for": "a test"})
    found = read_model(str(path))
    assert list(found.entries) == ["main", "other"] and found.metadata["made for"] == "a test"
    for graph in found.entries.values():
        verify(graph)
    assert set(found.entries["main"].symbols).isdisjoint(found.entries["other"].symbols)
    for entry in found.entries:
        assert edgec.interpret(found, {"x": image(2)}, entry)["y"].shape == (2, 5)


def counter() -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "old"], ["new"], "add")],
        "counter",
        [info("x", TensorProto.FLOAT, [2]), info("old", TensorProto.FLOAT, [2])],
        [info("new", TensorProto.FLOAT, [2])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_states_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "counter.edge"
    export(counter(), path, states=[State("main", "old", "new")])
    assert read_model(str(path)).states == [State("main", "old", "new")]
    for state, message in (
        (State("other", "old", "new"), "entry"),
        (State("main", "older", "new"), "input 'older'"),
        (State("main", "old", "newer"), "output 'newer'"),
    ):
        with pytest.raises(ValueError, match=message):
            export(counter(), states=[state])


def test_warnings_name_what_is_planned_late() -> None:
    info, node = helper.make_tensor_value_info, helper.make_node
    graph = helper.make_graph(
        [node("NonZero", ["x"], ["places"], "places"), node("MatMul", ["d", "d"], ["p"], "mm")],
        "late",
        [info("x", TensorProto.FLOAT, [4]), info("d", TensorProto.DOUBLE, [2, 2])],
        [info("places", TensorProto.INT64, [1, "k"]), info("p", TensorProto.DOUBLE, [2, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    late, wide = export(model).warnings
    assert "'places'" in late and "matmul 'mm' sums in f64" in wide


def test_all_problems_are_listed() -> None:
    model = network()
    model.graph.node[2].op_type = "NoSuchThing"
    model.graph.node[6].op_type = "NorThis"
    with pytest.raises(edgec.ExportError) as found:
        export(model)
    assert {p.node for p in found.value.problems} >= {"relu1"}


def test_embedded_references(tmp_path: Path) -> None:
    path = tmp_path / "net.edge"
    export(network(), path, embed_reference=2, shapes={"x": ("n", 3, 8, 8)})
    found = read_model(str(path))
    assert len(found.references) == 2
    for reference in found.references:
        got = edgec.interpret(found, reference.inputs)
        np.testing.assert_allclose(got["y"], reference.outputs["y"], atol=reference.tolerance)
        assert reference.source


def test_passes_are_functions_of_one_graph() -> None:
    assert len({run.__name__ for run in PASSES}) > 10
    assert set(PASSES_KEEPING_ALL) <= set(PASSES)


def test_a_target_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    source = tmp_path / "net.onnx"
    onnx.save(network(), str(source))
    before = source.read_bytes()
    targets = {source: "model itself", tmp_path: "a folder", tmp_path / "a" / "b": "no folder"}
    for target, reason in targets.items():
        with pytest.raises(ValueError, match=reason):
            export(source, target)
    assert source.read_bytes() == before
    with pytest.raises(ValueError, match="embed_reference is -1"):
        export(source, embed_reference=-1)


@pytest.mark.parametrize("name", ["main", ""])
def test_entries_take_no_name_that_is_taken(name: str) -> None:
    with pytest.raises(ValueError, match="taken: main"):
        export(network(), entries={name: network()})
