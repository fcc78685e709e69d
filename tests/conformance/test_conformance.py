"""ONNX's backend tests per backend against its gap file, which is strict in both directions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from suite import ENGINES, cases, read_gaps, run_tests

PARTS = 8  # of all tests, to be spread over processes
OPENCL_SAMPLE = 150


def check(engines: Sequence[str], names: Sequence[str]) -> None:
    results = run_tests(engines, names)
    news, closed = [], []
    for engine, found in results.items():
        gaps = read_gaps(engine)
        news += [f"{engine} {n}: {r}" for n, r in found.items() if r is not None and n not in gaps]
        closed += [f"{engine} {n}" for n, r in found.items() if r is None and n in gaps]
    assert not news, f"{len(news)} tests fail and are not in the gap file:\n" + "\n".join(news)
    assert not closed, f"{len(closed)} listed tests pass, take them out:\n" + "\n".join(closed)


@pytest.mark.parametrize("part", range(PARTS))
def test_cpu_and_interpreter(part: int) -> None:
    check(("INTERPRETER", "CPU"), sorted(cases())[part::PARTS])


@pytest.mark.opencl
def test_opencl_sample() -> None:
    names = sorted(cases())
    check(("OPENCL",), [names[i * len(names) // OPENCL_SAMPLE] for i in range(OPENCL_SAMPLE)])


@pytest.mark.long
@pytest.mark.opencl
@pytest.mark.parametrize("part", range(PARTS))
def test_opencl(part: int) -> None:
    check(("OPENCL",), sorted(cases())[part::PARTS])


@pytest.mark.parametrize("engine", ENGINES)
def test_gap_file_names_existing_tests_with_reasons(engine: str) -> None:
    gaps = read_gaps(engine)
    assert not sorted(set(gaps) - set(cases()))
    assert all(gaps.values())
