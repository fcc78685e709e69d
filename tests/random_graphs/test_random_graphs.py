"""Random graphs: every engine of edgec computes what ONNX Runtime does.

`make test` runs a few hundred, the same ones each time; `make test-random` thousands of new ones. A graph
that fails is made small and printed.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnxruntime")
from engines import check
from grower import NEWEST, random_case

OPSETS = [(7, 10), (11, 12), (13, 16), (17, NEWEST)]
COUNT = int(os.environ.get("EDGEC_RANDOM_GRAPHS", "0"))  # per range of opsets; 0: those of `make test`
QUICK = settings(
    max_examples=COUNT or 75,
    derandomize=not COUNT,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("opsets", OPSETS, ids=lambda o: f"opsets {o[0]} to {o[1]}")
def test_every_engine_agrees(opsets: tuple[int, int]) -> None:
    @QUICK
    @given(st.randoms(use_true_random=False))
    def agrees(random: Random) -> None:
        case = random_case(random, *opsets)
        if case is not None:
            check(case)

    agrees()
