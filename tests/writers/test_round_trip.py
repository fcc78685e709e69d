"""ONNX's own tests and real networks, to an .edge file and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from fetch_networks import manifest
from network_cases import network_inputs
from round_trip import NOT_EXPORTED, read_gaps, run, run_onnxruntime
from suite import cases
from writer_support import operators

from edgec import export, to_onnx
from edgec.format.write import write_model
from edgec.validate.measure import difference

PARTS = 8
SAMPLE = 40
ENTRIES = {entry["name"]: entry for entry in manifest()}
TOLERANCE = 1e-4


def check(names: list[str]) -> None:
    found, gaps = run(names), read_gaps()
    failed = {n: r for n, r in found.items() if r not in (None, NOT_EXPORTED)}
    news = [f"{n}: {r}" for n, r in failed.items() if n not in gaps]
    closed = [n for n in gaps if n in found and found[n] is None]
    assert not news, f"{len(news)} tests do not come back and are not in the gap file:\n" + "\n".join(news)
    assert not closed, f"{len(closed)} listed tests come back, take them out:\n" + "\n".join(closed)


def test_sample() -> None:
    names = sorted(cases())
    check([names[i * len(names) // SAMPLE] for i in range(SAMPLE)])


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_all(part: int) -> None:
    check(sorted(cases())[part::PARTS])


def test_gap_file_names_existing_tests_with_reasons() -> None:
    gaps = read_gaps()
    assert not sorted(set(gaps) - set(cases()))
    assert all(gaps.values())


@pytest.mark.networks
@pytest.mark.parametrize("name", ENTRIES)
def test_network(network: Callable[[str], Path], name: str) -> None:
    path, entry = network(name), ENTRIES[name]
    source = onnx.load(str(path))
    back = to_onnx(write_model(export(str(path)).model))
    onnx.checker.check_model(back, full_check=True)
    before = operators(source)  # a short-time Fourier transform is a convolution, channels first in ONNX
    assert operators(back).count("Transpose") <= before.count("Transpose") + before.count("STFT")
    for case in range(len(entry["cases"])):
        inputs = network_inputs(entry, case)
        feeds = [inputs[i.name] for i in source.graph.input if i.name in inputs]
        for found, expected in zip(run_onnxruntime(back, feeds), run_onnxruntime(source, feeds)):
            assert difference("output", found, np.asarray(expected)).agrees(TOLERANCE)
