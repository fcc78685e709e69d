"""An operator of one's own, from an ONNX node of a custom domain to a kernel in C.

    cc -O2 -fPIC -shared -Iruntime/include examples/custom_op/snake_kernel.c \\
        -Lruntime/python/edgert -Wl,-rpath,$PWD/runtime/python/edgert -ledgert -lm -o libsnake.so
    python examples/custom_op/snake.py libsnake.so

Three things make an operator: what it is (`Snake`), how the frontend makes it (`import_snake`), and a
kernel for a device (snake_kernel.c). With the first two it exports and runs in the interpreter already.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

import edgec
import edgert
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import TensorType
from edgec.ops.base import Array, Context, Op, OpError, register


@register
@dataclass(frozen=True)
class Snake(Op):
    """y = x + sin(a x)^2 / a. Operand: x (f32, any shape). Result: x's type."""

    name = "acme.snake"
    a: float

    def infer(self, operands: Sequence[TensorType | None], context: Context) -> list[TensorType]:
        x = operands[0]
        if x is None or not x.dtype.is_float:
            raise OpError(f"input is {x}, expected a float type")
        return [x]

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        (x,) = operands
        assert x is not None
        return [(x + np.sin(self.a * x) ** 2 / self.a).astype(x.dtype)]


@onnx_op("Snake", domain="acme")
def import_snake(builder: Builder, call: Call) -> Value:
    return builder.one(Snake(call.real("a", 1.0)), call.operand(0))


def make_model() -> onnx.ModelProto:
    """x -> Snake -> Relu -> y, with an open batch size."""
    node = helper.make_node("Snake", ["x"], ["s"], domain="acme", a=2.0)
    relu = helper.make_node("Relu", ["s"], ["y"])
    x, y = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["batch", 1000]) for n in "xy")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("acme", 1)]
    return helper.make_model(helper.make_graph([node, relu], "snake", [x], [y]), opset_imports=opsets)


def main() -> None:
    kernel = ctypes.CDLL(sys.argv[1])
    if kernel.register_snake():
        raise SystemExit("snake: the kernel was refused")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snake.edge")
        edgec.export(make_model(), str(path))
        x = np.random.default_rng(0).standard_normal((3, 1000)).astype(np.float32)
        expected = edgec.interpret(str(path), {"x": x})["y"]
        session = edgert.load(str(path))
        got = session.run({"x": x})["y"]
    for placed in session.placement():
        print(f"{placed.op} '{placed.name}' runs on {placed.device}")
    print(f"largest difference from the definition: {np.abs(got - expected).max():.1e}")
    if not np.allclose(got, expected, atol=1e-6):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
