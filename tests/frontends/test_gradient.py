"""Gradient against differences of small steps; a case is data."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import imported, info, model_of, node

from edgec.frontends.onnx import ExportError
from edgec.interpreter import interpret

DOMAIN, STEP = "ai.onnx.preview.training", 1e-6
RANDOM = np.random.default_rng(19)


def f(*shape: int) -> Any:
    return RANDOM.standard_normal(shape) + 0.1


A, B, ROW = f(3, 4), f(3, 4), f(4)
UNARY = "Neg Abs Exp Sin Cos Tanh Sigmoid Erf Softplus Elu Relu LeakyRelu Floor"
DEEP = [
    node("MatMul", ["a", "b"], ["p"]),
    node("Add", ["p", "c"], ["q"]),
    node("Tanh", ["q"], ["r"]),
    node("ReduceMean", ["r"], ["s"], axes=[1]),
    node("Mul", ["s", "p"], ["t"]),
    node("Transpose", ["t"], ["u"]),
    node("Reshape", ["u", "shape"], ["y"]),
]
PAIR = [node("Add", ["a", "b"], ["c"]), node("Mul", ["c", "a"], ["y"])]
# nodes that make y of a, b ..., and the values of those
CASES = [
    *(([node(name, ["a"], ["y"])], [A]) for name in UNARY.split()),
    *(([node(name, ["a"], ["y"])], [np.abs(A) + 0.1]) for name in ("Log", "Sqrt", "Reciprocal")),
    *(([node(name, ["a", "b"], ["y"])], [A, B]) for name in ("Add", "Sub", "Mul", "Div", "Max", "Min")),
    ([node("Mul", ["a", "b"], ["y"])], [A, ROW]),
    ([node("Sub", ["a", "b"], ["y"])], [f(3, 1), f(2, 1, 4)]),
    ([node("Pow", ["a", "b"], ["y"])], [np.abs(A) + 0.1, B]),
    (PAIR, [A, B]),
    (DEEP, [f(2, 3), f(3, 4), ROW]),
    ([node("MatMul", ["a", "b"], ["y"])], [f(2, 3, 4), f(4, 5)]),
    ([node("Gemm", ["a", "b"], ["y"], transA=1, alpha=0.5)], [f(4, 3), f(4, 5)]),
    ([node("Gemm", ["a", "b", "c"], ["y"], transB=1, beta=2.0)], [f(3, 4), f(5, 4), f(5)]),
    ([node("ReduceSum", ["a"], ["s"], keepdims=0), node("Mul", ["s", "a"], ["y"])], [A]),
    ([node("Expand", ["a", "wide"], ["w"]), node("Mul", ["w", "w"], ["y"])], [f(3, 1)]),
    ([node("Where", ["which", "a", "b"], ["y"])], [A, B]),
]
CONSTANTS = {
    "shape": np.int64([8]),
    "wide": np.int64([2, 3, 4]),
    "one": np.int64(1),
    "which": np.array([True, False, True, False]),
}


def model_with(
    nodes: list[onnx.NodeProto], values: list[Any], xs: str, results: list[str]
) -> onnx.ModelProto:
    """The nodes on a, b ..., and with xs the derivatives of y, dy_a ..."""
    names = ["a", "b", "c"][: len(values)]
    given = [info(n, np.shape(v), onnx.TensorProto.DOUBLE) for n, v in zip(names, values)]
    if xs:
        outputs = [f"dy_{x}" for x in xs]
        nodes = [*nodes, node("Gradient", list(xs), outputs, domain=DOMAIN, xs=list(xs), y="y")]
    model = model_of(nodes, given, results, CONSTANTS, 17)
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return model


def differences(nodes: list[onnx.NodeProto], values: list[Any], index: int) -> Any:
    """How the sum of y changes with each element of one value."""
    graph, names = imported(model_with(nodes, values, "", ["y"])), ["a", "b", "c"]
    found = np.zeros_like(values[index])
    for place in np.ndindex(found.shape):
        sums = []
        for step in (STEP, -STEP):
            moved = [v.copy() for v in values]
            moved[index][place] += step
            sums.append(interpret(graph, dict(zip(names, moved)))["y"].sum())
        found[place] = (sums[0] - sums[1]) / (2 * STEP)
    return found


@pytest.mark.parametrize(
    "nodes, values", CASES, ids=lambda x: x[0].op_type if hasattr(x[0], "op_type") else ""
)
def test_gradient(nodes: list[onnx.NodeProto], values: list[Any]) -> None:
    xs = "abc"[: len(values)]
    model = model_with(nodes, values, xs, [f"dy_{x}" for x in xs])
    found = interpret(imported(model), dict(zip(xs, values)))
    for index, x in enumerate(xs):
        wanted = differences(nodes, values, index)
        np.testing.assert_allclose(found[f"dy_{x}"], wanted, rtol=1e-6, atol=1e-6, err_msg=x)


def test_of_a_gradient() -> None:
    """The derivative of the derivative of x³; what y does not depend on has none."""
    cube = [node("Mul", ["a", "a"], ["square"]), node("Mul", ["square", "a"], ["y"])]
    first = node("Gradient", ["a", "b"], ["d", "none"], domain=DOMAIN, xs=["a", "b"], y="y")
    second = node("Gradient", ["a"], ["dd"], domain=DOMAIN, xs=["a"], y="d")
    model = model_with([*cube, first, second], [A, ROW], "", ["d", "dd", "none"])
    found = interpret(imported(model), {"a": A, "b": ROW})
    np.testing.assert_allclose(found["d"], 3 * A * A)
    np.testing.assert_allclose(found["dd"], 6 * A)
    np.testing.assert_array_equal(found["none"], np.zeros(4))


REFUSED = [
    ([node("CumSum", ["a", "one"], ["y"])], ["a"], "no derivative of 'cumulative'"),
    ([node("ReduceMax", ["a"], ["y"])], ["a"], "reduction 'max'"),
    ([node("Atan", ["a"], ["y"])], ["a"], "scalar function atan"),
    ([node("Neg", ["a"], ["y"])], ["b"], "its input for 'a' is another tensor"),
]


@pytest.mark.parametrize("nodes, inputs, part", REFUSED)
def test_refused(nodes: list[onnx.NodeProto], inputs: list[str], part: str) -> None:
    found = node("Gradient", inputs, ["d"], domain=DOMAIN, xs=["a"], y="y")
    with pytest.raises(ExportError, match=part):
        imported(model_with([*nodes, found], [A, B], "", ["d"]))
