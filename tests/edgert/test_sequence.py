"""Sequences, optionals and control flow on the CPU: what each model must give, in both arena modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from control_cases import CONTROL
from model_cases import FLOAT, ROWS, Case, X, op, optional, tensor
from sequence_cases import GIVEN, KNOWN, RUN_TIME, S

import edgert
from edgec.format.write import write_model
from edgec.pipeline import export


def agree(found: Sequence[Any], expected: Sequence[Any]) -> None:
    """The same arrays, lists of arrays, and absences."""
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected):
        if isinstance(wanted, (list, type(None))):
            assert type(got) is type(wanted)
            agree(got or [], wanted or [])
        else:
            assert got.dtype == np.asarray(wanted).dtype
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("arena", ["shared", "separate"])
@pytest.mark.parametrize("case", KNOWN + RUN_TIME + GIVEN + CONTROL, ids=str)
def test_outputs(case: Case, arena: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGERT_ARENA", arena)
    session = edgert.load(write_model(export(case.model()).model), device="cpu", strict=True)
    first = list(session.run(dict(case.inputs)).values())
    agree(list(session.run(dict(case.inputs)).values()), case.outputs)
    agree(first, case.outputs)


S_IS = {"s": S}
FAILING = [
    ("SequenceAt", "s 1", {"s": ROWS[:1]}, S_IS, "position is 1, expected -1 to 0"),
    ("SequenceErase", "s", {"s": []}, S_IS, "the sequence is empty"),
    ("SequenceInsert", "s x -1", {"s": [], "x": X}, S_IS, "position is -1, expected 0 to 0"),
    ("ConcatFromSequence", "s", {"s": []}, S_IS, "at least one item"),
    ("OptionalGetElement", "o", {"o": None}, {"o": optional(S)}, "is absent"),
    ("SplitToSequence", "x parts", {"x": X, "parts": np.array(0)}, {}, "split is 0, expected 1 or more"),
]


@pytest.mark.parametrize(
    ("operator", "names", "inputs", "types", "text"), FAILING, ids=[f[0] for f in FAILING]
)
def test_what_a_run_refuses(operator: str, names: str, inputs: Any, types: Any, text: str) -> None:
    attributes = {"axis": 0} if operator == "ConcatFromSequence" else {}
    case = Case(operator, [op(operator, names, "y0", **attributes)], inputs, [X], types)
    session = edgert.load(write_model(export(case.model()).model), device="cpu")
    with pytest.raises(edgert.EdgertError, match=f"y0_node.*{text}"):
        session.run(inputs)


def test_appending_takes_memory_in_proportion() -> None:
    """A loop that appends n times needs some n objects, not n copies of the list."""
    case = next(c for c in RUN_TIME if c.name == "appended to by a loop")
    model = replace(case, types={"x": tensor(FLOAT, "n")}).model()
    session = edgert.load(write_model(export(model).model), device="cpu", memory_limit=16 << 20)
    found = session.run({"x": np.zeros(1, np.float32), "count": np.array(4000)})
    np.testing.assert_array_equal(found["y1"], 4000)


def test_a_branch_that_does_not_fit_is_an_error_where_it_is_taken() -> None:
    (case,) = (c for c in CONTROL if c.name == "a branch on an input that does not fit the sizes")
    report = export(case.model())
    assert any("'y0_node' takes only data where condition" in text for text in report.warnings)
    session = edgert.load(write_model(report.model), device="cpu")
    wrong = {**case.inputs, "rate": np.array(2)}
    with pytest.raises(edgert.InputError, match=r"y0_node: .*the else branch does not fit: .*rate\[0\] = 2"):
        session.run(wrong)
    agree(list(session.run(dict(case.inputs)).values()), case.outputs)
