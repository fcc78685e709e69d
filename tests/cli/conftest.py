"""Files of a small model, and a way to call the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from cli_support import small_model
from typer.testing import CliRunner, Result

Invoke = Callable[..., Result]


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.onnx"
    onnx.save(small_model(), str(path))
    return path


@pytest.fixture
def edge_file(onnx_file: Path) -> Path:
    import edgec

    path = onnx_file.with_suffix(".edge")
    edgec.export(str(onnx_file), str(path), embed_reference=1)
    return path


@pytest.fixture
def edgec_command(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """edgec_command(*arguments): the result, with exit_code, stdout and stderr; lines are not wrapped."""
    from edgec.cli import common
    from edgec.cli.main import app

    for console in (common.out, common.err):
        monkeypatch.setattr(console, "_width", 400)

    def invoke(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return invoke
