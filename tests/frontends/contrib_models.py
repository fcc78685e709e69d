"""Models of one operator of com.microsoft, and ONNX Runtime or a formula to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np
import onnx
from onnx import helper
from onnx_models import imported, info, run_onnxruntime

from edgec.interpreter import interpret

Array = Any
Formula = Callable[..., Union[Array, Sequence[Array]]]
RANDOM = np.random.default_rng(23)


def f(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def u8(*shape: int) -> Array:
    return RANDOM.integers(0, 256, shape, np.uint8)


def i8(*shape: int) -> Array:
    return RANDOM.integers(-128, 128, shape, np.int8)


@dataclass
class Case:
    """A node: inputs (None is absent), which results it has ("" is absent), and who judges them.

    `judge` is None for ONNX Runtime. `slack` is how far integers may be off. `kept` picks what counts of a
    result, where some of it is left open. Inputs in `constants` are initialisers, those in `sizes` have axes
    whose sizes a run gives: "batch 4" for two axes, of which the second is 4.
    """

    operator: str
    attributes: dict[str, Any]
    inputs: Sequence[Array | None]
    results: Sequence[str] = ("y",)
    judge: Formula | None = None
    slack: int = 0
    tolerance: float = 2e-5
    constants: Sequence[int] = ()
    sizes: Mapping[int, str] = field(default_factory=dict)
    kept: Callable[[str, Array], Array] = field(default=lambda name, array: array)
    domain: str = "com.microsoft"

    @property
    def name(self) -> str:
        flags = "-".join(f"{k}={v}" for k, v in self.attributes.items() if k not in ("num_heads", "N", "K"))
        return f"{self.operator}-{flags}-{len([x for x in self.inputs if x is not None])}"[:80]

    def feeds(self) -> dict[str, Array]:
        given = {f"x{i}": np.asarray(x) for i, x in enumerate(self.inputs) if x is not None}
        return {name: x for name, x in given.items() if int(name[1:]) not in self.constants}

    def shape(self, name: str, x: Array) -> Sequence[int | str]:
        given = self.sizes.get(int(name[1:]))
        return x.shape if given is None else [int(s) if s.isdigit() else s for s in given.split()]

    def model(self) -> onnx.ModelProto:
        names = ["" if x is None else f"x{i}" for i, x in enumerate(self.inputs)]
        node = helper.make_node(
            self.operator, names, list(self.results), name="node", domain=self.domain, **self.attributes
        )
        given = [
            info(name, self.shape(name, x), helper.np_dtype_to_tensor_dtype(x.dtype))
            for name, x in self.feeds().items()
        ]
        stored = [onnx.numpy_helper.from_array(np.asarray(self.inputs[i]), f"x{i}") for i in self.constants]
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.results if name]
        for output in outputs:
            if output.name == "scores":  # ONNX Runtime cannot tell its type
                output.CopyFrom(info(output.name, None))
        graph = helper.make_graph([node], "contrib", given, outputs, stored)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def expected(self) -> list[Array]:
        if self.judge is None:
            return run_onnxruntime(self.model(), self.feeds())
        found = self.judge(*(x for x in self.inputs if x is not None))
        return list(found) if isinstance(found, (list, tuple)) else [found]


def check(case: Case) -> None:
    """edgec's results are the judge's."""
    found = interpret(imported(case.model()), case.feeds())
    for name, wanted in zip(filter(None, case.results), case.expected()):
        got, wanted = case.kept(name, found[name]), case.kept(name, np.asarray(wanted))
        assert got.shape == wanted.shape, f"{name}: {got.shape}, expected {wanted.shape}"
        assert got.dtype == wanted.dtype, f"{name}: {got.dtype}, expected {wanted.dtype}"
        if wanted.dtype.kind in "iu":
            off = np.abs(got.astype(np.int64) - wanted.astype(np.int64)).max(initial=0)
            assert off <= case.slack, f"{name}: {off} off, expected at most {case.slack}"
        else:
            np.testing.assert_allclose(got, wanted, rtol=case.tolerance, atol=case.tolerance, err_msg=name)
