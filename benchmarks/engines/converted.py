"""Engines with files of their own, which convert.py makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.base import Array, Arrays, Engine


class Ncnn(Engine):
    environment = package = "ncnn"
    suffix = ".ncnn.param"
    note = "fp16 and bf16 off; inputs ready as ncnn.Mat; outputs read in place"

    def start(self) -> None:
        import ncnn

        self.module = ncnn

    def load(self, model: Path, threads: int) -> None:
        self.net = self.module.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
            if hasattr(options, f"use_{name}"):
                setattr(options, f"use_{name}", False)
        self.module.set_omp_num_threads(threads)
        if self.net.load_param(str(model)) or self.net.load_model(str(model.with_suffix(".bin"))):
            raise RuntimeError(f"ncnn: {model.name}: cannot be loaded")

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.inputs = [self.module.Mat(a).clone() for a in map(self.fitting, inputs.values())]
        self.names = [f"out{i}" for i in range(len(outputs))]

    @staticmethod
    def fitting(array: Array) -> Array:
        """ncnn has no batch axis and no 64-bit integers."""
        narrow = array.astype(np.int32) if array.dtype == np.int64 else array
        return np.ascontiguousarray(narrow[0])

    def run(self) -> None:
        extractor = self.net.create_extractor()
        for i, mat in enumerate(self.inputs):
            extractor.input(f"in{i}", mat)
        found = [extractor.extract(name) for name in self.names]
        if any(status for status, _ in found):
            raise RuntimeError("ncnn: an output cannot be computed")
        self.outputs = [output for _, output in found]

    def results(self) -> list[Array]:
        return [np.array(output) for output in self.outputs]


class Mnn(Engine):
    environment = package = "mnn"
    suffix = ".mnn"
    note = (
        "precision high; copies inputs and outputs between its layout and the arrays in every run "
        "(session; its Module interface for networks that sessions cannot run: recurrent ones, control flow)"
    )

    def start(self) -> None:
        import MNN

        self.module = MNN

    def load(self, model: Path, threads: int) -> None:
        self.model, self.threads = str(model), threads
        self.interpreter = self.module.Interpreter(self.model)
        settings = {
            "backend": "CPU", "numThread": threads, "precision": "high", "memory": "high", "power": "high"
        }  # fmt: skip
        self.session = self.interpreter.createSession(settings)

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.names = list(outputs)
        self.arrays = {n: a.astype(np.int32) if a.dtype == np.int64 else a for n, a in inputs.items()}
        found = self.interpreter.getSessionInputAll(self.session)
        self.inputs = [(found[n], self.tensor(a)) for n, a in self.arrays.items() if n in found]
        self.outputs = [self.interpreter.getSessionOutput(self.session, name) for name in outputs]
        if all(np.prod(tensor.getShape()) for tensor in self.outputs):
            self.copies = [self.tensor(array) for array in outputs.values()]
        else:
            self.use_module()

    def tensor(self, array: Array) -> Any:
        """One of MNN's over the array's memory."""
        kind = self.module.Halide_Type_Int if array.dtype == np.int32 else self.module.Halide_Type_Float
        return self.module.Tensor(array.shape, kind, array, self.module.Tensor_DimensionType_Caffe)

    def run(self) -> None:
        for tensor, given in self.inputs:
            tensor.copyFrom(given)
        self.interpreter.runSession(self.session)
        for tensor, copy in zip(self.outputs, self.copies):
            tensor.copyToHostTensor(copy)

    def results(self) -> list[Array]:
        return [copy.getNumpyData() for copy in self.copies]

    def use_module(self) -> None:
        from MNN import expr, nn

        loaded = nn.load_module_from_file(
            self.model, list(self.arrays), self.names, shape_mutable=False, backend=expr.Backend.CPU,
            memory_mode=expr.MemoryMode.High, power_mode=expr.PowerMode.High,
            precision_mode=expr.PrecisionMode.High, thread_num=self.threads,
        )  # fmt: skip
        kinds = {np.dtype(np.int32): expr.int, np.dtype(np.float32): expr.float}
        given = [expr.const(a, list(a.shape), expr.NCHW, kinds[a.dtype]) for a in self.arrays.values()]

        def run() -> None:
            self.read = [variable.read() for variable in loaded.forward(given)]

        self.run = run  # type: ignore[method-assign]
        self.results = lambda: self.read  # type: ignore[method-assign]


class LiteRT(Engine):
    environment, package, suffix = "litert", "ai-edge-litert", ".tflite"
    note = "XNNPACK; converted with images channels last; inputs and outputs in place in its tensors"

    def start(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter_class = Interpreter

    def load(self, model: Path, threads: int) -> None:
        self.interpreter = self.interpreter_class(str(model), num_threads=threads)
        self.interpreter.allocate_tensors()

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        wanted = sorted(self.interpreter.get_input_details(), key=lambda detail: str(detail["name"]))
        for detail, array in zip(wanted, inputs.values()):
            given = array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
            self.interpreter.tensor(detail["index"])()[...] = given

    def run(self) -> None:
        self.interpreter.invoke()

    def results(self) -> list[Array]:
        details = self.interpreter.get_output_details()
        return [self.interpreter.get_tensor(detail["index"]) for detail in details]


class ExecuTorch(Engine):
    environment, package, suffix = "executorch", "executorch", ".pte"
    note = "XNNPACK; its Python interface makes new output tensors in every run; the import includes torch's"

    def start(self) -> None:
        import torch
        from executorch.extension.pybindings import portable_lib  # registers operators and XNNPACK
        from executorch.runtime import Runtime

        self.torch, self.library, self.runtime = torch, portable_lib, Runtime

    def load(self, model: Path, threads: int) -> None:
        from executorch.extension.pybindings import _portable_lib

        _portable_lib._unsafe_reset_threadpool(threads)
        self.program = self.runtime.get().load_program(str(model))
        self.method = self.program.load_method("forward")

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        self.inputs = [self.torch.from_numpy(array) for array in inputs.values()]

    def run(self) -> None:
        self.outputs = self.method.execute(self.inputs)

    def results(self) -> list[Array]:
        return [output.numpy() for output in self.outputs]
