"""Builds the shared library with the operators, types and instructions that some .edge files need alone.

    build_runtime.py a.edge b.edge -o libedgert.so
    build_runtime.py a.edge --isa avx2 -o libedgert.so     inner loops for these tiers only
    build_runtime.py a.edge --print                        their names, without building

What the library lacks, it refuses by name when a file is loaded.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "exporter"))

from edgec.format.read import read_model  # noqa: E402
from edgec.ir.graph import Graph  # noqa: E402
from edgec.ir.types import DType  # noqa: E402
from edgec.ops.program import INSTRUCTIONS, Program  # noqa: E402


def programs(graphs: Sequence[Graph]) -> list[Program]:
    """The scalar programs of all operators in the graphs."""
    ops = [node.op for graph in graphs for node in graph.nodes]
    return [value for op in ops for value in vars(op).values() if isinstance(value, Program)]


def operators(graphs: Sequence[Graph]) -> list[str]:
    """The names of all operators in the graphs."""
    return sorted({node.op.name for graph in graphs for node in graph.nodes})


def types(graphs: Sequence[Graph]) -> list[str]:
    """The names of all element types in the graphs, those that operators compute with included."""
    found = {value.dtype for graph in graphs for value in graph.values()}
    found |= {dtype for program in programs(graphs) for dtype in program.register_types()}
    for op in (node.op for graph in graphs for node in graph.nodes):
        found |= {attribute for attribute in vars(op).values() if isinstance(attribute, DType)}
    return [dtype.name.lower() for dtype in sorted(found | {dtype.compute for dtype in found})]


def instructions(graphs: Sequence[Graph]) -> list[str]:
    """The names of all instructions in the graphs' programs; "const" is always one."""
    return sorted({"const", *(i.op for program in programs(graphs) for i in program.code)})


def has_winograd(graphs: Sequence[Graph]) -> bool:
    """Whether a weight is stored for Winograd's filtering."""
    values = [value for graph in graphs for value in graph.values()]
    return any(form.kind == "winograd" for value in values for form in value.more_forms)


def build(choices: Mapping[str, Sequence[str]], output: Path) -> None:
    """Configures and builds in a temporary folder; the stripped library goes to `output`."""
    with tempfile.TemporaryDirectory() as folder:
        definitions = [f"-DEDGERT_{name}={';'.join(value)}" for name, value in choices.items()]
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
    parser.add_argument("--print", action="store_true", help="print the names and build nothing")
    options = parser.parse_args()
    models = [read_model(file) for file in options.files]
    graphs = [g for model in models for entry in model.entries.values() for g in entry.walk()]
    choices = {
        "OPS": operators(graphs),
        "TYPES": types(graphs),
        "INSTRUCTIONS": [str(INSTRUCTIONS[name][0]) for name in instructions(graphs)],
        "ISA": [tier for tier in options.isa.split(",") if tier],
        "WINOGRAD": ["ON" if has_winograd(graphs) else "OFF"],
        "OPENCL": ["ON" if options.opencl else "OFF"],
    }
    needed = [*choices["OPS"], *choices["TYPES"], *instructions(graphs)]
    if options.print:
        print(*needed, sep="\n")
        return
    build(choices, options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB, {', '.join(needed)}")


if __name__ == "__main__":
    main()
