"""All passes on random graphs: results, source names and types stay."""

from __future__ import annotations

import pytest
from random_graphs import random_graph
from support import check, count

from edgec.pipeline import PASSES, PASSES_KEEPING_ALL


@pytest.mark.parametrize("seed", range(40))
def test_every_pass_keeps_the_meaning(seed: int) -> None:
    graph = random_graph(seed, symbolic=bool(seed % 2))
    if graph is not None:
        check(graph, *PASSES, symbols={"n": 2})


@pytest.mark.parametrize("seed", range(40, 60))
def test_keeping_all_keeps_the_meaning_too(seed: int) -> None:
    graph = random_graph(seed, symbolic=bool(seed % 2))
    if graph is not None:
        check(graph, *PASSES_KEEPING_ALL, symbols={"n": 2})


@pytest.mark.parametrize("seed", range(60, 70))
def test_a_second_run_finds_little(seed: int) -> None:
    graph = random_graph(seed)
    if graph is not None:
        once = check(graph, *PASSES)
        twice = check(once, *PASSES)
        assert len(twice.nodes) <= len(once.nodes)
        assert count(twice, "transpose") <= count(once, "transpose")
