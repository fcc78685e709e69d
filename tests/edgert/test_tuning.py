"""Tuning files: what is taken from them, and that nothing in one can do harm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import pytest

import edgert

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.edge"
    path.write_bytes(graphs.file_of(graphs.affine()))
    return path


def facts_with(model: Path, **options: Any) -> dict[str, Any]:
    """What the session says of itself, which must compute what it should."""
    session = edgert.load(model, threads=1, **options)
    expected = (X * np.array([1, 10, 100], np.float32)).T + 1
    np.testing.assert_array_equal(session.run(X)["y"], expected)
    return session.describe()


def text_of(model: Path, *lines: str, threads: int = 1) -> bytes:
    isa = facts_with(model, tuning="")["isa"]
    return "\n".join(["edgert tuning 1", f"isa {isa}", f"threads {threads}", *lines, ""]).encode()


def test_the_one_beside_the_model_is_used(model: Path, tmp_path: Path) -> None:
    assert facts_with(model)["tuning"] == "none"
    beside = tmp_path / "model.edge.tuning"
    beside.write_bytes(text_of(model, "cache 12345", "node quickest of all names may hold blanks"))
    used = facts_with(model)
    assert used["tuning"] == "used" and used["cache_bytes"] == 12345
    without = facts_with(model, tuning="")
    assert without["tuning"] == "none" and without["cache_bytes"] != 12345
    other = tmp_path / "other"
    other.write_bytes(text_of(model, "cache 0"))
    assert facts_with(model, tuning=other)["cache_bytes"] == 0


def test_models_in_memory_take_the_one_named(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(text_of(model, "cache 777"))
    data = model.read_bytes()
    assert edgert.load(data, threads=1).describe()["tuning"] == "none"
    session = edgert.load(data, threads=1, tuning=other)
    assert session.describe()["cache_bytes"] == 777
    assert session.clone().describe()["tuning"] == "used"


BAD = {
    "empty": (b"", "cannot be read"),
    "another first line": (b"edgert tuning 2\nisa x\n", "line 1"),
    "bytes": (bytes(range(256)) * 8, "line 1"),
    "no isa": (b"edgert tuning 1\nthreads 1\n", "not for"),
    "another isa": (b"edgert tuning 1\nisa \xff\xfe\nthreads 1\n", "not for"),
    "unknown word": (b"edgert tuning 1\n\nshape 3\n", "line 3"),
    "no way": (b"edgert tuning 1\nnode\n", "line 2"),
    "cache below 0": (b"edgert tuning 1\ncache -1\n", "line 2"),
    "cache of 65 bits": (b"edgert tuning 1\ncache 18446744073709551616\n", "line 2"),
    "no number": (b"edgert tuning 1\nthreads 1x\n", "line 2"),
    "many threads": (b"edgert tuning 1\nthreads 4294967297\n", "line 2"),
    "5 MB": (b"edgert tuning 1\n" + b"node a b\n" * 600_000, "bytes"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_ones_are_left_alone(model: Path, tmp_path: Path, case: str) -> None:
    content, reason = BAD[case]
    (tmp_path / "model.edge.tuning").write_bytes(content)
    assert reason in facts_with(model)["tuning"]


def test_threads_must_match(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.edge.tuning").write_bytes(text_of(model, "cache 5", threads=2))
    found = facts_with(model)
    assert "2 threads" in found["tuning"] and found["cache_bytes"] != 5


def test_what_is_no_file_is_left_alone(model: Path, tmp_path: Path) -> None:
    beside = tmp_path / "model.edge.tuning"
    beside.mkdir()
    assert "cannot be read" in facts_with(model)["tuning"]
    beside.rmdir()
    os.mkfifo(beside)
    assert "cannot be read" in facts_with(model)["tuning"]
    assert "cannot be read" in facts_with(model, tuning=tmp_path / "missing")["tuning"]


def test_damaged_ones(model: Path, tmp_path: Path) -> None:
    whole = text_of(model, "cache 4096", "node direct scale", "node winograd first")
    random = np.random.default_rng(0)
    beside = tmp_path / "model.edge.tuning"
    for _ in range(200):
        damaged = np.frombuffer(whole, np.uint8)[: random.integers(1, len(whole) + 1)].copy()
        damaged[random.integers(len(damaged), size=3)] = random.integers(256, size=3)
        beside.write_bytes(damaged.tobytes())
        facts_with(model)


@pytest.mark.parametrize(
    ("stored", "given", "budget"),
    [("5000", None, 5000), ("5000", 70, 70), ("x", None, 0), ("-1", None, 0), ("9" * 30, None, 0)],
)
def test_budget_in_the_file(stored: str, given: int | None, budget: int) -> None:
    model = graphs.affine()
    model.metadata["memory_budget"] = stored
    session = edgert.load(graphs.file_of(model), memory_budget=given)
    assert session.describe()["memory_budget"] == budget
