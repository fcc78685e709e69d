"""Building the runtime for ARM with Debian's cross compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """A platform: its compiler prefix, emulator, CMake's name for it, and CPUs with the tier they take."""

    prefix: str
    emulator: str
    processor: str
    tiers: dict[str, str]

    @property
    def sysroot(self) -> str:
        return f"/usr/{self.prefix}"


TARGETS = {
    "aarch64": Target(
        "aarch64-linux-gnu",
        "qemu-aarch64-static",
        "aarch64",
        {"cortex-a53": "neon", "cortex-a76": "neondot", "max": "neondot"},
    ),
    "armv7": Target(
        "arm-linux-gnueabihf",
        "qemu-arm-static",
        "armv7l",
        {"cortex-a7": "neon", "cortex-a9": "portable", "max": "neon"},
    ),
}


def sh(*command: str | Path) -> None:
    done = subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


def configure(name: str) -> Path:
    """The build folder, set up. Skips without the tools."""
    target = TARGETS[name]
    for tool in (f"{target.prefix}-g++", f"{target.prefix}-gcc", target.emulator):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here; on Debian: apt install g++-{target.prefix} qemu-user-static")
    folder = ROOT / "build" / name
    settings = {
        "CMAKE_SYSTEM_NAME": "Linux",
        "CMAKE_SYSTEM_PROCESSOR": target.processor,
        "CMAKE_C_COMPILER": f"{target.prefix}-gcc",
        "CMAKE_CXX_COMPILER": f"{target.prefix}-g++",
        "Python3_EXECUTABLE": sys.executable,
    }
    if shutil.which("ccache"):
        settings["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    given = os.environ.get("CMAKE_ARGS", "").split()
    sh("cmake", "-G", "Ninja", "-B", folder, *(f"-D{k}={v}" for k, v in settings.items()), *given)
    return folder


def build(name: str) -> Path:
    """Cross-compiles the library and check.c; the folder that holds them."""
    target, folder = TARGETS[name], configure(name)
    sh("cmake", "--build", folder, "-j", str(os.cpu_count() or 2), "--target", "edgert")
    sh(
        f"{target.prefix}-gcc", "-O1", "-Wall", "-Wextra", "-Iruntime/include", "tests/arm/check.c",
        f"-L{folder}", "-ledgert", "-lm", "-o", folder / "check",
    )  # fmt: skip
    return folder
