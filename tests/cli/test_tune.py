"""`edgec tune`, and what it decides from measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from cli_support import parsed
from onnx import helper, numpy_helper
from typer.testing import Result

import edgec
import edgert
from edgec.cli import tuning
from edgec.cli.timing import Latency
from edgec.cli.tuning import Tuning, search

Edgec = Callable[..., Result]


@pytest.fixture
def winograd_file(tmp_path: Path) -> Path:
    """Two 3x3 convolutions that Winograd's filtering can make, the second for no gain."""
    random = np.random.default_rng(0)
    weights = {"v": random.standard_normal((32, 32, 3, 3)), "w": random.standard_normal((16, 32, 3, 3))}
    nodes = [
        helper.make_node("Conv", ["x", "v"], ["c"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c", "w"], ["y"], name="second one", pads=[1, 1, 1, 1]),
    ]
    ends = [
        helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, c, 24, 24])
        for n, c in (("x", 32), ("y", 16))
    ]
    constants = [numpy_helper.from_array(w.astype(np.float32) / 17, n) for n, w in weights.items()]
    graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", 17)]
    path = tmp_path / "winograd.edge"
    edgec.export(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def inputs_of(path: Path) -> dict[str, Any]:
    return {"x": np.random.default_rng(1).standard_normal((1, 32, 24, 24)).astype(np.float32)}


def ways(session: edgert.Session) -> dict[str, str]:
    return {n["name"]: n["ways"].split()[0] for n in session.describe()["nodes"] if "ways" in n}


@pytest.mark.parametrize("cache", [0, 10_000, 1 << 22])
def test_ways_are_taken_and_agree(winograd_file: Path, cache: int) -> None:
    inputs = inputs_of(winograd_file)
    usual = edgert.load(winograd_file, threads=1)
    expected = usual.run(inputs)["y"]
    isa = usual.describe()["isa"]
    for wanted in (("direct", "winograd"), ("winograd", "direct"), ("direct", "direct")):
        chosen = dict(zip(("first", "second one"), wanted, strict=True))
        session = tuning.load(winograd_file, Tuning(isa, 1, cache, chosen))
        found = session.run(inputs)["y"]
        assert ways(session) == chosen
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    unknown = tuning.load(winograd_file, Tuning(isa, 1, cache, {"first": "sideways", "nobody": "direct"}))
    unknown.run(inputs)
    assert ways(unknown) == ways(usual)


def fake_clock(monkeypatch: pytest.MonkeyPatch, ms: Callable[[edgert.Session], float]) -> None:
    """Runs take what `ms` says."""

    def timed(calls: dict[str, Any], seconds: float, most_runs: int) -> dict[str, Latency]:
        found = {}
        for name, call in calls.items():
            call()
            took = ms(call.func.__self__)
            found[name] = Latency(most_runs, took, took, took)
        return found

    monkeypatch.setattr(tuning, "interleaved", timed)


def test_the_quickest_is_written_and_used(
    winograd_file: Path, edgec_command: Edgec, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_clock(monkeypatch, lambda s: 10 - 5 * (s.describe()["cache_bytes"] == 0))
    arguments = ["tune", winograd_file, "--threads", 1, "--runs", 3]
    found = parsed(edgec_command(*arguments, "--json"))
    assert found["gain"] == 0.5 and found["path"] == f"{winograd_file}.tuning"
    session = edgert.load(winograd_file, threads=1)
    session.run(inputs_of(winograd_file))
    assert session.describe()["tuning"] == "used" and session.describe()["cache_bytes"] == 0
    assert "50.0% less" in edgec_command(*arguments).stdout
    assert parsed(edgec_command("profile", winograd_file, "--threads", 1, "--json"))["tuning"] == "used"


def test_nothing_is_kept_where_nothing_gains(
    winograd_file: Path, edgec_command: Edgec, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_clock(monkeypatch, lambda s: 10 - 0.1 * (s.describe()["cache_bytes"] == 0))
    beside = Path(f"{winograd_file}.tuning")
    beside.write_text("of another day")
    assert parsed(edgec_command("tune", winograd_file, "--threads", 1, "--runs", 2, "--json"))["path"] is None
    assert not beside.exists()


def test_slow_ways_are_left(winograd_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node keeps its usual way unless the other is quicker by more than noise."""
    times = {("first", "direct"): 3e-3, ("first", "winograd"): 2e-3}
    times |= {("second one", "direct"): 1e-3, ("second one", "winograd"): 0.5e-3}

    def profile(session: edgert.Session, inputs: Any, runs: int) -> list[Any]:
        session.run(inputs)
        return [
            edgert.NodeTime(name, "conv", "cpu", "main", runs, 1.0, times[name, way], [], [])
            for name, way in ways(session).items()
        ]

    monkeypatch.setattr(edgert.Session, "profile", profile)
    fake_clock(monkeypatch, lambda s: sum(times[pair] for pair in ways(s).items()))
    found = search(winograd_file, 1, inputs_of(winograd_file), 2, lambda text: None)
    usual = edgert.load(winograd_file, threads=1, tuning="")
    usual.run(inputs_of(winograd_file))
    slow = {name for name, way in ways(usual).items() if way == "direct"}
    assert {c.name for c in found.changes} == slow == set(found.tuning.ways)
    assert all(c.way == "winograd" and c.ms < c.usual_ms for c in found.changes)


def test_diverging_results_are_a_fault(winograd_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        reset = staticmethod(lambda: None)
        run = staticmethod(lambda inputs: {"y": np.zeros((1, 16, 24, 24), np.float32)})

    with pytest.raises(ArithmeticError, match="'y'"):
        tuning.check(edgert.load(winograd_file), Wrong, inputs_of(winograd_file))


@pytest.mark.parametrize(
    "arguments",
    [["missing.edge"], ["{}", "--runs", "0"], ["{}", "--input", "z=1"], ["{}", "--threads", "-1"]],
)
def test_bad_input(winograd_file: Path, edgec_command: Edgec, arguments: list[str]) -> None:
    assert edgec_command("tune", *(a.format(winograd_file) for a in arguments)).exit_code == 2
