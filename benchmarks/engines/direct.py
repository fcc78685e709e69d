"""Engines that take the ONNX file, or edgec's export of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.engines.base import Array, Arrays, Engine


class Edgec(Engine):
    package, suffix = "edgec", ".edge"
    note = "arrays bound (edgert.Session.bind)"

    def start(self) -> None:
        import edgert

        self.load_model = edgert.load

    def load(self, model: Path, threads: int) -> None:
        self.session = self.load_model(str(model), device="cpu", threads=threads)

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.outputs = list(outputs.values())
        self.run = self.session.bind(inputs, self.outputs)  # type: ignore[assignment, method-assign]

    def results(self) -> list[Array]:
        return self.outputs

    def facts(self) -> dict[str, Any]:
        found = self.session.describe()
        return {k: found[k] for k in ("isa", "arena_bytes", "arena_bound_bytes") if k in found}


class EdgecAvx2(Edgec):
    variables = {"EDGERT_ISA": "avx2"}
    note = "EDGERT_ISA=avx2"


class OnnxRuntime(Engine):
    package = "onnxruntime"
    note = "arrays bound (IOBinding); threads spin as they do by default"

    def start(self) -> None:
        import onnxruntime

        self.module = onnxruntime

    def load(self, model: Path, threads: int) -> None:
        options = self.module.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = self.module.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.binding = self.session.io_binding()
        self.held, self.outputs = inputs, list(outputs.values())
        for name, array in inputs.items():
            self.binding.bind_cpu_input(name, array)
        for name, array in outputs.items():
            self.binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def run(self) -> None:
        self.session.run_with_iobinding(self.binding)

    def results(self) -> list[Array]:
        return self.outputs


class OpenVino(Engine):
    environment = package = "openvino"
    note = "f32 pinned (INFERENCE_PRECISION_HINT), one stream, LATENCY; inputs and outputs shared tensors"

    def start(self) -> None:
        import openvino

        self.module = openvino

    def load(self, model: Path, threads: int) -> None:
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
        }
        self.compiled = self.module.Core().compile_model(str(model), "CPU", settings)
        self.request = self.compiled.create_infer_request()

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.held = inputs
        for name, array in inputs.items():
            self.request.set_tensor(name, self.module.Tensor(array, shared_memory=True))

    def run(self) -> None:
        self.request.infer(share_outputs=True)

    def results(self) -> list[Array]:
        return [self.request.get_output_tensor(i).data for i in range(len(self.compiled.outputs))]


class OpenVinoAvx2(OpenVino):
    variables = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OV_CPU_MAX_ISA": "AVX2"}
    note = (
        "as above; ONEDNN_MAX_CPU_ISA=AVX2 caps oneDNN's kernels, OV_CPU_MAX_ISA=AVX2 OpenVINO's own; "
        "nothing caps its matrix products by MLAS, which stay AVX-512 (vit_tiny, minilm_128)"
    )
