"""The virtual environments of the peers and of PyTorch, one each, so that none meets another's packages.

    python -m benchmarks.environments NAME ...    makes these, or `all`, in $EDGEC_PEERS (default .peers)

PyTorch's comes with any of them, for what is converted is made in it.

An environment's packages are the extra `bench-NAME` in pyproject.toml.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "bench-"


class Failure(Exception):
    """An environment is missing or a command in it has failed; the text says which and why."""


def folder() -> Path:
    return Path(os.environ.get("EDGEC_PEERS") or ROOT / ".peers")


def packages() -> dict[str, list[str]]:
    """What each environment holds."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    return {name.removeprefix(PREFIX): found for name, found in extras.items() if name.startswith(PREFIX)}


def python(name: str) -> Path:
    """The interpreter of an environment, the project's own if `name` is empty; it may not exist."""
    return folder() / name / "bin" / "python" if name else Path(sys.executable)


def set_up(name: str) -> None:
    """Makes the environment where it is missing. Raises Failure."""
    if python(name).exists():
        return
    print(f"benchmarks: setting up {name}: {', '.join(packages()[name])}", file=sys.stderr, flush=True)
    target = folder() / f"{name}.unfinished"
    venv.create(target, with_pip=True, symlinks=True, clear=True)
    pip = [str(target / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "-q", *packages()[name]], capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{name}: its packages could not be installed: {last_line(done.stderr)}")
    target.rename(folder() / name)


def run(name: str, module: str, *arguments: object) -> None:
    """Runs a module of the suite in an environment. Raises Failure with its last words."""
    if not python(name).exists():
        raise Failure(f"{name} is not set up (make bench PEERS={name})")
    command = [str(python(name)), "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failure(last_line(done.stderr) or f"{module}: exit code {done.returncode}")


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    for name in names:
        if name not in (*packages(), "all"):
            raise SystemExit(
                f"benchmarks: {name}: no such environment, expected {', '.join(packages())} or all"
            )
    for name in packages() if "all" in names else sorted({*names, *(["torch"] if names else [])}):
        try:
            set_up(name)
        except Failure as error:
            print(f"benchmarks: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
