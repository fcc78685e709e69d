"""Every network of the manifest against ONNX Runtime, on each backend and at each of its shapes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from fetch_networks import manifest
from network_cases import network_inputs

import edgec
import edgert
from edgec.validate import engine, validate
from edgec.validate.measure import difference

pytestmark = pytest.mark.networks
ort = pytest.importorskip("onnxruntime")

TOLERANCE = 1e-4
ENTRIES = {entry["name"]: entry for entry in manifest()}
CASES = [(name, case) for name, entry in ENTRIES.items() for case in range(len(entry["cases"]))]
CPUS = ["cpu", "cpu@portable", "cpu@avx2"]
SAMPLE = {"silero_vad", "ppocr_cls", "mtcnn_pnet", "mtcnn_rnet", "deepcut"}


def opencl_runs() -> list[ParameterSet]:
    """(name, case, device) for every OpenCL device here; those that are not in SAMPLE take long."""
    devices = [d["device"] for d in edgert.devices() if d["device"].startswith("opencl")]
    return [
        pytest.param(*case, device, marks=() if case[0] in SAMPLE else pytest.mark.long)
        for case in CASES
        for device in devices
    ]


@pytest.fixture(scope="session")
def exported(network: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory):
    """exported(name): the file made from a network, with all its dynamic axes."""
    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in made:
            source = network(name)
            path = tmp_path_factory.mktemp("exported") / f"{name}.edge"
            edgec.export(str(source), str(path))
            made[name] = path
        return made[name]

    return find


RUNS = [(*case, device) for case in CASES for device in CPUS] + opencl_runs()


@pytest.mark.parametrize(("name", "case", "device"), RUNS)
def test_agrees_with_onnxruntime(exported, network, name: str, case: int, device: str) -> None:
    path, source = exported(name), network(name)
    inputs = network_inputs(ENTRIES[name], case)
    if "@" in device and sys.platform != "linux":
        pytest.skip("tiers are forced on Linux only")
    report = validate(path, source, device=device, against="onnxruntime", inputs=[inputs])
    limit = ENTRIES[name].get("tolerance", TOLERANCE)
    assert report.worst <= limit, [(d.name, d.error) for c in report.comparisons for d in c.outputs]


@pytest.mark.parametrize("name", [n for n in ENTRIES if not ENTRIES[n].get("slow_interpreter")])
def test_interpreter_agrees_with_onnxruntime(exported, network, name: str) -> None:
    inputs = network_inputs(ENTRIES[name], 0)
    report = validate(
        exported(name), network(name), device="interpreter", against="onnxruntime", inputs=[inputs]
    )
    assert report.worst <= ENTRIES[name].get("tolerance", TOLERANCE)


@pytest.mark.parametrize("name", ENTRIES)
def test_dynamic_axes_are_kept(exported, network, name: str) -> None:
    """An axis that is open in the ONNX model is open in the file."""
    session = edgert.load(str(exported(name)))
    peer = ort.InferenceSession(str(network(name)), providers=["CPUExecutionProvider"])
    for spec, expected in zip(session.inputs, peer.get_inputs()):
        assert spec.name == expected.name
        for ours, theirs in zip(spec.shape, expected.shape):
            assert isinstance(ours, str) or isinstance(theirs, int), f"{spec}: {theirs} became {ours}"


BAD_SHAPES = [("ppocr_v4_det", {"x": (1, 3, 50, 50)}), ("mtcnn_pnet", {"input_1": (1, 5, 5, 3)})]


@pytest.mark.parametrize(("name", "shapes"), BAD_SHAPES)
def test_fails_with_a_node_where_onnxruntime_fails(exported, network, name: str, shapes) -> None:
    inputs = {n: np.zeros(shape, np.float32) for n, shape in shapes.items()}
    with pytest.raises(Exception):  # noqa: B017
        engine("onnxruntime", None, network(name)).run(inputs)
    with pytest.raises((ValueError, RuntimeError), match="'"):
        engine("cpu", exported(name), None).run(inputs)


def test_state_goes_round_like_in_onnxruntime(exported, network) -> None:
    """Twenty steps of the voice detector, each fed the other's last state."""
    ours = engine("cpu", exported("silero_vad"), None)
    peer = engine("onnxruntime", None, network("silero_vad"))
    random = np.random.default_rng(1)
    states = [np.zeros((2, 1, 128), np.float32)] * 2
    for _ in range(20):
        chunk = random.uniform(-1, 1, (1, 576)).astype(np.float32)
        feeds = [{"input": chunk, "state": state, "sr": np.array(16000)} for state in states]
        found, expected = ours.run(feeds[0]), peer.run(feeds[1])
        for name in expected:
            assert difference(name, found[name], expected[name]).error <= TOLERANCE
        states = [found["stateN"], expected["stateN"]]


def test_the_file_does_not_depend_on_the_hash_seed(network, tmp_path: Path) -> None:
    """Exporting twice, in two processes, gives the same bytes."""
    source, files = network("mtcnn_pnet"), [tmp_path / "a.edge", tmp_path / "b.edge"]
    for path in files:
        code = f"import edgec; edgec.export({str(source)!r}, {str(path)!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
    assert files[0].read_bytes() == files[1].read_bytes()
