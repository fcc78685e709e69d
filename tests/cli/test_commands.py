"""What each command prints and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("typer")
from cli_support import parsed, small_model

from edgec.cli.timing import throughput

PIECES = ["cpu", "interpreter"]


def test_export_reports(edgec_command, onnx_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.edge"
    found = parsed(edgec_command("export", onnx_file, "-o", path, "--embed-reference", 2, "--json"))
    assert path.exists() and found["bytes"] == path.stat().st_size
    assert found["source_operators"] == {"Conv": 1, "Relu": 1}
    assert found["operators"]["conv"] == 1
    assert set(found["symbols"]) == {"batch", "h", "w"}
    assert len(found["references"]) == 2
    assert "nodes" in found["runs_on"]["cpu"]


def test_export_for_people(edgec_command, onnx_file: Path) -> None:
    result = edgec_command("export", onnx_file, "--shape", "x=1,3,8,height")
    assert result.exit_code == 0 and "on cpu" in result.output
    assert "height" in result.output


def test_export_lists_every_problem(edgec_command, tmp_path: Path) -> None:
    model = small_model("NoSuchOperator")
    model.graph.node.append(onnx.helper.make_node("Another", ["c"], ["z"], name="third", domain="acme"))
    model.opset_import.append(onnx.helper.make_opsetid("acme", 1))
    path = tmp_path / "bad.onnx"
    onnx.save(model, str(path))
    result = edgec_command("export", path)
    assert result.exit_code == 1
    for word in ("second", "NoSuchOperator", "third", "Another"):
        assert word in result.output
    problems = json.loads(edgec_command("export", path, "--json").stdout)["problems"]
    assert {p["node"] for p in problems} == {"second", "third"}


@pytest.mark.parametrize("device", PIECES)
def test_run(edgec_command, edge_file: Path, tmp_path: Path, device: str) -> None:
    array = np.random.default_rng(1).standard_normal((2, 3, 5, 6)).astype(np.float32)
    np.save(tmp_path / "x.npy", array)
    arguments = ["run", edge_file, "--input", f"x={tmp_path / 'x.npy'}", "--device", device]
    found = parsed(edgec_command(*arguments, "--json", "-o", tmp_path / "out"))
    assert found["outputs"]["y"]["shape"] == [2, 4, 5, 6]
    assert np.load(tmp_path / "out" / "y.npy").shape == (2, 4, 5, 6)


@pytest.mark.parametrize("device", ["cpu", "interpreter"])
def test_sequences_are_run_validated_and_saved(edgec_command, tmp_path: Path, device: str) -> None:
    insert = onnx.helper.make_node("SequenceInsert", ["s", "x"], ["y"])
    x = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [2])
    held = onnx.helper.make_sequence_type_proto(x)
    infos = [onnx.helper.make_value_info(n, t) for n, t in (("s", held), ("x", x), ("y", held))]
    graph = onnx.helper.make_graph([insert], "g", infos[:2], infos[2:])
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "s.onnx")
    edgec_command("export", tmp_path / "s.onnx", "-o", tmp_path / "s.edge")
    given = ["run", tmp_path / "s.edge", "--device", device]
    found = parsed(edgec_command(*given, "--json", "-o", tmp_path / "out"))
    assert [item["shape"] for item in found["outputs"]["y"]["items"]] == [[2]] * 4
    assert np.load(tmp_path / "out" / "y.3.npy").shape == (2,)
    assert "sequence" in edgec_command(*given).stdout
    checked = ["validate", tmp_path / "s.edge", tmp_path / "s.onnx", "--device", device, "--json"]
    for against in ("reference", "onnxruntime", "interpreter"):
        assert parsed(edgec_command(*checked, "--against", against))["worst"] == 0


def test_run_on_a_picture(edgec_command, edge_file: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (10, 7), (255, 0, 0)).save(tmp_path / "red.png")
    found = parsed(edgec_command("run", edge_file, "-i", f"x={tmp_path / 'red.png'}", "--json"))
    assert found["outputs"]["y"]["shape"] == [1, 4, 7, 10]


def test_validate_with_embedded_references(edgec_command, edge_file: Path) -> None:
    found = parsed(edgec_command("validate", edge_file, "--json"))
    assert found["ok"] and found["worst"] < 1e-4
    assert found["comparisons"][0]["inputs"] == "embedded 0"


@pytest.mark.parametrize("against", ["onnxruntime", "reference", "interpreter"])
def test_validate_layers(edgec_command, edge_file: Path, onnx_file: Path, against: str) -> None:
    if against == "onnxruntime":
        pytest.importorskip("onnxruntime")
    arguments = ["--against", against, "--shape", "x=1,3,9,9", "--layers", "--json"]
    found = parsed(edgec_command("validate", edge_file, onnx_file, *arguments))
    assert found["ok"] and "y" in {d["name"] for d in found["comparisons"][0]["layers"]}


def test_divergence_has_its_exit_code(edgec_command, edge_file: Path, onnx_file: Path) -> None:
    model = onnx.load(str(onnx_file))
    weight = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weight * np.float32(1.1), "w"))
    onnx.save(model, str(onnx_file))
    result = edgec_command("validate", edge_file, onnx_file, "--against", "reference", "--layers")
    assert result.exit_code == 1
    assert "diverges" in result.output and "first to diverge" in result.output


def test_bench(edgec_command, edge_file: Path, onnx_file: Path) -> None:
    pytest.importorskip("onnxruntime")
    arguments = ["--shape", "x=1,3,16,16", "--seconds", "0.2", "--vs", "onnxruntime", "--json"]
    found = parsed(edgec_command("bench", edge_file, *arguments))
    for engine in ("cpu", "onnxruntime"):
        assert found[engine]["median_ms"] > 0 and found[engine]["load_ms"] > 0
        assert "runs_per_second" not in found[engine]
    found = parsed(edgec_command("bench", edge_file, *arguments, "--sessions", 3))
    assert all(found[engine]["runs_per_second"] > 0 for engine in ("cpu", "onnxruntime"))
    text = edgec_command("bench", edge_file, *arguments[:4], "--sessions", 2).output
    assert "runs a second" in text


def test_throughput_counts_every_thread() -> None:
    called: set[int] = set()
    calls = [lambda: (called.add(threading.get_ident()), time.sleep(0.001)) for _ in range(3)]
    assert throughput(calls, 0.05) > 0
    assert len(called - {threading.get_ident()}) == 3
    with pytest.raises(ZeroDivisionError):
        throughput([lambda: 1, lambda: 1 // 0], 0.01)


def test_inspect(edgec_command, edge_file: Path, onnx_file: Path) -> None:
    found = parsed(edgec_command("inspect", edge_file, "--json"))
    assert "graph" in found["graph"] and found["runtime"]["nodes"]
    text = edgec_command("inspect", edge_file).output
    assert "conv" in text and "symbol batch" in text
    assert parsed(edgec_command("inspect", onnx_file, "--json"))["operators"] == {"Conv": 1, "Relu": 1}


def test_devices(edgec_command) -> None:
    assert parsed(edgec_command("devices", "--json"))[0]["device"] == "cpu"
    assert "cpu" in edgec_command("devices").output


BAD = [
    ["export", "missing.onnx"],
    ["export", "{text}"],
    ["export", "{onnx}", "--shape", "x"],
    ["export", "{onnx}", "--shape", "nothing=1,2"],
    ["export", "{onnx}", "--shape", "x=1,2"],
    ["export", "{onnx}", "--shape", "x=1,3,!,4"],
    ["export", "{onnx}", "--keep", "some"],
    ["export", "{onnx}", "-o", "{folder}/no/such/folder/x.edge"],
    ["run", "missing.edge"],
    ["run", "{text}"],
    ["run", "{onnx}"],
    ["run", "{folder}"],
    ["run", "{edge}", "--input", "x=missing.npy"],
    ["run", "{edge}", "--input", "x={text}"],
    ["run", "{edge}", "--input", "nothing=random"],
    ["run", "{edge}", "--input", "x"],
    ["run", "{edge}", "--shape", "x=1,2,3,4"],
    ["run", "{edge}", "--shape", "x=batch,3,8,8"],
    ["run", "{edge}", "--device", "toaster"],
    ["run", "{edge}", "--threads", "-1"],
    ["run", "{edge}", "--input", "x={npy}"],
    ["run", "{edge}", "--input", "x={png}"],
    ["validate", "{edge}", "missing.onnx"],
    ["validate", "{edge}", "--against", "onnxruntime"],
    ["validate", "{edge}", "--against", "toaster"],
    ["validate", "{edge}", "{text}", "--against", "onnxruntime"],
    ["bench", "{edge}", "--vs", "toaster"],
    ["inspect", "{text}"],
    ["nonsense"],
    [],
]


@pytest.mark.parametrize("arguments", BAD, ids=lambda a: " ".join(a))
def test_bad_input_is_a_message(
    edgec_command, edge_file: Path, onnx_file: Path, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "text.onnx").write_text("this is no model")
    (tmp_path / "bad.png").write_text("this is no picture")
    np.save(tmp_path / "wrong.npy", np.zeros((2, 3), np.int32))
    names = {
        "onnx": onnx_file,
        "edge": edge_file,
        "folder": tmp_path,
        "text": tmp_path / "text.onnx",
        "npy": tmp_path / "wrong.npy",
        "png": tmp_path / "bad.png",
    }
    result = edgec_command(*(a.format(**names) for a in arguments))
    assert result.exit_code in (1, 2), result.output
    assert result.output.strip()


def test_a_picture_of_16_bits_keeps_its_range(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    from edgec.cli.images import load_image
    from edgec.ir.graph import Value
    from edgec.ir.types import DType, TensorType

    path = tmp_path / "wide.png"
    image.fromarray(np.array([[0, 256 * 100], [256 * 200, 65535]], np.uint16)).save(path)
    for channels in (1, 3):
        pixels = load_image(path, Value("x", TensorType(DType.U8, (1, channels, 2, 2))))
        np.testing.assert_array_equal(pixels[0, -1], [[0, 100], [200, 255]])


@pytest.mark.parametrize("command", ["validate", "run", "inspect"])
def test_files_need_no_onnx(edge_file: Path, command: str) -> None:
    """In a process where onnx and onnxruntime cannot be imported."""
    block = (
        "import sys; sys.modules |= {'onnx': None, 'onnxruntime': None}; from edgec.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", block, command, str(edge_file)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_export_without_onnx_says_what_to_install(onnx_file: Path, edgec_command, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "edgec.pipeline", None)
    result = edgec_command("export", onnx_file)
    assert result.exit_code == 2 and "edgec[export]" in result.output


def test_a_number_must_fit_the_input() -> None:
    from edgec.cli.common import UsageError, gather_inputs
    from edgec.ir.graph import Graph, Value
    from edgec.ir.types import DType, TensorType

    graph = Graph("g", inputs=[Value("x", TensorType(DType.I8, (2,)))])
    np.testing.assert_array_equal(gather_inputs(graph, ["x=-3"], {}, 0)["x"], np.int8([-3, -3]))
    for text in ("300", "nan", "1.5"):
        with pytest.raises(UsageError, match=f"--input x={text}: "):
            gather_inputs(graph, [f"x={text}"], {}, 0)
