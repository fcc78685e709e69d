"""What ruff, mypy --strict and clang-format say, and weak symbols in the inner loops' objects."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("EDGERT_BUILD", ROOT / "build"))


def check(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def need_module(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")


def test_ruff() -> None:
    need_module("ruff")
    check(sys.executable, "-m", "ruff", "check", ".")


def test_mypy() -> None:
    need_module("mypy")
    check(sys.executable, "-m", "mypy")


def test_clang_format() -> None:
    tool = Path(sys.executable).parent / "clang-format"
    if not tool.exists():
        pytest.skip("clang-format is not installed")
    listed = subprocess.run(
        ["git", "ls-files", "*.h", "*.cc", "*.c"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode or not listed.stdout:
        pytest.skip("not a git checkout")
    check(str(tool), "--dry-run", "--Werror", *listed.stdout.split())


def test_inner_loops_leave_no_weak_symbols() -> None:
    """A weak symbol compiled for AVX-512 could be the one copy that the whole library uses."""
    objects = sorted(BUILD.glob("CMakeFiles/edgert_micro_*.dir/**/*.o"))
    if not objects or shutil.which("nm") is None:
        pytest.skip("no objects: the library is not built here")
    for path in objects:
        out = subprocess.run(["nm", "-C", path], capture_output=True, text=True, check=True).stdout
        weak = [line for line in out.splitlines() if line[17:18] in "WVu" and line[17:18].strip()]
        assert not weak, f"{path.name}: {weak}"
