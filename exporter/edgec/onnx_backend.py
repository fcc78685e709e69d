"""edgec as an ONNX backend (`onnx.backend.base`).

Devices: "CPU" and "OPENCL" run the exported file with edgert, "INTERPRETER" with the operators' NumPy
definitions. `prepare` exports once; running a prepared model never exports again.

>>> import edgec.onnx_backend as backend
>>> backend.prepare(model, "CPU").run([x])  # doctest: +SKIP
(array(...),)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

import numpy as np
import onnx
from onnx.backend.base import Backend, BackendRep

from edgec.format.write import write_model
from edgec.frontends.onnx import ExportError
from edgec.frontends.onnx.loading import type_proto
from edgec.interpreter import interpret
from edgec.ir.containers import join
from edgec.ir.types import DType, ElementType
from edgec.pipeline import export

Array = np.ndarray[Any, Any]
Inputs = Union[Mapping[str, Any], Sequence[Any], Array]
DEVICES = ("CPU", "OPENCL", "INTERPRETER")


class Prepared(BackendRep):
    """An exported model on a device; `run` takes arrays in input order, one array, or a mapping by name."""

    def __init__(self, run: Callable[[Inputs], Mapping[str, Array]], outputs: Sequence[str]) -> None:
        self._run = run
        self._outputs = list(outputs)

    def run(self, inputs: Inputs, **kwargs: Any) -> tuple[Array, ...]:
        """The outputs in the model's order. Raises ValueError for inputs that do not fit."""
        found = self._run(inputs)
        return tuple(found[name] for name in self._outputs)


class Exported:
    """An ONNX model as a file in memory, which any number of devices can load.

    Raises ExportError for what cannot be expressed.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._outputs = [o.name for o in model.graph.output]
        self._model = export(model).model

    def load(self, device: str, strict: bool = False) -> Prepared:
        """The model on a device; `strict` refuses one that has no kernel for a node."""
        if device == "INTERPRETER":
            return Prepared(lambda inputs: interpret(self._model, inputs), self._outputs)
        import edgert

        session = edgert.load(write_model(self._model), device=device.lower(), strict=strict)
        return Prepared(session.run, self._outputs)


class EdgecBackend(Backend):
    """The functions below as the class that ONNX's test runner expects."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the model can be exported."""
        try:
            export(model)
        except ExportError:
            return False
        return cls.supports_device(device)

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        """Export the model and load it on a device.

        Raises ExportError for what cannot be expressed, ValueError for an unknown device.
        """
        if not cls.supports_device(device):
            raise ValueError(f"device is '{device}', expected one of {', '.join(DEVICES)}")
        return Exported(model).load(device)

    @classmethod
    def run_model(
        cls, model: onnx.ModelProto, inputs: Inputs, device: str = "CPU", **kwargs: Any
    ) -> tuple[Array, ...]:
        """`prepare(model, device).run(inputs)`."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Sequence[Array],
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Array, ...]:
        """Run one node on arrays, one per named input; None stands for an input that is left out."""
        given = [x if isinstance(x, (list, dict)) else np.asarray(x) for x in inputs if x is not None]
        names = [n for n in node.input if n]
        if len(given) != len(names):
            names = list(dict.fromkeys(names))  # one array may serve two inputs of one name
        if len(given) != len(names):
            raise ValueError(f"{node.op_type}: {len(given)} inputs given, expected {', '.join(names)}")
        arrays = dict(zip(names, given))
        infos = [onnx.helper.make_value_info(name, _type_of(x)) for name, x in arrays.items()]
        results = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = onnx.helper.make_graph([node], node.op_type, infos, results)
        version = kwargs.get("opset_version", onnx.defs.onnx_opset_version())
        opsets = [onnx.helper.make_opsetid(node.domain, version)]
        return cls.run_model(onnx.helper.make_model(graph, opset_imports=opsets), arrays, device)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether the device is one of CPU, OPENCL, INTERPRETER and can be used on this machine."""
        if device == "INTERPRETER":
            return True
        if device not in DEVICES:
            return False
        try:
            import edgert
        except (ImportError, OSError):
            return False
        return any(d["device"].startswith(device.lower()) for d in edgert.devices())


def _type_of(given: Any) -> onnx.TypeProto:
    """The type of an array, a list of arrays or a dict; sizes that differ between items are open."""
    if isinstance(given, list):
        return onnx.helper.make_sequence_type_proto(type_proto(_joined(given)))
    if isinstance(given, dict):
        keys, values = (np.asarray(list(part)) for part in (given.keys(), given.values()))
        held = ElementType(DType.of(values.dtype), ())
        return type_proto(ElementType(DType.MAP, (), held, DType.of(keys.dtype)))
    return type_proto(ElementType(DType.of(given.dtype), given.shape))


def _joined(items: Sequence[Any]) -> ElementType:
    found: ElementType | None = None
    for item in map(np.asarray, items):
        found = join(found, ElementType(DType.of(item.dtype), item.shape))
    return found or ElementType(DType.F32)


is_compatible = EdgecBackend.is_compatible
prepare = EdgecBackend.prepare
run_model = EdgecBackend.run_model
run_node = EdgecBackend.run_node
supports_device = EdgecBackend.supports_device
