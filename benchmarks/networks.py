"""The networks that are measured, and their files.

networks.json lists them in the format of tests/networks/manifest.json. An entry without a package is
defined in torch_networks, or is one of the manifest's, of which it may change anything. `free_sizes` leaves
a model's sizes as they are, where no branch but the one that is taken could have the inputs'. Each has a
folder in the cache with

    model.onnx       with the inputs' sizes
    weights.pt       of those that are defined in PyTorch
    inputs.npz       seeded, by the names and in the order of the model's inputs
    expected.npz     ONNX Runtime's outputs, likewise
    model.edge, ...  what the engines make of it, or a text file that says why there is none
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
import fetch_networks  # noqa: E402
from network_cases import network_inputs  # noqa: E402

from benchmarks import environments  # noqa: E402
from benchmarks.engines import REFERENCE  # noqa: E402


class Unavailable(Exception):
    """Something cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Network:
    entry: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    @property
    def is_defined_in_torch(self) -> bool:
        return "package" not in self.entry

    @property
    def folder(self) -> Path:
        return cache() / self.name

    @property
    def source(self) -> Path:
        return self.folder / "model.onnx"


def cache() -> Path:
    return fetch_networks.cache() / "bench"


def networks() -> dict[str, Network]:
    """All networks by name, in the tables' order: those of networks.json, then the manifest's others."""
    known = {entry["name"]: entry for entry in fetch_networks.manifest()}
    listed = json.loads((ROOT / "benchmarks" / "networks.json").read_text())
    changed = {entry["name"]: {**known.get(entry["name"], {}), **entry} for entry in listed}
    return {name: Network(entry) for name, entry in {**changed, **{**known, **changed}}.items()}


def prepare(network: Network) -> None:
    """Makes the network's model, inputs and expected outputs where they are missing. Raises Unavailable."""
    folder = network.folder
    if (folder / "expected.npz").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    inputs = network_inputs(network.entry, 0)
    write_arrays(folder / "inputs.npz", inputs)
    if network.is_defined_in_torch:
        environments.run("torch", "benchmarks.export_torch", network.name, folder)
    else:
        try:
            fetch_networks.fetch([network.entry])
        except SystemExit as error:
            raise Unavailable(str(error)) from None
        inputs = fit(network, inputs)
        write_arrays(folder / "inputs.npz", inputs)
    write_arrays(folder / "expected.npz", reference_outputs(network.source, inputs))


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def fit(network: Network, inputs: dict[str, Any]) -> dict[str, Any]:
    """Writes the fetched model with the inputs' sizes in it, and returns the inputs in the model's order."""
    import onnx

    model = onnx.load(fetch_networks.network_path(network.entry))
    constants = {tensor.name for tensor in model.graph.initializer}
    taken = [value for value in model.graph.input if value.name not in constants]
    if not network.entry.get("free_sizes"):
        fix_sizes(model, taken, inputs)
    onnx.save(model, network.source)
    return {value.name: inputs[value.name] for value in taken}


def fix_sizes(model: Any, taken: list[Any], inputs: dict[str, Any]) -> None:
    for value in taken:
        shape = value.type.tensor_type.shape
        shape.ClearField("dim")
        for size in inputs[value.name].shape:
            shape.dim.add().dim_value = size
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")


def reference_outputs(model: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs)))
    except Exception as error:  # of onnxruntime's own kinds, which share no base
        raise Unavailable(f"{REFERENCE}: {str(error).splitlines()[0]}") from None
