"""All passes on random graphs: results, source names and types stay."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

pytest.importorskip("onnxruntime")
from grower import random_case
from support import check, count

from edgec.frontends.onnx import import_model
from edgec.ir.graph import Graph
from edgec.pipeline import PASSES, PASSES_KEEPING_ALL


def grown(seed: int) -> tuple[Graph, dict[str, Any]]:
    """A graph as the frontend writes it, and arrays for its inputs."""
    case = random_case(Random(seed))
    if case is None:
        pytest.skip("nothing fitted")
    return import_model(case.model).main, dict(case.feeds)


@pytest.mark.parametrize("seed", range(60))
def test_every_pass_keeps_the_meaning(seed: int) -> None:
    graph, inputs = grown(seed)
    check(graph, *PASSES, inputs=inputs)


@pytest.mark.parametrize("seed", range(60, 90))
def test_keeping_all_keeps_the_meaning_too(seed: int) -> None:
    graph, inputs = grown(seed)
    check(graph, *PASSES_KEEPING_ALL, inputs=inputs)


@pytest.mark.parametrize("seed", range(90, 110))
def test_a_second_run_finds_little(seed: int) -> None:
    graph, inputs = grown(seed)
    once = check(graph, *PASSES, inputs=inputs)
    twice = check(once, *PASSES, inputs=inputs)
    assert len(twice.nodes) <= len(once.nodes)
    assert count(twice, "transpose") <= count(once, "transpose")
