"""What `edgec to-onnx` writes, prints and refuses."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

pytest.importorskip("typer")
from cli_support import parsed


def test_writes_beside_the_file(edgec_command, edge_file: Path) -> None:
    found = parsed(edgec_command("to-onnx", edge_file, "--opset", 17, "--json"))
    path = edge_file.with_suffix(".onnx")
    assert found["path"] == str(path) and found["bytes"] == path.stat().st_size
    assert (found["opset"], found["nodes"], found["transposes"]) == (17, 2, 0)
    assert found["operators"] == {"Conv": 1, "Relu": 1}
    onnx.checker.check_model(str(path), full_check=True)


def test_says_what_it_wrote(edgec_command, edge_file: Path, tmp_path: Path) -> None:
    result = edgec_command("to-onnx", edge_file, "-o", tmp_path / "back.onnx")
    assert result.exit_code == 0
    assert "back.onnx" in result.output and "2 nodes, 0 of them transposes" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--opset", "12"], "opset 12 cannot be written, expected 13 to 26"),
        (["-o", "no/such/folder/x.onnx"], "expected the name of a file in a folder that is there"),
        (["--entry", "other"], "entry 'other' is not one of main"),
    ],
)
def test_refuses(edgec_command, edge_file: Path, options: list[str], message: str) -> None:
    result = edgec_command("to-onnx", edge_file, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_file_that_is_none(edgec_command, onnx_file: Path) -> None:
    result = edgec_command("to-onnx", onnx_file, "-o", onnx_file.with_name("back.onnx"))
    assert result.exit_code == 2 and "not an .edge file" in result.output
