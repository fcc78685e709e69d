"""If, Loop and Scan: pruning, bodies, captures, duplicated tails."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import BOOL, FLOAT, INT64, check, imported, info, model_of, node, operators

from edgec.frontends.onnx import ExportError
from edgec.interpreter import interpret

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def branch(name: str, *nodes: onnx.NodeProto) -> onnx.GraphProto:
    results = [helper.make_empty_tensor_value_info(nodes[-1].output[0])]
    return helper.make_graph(list(nodes), name, [], results)


def choice(condition: str, then: onnx.NodeProto, other: onnx.NodeProto) -> onnx.NodeProto:
    return node("If", [condition], ["c"], then_branch=branch("then", then), else_branch=branch("else", other))


def test_a_known_condition_leaves_one_branch() -> None:
    chosen = choice("yes", node("Relu", ["x"], ["a"]), node("Neg", ["x"], ["b"]))
    model = model_of([chosen], [info("x", [2, 3])], ["c"], {"yes": np.array(True)})
    assert operators(check(model, {"x": X}).main) == ["map"]


@pytest.mark.parametrize("flag", [True, False])
def test_a_run_time_condition_keeps_both_with_captures(flag: bool) -> None:
    chosen = choice("flag", node("Add", ["x", "z"], ["a"]), node("Neg", ["z"], ["b"]))
    model = model_of(
        [node("Mul", ["x", "x"], ["z"]), chosen], [info("x", ["n", 3]), info("flag", [], BOOL)], ["c"]
    )
    graph = check(model, {"x": X, "flag": np.array(flag)}).main
    conditional = graph.nodes[-1]
    assert conditional.op.name == "if"
    assert [len(body.inputs) for body in conditional.graphs] == [2, 2]


def test_sizes_that_differ_between_branches_are_found_by_the_run() -> None:
    chosen = choice("flag", node("Identity", ["x"], ["a"]), node("Concat", ["x", "x"], ["b"], axis=0))
    model = model_of([chosen], [info("x", ["n", 3]), info("flag", [], BOOL)], ["c"])
    for flag in (True, False):
        check(model, {"x": X, "flag": np.array(flag)})


def squeeze_or_not(last: onnx.NodeProto, *constants: str) -> list[onnx.NodeProto]:
    """What exporters write for squeeze(1): an If on the size, with branches of different ranks."""
    return [
        node("Shape", ["x"], ["s"], start=1, end=2),
        node("Equal", ["s", "one"], ["is_one"]),
        choice("is_one", node("Squeeze", ["x", "one"], ["a"]), node("Identity", ["x"], ["b"])),
        last,
    ]


def test_a_branch_the_rest_cannot_take_becomes_a_guard() -> None:
    nodes = squeeze_or_not(node("Concat", ["c", "row"], ["y"], axis=0))
    model = model_of(nodes, [info("x", [2, "n"])], ["y"], {"one": [1], "row": np.ones(3, np.float32)})
    result = check(model, {"x": np.ones((2, 1), np.float32)})
    assert "if" not in operators(result.main)
    with pytest.raises(ValueError, match="c_node"):
        interpret(result, {"x": np.ones((2, 4), np.float32)})


def test_where_both_branches_live_the_tail_is_doubled() -> None:
    nodes = squeeze_or_not(node("ReduceSum", ["c"], ["y"], keepdims=0))
    model = model_of(nodes, [info("x", [2, "n"])], ["y"], {"one": [1]})
    for n in (1, 4):
        result = check(model, {"x": np.ones((2, n), np.float32)})
    assert operators(result.main)[-1] == "if"


def test_where_results_differ_in_rank_export_names_the_shape_option() -> None:
    model = model_of(squeeze_or_not(node("Relu", ["c"], ["y"])), [info("x", [2, "n"])], ["y"], {"one": [1]})
    with pytest.raises(ExportError, match="--shape"):
        imported(model)
    assert imported(model, {"x": (2, 5)}).main.outputs[0].rank == 2


def loop_body(
    *nodes: onnx.NodeProto, carried: list[onnx.ValueInfoProto], results: list[str]
) -> onnx.GraphProto:
    inputs = [info("i", [], INT64), info("go", [], BOOL), *carried]
    return helper.make_graph(
        list(nodes), "body", inputs, [helper.make_empty_tensor_value_info(r) for r in results]
    )


def test_a_loop_carries_and_stacks() -> None:
    body = loop_body(
        node("Add", ["v", "x"], ["v2"]),
        node("ReduceSum", ["v2"], ["t"], keepdims=0),
        node("Identity", ["go"], ["go2"]),
        carried=[info("v", [2, 3])],
        results=["go2", "v2", "t"],
    )
    model = model_of(
        [node("Loop", ["trip", "", "x"], ["last", "sums"], body=body)],
        [info("x", [2, 3]), info("trip", [], INT64)],
        ["last", "sums"],
    )
    for trip in (0, 1, 4):
        check(model, {"x": X, "trip": np.array(trip)}, peer="onnxruntime")


def test_a_carried_value_may_grow() -> None:
    body = loop_body(
        node("Concat", ["v", "row"], ["v2"], axis=0),
        node("Identity", ["go"], ["go2"]),
        carried=[info("v", [None, 3])],
        results=["go2", "v2"],
    )
    model = model_of(
        [node("Loop", ["trip", "", "x"], ["y"], body=body)],
        [info("x", ["n", 3]), info("trip", [], INT64)],
        ["y"],
        {"row": np.ones((1, 3), np.float32)},
    )
    check(model, {"x": X, "trip": np.array(3)}, peer="onnxruntime")


def test_scan_runs_backwards_along_any_axis() -> None:
    body = helper.make_graph(
        [node("Add", ["v", "e"], ["v2"]), node("Neg", ["v2"], ["r"])],
        "body",
        [info("v", [2]), info("e", [2])],
        [info("v2", [2]), info("r", [2])],
    )
    scan = node(
        "Scan", ["start", "x"], ["last", "rows"], body=body, num_scan_inputs=1,
        scan_input_axes=[1], scan_input_directions=[1], scan_output_axes=[1],
    )  # fmt: skip
    model = model_of([scan], [info("start", [2]), info("x", [2, "n"])], ["last", "rows"])
    found = interpret(imported(model), {"start": np.zeros(2, np.float32), "x": X})
    sums = np.cumsum(X[:, ::-1], axis=1)
    np.testing.assert_allclose(found["last"], sums[:, -1])
    np.testing.assert_allclose(found["rows"], -sums)


def test_problems_in_a_branch_are_listed() -> None:
    chosen = choice("flag", node("StringSplit", ["x"], ["a", "n"]), node("Neg", ["x"], ["b"]))
    model = model_of([chosen], [info("x", [2], FLOAT), info("flag", [], BOOL)], ["c"])
    with pytest.raises(ExportError, match="StringSplit"):
        imported(model)
