"""The inner loops of each ISA tier keep to themselves what is compiled for it.

A weak symbol outside the tier's namespace (an inline function of the STL, say) could be the copy that the
linker keeps for the whole library, and kill a machine without that ISA.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TIERS = ("avx2", "avx512", "avx512vnni", "neon", "neondot")


def build_folder(root: Path) -> Path:
    """Where the library was built: beside EDGERT_LIBRARY, or the Makefile's folder."""
    library = os.environ.get("EDGERT_LIBRARY")
    return Path(library).resolve().parent if library else root / "build"


@pytest.mark.parametrize("tier", TIERS)
def test_no_symbol_leaves_its_tier(root: Path, tier: str) -> None:
    files = sorted(build_folder(root).glob(f"CMakeFiles/edgert_micro_{tier}.dir/**/*.o"))
    if not files or not shutil.which("nm"):
        pytest.skip(f"needs nm, and a build with the tier {tier}")
    for file in files:
        listing = subprocess.run(["nm", "-C", str(file)], capture_output=True, text=True, check=True)
        for line in listing.stdout.splitlines():
            found = re.match(r"[0-9a-f]+ ([A-TV-Z]|[uvw]) (.*)", line)
            if found:
                assert f"edgert::{tier}::" in found[2], f"{file.name} defines {found[2]}"


def test_only_simd_and_c_headers(root: Path) -> None:
    """What the inner loops include: the SIMD layer, their own headers and C's."""
    folder = root / "runtime" / "backends" / "cpu"
    for file in [*folder.glob("micro/*.cc"), *folder.glob("micro/*.h"), *folder.glob("simd/*.h")]:
        for name in re.findall(r'#include [<"]([^>"]+)[>"]', file.read_text()):
            ours = name.startswith(("backends/cpu/micro/", "backends/cpu/simd/"))
            assert ours or name.endswith(".h"), f"{file.name} includes {name}"


def test_isa_conditionals_are_in_one_file(root: Path) -> None:
    wanted = re.compile(r"__AVX|__ARM_NEON|__SSE|immintrin|arm_neon")
    for file in (root / "runtime").rglob("*.[ch]*"):
        if file.name != "simd.h" and file.suffix in (".h", ".cc"):
            assert not wanted.search(file.read_text()), f"{file} asks for an ISA"


def test_elementary_functions(root: Path) -> None:
    """exp, log, tanh and the others are within 2 ulp, on every tier that the machine runs."""
    program = build_folder(root) / "tests" / "backends" / "cpu" / "math_test"
    if not program.exists():
        pytest.skip("needs a build with EDGERT_TESTS=ON")
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
