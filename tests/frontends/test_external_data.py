"""Tensors in other files: several files, offsets, mapped and read; models of more than 2 GiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_models import info, model_of, node

import edgert
from edgec.frontends.onnx import ExportError, external, import_model
from edgec.interpreter import interpret
from edgec.pipeline import export

SIZE = 8192
WEIGHTS = 9


def outside(model: onnx.ModelProto, name: str, dims: list[int], **entries: object) -> None:
    """Adds an f32 initialiser whose data lie in another file."""
    tensor = model.graph.initializer.add()
    tensor.name, tensor.data_type, tensor.data_location = name, TensorProto.FLOAT, TensorProto.EXTERNAL
    tensor.dims.extend(dims)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))


def two_weights(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """y = x * a + b with a and b behind each other in two files, and c, which is small, in the first."""
    a, b = np.random.default_rng(0).standard_normal((2, 600, 600)).astype(np.float32)
    (folder / "part").mkdir(exist_ok=True)
    (folder / "first.bin").write_bytes(bytes(64) + a.tobytes() + np.float32([2]).tobytes())
    (folder / "part" / "second.bin").write_bytes(b.tobytes())
    nodes = [node("Mul", ["x", "a"], ["p"]), node("Add", ["p", "b"], ["q"]), node("Mul", ["q", "c"], ["y"])]
    model = model_of(nodes, [info("x", ["n", 600])], ["y"])
    outside(model, "a", [600, 600], location="first.bin", offset=64, length=a.nbytes)
    outside(model, "b", [600, 600], location="part/second.bin")
    outside(model, "c", [1], location="first.bin", offset=64 + a.nbytes, length=4)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx", a, b


def test_several_files_with_offsets(tmp_path: Path) -> None:
    path, a, b = two_weights(tmp_path)
    x = np.ones((600, 600), np.float32)
    found = interpret(import_model(path), {"x": x})["y"]
    np.testing.assert_allclose(found, (a + b) * 2, rtol=1e-6)


def test_references_of_a_model_with_data_elsewhere(tmp_path: Path) -> None:
    path, _, _ = two_weights(tmp_path)
    export(path, tmp_path / "model.edge", embed_reference=1, shapes={"x": (600, 600)})
    assert all(c.passed for c in edgert.load(tmp_path / "model.edge").check())


BAD = {
    "too short": ({"offset": 128, "location": "first.bin"}, "bytes for it, its sizes take 1440000"),
    "of another length": ({"length": 99, "location": "first.bin"}, "has 99 bytes for it"),
    "outside": ({"location": "../first.bin"}, "'../first.bin' is not a file in the model's folder"),
    "absolute": ({"location": "/etc/passwd"}, "'/etc/passwd' is not a file in the model's folder"),
    "missing": ({"location": "third.bin"}, "third.bin"),
    "a folder": ({"location": "part"}, "'part' is no plain file"),
    "through a link": ({"location": "link/second.bin"}, "'link/second.bin' goes through a link"),
    "a negative offset": ({"location": "first.bin", "offset": -4}, "-4"),
}


@pytest.mark.parametrize(("entries", "says"), BAD.values(), ids=BAD)
def test_data_that_are_not_there(tmp_path: Path, entries: dict[str, object], says: str) -> None:
    """Each is refused by the tensor's name before anything is mapped."""
    (tmp_path / "first.bin").write_bytes(bytes(1440064))
    inner = tmp_path / "inner"
    inner.mkdir()
    path, _, _ = two_weights(inner)
    (inner / "first.bin").write_bytes(bytes(1440000 + 64))
    (inner / "link").symlink_to(inner / "part")
    model = onnx.load(str(path), load_external_data=False)
    del model.graph.initializer[0].external_data[:]
    for key, value in entries.items():
        model.graph.initializer[0].external_data.add(key=key, value=str(value))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="initializer 'a'") as caught:
        import_model(path)
    assert says in str(caught.value)


def test_a_model_cannot_claim_that_its_data_were_checked(tmp_path: Path) -> None:
    """What marks a mapped tensor is known to this process alone."""
    path, _, _ = two_weights(tmp_path)
    model = onnx.load(str(path), load_external_data=False)
    model.graph.initializer[0].external_data.add(key="edgec", value="1")
    assert external.is_external(model.graph.initializer[0])
    with pytest.raises(ExportError, match="without its external data"):
        import_model(model)


EXPORT_IN_LITTLE_MEMORY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (3 << 29, 3 << 29))
import edgec
edgec.export(sys.argv[1], sys.argv[2])
"""


@pytest.mark.long
def test_a_model_of_more_than_two_gigabytes(tmp_path: Path) -> None:
    """2.25 GiB of weights are exported in 1.5 GiB of memory, loaded and run."""
    nodes, names = [], [f"w{i}" for i in range(WEIGHTS)]
    nodes += [node("MatMul", ["x", name], [f"y{i}"]) for i, name in enumerate(names)]
    nodes += [node("Sum", [f"y{i}" for i in range(WEIGHTS)], ["y"])]
    model = model_of(nodes, [info("x", ["n", SIZE])], ["y"])
    expected = np.zeros((2, SIZE), np.float32)
    x = np.random.default_rng(0).standard_normal((2, SIZE)).astype(np.float32)
    with (tmp_path / "model.data").open("wb") as file:
        file.truncate(4 * SIZE * SIZE * WEIGHTS)  # a sparse file: only what is written takes room
        for i, name in enumerate(names):
            start = 4 * SIZE * SIZE * i
            outside(model, name, [SIZE, SIZE], location="model.data", offset=start, length=4 * SIZE * SIZE)
            for row, column in ((i, 3 * i), (SIZE - 1 - i, SIZE - 1)):
                file.seek(start + 4 * (row * SIZE + column))
                file.write(np.float32(i + 1).tobytes())
                expected[:, column] += (i + 1) * x[:, row]
    source, path = tmp_path / "model.onnx", tmp_path / "model.edge"
    source.write_bytes(model.SerializeToString())
    subprocess.run([sys.executable, "-c", EXPORT_IN_LITTLE_MEMORY, str(source), str(path)], check=True)
    try:
        assert path.stat().st_size > 2 << 30
        np.testing.assert_allclose(edgert.load(path).run({"x": x})["y"], expected, rtol=1e-5, atol=1e-5)
    finally:
        path.unlink()
