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


def reshaping(x: str, y: str, *shape: int) -> onnx.GraphProto:
    sizes = node("Constant", [], [f"{y}_sizes"], value_ints=shape)
    return branch(y, sizes, node("Reshape", [x, f"{y}_sizes"], [y]))


def rows_or_columns(*constants: str) -> onnx.ModelProto:
    """[n, 3] to [3, 2] or to [4, 2]; on data, but for `constants`."""
    chosen = node(
        "If", ["flag"], ["c"], then_branch=reshaping("x", "a", 3, 2), else_branch=reshaping("x", "b", 4, 2)
    )
    inputs = [info("x", ["n", 3])] + ([] if constants else [info("flag", [], BOOL)])
    return model_of([chosen], inputs, ["c"], dict.fromkeys(constants, np.array(True)))


def test_a_branch_that_does_not_fit_the_sizes_is_an_error_where_it_is_taken() -> None:
    model = rows_or_columns()
    assert operators(imported(model).main) == ["if"]
    result = imported(model, {"x": (2, 3)})
    assert "if" not in operators(result.main)
    found = interpret(result, {"x": X, "flag": np.array(True)})["c"]
    np.testing.assert_array_equal(found, X.reshape(3, 2))
    with pytest.raises(ValueError, match="'c_node'.*the else branch does not fit: Reshape 'b_node'"):
        interpret(result, {"x": X, "flag": np.array(False)})


def test_where_the_condition_is_known_the_other_branch_need_not_fit() -> None:
    result = imported(rows_or_columns("flag"), {"x": (2, 3)})
    assert operators(result.main) == ["reshape"] and not result.main.guards


def test_where_neither_branch_fits_export_names_both() -> None:
    with pytest.raises(ExportError, match="neither branch fits: .*'a_node'.*'b_node'"):
        imported(rows_or_columns(), {"x": (5, 3)})


@pytest.mark.parametrize(
    "wrong",
    [
        node("Add", ["x", "one"], ["b"]),
        node("Relu", ["x"], ["b"], slope=1.0),
        node("Relu", ["nothing"], ["b"]),
        node("Concat", ["x", "x"], ["b"]),
        node("DepthToSpace", ["x"], ["b"], blocksize=2, mode="XYZ"),
    ],
    ids=["type", "attribute", "name", "missing attribute", "choice"],
)
@pytest.mark.parametrize("depth", [1, 3])
def test_a_branch_that_no_sizes_would_help_is_a_problem(wrong: onnx.NodeProto, depth: int) -> None:
    for level in range(1, depth):
        first, other = branch(f"t{level}", node("Neg", ["x"], [f"a{level}"])), branch(f"e{level}", wrong)
        wrong = node("If", ["flag"], [f"b{level}"], then_branch=first, else_branch=other)
    model = model_of(
        [choice("flag", node("Neg", ["x"], ["a"]), wrong)],
        [info("x", [2, 3]), info("flag", [], BOOL)],
        ["c"],
        {"one": [1]},
    )
    with pytest.raises(ExportError, match="b_node"):
        imported(model)


def nested(flags: list[str]) -> onnx.ModelProto:
    """Ifs in the then branches of each other, the last flag's outermost, whose else branches do not fit."""
    inner = node("Relu", ["x"], ["r"])
    for level, flag in enumerate(flags):
        other = reshaping("x", f"o{level}", 4, 2)
        inner = node("If", [flag], [f"c{level}"], then_branch=branch(f"g{level}", inner), else_branch=other)
    given = [info("x", [2, 3]), *(info(flag, [], BOOL) for flag in dict.fromkeys(flags))]
    return model_of([inner], given, inner.output)


def test_branches_that_do_not_fit_within_each_other() -> None:
    result = imported(nested(["f"] * 20)).main
    assert "if" not in operators(result) and len(result.guards) == 1
    assert len(imported(nested(["f", "g", "h"])).main.guards) == 3
    with pytest.raises(ExportError, match="too many Ifs"):
        imported(nested([f"f{i}" for i in range(20)]))


def test_many_ifs_on_data_of_which_the_rest_takes_one_branch() -> None:
    nodes, x = [], "x"
    for i in range(40):
        squeezed, kept = node("Squeeze", [x, "one"], [f"a{i}"]), node("Identity", [x], [f"b{i}"])
        first, other = branch(f"t{i}", squeezed), branch(f"e{i}", kept)
        nodes.append(node("If", [f"f{i}"], [f"c{i}"], then_branch=first, else_branch=other))
        nodes.append(node("Concat", [f"c{i}", "row"], [x := f"x{i}"], axis=0))
    flags = [info(f"f{i}", [], BOOL) for i in range(40)]
    constants = {"one": [1], "row": np.ones((1, 1), np.float32)}
    result = imported(model_of(nodes, [info("x", [2, 1]), *flags], [x], constants)).main
    assert "if" not in operators(result) and len(result.guards) == 40


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
