"""Makes an engine's own file of a network: python -m benchmarks.convert SUFFIX NAME FOLDER

Runs in the environment that CONVERTERS names for the suffix.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# by a file's suffix: the environment that makes it, and whether that takes an ONNX file
CONVERTERS = {
    ".edge": ("", True),
    ".mnn": ("mnn", True),
    ".ncnn.param": ("torch", True),
    ".tflite": ("litert", False),
    ".pte": ("executorch", False),
}


def to_edge(name: str, folder: Path, target: Path) -> None:
    import edgec

    edgec.export(str(folder / "model.onnx"), str(target))


def to_mnn(name: str, folder: Path, target: Path) -> None:
    """By the converter's own entry point: the command around it reports its use over the network."""
    import _tools

    _tools.mnnconvert(
        ["", "-f", "ONNX", "--modelFile", str(folder / "model.onnx"), "--MNNModel", str(target)]
    )


def to_ncnn(name: str, folder: Path, target: Path) -> None:
    """By pnnx, from PyTorch's definition where there is one and else from ONNX."""
    import pnnx
    import torch

    from benchmarks.export_torch import read_inputs, read_network

    with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
        if (folder / "weights.pt").exists():
            module, inputs = read_network(name, folder)
            # ncnn's masks are floats: its integers have 32 bits and do not mix with them
            fitting = tuple(x.float() if i and not x.is_floating_point() else x for i, x in enumerate(inputs))
            pnnx.export(module, f"{temporary}/model.pt", fitting, fp16=False)
        else:
            shutil.copy(folder / "model.onnx", temporary)
            shapes = ",".join(pnnx_type(x) for x in read_inputs(folder).values())
            program = str(Path(sys.executable).with_name("pnnx"))
            command = [program, "model.onnx", "fp16=0", f"inputshape={shapes}"]
            if code := subprocess.run(command, cwd=temporary).returncode:
                raise SystemExit(f"pnnx ended with {code} on inputs {shapes}")
        for made, path in (("param", target), ("bin", target.with_suffix(".bin"))):
            path.write_bytes(Path(temporary, f"model.ncnn.{made}").read_bytes())


def pnnx_type(x: Any) -> str:
    kind = {"float32": "f32", "int64": "i64", "int32": "i32"}[str(x.dtype).removeprefix("torch.")]
    return f"[{','.join(map(str, x.shape))}]{kind}"


def to_tflite(name: str, folder: Path, target: Path) -> None:
    import litert_torch

    from benchmarks.export_torch import read_network

    module, inputs = read_network(name, folder)
    given: Any = module
    if inputs[0].dim() == 4:
        given = litert_torch.to_channel_last_io(module, args=[0])
        inputs = (inputs[0].permute(0, 2, 3, 1).contiguous(), *inputs[1:])
    litert_torch.convert(given.eval(), inputs).export(str(target))


def to_pte(name: str, folder: Path, target: Path) -> None:
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    from benchmarks.export_torch import read_network

    exported = torch.export.export(*read_network(name, folder))
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    target.write_bytes(lowered.to_executorch().buffer)


MAKERS = {
    ".edge": to_edge,
    ".mnn": to_mnn,
    ".ncnn.param": to_ncnn,
    ".tflite": to_tflite,
    ".pte": to_pte,
}


def main() -> None:
    suffix, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        target = Path(unfinished) / f"model{suffix}"
        MAKERS[suffix](name, folder, target)
        if not target.exists():
            raise SystemExit("the converter wrote nothing")
        for made in sorted(target.parent.iterdir()):  # .bin before .param
            made.replace(folder / made.name)


if __name__ == "__main__":
    main()
