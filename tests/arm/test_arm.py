"""The runtime cross-compiled for ARM and run under qemu: ONNX's own node tests, and one network.

qemu shows that results are right and which tier each CPU takes; it says nothing about speed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cross_build import TARGETS, build
from dot_cases import sample_models
from fetch_networks import manifest
from network_cases import network_inputs

from edgec.format.write import write_model
from edgec.interpreter import interpret
from edgec.ir.graph import Model, Reference
from edgec.validate import difference

pytestmark = [pytest.mark.arm, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

TOLERANCE = 1e-4
NETWORKS = ("mtcnn_pnet", "silero_vad")
FAMILIES = """
    basic_conv conv_with convtranspose gemm matmul_ maxpool_2d averagepool_2d softmax
    layer_normalization_4d instancenorm lstm gru resize_upsample resize_downsample_scales_linear
    gather scatter reduce_sum reduce_max argmax exp tanh erf sigmoid hardswish gelu div where
    clip transpose concat constant_pad slice top_k nonzero cumsum mod round tile log_
""".split()
PREFIXES = tuple(f"test_{family}" for family in FAMILIES)


CPUS = [(name, cpu) for name, target in TARGETS.items() for cpu in target.tiers]

Runner = Callable[..., str]


@pytest.fixture(scope="module")
def runner() -> Runner:
    """runner(target, cpu, *files, **environment): what check prints under qemu; a bad exit is a failure."""
    built: dict[str, Path] = {}

    def run(name: str, cpu: str, *files: Path, **environment: str) -> str:
        if name not in built:
            built[name] = build(name)
        target, folder = TARGETS[name], built[name]
        passed = {"LD_LIBRARY_PATH": str(folder), **environment}
        settings = [part for pair in passed.items() for part in ("-E", "=".join(pair))]
        command = [target.emulator, "-cpu", cpu, "-L", target.sysroot, *settings, str(folder / "check")]
        done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, timeout=1800)
        bad = [
            line for line in done.stdout.splitlines() if not line.startswith("isa ") and " ok " not in line
        ]
        assert done.returncode == 0, f"exit code {done.returncode}: {bad[:20]} {done.stderr[-500:]}"
        return done.stdout

    return run


@pytest.fixture(scope="module")
def kernel_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """ONNX's node tests of many families as files with their data as references."""
    folder = tmp_path_factory.mktemp("kernels")
    files = list(node_test_files(folder))
    assert len(files) > 100
    return files


def node_test_files(folder: Path) -> Iterator[Path]:
    """Of ONNX's cases, those of PREFIXES that export and that the interpreter computes as expected."""
    from onnx.backend.test.loader import load_node_model_tests

    import edgec

    for case in load_node_model_tests():
        if not case.name.startswith(PREFIXES) or not case.data_sets:
            continue
        arrays, expected = case.data_sets[0]
        try:
            model = edgec.export(case.model).model
            graph = model.main
            inputs = {v.name: np.asarray(a) for v, a in zip(graph.inputs, arrays)}
            outputs = {v.name: np.asarray(a) for v, a in zip(graph.outputs, expected)}
            reference = Reference(inputs, outputs, "onnx", TOLERANCE)
            found = interpret(model, inputs)
            if all(relative(found[name], outputs[name]) <= TOLERANCE for name in outputs):
                yield write_reference(model, reference, folder / f"{case.name}.edge")
        except (ValueError, TypeError):
            continue


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return difference("", got, expected).error


def write_reference(model: Model, reference: Reference, path: Path) -> Path:
    model.references = [reference]
    write_model(model, path)
    return path


@pytest.mark.parametrize(("name", "cpu"), CPUS)
def test_kernels(runner: Runner, kernel_files: list[Path], name: str, cpu: str) -> None:
    printed = runner(name, cpu, *kernel_files)
    assert printed.startswith(f"isa {TARGETS[name].tiers[cpu]}\n")


@pytest.mark.parametrize("name", TARGETS)
def test_kernels_of_the_portable_tier(runner: Runner, kernel_files: list[Path], name: str) -> None:
    assert runner(name, "max", *kernel_files, EDGERT_ISA="portable").startswith("isa portable\n")


@pytest.mark.parametrize(("name", "cpu"), CPUS)
def test_products_of_bytes(runner: Runner, tmp_path: Path, name: str, cpu: str) -> None:
    files = [
        write_reference(model, Reference(inputs, {"y": y}, "definition", 1e-6), tmp_path / f"dot{i}.edge")
        for i, (model, inputs, y) in enumerate(sample_models())
    ]
    runner(name, cpu, *files)


@pytest.fixture(scope="module")
def network_files(tmp_path_factory: pytest.TempPathFactory, network: Callable[[str], Path]) -> list[Path]:
    """Networks with ONNX Runtime's outputs as references."""
    import edgec

    ort = pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("networks")
    files = []
    for entry in manifest():
        if entry["name"] in NETWORKS:
            source = str(network(entry["name"]))
            session = ort.InferenceSession(source, providers=["CPUExecutionProvider"])
            inputs = network_inputs(entry, 0)
            names = [o.name for o in session.get_outputs()]
            reference = Reference(
                inputs, dict(zip(names, session.run(names, inputs))), "onnxruntime", TOLERANCE
            )
            files.append(
                write_reference(edgec.export(source).model, reference, folder / f"{entry['name']}.edge")
            )
    return files


@pytest.mark.parametrize(("name", "cpu"), CPUS)
def test_networks(runner: Runner, network_files: list[Path], name: str, cpu: str) -> None:
    runner(name, cpu, *network_files)
