"""Writes a network of torch_networks: python -m benchmarks.export_torch NAME FOLDER

It reads inputs.npz there and writes model.onnx and weights.pt.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.torch_networks import build

OPSET = 17


def read_inputs(folder: Path) -> dict[str, torch.Tensor]:
    with np.load(folder / "inputs.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def read_network(name: str, folder: Path) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """The network with the weights in the folder, and its inputs."""
    inputs = tuple(read_inputs(folder).values())
    module = build(name, list(inputs))
    module.load_state_dict(torch.load(folder / "weights.pt"))
    return module, inputs


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    inputs = read_inputs(folder)
    module = build(name, list(inputs.values()))
    torch.save(module.state_dict(), folder / "weights.pt")
    torch.onnx.export(
        module, tuple(inputs.values()), str(folder / "model.onnx"), input_names=list(inputs),
        output_names=["output"], opset_version=OPSET, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
