"""`edgec profile` and what it reckons with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import parsed
from typer.testing import Result

import edgert
from edgec.validate.cost import operations, traffic

F = "f32"


@pytest.mark.parametrize(
    ("op", "operands", "result", "expected"),
    [
        ("matmul", [(F, (3, 5)), (F, (5, 7))], (3, 7), 2 * 3 * 5 * 7),
        ("conv", [(F, (1, 8, 8, 4)), (F, (6, 3, 3, 4))], (1, 8, 8, 6), 2 * 64 * 6 * 9 * 4),
        ("conv", [(F, (1, 8, 8, 4)), (F, (4, 3, 3, 1))], (1, 8, 8, 4), 2 * 64 * 4 * 9),
        ("conv_transpose", [(F, (1, 4, 4, 8)), (F, (6, 2, 2, 8))], (1, 8, 8, 6), 2 * 16 * 8 * 4 * 6),
        ("rnn", [(F, (10, 2, 3)), (F, (1, 20, 3)), (F, (1, 20, 5))], (10, 1, 2, 5), 2 * 10 * 2 * 20 * 8),
        ("map", [(F, (4, 1)), (F, (3,))], (4, 3), 12),
        ("reduce", [(F, (4, 3))], (4, 1), 12),
    ],
)
def test_operations(op: str, operands: Any, result: tuple[int, ...], expected: int) -> None:
    assert operations(op, operands, [(F, result)]) == expected


def test_traffic_counts_each_tensor_once() -> None:
    assert traffic([(F, (2, 3)), None, ("i8", (5,))], [("f64", (1,))]) == 24 + 5 + 8


def test_nodes_are_timed(edge_file: Path) -> None:
    session = edgert.load(str(edge_file))
    times = session.profile({"x": np.ones((2, 3, 8, 9), np.float32)}, runs=3)
    assert times and all(t.calls == 3 and 0 < t.least * 3 <= t.seconds for t in times)
    assert [t.name for t in times] == [p.name for p in session.placement()]
    assert times[-1].results[0] is not None
    assert "calls" not in session.describe()["nodes"][0]


def test_command_writes_what_it_is_asked_for(
    edgec_command: Callable[..., Result], edge_file: Path, tmp_path: Path
) -> None:
    trace, html = tmp_path / "trace.json", tmp_path / "page.html"
    arguments = ["profile", edge_file, "--shape", "x=1,3,8,8", "--runs", "2"]
    found = parsed(edgec_command(*arguments, "--json", "--trace", trace, "--html", html))
    assert found["gflops_limit"] > 0 and found["gigabytes_limit"] > 0
    for row in found["nodes"]:
        assert row["ms"] > 0 and row["gflops"] > 0 and row["bytes"] > 0
    events = json.loads(trace.read_text())["traceEvents"]
    assert [e["name"] for e in events] == [row["name"] for row in found["nodes"]]
    assert all(row["name"] in html.read_text() for row in found["nodes"])
    table = edgec_command(*arguments)
    assert table.exit_code == 0 and "GFLOP/s" in table.stdout
