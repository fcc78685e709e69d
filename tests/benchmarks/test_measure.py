"""Workers, turns, and one run of the whole suite on a tiny network."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import benchmarks.__main__ as command
import numpy as np
import onnx
import pytest
from benchmarks import environments, files, measure, suite
from benchmarks.engines import ENGINES
from benchmarks.limits import Limits, Work, measure_limits, work_of
from benchmarks.networks import Network, Unavailable, networks, reference_outputs, write_arrays
from benchmarks.worker import relative_error
from onnx import TensorProto, helper

import edgec

CORES = sorted(os.sched_getaffinity(0))[:1]
ROWS, INNER, COLUMNS = 4, 8, 3


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """y = relu(x w) with its files, in a cache of its own, and no peer set up."""
    monkeypatch.setenv("EDGEC_NETWORKS", str(tmp_path))
    monkeypatch.setenv("EDGEC_PEERS", str(tmp_path / "peers"))
    found = Network({"name": "tiny", "package": "none"})
    found.folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    weight = random.standard_normal((INNER, COLUMNS)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Relu", ["p"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [ROWS, INNER])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [ROWS, COLUMNS])],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, found.source)
    inputs = {"x": random.standard_normal((ROWS, INNER)).astype(np.float32)}
    write_arrays(found.folder / "inputs.npz", inputs)
    write_arrays(found.folder / "expected.npz", reference_outputs(found.source, inputs))
    return found


def worker(engine: str, network: Network) -> measure.Worker:
    return measure.start(engine, files.models_for(network, [engine])[engine], network.folder, CORES)


@pytest.mark.parametrize("engine", ["edgec", "onnxruntime"])
def test_a_worker_says_how_it_started_and_times_slices(engine: str, network: Network) -> None:
    found = worker(engine, network)
    try:
        assert found.beginning["error"] < 1e-5 and found.beginning["memory_bytes"] > 0
        assert all(found.beginning[key] > 0 for key in ("import_ms", "load_ms", "first_ms"))
        answer = found.time(0.01)
        assert answer["ms"] > 0 and answer["runs"] >= 4 and answer["error"] < 1e-5
    finally:
        found.close()


def test_edgec_says_what_its_arena_takes_and_obeys_the_instruction_set(network: Network) -> None:
    found = worker("edgec-avx2", network)
    found.close()
    assert found.beginning["facts"]["arena_bytes"] >= 0
    assert found.beginning["facts"]["isa"] != "avx512"


def test_a_wrong_output_is_an_error(network: Network) -> None:
    write_arrays(network.folder / "expected.npz", {"y": np.full((ROWS, COLUMNS), 7, np.float32)})
    row = suite.measure_network(
        network, files.models_for(network, ["onnxruntime"]), CORES, suite.Plan(1, 0.01, 1, [CORES]), str
    )
    assert "wrong result" in row["engines"]["onnxruntime"]["failure"]


@pytest.mark.parametrize("engine", ["edgec", "onnxruntime"])
def test_a_damaged_model_is_a_failure_with_a_reason(engine: str, network: Network) -> None:
    broken = network.folder / f"broken{ENGINES[engine].suffix}"
    broken.write_bytes(b"no model" * 100)
    with pytest.raises(Unavailable, match=r"^\w+: ."):
        measure.start(engine, broken, network.folder, CORES)


def test_errors_are_relative_to_each_output_and_never_nan() -> None:
    big, small = np.array([100.0, 50.0]), np.array([0.1, 0.2])
    assert relative_error([big + 1, small], [big, small]) == pytest.approx(0.01)
    assert relative_error([big, small + 0.1], [big, small]) == pytest.approx(0.5)
    for wrong in ([big[:1]], [np.array([np.nan, 1.0])], []):
        assert relative_error(wrong, [big]) == np.inf


class Fake:
    def __init__(self, name: str, said: list[str], dies_after: int = 99) -> None:
        self.name, self.said, self.left = name, said, dies_after

    def time(self, seconds: float) -> measure.Answer:
        if not self.left:
            raise Unavailable("died")
        self.left -= 1
        self.said.append(self.name)
        return {"ms": seconds, "error": 0.0}


def test_rounds_start_with_another_engine_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "GAP", 0)
    said: list[str] = []
    workers = {name: Fake(name, said) for name in "abc"}
    found, failures = measure.take_turns(workers, 3, 0.5, str)
    assert "".join(said) == "abcbcacab" and not failures
    assert {name: len(answers) for name, answers in found.items()} == dict.fromkeys("abc", 3)


def test_slow_peers_get_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Fake):
        def time(self, seconds: float) -> measure.Answer:
            return {**super().time(seconds), "ms": 9.0}

    monkeypatch.setattr(measure, "GAP", 0)
    workers = {"edgec": Slow("edgec", []), "ncnn": Slow("ncnn", []), "mnn": Fake("mnn", [])}
    found, failures = measure.take_turns(workers, 5, 4.5, str, behind=1.9)
    assert {name: len(answers) for name, answers in found.items()} == {"edgec": 5, "ncnn": 2, "mnn": 5}
    assert not failures


def test_a_worker_that_dies_leaves_the_others_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "GAP", 0)
    said: list[str] = []
    workers = {"a": Fake("a", said), "b": Fake("b", said, dies_after=1)}
    found, failures = measure.take_turns(workers, 3, 0.5, str)
    assert list(found) == ["a"] and len(found["a"]) == 3 and failures == {"b": "died"}


def test_every_absent_engine_is_reported(network: Network) -> None:
    about = suite.about_engines(list(ENGINES))
    for name, engine in ENGINES.items():
        assert ("missing" in about[name]) == bool(engine.environment), name
    for name in about:
        if "missing" in about[name]:
            assert f"PEERS={ENGINES[name].environment}" in about[name]["missing"]


def test_what_cannot_be_converted_has_a_reason_that_absence_does_not_fix(network: Network) -> None:
    found = files.models_for(network, ["onnxruntime", "mnn", "litert"])
    assert found["onnxruntime"] == network.source
    assert "not set up" in str(found["mnn"]) and "ONNX" in str(found["litert"])
    assert not list(network.folder.glob("*.failed"))


def test_every_engine_can_be_set_up() -> None:
    from benchmarks.convert import CONVERTERS, MAKERS

    known = environments.packages()
    needed = {engine.environment for engine in ENGINES.values()} | {name for name, _ in CONVERTERS.values()}
    assert needed - {""} <= set(known)
    made = {engine.suffix for engine in ENGINES.values()} - {".onnx"}
    assert made == set(CONVERTERS) == set(MAKERS)


def test_every_network_has_inputs_and_a_source() -> None:
    definitions = (environments.ROOT / "benchmarks" / "torch_networks" / "__init__.py").read_text()
    for name, network in networks().items():
        assert network.entry["cases"][0].keys() == network.entry["ranges"].keys(), name
        assert not network.is_defined_in_torch or f'"{name}":' in definitions, name


def test_the_work_of_a_product_is_its_definition(network: Network) -> None:
    path, x = network.folder / "model.edge", np.ones((ROWS, INNER), np.float32)
    edgec.export(str(network.source), str(path))
    work = work_of(path, {"x": x})
    assert 2 * ROWS * INNER * COLUMNS <= work.operations <= 2 * ROWS * INNER * COLUMNS + ROWS * COLUMNS
    assert work.bytes == 4 * (ROWS * INNER + INNER * COLUMNS + ROWS * COLUMNS)


def test_the_limit_is_the_longer_of_arithmetic_and_reading() -> None:
    limits = Limits(2.0, [(100, 10.0), (10_000, 1.0)])
    assert limits.least_ms(Work(4_000_000, 0)) == pytest.approx(2.0)
    assert limits.least_ms(Work(0, 5_000)) == pytest.approx(5e-3)
    assert limits.least_ms(Work(0, 1_000_000)) == pytest.approx(1.0)


def test_the_machines_limits_can_be_measured() -> None:
    found = measure_limits(CORES)
    assert found.gflops > 0 and all(rate > 0 for _, rate in found.gigabytes)
    sizes = [size for size, _ in found.gigabytes]
    assert sizes == sorted(sizes) and sizes[-1] > 1e8


def test_one_command_measures_and_writes_everything(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "networks", lambda: {"tiny": network})
    monkeypatch.setattr(command, "measure_limits", lambda *_: Limits(100.0, [(1 << 20, 100.0)]))
    paths = {kind: tmp_path / f"out.{kind}" for kind in ("json", "markdown", "plot")}
    chosen = ["tiny", "--engines", "edgec,onnxruntime,ncnn", "--threads", "1", "--quick"]
    given = [word for kind, path in paths.items() for word in (f"--{kind}", str(path))]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *chosen, *given])
    command.main()
    found: dict[str, Any] = json.loads(paths["json"].read_text())
    (row,) = found["rows"]
    assert {name: "ms" in engine for name, engine in row["engines"].items()} == {
        "edgec": True, "onnxruntime": True
    }  # fmt: skip
    assert row["limit_ms"] > 0 and "missing" in found["engines"]["ncnn"]
    printed = capsys.readouterr().out
    for text in (printed, paths["markdown"].read_text()):
        assert "tiny" in text and "ncnn is missing" in text and "geometric mean" in text
    assert paths["plot"].read_text().startswith("<svg")

    found["rows"].append({**row, "network": "other"})
    paths["json"].write_text(json.dumps(found))
    monkeypatch.setattr(command, "networks", lambda: {"tiny": network, "other": network})
    monkeypatch.setattr(suite, "measure_network", pytest.fail)
    monkeypatch.setattr(sys, "argv", ["benchmarks", *chosen, *given, "--resume"])
    command.main()
    assert json.loads(paths["json"].read_text()) == found and "other" in paths["markdown"].read_text()


def test_what_is_prepared_is_not_made_again(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "networks", lambda: {"tiny": network})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "tiny", "--prepare"])
    made = network.folder / "model.edge"
    ages = []
    for mark in (None, None, "another exporter's"):
        if mark:
            made.with_name("model.edge.made_by").write_text(mark)
        command.main()
        ages.append(made.stat().st_mtime_ns)
    assert ages[0] == ages[1] < ages[2]
    assert "3 engines have their file" in capsys.readouterr().err


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "no_such_network"])
    with pytest.raises(SystemExit, match="no such network, expected some of mobilenetv2"):
        command.main()
