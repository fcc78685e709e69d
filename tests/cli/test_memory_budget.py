"""--memory-budget of the commands, and of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_support import parsed
from onnx import helper, numpy_helper
from typer.testing import Result

import edgec
import edgert
from edgert.__main__ import main

Edgec = Callable[..., Result]


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """Three convolutions over an image of 128 x 128."""
    random = np.random.default_rng(0)
    sizes = (3, 32, 48, 4)
    nodes = [
        helper.make_node("Conv", [f"v{i}", f"w{i}"], [f"v{i + 1}"], name=f"conv{i}", pads=[1, 1, 1, 1])
        for i in range(3)
    ]
    weights = [
        numpy_helper.from_array((random.random((o, c, 3, 3)) / 9 / c).astype(np.float32), f"w{i}")
        for i, (c, o) in enumerate(zip(sizes, sizes[1:], strict=False))
    ]
    ends = [
        helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, c, 128, 128])
        for n, c in (("v0", 3), ("v3", 4))
    ]
    graph = helper.make_graph(nodes, "deep", ends[:1], ends[1:], weights)
    path = tmp_path / "deep.onnx"
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def test_inspect_tells_what_a_budget_does(deep: Path, edgec_command: Edgec) -> None:
    edge = deep.with_suffix(".edge")
    edgec.export(deep, edge)
    facts = [
        parsed(edgec_command("inspect", edge, "--json", *more))["runtime"]
        for more in ([], ["--memory-budget", "1k"])
    ]
    assert [f["memory_budget"] for f in facts] == [0, 1000]
    assert facts[1]["arena_bytes"] < facts[0]["arena_bytes"] and facts[1]["bands"]
    text = edgec_command("inspect", edge, "--brief", "--memory-budget", "1k").stdout
    for word in ("arena", "budget", "1 kB", "band", "conv0 to conv2"):
        assert word in text


def test_a_file_brings_its_budget(deep: Path, edgec_command: Edgec, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = deep.with_suffix(".edge")
    parsed(edgec_command("export", deep, "-o", edge, "--memory-budget", "2k", "--json"))
    described = edgert.load(edge).describe
    assert described()["memory_budget"] == 2000
    assert edgert.load(edge, memory_budget=1 << 40).describe()["memory_budget"] == 1 << 40
    plain, given = deep.with_name("plain.edge"), deep.with_name("given.edge")
    edgec.export(deep, plain)
    edgec.export(deep, given, memory_budget=2000)
    assert given.read_bytes() == edge.read_bytes() != plain.read_bytes()
    with pytest.raises(ValueError, match="memory_budget is -1"):
        edgec.export(deep, given, memory_budget=-1)


@pytest.mark.parametrize("command", ["run", "profile", "bench"])
def test_commands_hand_it_on(
    deep: Path, edgec_command: Edgec, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    edge = deep.with_suffix(".edge")
    edgec.export(deep, edge)
    given: list[int | None] = []
    load = edgert.load

    def spied(*arguments: object, **options: object) -> edgert.Session:
        given.append(options.get("memory_budget"))  # type: ignore[arg-type]
        return load(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(edgert, "load", spied)
    more = ["--seconds", "0"] if command == "bench" else []
    parsed(edgec_command(command, edge, "--memory-budget", "3k", "--json", *more))
    assert 3000 in given


def test_the_runtimes_own_commands(deep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edge = str(deep.with_suffix(".edge"))
    edgec.export(deep, edge)
    assert main(["run", edge, "--memory-budget", "5k", "--json"]) == 0
    assert main(["bench", edge, "--memory-budget", "1M", "--runs", "1", "--json"]) == 0
    assert [set(json.loads(line)) > set() for line in capsys.readouterr().out.splitlines()] == [True, True]
    with pytest.raises(SystemExit, match="2"):
        main(["run", edge, "--memory-budget", "5x"])
