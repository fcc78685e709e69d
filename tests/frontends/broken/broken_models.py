"""What the tables of broken and odd models are made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import numpy as np
import onnx
from onnx_models import FLOAT, info, model_of, node

Made = Union[onnx.ModelProto, bytes, None]
ACCEPTED, REFUSED, UNUSABLE = 0, 1, 2  # exit codes of `edgec export`
X = info("x", [2, 3])
ONES = np.ones((2, 3), np.float32)


@dataclass(frozen=True)
class Broken:
    """A model that is broken or odd.

    `make` gives the model, its bytes, or (taking a folder) writes model.onnx itself. `says` are parts of the
    message in any order: the name of the node or value, and what is wrong. `problems` is how many are listed.
    """

    name: str
    make: Callable[[], Made] | Callable[[Path], None]
    says: tuple[str, ...] = ()
    code: int = REFUSED
    problems: int = 1
    in_folder: bool = False

    def __str__(self) -> str:
        return self.name


def one(
    operator: str,
    *inputs: str,
    opset: int = 21,
    given: Any = None,
    count: int = 1,
    domain: str = "",
    constants: dict[str, Any] | None = None,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model of one node 'y_node' over x [2, 3] (or `given` inputs), constants, and results y, y1 ..."""
    names = ["y", *(f"y{i}" for i in range(1, count))]
    made = node(operator, list(inputs) or ["x"], names, **attributes)
    made.domain = domain
    return model_of([made], [X] if given is None else given, names, constants, opset)


def relu(changed: Callable[[onnx.ModelProto], Any]) -> Callable[[], onnx.ModelProto]:
    """A good model, Relu(x) + w with an initialiser w, after `changed` has spoilt it."""

    def make() -> onnx.ModelProto:
        nodes = [node("Relu", ["x"], ["r"]), node("Add", ["r", "w"], ["y"])]
        model = model_of(nodes, [X], ["y"], {"w": ONES})
        model.graph.output[0].CopyFrom(info("y", [2, 3]))
        changed(model)
        return model

    return make


def typed(name: str, *shape: int | str, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return info(name, list(shape), kind)
