"""What all tests share: the source roots on the path, the networks, and which devices there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = [str(ROOT / "exporter"), str(ROOT / "runtime" / "python"), str(ROOT / "tools")]

sys.path[:0] = [path for path in SOURCE_ROOTS if path not in sys.path]
os.environ["PYTHONPATH"] = os.pathsep.join(
    [*SOURCE_ROOTS, *filter(None, [os.environ.get("PYTHONPATH")])]
)

from fetch_networks import is_present, manifest, network_path  # noqa: E402


@lru_cache(maxsize=1)
def has_opencl() -> bool:
    """Whether edgert sees an OpenCL device here."""
    import edgert

    return any(device["device"].startswith("opencl") for device in edgert.devices())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("opencl") and not has_opencl():
            item.add_marker(pytest.mark.skip(reason="no OpenCL device here"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def network() -> Callable[[str], Path]:
    """The path of a pretrained network by its name in the manifest; skips if it is not fetched."""
    entries = {entry["name"]: entry for entry in manifest()}

    def find(name: str) -> Path:
        if not is_present(entries[name]):
            pytest.skip(f"{name} is not here; make networks fetches it")
        return network_path(entries[name])

    return find
