"""What a command is given wrong ends in a message that names it, and in the exit code for bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

# the command's arguments, the exit code, parts of the message
Case = tuple[list[str], int, tuple[str, ...]]
CASES: list[Case] = [
    # files that are missing, of another kind, or damaged
    (["run", "{folder}/gone.edge"], 2, ("gone.edge", "no such file")),
    (["run", "{folder}"], 2, ("not a file",)),
    (["run", "{onnx}"], 2, ("small.onnx", "not an .edge file")),
    (["run", "{empty}"], 2, ("empty.edge", "is empty")),
    (["run", "{cut}"], 2, ("cut.edge",)),
    (["run", "{text}"], 2, ("text.onnx", "not an .edge file")),
    (["inspect", "{cut}"], 2, ("cut.edge",)),
    (["inspect", "{folder}/gone.edge"], 2, ("gone.edge", "no such file")),
    (["inspect", "{text}"], 2, ("text.onnx", "not an ONNX model")),
    (["bench", "{onnx}"], 2, ("small.onnx", "not an .edge file")),
    (["bench", "{edge}", "{folder}/gone.onnx", "--vs", "onnxruntime"], 2, ("gone.onnx", "no such file")),
    (["validate", "{onnx}", "{onnx}"], 2, ("small.onnx", "not an .edge file")),
    (["validate", "{edge}", "{edge}", "--against", "onnxruntime"], 2, ("onnxruntime",)),
    (["validate", "{edge}", "{edge}", "--against", "reference"], 2, ("reference",)),
    (["to-onnx", "{onnx}", "-o", "{folder}/x.onnx"], 2, ("small.onnx", "not an .edge file")),
    (["to-onnx", "{folder}/gone.edge"], 2, ("gone.edge", "no such file")),
    (["to-onnx", "{edge}", "-o", "{folder}/no/such/x.onnx"], 2, ("no/such",)),
    (["to-onnx", "{edge}", "-o", "{folder}"], 2, ("{folder}",)),
    (["export", "{edge}", "-o", "{folder}/x.edge"], 1, ("small.edge", "not a readable ONNX file")),
    (["export", "{onnx}", "-o", "{onnx}"], 2, ("small.onnx", "model itself")),
    (["export", "{onnx}", "-o", "{folder}"], 2, ("folder",)),
    (["export", "{onnx}", "-o", "{folder}/no/such/x.edge"], 2, ("no/such",)),
    (["export", "{onnx}", "-o", "/proc/x.edge"], 2, ("/proc/x.edge",)),
    # sizes
    (["run", "{edge}", "--memory-budget", "4X"], 2, ("--memory-budget", "'4X'")),
    (["export", "{onnx}", "--memory-budget", "-1"], 2, ("--memory-budget",)),
    (["profile", "{edge}", "--memory-budget", "99999999999G"], 2, ("--memory-budget",)),
    (["bench", "{edge}", "--memory-budget", "k"], 2, ("--memory-budget",)),
    (["inspect", "{edge}", "--memory-budget", ""], 2, ("--memory-budget",)),
    # inputs
    (["run", "{edge}", "-i", "z=random"], 2, ("'z'", "expected one of x")),
    (["run", "{edge}", "-i", "=random"], 2, ("=random", "NAME=")),
    (["run", "{edge}", "-i", "x="], 2, ("x=", "NAME=")),
    (["run", "{edge}", "-i", "x={folder}/gone.npy"], 2, ("gone.npy", "no such file")),
    (["run", "{edge}", "-i", "x={folder}/i32.npy"], 2, ("'x'", "int32")),
    (["run", "{edge}", "-i", "x={folder}/rank.npy"], 2, ("'x'", "[2, 3]")),
    (["run", "{edge}", "-i", "x={folder}/channels.npy"], 2, ("'x'", "[1, 4, 8, 8]")),
    (["run", "{edge}", "-i", "x={folder}/channels.npy", "--device", "interpreter"], 2, ("'x'",)),
    (["run", "{edge}", "-i", "x={folder}/damaged.npy"], 2, ("damaged.npy",)),
    (["run", "{edge}", "-i", "x={folder}/objects.npy"], 2, ("objects.npy",)),
    (["run", "{edge}", "-i", "x={folder}/bad.png"], 2, ("bad.png",)),
    (["run", "{edge}", "-i", "x=1e"], 2, ("x=1e", "a number")),
    # shapes
    (["run", "{edge}", "--shape", "x"], 2, ("--shape", "NAME=")),
    (["run", "{edge}", "--shape", "z=1,3,8,8"], 2, ("'z'",)),
    (["run", "{edge}", "--shape", "x=1,3,8"], 2, ("'x'", "[1, 3, 8]")),
    (["run", "{edge}", "--shape", "x=1,4,8,8"], 2, ("'x'",)),
    (["run", "{edge}", "--shape", "x=1,3,-8,8"], 2, ("-8",)),
    (["run", "{edge}", "--shape", "x=1,3,n,8"], 2, ("expected sizes",)),
    (["run", "{edge}", "--shape", "x=1,3,,8"], 2, ("--shape",)),
    (["run", "{edge}", "--shape", "x=1,3,2.5,8"], 2, ("2.5",)),
    (["run", "{edge}", "--shape", "x=4611686018427387904,3,4611686018427387904,8"], 2, ()),
    (["run", "{edge}", "--shape", "x=1099511627776,3,8,8"], 2, ()),
    (["export", "{onnx}", "--shape", "x=1,3,8"], 1, ("x", "rank 4")),
    (["export", "{onnx}", "--shape", "x=1,4,8,8"], 1, ("x", "3")),
    (["export", "{onnx}", "--shape", "z=1"], 1, ("z", "no input")),
    (["export", "{onnx}", "--shape", "x=1,3,8,8", "--keep", "few"], 2, ("--keep", "few")),
    # devices and numbers
    (["run", "{edge}", "--device", "toaster"], 2, ("toaster",)),
    (["run", "{edge}", "--device", "opencl:99"], 2, ("opencl:99",)),
    (["inspect", "{edge}", "--device", "toaster", "--json"], 0, ("toaster",)),
    (["bench", "{edge}", "--device", "toaster"], 2, ("toaster",)),
    (["bench", "{edge}", "--vs", "toaster"], 2, ("toaster",)),
    (["bench", "{edge}", "--threads", "-3"], 2, ("-3",)),
    (["bench", "{edge}", "--seconds", "-1"], 2, ("--seconds", "0")),
    (["run", "{edge}", "--threads", "-3"], 2, ("-3",)),
    (["run", "{edge}", "--threads", "many"], 2, ("--threads", "integer")),
    (["run", "{edge}", "-o", "{edge}"], 2, ("not a folder",)),
    (["validate", "{edge}", "--against", "toaster"], 2, ("toaster",)),
    (["validate", "{edge}", "--device", "cpu@toaster"], 2, ("toaster",)),
    (["validate", "{edge}", "--seeds", "0"], 2, ("--seeds", "1")),
    (["validate", "{edge}", "--tolerance", "-1"], 2, ("--tolerance", "0")),
    (["to-onnx", "{edge}", "--opset", "0"], 2, ("0",)),
    (["to-onnx", "{edge}", "--opset", "999"], 2, ("999",)),
]


def test_exit_codes_are_in_the_help(edgec_command) -> None:
    text = " ".join(edgec_command("--help").output.split())
    assert "Exit codes: 0 done; 1 no" in text and "3 a fault of edgec" in text


@pytest.fixture
def files(edge_file: Path, onnx_file: Path, tmp_path: Path) -> dict[str, Path]:
    whole = edge_file.read_bytes()
    made = {"text": "text.onnx", "empty": "empty.edge", "cut": "cut.edge"}
    paths = {key: tmp_path / name for key, name in made.items()}
    paths["text"].write_text("this is no model")
    paths["empty"].touch()
    paths["cut"].write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bad.png").write_text("this is no picture")
    (tmp_path / "damaged.npy").write_bytes(b"\x93NUMPY\x01\x00")
    for name, array in {
        "i32": np.zeros((1, 3, 8, 8), np.int32),
        "rank": np.zeros((2, 3), np.float32),
        "channels": np.zeros((1, 4, 8, 8), np.float32),
        "objects": np.array([None, 1], object),
    }.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
    return {**paths, "edge": edge_file, "onnx": onnx_file, "folder": tmp_path}


@pytest.mark.parametrize(
    ("arguments", "code", "says"), CASES, ids=lambda a: " ".join(a) if isinstance(a, list) else ""
)
def test_bad_input(
    edgec_command, files: dict[str, Path], arguments: list[str], code: int, says: tuple[str, ...]
) -> None:
    result = edgec_command(*(a.format(**files) for a in arguments))
    assert result.exit_code == code, result.output
    for part in says:
        assert part.format(**files) in result.output, result.output
