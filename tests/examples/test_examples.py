"""The examples compile without warnings and do what they say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def library() -> Path:
    """The runtime's shared library under the name that -ledgert finds."""
    from edgert.library import library_path

    path = Path(library_path())
    if not path.exists():
        pytest.skip("the library is not built")
    return path


def compile_c(library: Path, output: Path, *arguments: str) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here")
    folder = str(library.parent)
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'runtime' / 'include'}"]
    links = [f"-L{folder}", f"-Wl,-rpath,{folder}", "-ledgert", "-lm"]
    command = [compiler, *flags, *arguments, *links, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def small_model() -> Any:
    """y = x * 2 for x [batch, 3], an ONNX model."""
    onnx = pytest.importorskip("onnx")
    two = onnx.numpy_helper.from_array(np.array(2, np.float32), "two")
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["batch", 3]) for n in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Mul", ["x", "two"], ["y"])], "g", [x], [y], [two])
    opsets = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)


def small_file(path: Path) -> Path:
    """The .edge file of small_model."""
    import edgec

    edgec.export(small_model(), str(path))
    return path


def test_hello(library: Path, tmp_path: Path) -> None:
    compile_c(library, tmp_path / "hello", str(EXAMPLES / "hello.c"))
    assert run(tmp_path / "hello", small_file(tmp_path / "m.edge")) == "y: 2 2 2 (3 elements)\n"


def test_hello_says_what_is_wrong(library: Path, tmp_path: Path) -> None:
    compile_c(library, tmp_path / "hello", str(EXAMPLES / "hello.c"))
    (tmp_path / "bad.edge").write_bytes(b"no model")
    done = subprocess.run([tmp_path / "hello", tmp_path / "bad.edge"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("hello: ") and len(done.stderr) > 20


def test_custom_operator(library: Path, tmp_path: Path) -> None:
    kernel, folder = tmp_path / "libsnake.so", EXAMPLES / "custom_op"
    compile_c(library, kernel, "-fPIC", "-shared", str(folder / "snake_kernel.c"))
    assert "acme.snake" in run(sys.executable, folder / "snake.py", kernel)


def test_recording_and_pictures_can_be_made() -> None:
    pytest.importorskip("PIL")
    code = (
        "import read_text, find_speech, pathlib;"
        "assert len(read_text.make_pictures()) == 3;"
        f"x = find_speech.load_recording(pathlib.Path({str(EXAMPLES / 'demo' / 'recording.wav')!r}));"
        "assert 100_000 < len(x) < 130_000 and abs(x).max() <= 1"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES / "demo", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_demo_compares_and_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(sys, "path", [str(EXAMPLES / "demo"), *sys.path])
    import demo

    monkeypatch.setattr(demo, "SECONDS", 0.05)
    source, path = tmp_path / "m.onnx", small_file(tmp_path / "m.edge")
    source.write_bytes(small_model().SerializeToString())
    inputs = {"x": np.ones((2, 3), np.float32)}
    able = demo.compare(source, path, inputs)
    assert "cpu" in able
    table = demo.times(able, source, path, inputs)
    assert list(table.columns[0].cells) == [*able, "onnxruntime"]
