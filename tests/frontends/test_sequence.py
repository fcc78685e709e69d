"""Sequences, optionals and control flow over them: imported, exported, interpreted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from control_cases import CONTROL
from model_cases import FLOAT, N_BY_3, ROWS, Case, X, graph, op, optional, sequence, tensor
from onnx import helper
from onnx_models import imported
from sequence_cases import GIVEN, KNOWN, RUN_TIME, S

from edgec.format.read import read_model
from edgec.format.write import write_model
from edgec.frontends.onnx import ExportError
from edgec.interpreter import InterpretError, interpret
from edgec.ir.graph import Model
from edgec.ir.verify import verify
from edgec.pipeline import PASSES, export


def agree(found: Sequence[Any], expected: Sequence[Any]) -> None:
    """The same arrays, lists of arrays, and absences."""
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected):
        if isinstance(wanted, (list, type(None))):
            assert type(got) is type(wanted)
            agree(got or [], wanted or [])
        else:
            np.testing.assert_array_equal(got, wanted)
            assert np.asarray(got).dtype == np.asarray(wanted).dtype


def run(model: Model, case: Case) -> list[Any]:
    verify(model.main)
    return list(interpret(model, dict(case.inputs)).values())


@pytest.mark.parametrize("case", KNOWN + RUN_TIME, ids=str)
def test_outputs(case: Case) -> None:
    agree(run(imported(case.model()), case), case.outputs)
    exported = read_model(write_model(export(case.model()).model))
    agree(run(exported, case), case.outputs)
    values = [v for graph in exported.main.walk() for v in graph.values()]
    assert case.dissolves != any(v.dtype.is_container for v in values)


ANY = sequence(helper.make_tensor_type_proto(FLOAT, None))


@pytest.mark.parametrize("case", GIVEN + CONTROL, ids=str)
def test_containers_of_the_host_and_control_flow(case: Case) -> None:
    exported = read_model(write_model(export(case.model()).model))
    agree(run(exported, case), case.outputs)


@pytest.mark.parametrize("case", RUN_TIME + GIVEN, ids=str)
def test_every_pass_leaves_a_graph_that_is_well_formed(case: Case) -> None:
    graph = imported(case.model()).main
    for change in PASSES:
        for inner in list(graph.walk())[::-1]:
            change(inner)
        verify(graph)


def failing(node: onnx.NodeProto, name: str, value: Any, kind: onnx.TypeProto) -> Case:
    return Case("", [node], {name: value}, [X], {name: kind})


FAILING = [
    (failing(op("SequenceAt", "s 1", "y0"), "s", ROWS[:1], S), "y0_node.*position is 1"),
    (failing(op("SequenceErase", "s", "y0"), "s", [], S), "y0_node.*empty"),
    (failing(op("OptionalGetElement", "o", "y0"), "o", None, optional(S)), "y0_node.*absent"),
    (failing(op("Identity", "s", "y0"), "s", [X[0]], S), r"'s' item 0 .*\(3,\).*f32\[\?, 3\]"),
    (failing(op("Identity", "s", "y0"), "s", X, S), "'s' is ndarray, expected a list"),
    (failing(op("ConcatFromSequence", "s", "y0", axis=0), "s", [], S), "y0_node.*at least one item"),
]


@pytest.mark.parametrize(("case", "text"), FAILING, ids=[t for _, t in FAILING])
def test_what_a_run_refuses(case: Case, text: str) -> None:
    with pytest.raises(InterpretError, match=text):
        run(export(case.model()).model, case)


X_TYPE = tensor(FLOAT, 4, 3)
REFUSED = [
    (Case("", [op("SequenceAt", "s 1", "y0")], {"s": ROWS}, [X], {"s": ANY}), "rank of what 's'.*--shape"),
    (Case("", [op("SequenceConstruct", "x 1", "y0")], {"x": X}, [X]), "cannot be in one container"),
    (Case("", [op("SequenceLength", "x", "y0")], {"x": X}, [X]), "input 0 is f32.*expected a sequence"),
    (
        Case("", [op("SequenceConstruct", "x", "s"), op("SequenceAt", "s 1", "y0")], {"x": X}, [X]),
        "position is 1, expected -1 to 0",
    ),
    (
        Case(
            "",
            [
                op(
                    "Scan",
                    "x x",
                    "y0",
                    num_scan_inputs=1,
                    body=graph({"a": X_TYPE, "b": N_BY_3}, "c", op("Concat", "a a", "c", axis=0)),
                )
            ],
            {"x": X},
            [X],
        ),
        r"state 0 goes in as f32\[4, 3\] and comes out as f32\[8, 3\]",
    ),
]


@pytest.mark.parametrize(("case", "text"), REFUSED, ids=[t for _, t in REFUSED])
def test_what_export_refuses(case: Case, text: str) -> None:
    with pytest.raises(ExportError, match=text):
        imported(case.model())


def test_entries_may_take_containers() -> None:
    case = GIVEN[1]
    model = read_model(write_model(export(KNOWN[0].model(), entries={"other": case.model()}).model))
    verify(model.entries["other"])
    agree(list(interpret(model, dict(case.inputs), entry="other").values()), case.outputs)


def test_items_of_one_shape_keep_its_symbols() -> None:
    nodes = [
        op("Neg", "x", "z"),
        op("SequenceConstruct", "x z", "s"),
        op("SequenceAt", "s i", "a"),
        op("Add", "a x", "y0"),
    ]
    case = Case("", nodes, {"x": X, "i": np.array(1)}, [X - X], {"x": N_BY_3})
    model = imported(case.model())
    agree(run(model, case), case.outputs)
    assert str(model.main.outputs[0].type) == "f32[n, 3]"


def test_the_shape_option_gives_the_items_shape() -> None:
    case = Case("", [op("SequenceAt", "s 1", "y0")], {"s": ROWS}, [ROWS[1]], {"s": ANY})
    model = imported(case.model(), {"s": ("n", 3)})
    agree(run(model, case), case.outputs)
    assert str(model.main.inputs[0].type) == "sequence(f32[?, 3])"
