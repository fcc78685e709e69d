"""ai.onnx.preview.training: one step of an optimiser is arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.map import select
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError

_DOMAIN = "ai.onnx.preview.training"
Step = Callable[["Arithmetic", Call, Value, Value, Sequence[Value]], Sequence[Value]]


class Arithmetic:
    """Elementwise arithmetic whose numbers take the type of the tensor beside them."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __call__(self, op: str, a: Value | float, b: Value | float) -> Value:
        dtype = a.dtype if isinstance(a, Value) else b.dtype if isinstance(b, Value) else DType.F32
        return self.builder.binary(op, self._value(a, dtype), self._value(b, dtype))

    def _value(self, x: Value | float, dtype: DType) -> Value:
        return self.builder.cast(x, dtype) if isinstance(x, Value) else self.builder.constant(x, dtype)


def each_tensor(b: Builder, call: Call, states: int, step: Step) -> list[Value]:
    """`step` on each optimised tensor with its gradient and states; results in ONNX's grouped order."""
    rate, count, *rest = call.operands()
    groups = states + 2
    if not rest or len(rest) % groups:
        raise OpError(f"{len(rest)} tensors given, expected {groups} for each that is optimised")
    n = len(rest) // groups
    rate, count = b.reshape(rate, ()), b.reshape(count, ())
    made = [step(Arithmetic(b), call, rate, count, rest[i::n]) for i in range(n)]
    return [results[g] for g in range(states + 1) for results in made]


@onnx_op("Adagrad", domain=_DOMAIN)
def adagrad(b: Builder, call: Call) -> Sequence[Value]:
    return each_tensor(b, call, 1, _adagrad)


def _adagrad(do: Arithmetic, call: Call, rate: Value, count: Value, group: Sequence[Value]) -> list[Value]:
    x, gradient, squares = group
    decay = do("add", 1.0, do("mul", do.builder.cast(count, x.dtype), call.real("decay_factor", 0.0)))
    rate = do("div", do.builder.cast(rate, x.dtype), decay)
    gradient = do("add", do("mul", x, call.real("norm_coefficient", 0.0)), gradient)
    squares = do("add", squares, do("mul", gradient, gradient))
    scale = do("add", do.builder.unary("sqrt", squares), call.real("epsilon", 0.0))
    return [do("sub", x, do("div", do("mul", gradient, rate), scale)), squares]


@onnx_op("Adam", domain=_DOMAIN)
def adam(b: Builder, call: Call) -> Sequence[Value]:
    return each_tensor(b, call, 2, _adam)


def _adam(do: Arithmetic, call: Call, rate: Value, count: Value, group: Sequence[Value]) -> list[Value]:
    x, gradient, momentum, squares = group
    alpha, beta = call.real("alpha", 0.9), call.real("beta", 0.999)
    gradient = do("add", do("mul", x, call.real("norm_coefficient", 0.0)), gradient)
    momentum = do("add", do("mul", momentum, alpha), do("mul", gradient, 1 - alpha))
    squares = do("add", do("mul", squares, beta), do("mul", do("mul", gradient, gradient), 1 - beta))
    scale = do("add", do.builder.unary("sqrt", squares), call.real("epsilon", 0.0))
    rate = _corrected(do, do.builder.cast(rate, DType.F64), count, alpha, beta)
    x = do("sub", x, do("mul", do("div", momentum, scale), rate))
    return [do("mul", x, 1 - call.real("norm_coefficient_post", 0.0)), momentum, squares]


def _corrected(do: Arithmetic, rate: Value, count: Value, alpha: float, beta: float) -> Value:
    """The rate with both averages' start from 0 made good; as it is where no step was counted."""
    steps = do.builder.cast(count, DType.F64)
    first = do("sub", 1.0, do("pow", alpha, steps))
    second = do.builder.unary("sqrt", do("sub", 1.0, do("pow", beta, steps)))
    return select(do.builder, do("gt", steps, 0.0), do("div", do("mul", rate, second), first), rate)


@onnx_op("Momentum", domain=_DOMAIN)
def momentum(b: Builder, call: Call) -> Sequence[Value]:
    return each_tensor(b, call, 1, _momentum)


def _momentum(do: Arithmetic, call: Call, rate: Value, count: Value, group: Sequence[Value]) -> list[Value]:
    x, gradient, velocity = group
    mode, alpha = call.text("mode"), call.real("alpha")
    if mode not in ("standard", "nesterov"):
        raise OpError(f"mode is '{mode}', expected standard or nesterov")
    gradient = do("add", do("mul", x, call.real("norm_coefficient")), gradient)
    later = do("mul", gradient, call.real("beta"))
    first = do("gt", do.builder.cast(count, DType.F64), 0.0)
    velocity = do("add", do("mul", velocity, alpha), select(do.builder, first, later, gradient))
    step = velocity if mode == "standard" else do("add", gradient, do("mul", velocity, alpha))
    return [do("sub", x, do("mul", step, rate)), velocity]
