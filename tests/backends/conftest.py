"""Makes harness.py importable, and gives every kernel test its devices."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `cpu` runs once for every ISA tier here, and once with two threads."""
    if "cpu" in metafunc.fixturenames:
        from harness import cpu_devices

        metafunc.parametrize("cpu", cpu_devices(), ids=str)
