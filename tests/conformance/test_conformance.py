"""ONNX's node tests per backend against its gap file, which is strict in both directions."""

from __future__ import annotations

import pytest
from node_tests import ENGINES, cases, read_gaps, run_tests

SAMPLE_STEP = 40


def engines() -> list[object]:
    return [pytest.param(e, marks=pytest.mark.opencl) if e == "OPENCL" else e for e in ENGINES]


def check(engine: str, names: list[str]) -> None:
    gaps = read_gaps(engine)
    results = run_tests(engine, names)
    news = [f"{n}: {r}" for n, r in results.items() if r is not None and n not in gaps]
    closed = [n for n, r in results.items() if r is None and n in gaps]
    assert not news, f"{len(news)} tests fail and are not in the gap file:\n" + "\n".join(news)
    assert not closed, f"{len(closed)} listed tests pass, take them out:\n" + "\n".join(closed)


@pytest.mark.parametrize("engine", engines())
def test_fixed_sample(engine: str) -> None:
    check(engine, sorted(cases())[::SAMPLE_STEP])


@pytest.mark.long
@pytest.mark.parametrize("engine", engines())
def test_every_node_test(engine: str) -> None:
    check(engine, sorted(cases()))


@pytest.mark.parametrize("engine", ENGINES)
def test_gap_file_names_existing_tests(engine: str) -> None:
    unknown = sorted(set(read_gaps(engine)) - set(cases()))
    assert not unknown
