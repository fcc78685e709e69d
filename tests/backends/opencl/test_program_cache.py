"""Compiled programs on disk: written once, read back, and ignored where they are damaged."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from harness import Device, one_node

from edgec.format.write import write_model
from edgec.ops.softmax import Softmax

RUN = """
import sys, numpy as np, edgert
session = edgert.load(sys.argv[1], device=sys.argv[2])
y = session.run([np.arange(40, dtype=np.float32).reshape(4, 10)])
assert abs(sum(a.sum() for a in y.values()) - 4) < 1e-5
"""


def entries(folder: Path) -> dict[str, tuple[int, int]]:
    """Name to (modification time, size) of every file of the cache."""
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*") if p.is_file()}


def run_in_new_process(model: Path, device: Device, folder: Path) -> None:
    environment = os.environ | {"EDGERT_CACHE_DIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", RUN, str(model), device.name], env=environment, check=True)


def test_programs_are_cached(opencl: Device, tmp_path: Path) -> None:
    model, folder = tmp_path / "model.edge", tmp_path / "cache"
    model.write_bytes(write_model(one_node(Softmax(1), [np.zeros((4, 10), np.float32)])))
    run_in_new_process(model, opencl, folder)
    written = entries(folder)
    assert written and all(name.endswith(".bin") for name in written)
    time.sleep(0.02)
    run_in_new_process(model, opencl, folder)
    assert entries(folder) == written, "the second process compiled again"


def test_damaged_entries_are_replaced(opencl: Device, tmp_path: Path) -> None:
    model, folder = tmp_path / "model.edge", tmp_path / "cache"
    model.write_bytes(write_model(one_node(Softmax(1), [np.zeros((4, 10), np.float32)])))
    run_in_new_process(model, opencl, folder)
    sizes = {name: size for name, (_, size) in entries(folder).items()}
    for path in folder.rglob("*.bin"):
        whole = bytearray(path.read_bytes())
        whole[-1] ^= 1
        path.write_bytes(whole)
    run_in_new_process(model, opencl, folder)
    for path in folder.rglob("*.bin"):
        path.write_bytes(path.read_bytes()[:30])
    run_in_new_process(model, opencl, folder)
    assert entries(folder).keys() == sizes.keys()
    assert all(entries(folder)[name][1] > 30 for name in sizes)
