"""Scalar programs come back as ONNX nodes that mean exactly the same."""

from __future__ import annotations

import numpy as np
import pytest
from writer_support import Array, one_node, operators, run, tensor, written

from edgec import interpret
from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.program import COMPARISONS, INSTRUCTIONS, Builder, Program, binary, unary

LEAST, MOST = np.iinfo(np.int32).min, np.iinfo(np.int32).max
EDGES: dict[DType, list[float]] = {
    DType.F32: [-np.inf, -1e30, -7.5, -2.5, -1, -0.5, -1e-6, 0, 1e-6, 0.3, 0.5, 1, 2.5, 40, np.inf, np.nan],
    DType.F64: [-np.inf, -7.5, -1.0, -1e-12, 0.0, 1e-12, 0.5, 1.0, 3.0, np.inf, np.nan],
    DType.I32: [LEAST, LEAST + 1, -33, -7, -1, 0, 1, 2, 5, 31, 32, MOST],
    DType.I64: [-(2**63), -9, -1, 0, 1, 3, 63, 64, 2**63 - 1],
    DType.U8: [0, 1, 2, 7, 8, 200, 255],
    DType.U32: [0, 1, 5, 31, 32, 2**32 - 1],
    DType.BOOL: [0, 1],
}  # fmt: skip
LOGIC = {"and", "or", "xor", "not"}
WHOLE = {"bitand", "bitor", "bitxor", "bitnot", "shl", "shr"}
# of integers ONNX has no exact power, and ONNX Runtime computes it in f64
SKIPPED = {("pow", d) for d in EDGES if not d.is_float}
REAL = {
    "ceil", "floor", "round", "trunc", "sqrt", "recip", "exp", "log", "expm1", "log1p", "sin", "cos", "tan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid", "isnan",
    "isinf", "pow",
}  # fmt: skip


def fits(op: str, dtype: DType) -> bool:
    if (op, dtype) in SKIPPED or op in ("const", "cast", "select"):
        return False
    if op in LOGIC:
        return dtype == DType.BOOL
    if op in WHOLE:
        return dtype.is_int
    if op in REAL:
        return dtype.is_float
    return dtype != DType.BOOL or op in ("eq", "ne")


CASES = [(op, dtype) for op in INSTRUCTIONS for dtype in EDGES if fits(op, dtype)]


def check(program: Program, operands: list[Array], dtype: DType, tolerance: float = 0.0) -> list[str]:
    """The program's values after a round trip are the definition's; the operators that came back."""
    types = [tensor(DType.of(o.dtype), *o.shape) for o in operands]
    model = one_node(Map(program, dtype), types)
    proto = written(model)
    expected = interpret(model, operands)["y0"]
    (found,) = run(proto, operands)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * 1e-2)
    return operators(proto)


@pytest.mark.parametrize(("op", "dtype"), CASES, ids=[f"{op}-{d.text}" for op, d in CASES])
def test_instruction(op: str, dtype: DType) -> None:
    edges = np.array(EDGES[dtype], dtype.numpy)
    inexact = 0.0 if not dtype.is_float or op in COMPARISONS else 3e-6 if dtype == DType.F32 else 1e-12
    if (op, dtype) == ("erf", DType.F64):
        inexact = 1e-7  # ONNX Runtime computes it in f32
    if op in ("sin", "cos", "tan"):
        edges = edges[~(np.abs(edges) > 100)]
    if INSTRUCTIONS[op][1] == 1:
        program, operands = unary(op, dtype), [edges]
    else:
        program, operands = binary(op, dtype), [edges[:, None].copy(), edges]
    check(program, operands, program.dtype, inexact)


@pytest.mark.parametrize("given", EDGES, ids=lambda d: d.text)
@pytest.mark.parametrize("wanted", EDGES, ids=lambda d: d.text)
def test_cast(given: DType, wanted: DType) -> None:
    builder = Builder([given])
    program = builder.finish(builder.cast(0, wanted))
    check(program, [np.array(EDGES[given], given.numpy)], wanted)


