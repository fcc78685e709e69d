"""The inner loops for 64-bit ARM fill the multipliers, as llvm-mca reckons it (tools/mca.py)."""

from __future__ import annotations

from pathlib import Path

import mca
import pytest
from cross_build import configure

pytestmark = pytest.mark.arm

LEAST = 0.9
CORES = [core for core in mca.CORES if core.name in ("cortex-a72", "cortex-a76")]


@pytest.fixture(scope="module")
def folder() -> Path:
    if not mca.mca_program():
        pytest.skip(mca.HINT)
    return configure("aarch64")


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
@pytest.mark.parametrize(("family", "loops"), [("gemm", 1), ("depthwise", 1), ("dot", 2)])
def test_the_largest_loops_keep_the_multipliers_busy(
    folder: Path, family: str, loops: int, core: mca.Core
) -> None:
    """Of as many multiplies, so many loops: products of bytes have one for u8 and one for i8."""
    found = mca.family_loops(family, folder)
    largest = [loop for loop in found if loop.multiplies == found[0].multiplies]
    assert sorted(mca.fraction(core, loop) for loop in largest)[-loops] >= LEAST


def test_a_loop_that_waits_for_itself_is_seen() -> None:
    if not mca.mca_program():
        pytest.skip(mca.HINT)
    text = "f:\n.L1:\n\tldr\tq1, [x0], 16\n\tfmla\tv0.4s, v1.4s, v2.4s\n\tcmp\tx0, x1\n\tbne\t.L1\n\tret\n"
    (loop,) = mca.loops(text)
    assert loop.multiplies == 1
    assert all(mca.fraction(core, loop) < 0.5 for core in CORES)
