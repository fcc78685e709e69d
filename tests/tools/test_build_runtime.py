"""tools/build_runtime.py: a library with the operators, types and instructions of some files."""

import os
import subprocess
import sys
from pathlib import Path

import graphs
import pytest

from edgec.ir.graph import Graph, Model
from edgec.ir.types import DType
from edgert.library import library_path

ROOT = Path(__file__).resolve().parents[2]
LOAD = "import sys, edgert; edgert.load(sys.argv[1])"


def tool(*arguments: object) -> str:
    command = [sys.executable, ROOT / "tools" / "build_runtime.py", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def load(library: Path, model: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EDGERT_LIBRARY": str(library)}
    command = [sys.executable, "-c", LOAD, str(model)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Of map; of map and transpose."""
    paths = [tmp_path / "one.edge", tmp_path / "two.edge"]
    for path, model in zip(paths, (graphs.two_inputs(), graphs.affine())):
        path.write_bytes(graphs.file_of(model))
    return paths


def test_operators_of_files(files: list[Path]) -> None:
    assert tool(files[0], "--print").split() == ["map", "f32", "add", "const", "mul"]
    assert tool(*files, "--print").split() == ["map", "transpose", "f32", "add", "const", "mul"]


@pytest.mark.long
def test_library_has_what_its_files_need(files: list[Path], tmp_path: Path) -> None:
    library = tmp_path / "libedgert.so"
    tool(files[0], "-o", library)
    assert load(library, files[0]).returncode == 0
    refused = load(library, files[1])
    assert "transpose 'turn': the operator was left out of this build" in refused.stderr
    integers = tmp_path / "integers.edge"
    integers.write_bytes(graphs.file_of(graphs.data_shape()))
    refused = load(library, integers)
    assert "map 'double': elements of type i64 were left out of this build" in refused.stderr
    x, y = graphs.value("x", 3), graphs.value("y", 3)
    curve = graphs.node(graphs.map_op(DType.F32, 1, lambda b: b("exp", 0)), [x], y, "curve")
    exponential = tmp_path / "exponential.edge"
    exponential.write_bytes(graphs.file_of(Model({"main": Graph("main", [x], [y], [curve])})))
    refused = load(library, exponential)
    assert "map 'curve': instructions of code 11 were left out of this build" in refused.stderr
    assert library.stat().st_size < Path(library_path()).stat().st_size / 2