def activation(text: str) -> Program:
    """A program on one f32 operand from calls as `str(program)` prints them."""
    builder = Builder([DType.F32])

    def call(op: str, *args: object) -> int:
        return builder(
            op, *(a if isinstance(a, int) else builder.const(float(str(a)), DType.F32) for a in args)
        )

    names = {op: (lambda *args, op=op: call(op, *args)) for op in INSTRUCTIONS}
    return builder.finish(eval(text, {"__builtins__": {}}, {**names, "x": 0}))


ACTIVATIONS = {
    "max(x, 0.0)": ["Relu"],
    "min(max(x, 0.0), 6.0)": ["Clip"],
    "max(x, mul(x, 0.01))": ["LeakyRelu"],
    "select(lt(x, 0.0), expm1(x), x)": ["Elu"],
    "mul(2.0, select(le(x, 0.0), mul(3.0, expm1(x)), x))": ["Selu"],
    "add(max(x, 0.0), log1p(exp(neg(abs(x)))))": ["Softplus"],
    "mul(x, tanh(add(max(x, 0.0), log1p(exp(neg(abs(x)))))))": ["Mish"],
    "mul(mul(0.5, x), add(1.0, erf(mul(x, 0.7071067811865476))))": ["Gelu"],
    "min(max(add(mul(x, 0.2), 0.5), 0.0), 1.0)": ["HardSigmoid"],
    "mul(x, min(max(add(mul(x, 0.16666666666666666), 0.5), 0.0), 1.0))": ["HardSwish"],
    "mul(x, sigmoid(x))": ["Sigmoid", "Mul"],
    "div(x, add(1.0, abs(x)))": ["Softsign"],
    "select(gt(x, 1.0), x, 0.0)": ["ThresholdedRelu"],
}


@pytest.mark.parametrize("text", ACTIVATIONS)
def test_activation_comes_back_as_itself(text: str) -> None:
    x = np.linspace(-6, 6, 49, dtype=np.float32)
    assert check(activation(text), [x], DType.F32, 3e-5) == ACTIVATIONS[text]


def test_small_floats_are_rounded_once() -> None:
    builder = Builder([DType.F16, DType.F16])
    program = builder.finish(builder("mul", builder("add", 0, 1), 0))
    operands = [np.array([1.0, 0.1, 300.0], np.float16), np.array([0.001, 0.3, 0.7], np.float16)]
    found = check(program, operands, DType.F16)
    assert found.count("Cast") == 3


def test_a_slope_larger_than_its_data_is_no_prelu() -> None:
    b = Builder([DType.F32, DType.F32])
    program = b.finish(b("select", b("lt", 0, b.const(0.0, DType.F32)), b("mul", 0, 1), 0))
    x, slope = np.array([-1, 2], np.float32), np.array([[0.5], [2]], np.float32)
    assert "PRelu" not in check(program, [x, slope], DType.F32)
    assert check(program, [x, slope[0]], DType.F32) == ["PRelu"]


def test_an_operand_that_is_not_read_still_broadcasts() -> None:
    builder = Builder([DType.F32, DType.F32])
    program = builder.finish(builder("neg", 0))
    check(program, [np.ones(3, np.float32), np.ones((2, 3), np.float32)], DType.F32)


@pytest.mark.parametrize("dtype", [DType.U8, DType.I8], ids=lambda d: d.text)
def test_quantization_comes_back(dtype: DType) -> None:
    whole = np.iinfo(dtype.numpy)
    b = Builder([DType.F32])
    steps = b("round", b("div", 0, b.const(0.1, DType.F32)))
    if dtype == DType.U8:
        steps = b("add", steps, b.const(3.0, DType.F32))
    low, high = b.const(float(whole.min), DType.F32), b.const(float(whole.max), DType.F32)
    stored = b.cast(b("min", b("max", steps, low), high), dtype)
    x = np.linspace(-20, 40, 121, dtype=np.float32)
    assert check(b.finish(stored), [x], dtype) == ["QuantizeLinear"]
    difference = b("sub", b.cast(stored, DType.I32), b.const(3, DType.I32))
    program = b.finish(b("mul", b.cast(difference, DType.F32), b.const(0.1, DType.F32)))
    assert check(program, [x], DType.F32, 1e-6) == ["QuantizeLinear", "DequantizeLinear"]
