"""A broken model ends in a message that names what is broken, and in an exit code; an odd one runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("typer")
from broken_bodies import BODIES
from broken_files import FILES, good
from broken_models import ACCEPTED, REFUSED, Broken
from broken_nodes import NODES
from broken_structure import STRUCTURE
from broken_tensors import TENSORS
from onnx_models import run_onnxruntime
from typer.testing import CliRunner

from edgec.frontends.onnx import Problem
from edgec.interpreter import interpret
from edgec.samples import random_inputs

CASES = [*STRUCTURE, *NODES, *BODIES, *TENSORS, *FILES]


def written(case: Broken, folder: Path) -> Path:
    """The model's file."""
    if case.in_folder:
        case.make(folder)  # type: ignore[call-arg]
        return folder / "inner" / "model.onnx"
    made = case.make()  # type: ignore[call-arg]
    path = folder / "model.onnx"
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


def export(*arguments: object) -> tuple[int, str]:
    from edgec.cli.main import app

    result = CliRunner().invoke(app, ["export", *map(str, arguments)], env={"COLUMNS": "4000"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.output and "internal error" not in result.output, result.output
    return result.exit_code, result.output


@pytest.mark.parametrize("case", CASES, ids=str)
def test_broken(case: Broken, tmp_path: Path) -> None:
    path = written(case, tmp_path)
    code, text = export(path, "--json")
    assert code == case.code, text
    if case.code == REFUSED:
        problems = [Problem(**p) for p in json.loads(text)["problems"]]
        text = "\n".join(map(str, problems))
        assert len(problems) == case.problems, text
        assert not path.with_suffix(".edge").exists()
    for part in case.says:
        assert part in text, text
    if case.code == ACCEPTED:
        agrees_with_onnxruntime(path)


def agrees_with_onnxruntime(path: Path) -> None:
    """Where ONNX Runtime takes the model too, both compute the same."""
    from edgec.format.read import read_model

    model = read_model(path.with_suffix(".edge"))
    if any(isinstance(d, int) and d > 2**30 for v in model.main.outputs for d in v.shape):
        return
    inputs = random_inputs(model.main, {}, 0)
    found = interpret(model, inputs)
    try:
        expected = run_onnxruntime(onnx.load(str(path)), inputs)
    except Exception:  # its refusals share no base
        return
    for a, b in zip(found.values(), expected):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_there_are_over_a_hundred() -> None:
    assert len({case.name for case in CASES}) > 200


@pytest.mark.parametrize("part", range(0, 100, 3))
def test_a_truncated_model_is_a_message(part: int, tmp_path: Path) -> None:
    """At many points; some leave a whole model behind, whose nodes then lack what they read."""
    path = tmp_path / "model.onnx"
    path.write_bytes(good()[: len(good()) * part // 100])
    code, text = export(path)
    assert code == REFUSED and "model.onnx" in text
