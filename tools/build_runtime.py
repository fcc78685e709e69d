"""Builds the shared library with the operators that some .edge files need, and no others.

    build_runtime.py a.edge b.edge -o libedgert.so
    build_runtime.py a.edge --isa avx2 -o libedgert.so     inner loops for these tiers only
    build_runtime.py a.edge --print                        the operators, without building

What the library lacks, it refuses by name when a file is loaded.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "exporter"))

from edgec.format.read import read_model  # noqa: E402


def operators(files: Sequence[Path]) -> list[str]:
    """The names of all operators in the files, bodies included."""
    models = [read_model(file) for file in files]
    graphs = [g for model in models for entry in model.entries.values() for g in entry.walk()]
    return sorted({node.op.name for graph in graphs for node in graph.nodes})


def build(ops: Sequence[str], tiers: Sequence[str], opencl: bool, output: Path) -> None:
    """Configures and builds in a temporary folder; the stripped library goes to `output`."""
    with tempfile.TemporaryDirectory() as folder:
        choices = {"OPS": ";".join(ops), "ISA": ";".join(tiers), "OPENCL": "ON" if opencl else "OFF"}
        definitions = [f"-DEDGERT_{name}={value}" for name, value in choices.items()]
        python = f"-DPython3_EXECUTABLE={sys.executable}"
        subprocess.run(["cmake", "-S", str(ROOT), "-B", folder, python, *definitions], check=True)
        subprocess.run(["cmake", "--build", folder, "--parallel", "--target", "edgert"], check=True)
        prefix = Path(folder) / "installed"
        subprocess.run(["cmake", "--install", folder, "--strip", "--prefix", str(prefix)], check=True)
        (library,) = (prefix / "edgert").iterdir()
        shutil.copyfile(library, output)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help=".edge files")
    parser.add_argument("-o", "--output", type=Path, default=Path("libedgert.so"))
    tiers = "portable,avx2,avx512,neon; all of the architecture if not given"
    parser.add_argument("--isa", default="", help=tiers)
    parser.add_argument("--opencl", action="store_true", help="with the OpenCL backend")
    parser.add_argument("--print", action="store_true", help="print the operators and build nothing")
    options = parser.parse_args()
    ops = operators(options.files)
    if options.print:
        print(*ops, sep="\n")
        return
    build(ops, [tier for tier in options.isa.split(",") if tier], options.opencl, options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB, {', '.join(ops)}")


if __name__ == "__main__":
    main()
