"""The directions in which imports and includes may go, and what files may look like."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 600

# Each part of edgec with the parts it may import. A part is named by its longest matching prefix.
PARTS: dict[str, set[str]] = {
    "edgec.ir": set(),
    "edgec.ops": {"edgec.ir"},
    "edgec.format": {"edgec.ir", "edgec.ops"},
    "edgec.interpreter": {"edgec.ir", "edgec.ops", "edgec.format"},
    "edgec.passes": {"edgec.ir", "edgec.ops", "edgec.format", "edgec.interpreter"},
    "edgec.frontends": {"edgec.ir", "edgec.ops", "edgec.interpreter"},
    "edgec.writers": {"edgec.ir", "edgec.ops", "edgec.format", "edgec.passes"},
}
# checks graphs by the operators' shape rules; nothing else of the IR knows it
PARTS["edgec.ir.verify"] = {"edgec.ir", "edgec.ops"}
PARTS["edgec.samples"] = {"edgec.ir"}
PARTS["edgec.references"] = {"edgec.ir", "edgec.frontends", "edgec.samples"}
PARTS["edgec.pipeline"] = {*PARTS}
PARTS["edgec.onnx_backend"] = {*PARTS, "edgert"}
PARTS["edgec.validate"] = {*PARTS, "edgert"}
PARTS["edgec.cli"] = {*PARTS, "edgert"}
PARTS["edgec"] = {*PARTS}
PARTS["edgert"] = set()

# Packages from outside the standard library that a part may import.
OUTSIDE: dict[str, set[str]] = {
    "edgec.ir": {"numpy", "ml_dtypes"},
    "edgec.ir.verify": {"numpy"},
    "edgec.ops": {"numpy", "ml_dtypes", "PIL"},  # PIL only to decode images, where a graph does that
    "edgec.interpreter": {"numpy", "ml_dtypes"},
    "edgec.passes": {"numpy", "ml_dtypes"},
    "edgec.format": {"numpy", "ml_dtypes", "flatbuffers"},
    "edgec.samples": {"numpy"},
    "edgert": {"numpy", "ml_dtypes", "pyopencl"},
}
ANY_OUTSIDE = {"edgec.frontends", "edgec.writers", "edgec.pipeline", "edgec.references", "edgec.onnx_backend",
               "edgec.validate", "edgec.cli", "edgec"}  # fmt: skip


def tracked(*patterns: str) -> list[Path]:
    """The repository's files: those of git, or of the tree where there is no git."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z", *patterns],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        return [ROOT / name for name in out.split("\0") if name and (ROOT / name).exists()]
    except (OSError, subprocess.CalledProcessError):
        return [p for pattern in patterns for p in ROOT.rglob(pattern) if "build" not in p.parts]


def modules() -> Iterator[tuple[str, Path]]:
    for source_root in (ROOT / "exporter", ROOT / "runtime" / "python"):
        for path in tracked("*.py"):
            if source_root in path.parents:
                parts = path.relative_to(source_root).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def part_of(module: str) -> str:
    prefixes = [p for p in PARTS if module == p or module.startswith(p + ".")]
    return max(prefixes, key=len) if prefixes else module


def imports(path: Path, module: str) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether only type checkers do."""
    tree = ast.parse(path.read_text())
    typing_only: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only.update(id(inner) for inner in ast.walk(node))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*kept, *filter(None, [base])])
            for alias in node.names:
                yield f"{base}.{alias.name}", id(node) in typing_only


@pytest.mark.parametrize(
    "module,path", list(modules()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_imports_go_down(module: str, path: Path) -> None:
    part = part_of(module)
    wrong = []
    for name, typing_only in imports(path, module):
        top = name.partition(".")[0]
        if top in ("edgec", "edgert"):
            target = part_of(name)
            if target != part and target not in PARTS[part] and not typing_only:
                wrong.append(name)
        elif top not in sys.stdlib_module_names and part not in ANY_OUTSIDE:
            if top not in OUTSIDE[part] and not typing_only:
                wrong.append(name)
    assert not wrong, f"{module} may not import {', '.join(wrong)}"


def test_only_the_onnx_frontend_and_writer_and_those_above_them_know_onnx() -> None:
    allowed = ("edgec.frontends.onnx", "edgec.writers.onnx", "edgec.pipeline", "edgec.references",
               "edgec.onnx_backend", "edgec.validate", "edgec.cli")  # fmt: skip
    for module, path in modules():
        names = {name.partition(".")[0] for name, _ in imports(path, module)}
        assert not names & {"onnx", "onnxruntime"} or module.startswith(allowed), module


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def sources(folder: str) -> list[Path]:
    return [p for p in tracked("*.h", "*.cc", "*.def") if ROOT / "runtime" / folder in p.parents]


def test_core_knows_no_backend_but_by_its_factory() -> None:
    for path in sources("core"):
        for name in includes(path):
            assert not name.startswith("backends/") or name == "backends/cpu/isa.h", (
                f"{path}: {name}"
            )


def test_shared_operators_know_no_backend() -> None:
    for path in sources("ops"):
        assert not [n for n in includes(path) if n.startswith("backends/")], path


@pytest.mark.parametrize("backend,other", [("cpu", "opencl"), ("opencl", "cpu")])
def test_backends_do_not_know_each_other(backend: str, other: str) -> None:
    for path in sources(f"backends/{backend}"):
        assert not [n for n in includes(path) if n.startswith(f"backends/{other}")], path


C_HEADERS = {"stddef.h", "stdint.h", "string.h", "float.h", "limits.h", "math.h"}


def test_inner_loops_include_only_simd_and_c_headers() -> None:
    for folder in ("backends/cpu/micro", "backends/cpu/simd"):
        for path in sources(folder):
            if path.name == "table.cc":
                continue
            for name in includes(path):
                fine = name in C_HEADERS or name.endswith("intrin.h") or name == "arm_neon.h"
                fine = fine or name.startswith(("backends/cpu/simd/", "backends/cpu/micro/"))
                assert fine, f"{path.relative_to(ROOT)} includes {name}"


def test_only_simd_switches_on_the_instruction_set() -> None:
    pattern = re.compile(r"__(AVX|SSE|FMA|ARM_NEON|ARM_FEATURE)|intrin\.h|arm_neon\.h")
    for path in sources(""):
        folder = path.relative_to(ROOT / "runtime").as_posix()
        if folder.startswith(("backends/cpu/simd/", "backends/cpu/isa.")):
            continue
        assert not pattern.search(path.read_text()), folder


def test_files_are_small() -> None:
    patterns = ("*.py", "*.cc", "*.h", "*.c", "*.cl", "*.fbs")
    long = {
        str(p.relative_to(ROOT)): n
        for p in tracked(*patterns)
        if (n := len(p.read_text().splitlines())) > MAX_LINES
    }
    assert not long, f"longer than {MAX_LINES} lines: {long}"


def test_no_path_of_one_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(home|root|work|Users)/\w")
    for path in tracked(
        "*.py", "*.cc", "*.h", "*.c", "*.md", "*.toml", "Makefile", "*.cmake", "*.txt"
    ):
        if path != Path(__file__).resolve():
            assert not pattern.search(path.read_text()), path
