"""The engines that are measured. Each runs in a process of its own environment (see worker.py).

An engine's arrays are fixed before its runs wherever its interface allows that; what an engine does beside
the inference in every run is said in its `note`. Nothing but NumPy is imported before `start`.
"""

from __future__ import annotations

import os
from importlib.metadata import version

from benchmarks.engines.base import Array, Arrays, Engine
from benchmarks.engines.converted import ExecuTorch, LiteRT, Mnn, Ncnn
from benchmarks.engines.direct import Edgec, EdgecAvx2, OnnxRuntime, OpenVino, OpenVinoAvx2

__all__ = [
    "ENGINES",
    "OURS",
    "REFERENCE",
    "Array",
    "Arrays",
    "Engine",
    "environment_variables",
    "version_of",
]

ENGINES: dict[str, type[Engine]] = {
    "edgec": Edgec,
    "edgec-avx2": EdgecAvx2,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "openvino-avx2": OpenVinoAvx2,
    "ncnn": Ncnn,
    "mnn": Mnn,
    "litert": LiteRT,
    "executorch": ExecuTorch,
}
OURS = ("edgec", "edgec-avx2")
REFERENCE = "onnxruntime"


def version_of(engine: Engine) -> str:
    if engine.package == "edgec":
        import edgert

        return edgert.version()
    return version(engine.package)


def environment_variables(engine: str, threads: int) -> dict[str, str]:
    """Of a worker's process: the engine's settings, as many threads in OpenMP, and no noise."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **ENGINES[engine].variables,
    }
