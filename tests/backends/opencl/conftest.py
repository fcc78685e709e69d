"""Makes cases.py importable, and gives every test that asks for `opencl` each OpenCL device here."""

import sys
from pathlib import Path

import pytest

import edgert

sys.path.insert(0, str(Path(__file__).parent))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "opencl" not in metafunc.fixturenames:
        return
    from harness import Device

    names = [d["device"] for d in edgert.devices() if d["device"].startswith("opencl")]
    skipped = [pytest.param(None, marks=pytest.mark.skip(reason="no OpenCL device here"))]
    metafunc.parametrize("opencl", [Device(n) for n in names] or skipped, ids=str)
