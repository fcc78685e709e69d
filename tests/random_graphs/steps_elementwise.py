"""Steps of elementwise operators with broadcasting, and casts."""

from __future__ import annotations

import numpy as np
from grower import Grower, Tensor, step
from onnx import helper

# operators of one float operand with the opset that brought them
_FLOAT_SINCE = {
    7: "Relu Sigmoid Tanh Abs Neg Floor Ceil Softplus Softsign Elu Selu LeakyRelu HardSigmoid "
    "Identity Sin Cos Atan Exp Clip",
    9: "Erf Sign Sinh Cosh Asinh Shrink IsNaN",
    10: "IsInf ThresholdedRelu",
    11: "Round",
    12: "Celu",
    14: "HardSwish",
    18: "Mish",
    20: "Gelu",
    24: "Swish",
}
FLOAT = {name: since for since, names in _FLOAT_SINCE.items() for name in names.split()}
POSITIVE = {"Sqrt": 7, "Log": 7, "Reciprocal": 7, "Acosh": 9}  # of operands that are at least 1/2
INTEGER = {"Abs": 7, "Neg": 7, "Sign": 9, "Relu": 14, "BitwiseNot": 18, "Identity": 7}
ATTRIBUTES = {
    "Elu": {"alpha": 0.75}, "LeakyRelu": {"alpha": 0.125}, "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "Shrink": {"lambd": 0.25, "bias": 0.125}, "ThresholdedRelu": {"alpha": 0.5}, "Selu": {"alpha": 1.25},
    "Celu": {"alpha": 2.0}, "Gelu": {"approximate": "tanh"},
}  # fmt: skip


def known(g: Grower, table: dict[str, int]) -> str:
    return g.choose(name for name, since in table.items() if since <= g.opset)


@step(weight=4)
def unary(g: Grower) -> None:
    x = g.pick("ffi")
    operator = known(g, FLOAT if x.kind == "f" else INTEGER)
    if operator == "Clip":
        clip(g)
    else:
        g.one(operator, x, **(ATTRIBUTES.get(operator, {}) if g.chance(0.5) else {}))


@step()
def positive(g: Grower) -> None:
    g.one(known(g, POSITIVE), at_least_half(g, g.pick("f"), 1.0))


def at_least_half(g: Grower, x: Tensor, least: float = 0.5) -> Tensor:
    """|x| + least: what may be divided by."""
    return g.one("Add", g.one("Abs", x), g.constant(least, x.array.dtype))


@step()
def clip(g: Grower) -> None:
    x = g.pick("f" if g.opset < 12 else "fi")
    if g.opset < 11:
        g.one("Clip", x, min=-0.5, max=1.5)
        return
    low, high = (g.constant(v, x.array.dtype) if g.chance(0.7) else None for v in (0, 3))
    g.one("Clip", x, low, high)


def partner(g: Grower, x: Tensor) -> Tensor:
    """A value that broadcasts with x: one that is there, or a constant with some of x's sizes."""
    if g.chance(0.5):
        fitting = [t for t in g.values() if t.array.dtype == x.array.dtype and broadcasts(t, x)]
        if fitting:
            return g.choose(fitting)
    shape = [1 if g.chance(0.3) else d for d in x.shape]
    shape = shape[g.integer(0, len(shape)) :] if g.chance(0.3) else shape
    if g.chance(0.1):
        shape = [2, *[d if g.chance(0.5) else 1 for d in x.shape]]
    return g.constant(g.data(x.array.dtype, shape))


def broadcasts(a: Tensor, b: Tensor) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], b.shape[::-1]))


@step(weight=5)
def arithmetic(g: Grower) -> None:
    x = g.pick("fffi")
    y = partner(g, x)
    if x.kind == "i":
        operator = g.choose(["Add", "Sub", "Mul", "Min", "Max"] if g.opset >= 8 else ["Add", "Sub", "Mul"])
    else:
        operator = g.choose(["Add", "Add", "Sub", "Mul", "Mul", "PRelu"] + ["Min", "Max"] * (g.opset >= 8))
    g.one(operator, *((x, y) if g.chance(0.5) or operator == "PRelu" else (y, x)))


@step()
def divide(g: Grower) -> None:
    x = g.pick("ffi")
    if x.kind == "f":
        g.one("Div", x, at_least_half(g, partner(g, x)))
        return
    divisor = g.constant(g.choose([1, 2, 3, 7]), x.array.dtype)
    g.one("Mod" if g.opset >= 10 and g.chance(0.5) else "Div", x, divisor)


@step()
def power(g: Grower) -> None:
    x = g.pick("f")
    exponent = g.constant(g.choose([2, 3, 0.5, -1, 1]), x.array.dtype)
    g.one("Pow", x if exponent.array in (2, 3) else at_least_half(g, x), exponent)


@step(10)
def remainder_of_floats(g: Grower) -> None:
    g.one("Mod", g.pick("f"), g.constant(np.float32(1.5)), fmod=1)


@step()
def many(g: Grower) -> None:
    x = g.pick("f")
    others = [partner(g, x) for _ in range(g.integer(0, 2))]
    g.one(g.choose(["Sum", "Mean", "Max", "Min"]), x, *others)


@step(weight=2)
def compare(g: Grower) -> None:
    x = g.pick("fi" if g.opset >= 9 else "f")
    names = ["Less", "Greater"] + ["Equal"] * (g.opset >= 11)
    names += ["LessOrEqual", "GreaterOrEqual"] * (g.opset >= 12)
    g.one(g.choose(names), x, partner(g, x))


@step(weight=2)
def logic(g: Grower) -> None:
    x = g.pick("b")
    operator = g.choose(["And", "Or", "Xor", "Not"])
    g.one(operator, *([x] if operator == "Not" else [x, partner(g, x)]))


@step(18)
def bits(g: Grower) -> None:
    x = g.pick("i")
    g.one(g.choose(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), x, partner(g, x))


@step(11)
def shift(g: Grower) -> None:
    x = g.pick("i", fits=lambda t: t.array.dtype.kind == "u")
    count = g.constant(g.integer(0, 7), x.array.dtype)
    g.one("BitShift", x, count, direction=g.choose(["LEFT", "RIGHT"]))


@step(9, weight=2)
def where(g: Grower) -> None:
    x = g.pick()
    condition = Tensor("", np.zeros(x.shape, bool))
    g.one("Where", partner(g, condition), x, partner(g, x))


@step(weight=3)
def cast(g: Grower) -> None:
    x = g.pick()
    names = [
        "float32",
        "float32",
        "float16",
        "float64",
        "int64",
        "int32",
        "int8",
        "uint8",
        "int16",
        "uint16",
        "bool",
    ]
    target = np.dtype(g.choose(names + ["uint32", "uint64"]))
    if x.kind == "f" and target.kind in "iu":  # what overflows is undefined
        info = np.iinfo(target)
        if x.array.size and not (x.array.min() > info.min and x.array.max() < min(info.max, 1e9)):
            return
        if target.kind == "u" and x.array.size and x.array.min() < 0:
            return
    if g.opset >= 15 and g.chance(0.2):
        g.one("CastLike", x, g.constant(np.zeros(1), target))
        return
    g.one("Cast", x, to=helper.np_dtype_to_tensor_dtype(target))
