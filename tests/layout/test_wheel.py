"""The wheel, installed into an empty environment with NumPy alone, runs a model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.long

CODE = """
import sys, time
start = time.perf_counter()
import edgert
print("import_ms", 1e3 * (time.perf_counter() - start))
import numpy as np
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"edgec", "onnx", "flatbuffers", "typer"}, loaded
session = edgert.load(sys.argv[1])
found = session.run({"x": np.ones((2, 3), np.float32)})["y"]
assert np.array_equal(found, np.full((2, 3), 2, np.float32)), found
"""


def run(*command: object, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "EDGERT_LIBRARY")}
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, env={**kept, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def model_file(path: Path) -> Path:
    import edgec

    onnx = pytest.importorskip("onnx")
    two = onnx.numpy_helper.from_array(np.array(2, np.float32), "two")
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["batch", 3]) for n in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Mul", ["x", "two"], ["y"])], "g", [x], [y], [two])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    edgec.export(model, str(path), embed_reference=1)
    return path


def built_wheel(folder: Path) -> Path:
    """$EDGEC_WHEEL, or a wheel built now."""
    if "EDGEC_WHEEL" in os.environ:
        return Path(os.environ["EDGEC_WHEEL"]).resolve()
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    wheel = built_wheel(tmp_path)
    assert "-py3-none-" in wheel.name and "any" not in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(info.filename).name: info.file_size for info in archive.infolist()}
    print(f"wheel {wheel.stat().st_size / 1e6:.2f} MB, library {names['libedgert.so'] / 1e6:.2f} MB")

    environment = tmp_path / "empty"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel)
    installed = run(python, "-m", "pip", "list", "--format=freeze").split()
    assert {line.partition("==")[0] for line in installed} <= {"edgec", "numpy", "pip", "setuptools"}
    path = model_file(tmp_path / "m.edge")
    print(run(python, "-c", CODE, path))
    assert "error" in run(python, "-m", "edgert", "check", path)
    assert "cpu" in run(python, "-m", "edgert", "devices")
    refused = subprocess.run([environment / "bin" / "edgec", "devices"], capture_output=True, text=True)
    assert refused.returncode == 2 and "edgec[export]" in refused.stderr
    shutil.rmtree(environment)
