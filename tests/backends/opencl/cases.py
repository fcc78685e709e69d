"""One node of each kind that the OpenCL backend runs, small: operator, operands, constants, stored forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from harness import Array, numbers

from edgec.format import forms
from edgec.ir.graph import FormSpec
from edgec.ir.types import DType
from edgec.ops.arg_reduce import ArgReduce
from edgec.ops.attention import Attention
from edgec.ops.base import Op
from edgec.ops.conv import Conv
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.cumulative import Cumulative
from edgec.ops.gather import Gather, GatherElements, GatherNd
from edgec.ops.map import Map
from edgec.ops.matmul import MatMul
from edgec.ops.normalize import Normalize
from edgec.ops.pool import Pool
from edgec.ops.program import Builder, Program, binary
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.rnn import Rnn
from edgec.ops.scatter import ScatterElements, ScatterNd
from edgec.ops.softmax import Softmax
from edgec.ops.view import Bitcast, Concat, Expand, Extents, Iota, Pad, Slice, Transpose

RANDOM = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """`operands` in the operator's order; `constants` are stored in the file, in `forms` where given."""

    op: Op
    operands: list[Array | None]
    constants: tuple[int, ...] = ()
    forms: Mapping[int, FormSpec] = field(default_factory=dict)

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, o.shape)) for o in self.operands if o is not None)
        return f"{self.op.name}-{shapes}"


def f32(*shape: int) -> Array:
    return numbers(RANDOM, shape, "float32")


def bias_relu() -> Program:
    b = Builder([DType.F32, DType.F32])
    return b.finish(b("max", b("add", 0, 1), b.const(0.0, DType.F32)))


def scaled_residual() -> Program:
    b = Builder([DType.F32] * 4)
    return b.finish(b("add", b("mul", b("sigmoid", b("add", 0, 1)), 2), 3))


def movement() -> list[Case]:
    return [
        Case(Transpose((0, 3, 1, 2)), [f32(2, 5, 7, 3)]),
        Case(Transpose((3, 1, 0, 2)), [numbers(RANDOM, (2, 5, 1, 3), "int8")]),
        Case(Slice((5, 0, 1), (-2, 1, 3), (3, 4, 2)), [f32(6, 4, 6)]),
        Case(Expand((3, 4, 2, 5)), [f32(4, 1, 5)]),
        Case(Bitcast(int(DType.I32)), [f32(4, 5)]),
        Case(Concat(1), [f32(2, 3, 2), f32(2, 0, 2), f32(2, 5, 2)]),
        Case(Pad("constant", (1, 0, 2, 0, 3, 1)), [f32(2, 3, 4), np.float32(7) * np.ones((), np.float32)]),
        Case(Pad("reflect", (1, 2, 1, 0)), [f32(3, 4), None]),
        Case(Pad("edge", (1, 2, 5, 0)), [f32(3, 4), None]),
        Case(Pad("wrap", (1, 2, 3, 0)), [numbers(RANDOM, (3, 4), "int64"), None]),
        Case(Iota(9, DType.I64), []),
        Case(Extents((3, 4, 5), (3,)), []),
    ]


def elementwise() -> list[Case]:
    add = Map(binary("add", DType.F32))
    return [
        Case(add, [f32(3, 5), f32(3, 5)]),
        Case(add, [f32(2, 3, 4, 5, 6), f32(3, 1, 5, 1)]),
        Case(add, [f32(4, 1), f32(1, 7)]),
        Case(add, [np.float32(1) * np.ones((), np.float32), np.ones((), np.float32)]),
        Case(Map(scaled_residual()), [f32(6, 5), f32(5), f32(), f32(6, 5)]),
        Case(Map(binary("mul", DType.F32), DType.F16), [numbers(RANDOM, (7,), "float16"), f32(7)]),
    ]


NARROW = {  # bits
    **{d: 8 for d in (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ, DType.F8E8M0)},
    **{DType.F6E2M3: 6, DType.F6E3M2: 6, DType.F4E2M1: 4, DType.I4: 4, DType.U4: 4, DType.I2: 2, DType.U2: 2},
}


def narrow() -> list[Case]:
    """Every code of the types of eight bits and fewer, read, multiplied and rounded again."""
    cases = []
    for dtype, bits in NARROW.items():
        b = Builder([dtype])
        factor = b.const(1.5 if dtype.is_float and dtype != DType.F8E8M0 else 2, dtype)
        codes = np.arange(1 << bits, dtype=np.uint8).view(dtype.numpy)
        cases.append(Case(Map(b.finish(b("mul", 0, factor)), dtype), [codes]))
    return cases


def products() -> list[Case]:
    w = f32(19, 33)
    cases = [
        Case(MatMul(), [f32(7, 19), w]),
        Case(MatMul(), [f32(1, 19), w], (1,), {1: forms.matmul_form(w.shape)}),
        Case(
            MatMul(epilogue=bias_relu()), [f32(3, 14, 19), w, f32(33)], (1,), {1: forms.matmul_form(w.shape)}
        ),
        Case(MatMul(True, True), [f32(2, 5, 6), f32(3, 1, 4, 5)]),
        Case(MatMul(epilogue=scaled_residual()), [f32(2, 5, 6), f32(6, 4), f32(5, 1), f32(), f32(2, 5, 4)]),
        Case(
            MatMul(accumulator=DType.I32, dtype=DType.I32),
            [numbers(RANDOM, (5, 6), "uint8"), numbers(RANDOM, (6, 18), "int8")],
        ),
    ]
    for groups, channels, outputs in ((1, 3, 20), (2, 8, 6), (4, 4, 4), (18, 18, 18)):
        x, w = f32(2, 7, 6, channels), f32(outputs, 3, 2, channels // groups)
        op = Conv((2, 1), (1, 0, 1, 2), (1, 2), groups, bias_relu())
        cases.append(Case(op, [x, w, f32(outputs)], (1,), {1: forms.conv_form(w.shape, groups)}))
        cases.append(Case(op, [x, w, f32(outputs)]))
    cases.append(Case(Conv((1,), (1, 1), (1,), 1), [f32(1, 9, 4), f32(5, 3, 4)]))
    cases.append(Case(Conv((1, 1, 1), (0,) * 6, (1,) * 3, 1), [f32(1, 4, 5, 6, 2), f32(3, 2, 3, 2, 2)]))
    for groups, channels, outputs in ((1, 5, 3), (2, 4, 6)):
        x, w = f32(2, 4, 5, channels), f32(outputs, 3, 2, channels // groups)
        op = ConvTranspose((2, 3), (1, 0, 0, 1), (1, 2), groups, (1, 0), bias_relu())
        form = forms.conv_transpose_form(w.shape, groups)
        cases += [Case(op, [x, w, f32(outputs)], (1,), {1: form}), Case(op, [x, w, f32(outputs)])]
    return cases


def attentions() -> list[Case]:
    qkv = [f32(2, 7, 9, 20), f32(2, 18, 9, 20), f32(2, 18, 9, 17)]
    return [
        Case(Attention(1), [f32(5, 1, 4), f32(6, 1, 4), f32(6, 1, 3)]),
        Case(Attention(3, 0.5, (0, 3, 6), scaled_residual()), [*qkv, f32(18), f32(), f32(2, 1, 7, 18)]),
        Case(Attention(2, firsts=(4, 0, 1)), [f32(3, 2, 1, 6, 4), f32(3, 2, 0, 6, 4), f32(3, 2, 0, 6, 5)]),
    ]


def reductions() -> list[Case]:
    x = f32(2, 40, 3)
    cases = [Case(Reduce(kind, (1,)), [x]) for kind in ("sum", "prod", "max", "min", "mean")]
    whole = numbers(RANDOM, (3, 4, 50), "int64")
    cases += [Case(Reduce(k, (0, 2), False), [whole]) for k in ("sum", "mean", "max")]
    cases += [
        Case(Reduce("mean", (1, 2), False), [f32(3, 9, 9)]),
        Case(Reduce("sum", ()), [f32(3, 2)]),
        Case(Reduce("sum", (1,), prologue=binary("mul", DType.F32)), [f32(3, 40, 2), f32(40, 1)]),
        Case(
            Reduce("mean", (1,), epilogue=scaled_residual()),
            [f32(3, 40, 2), f32(3, 1, 1), f32(), f32(3, 1, 2)],
        ),
        Case(
            Reduce("sum", (1,), False, binary("mul", DType.F32), scaled_residual()),
            [f32(3, 40, 2), f32(40, 1), f32(2), f32(3, 1), f32()],
        ),
        Case(Softmax(1), [f32(3, 70)]),
        Case(Softmax(0, True), [f32(5, 7)]),
        Case(Normalize((2,)), [f32(3, 4, 50), f32(50), f32(50)]),
        Case(Normalize((1, 2), 1e-3), [f32(2, 5, 4, 3), f32(3), f32(1, 1, 3)]),
        Case(Normalize((1,), 1e-5, False), [f32(3, 8), None, None]),
    ]
    for kind in ("max", "min"):
        for last in (False, True):
            cases.append(Case(ArgReduce(kind, 1, False, last), [numbers(RANDOM, (3, 20, 2), "int32")]))
    for exclusive in (False, True):
        cases.append(Case(Cumulative("sum", 1, exclusive, exclusive), [f32(3, 6, 2)]))
    return cases


def windows() -> list[Case]:
    common = ((3, 2), (2, 1), (1, 0, 1, 1), (1, 2))
    x = f32(2, 7, 6, 5)
    return [
        Case(Pool("max", *common), [x]),
        Case(Pool("max", *common, indices=True), [x]),
        Case(Pool("average", *common, True), [x]),
        Case(Pool("average", *common, True, True), [x]),
        Case(Pool("lp", *common), [x]),
        Case(Pool("max", (2,), (2,), (0, 0), (1,)), [numbers(RANDOM, (1, 8, 3), "int8")]),
        Case(Resize("nearest", (1, 2), (14, 12), (2.0, 2.0), "asymmetric", "floor"), [x]),
        Case(Resize("linear", (1, 2), (10, 4)), [x]),
        Case(Resize("cubic", (2,), (9,), (1.5,), "align_corners"), [x]),
        Case(Resize("linear", (0, 1, 2, 3), (3, 10, 4, 5)), [x]),
        Case(Resize("nearest", (0, 1, 2, 3), (3, 10, 4, 5)), [x]),
        Case(Resize("linear", (1, 2), (3, 2), antialias=True), [x]),
    ]


def recurrent() -> list[Case]:
    cases = []
    for kind, gates in (("lstm", 4), ("gru", 3), ("rnn", 1)):
        for directions, name in ((1, "forward"), (2, "bidirectional"), (1, "reverse")):
            d, h, i = directions, 10, 6
            w, r, b = f32(d, gates * h, i), f32(d, gates * h, h), f32(d, 2 * gates * h)
            lengths = np.array([5, 3], np.int32) if name != "forward" else None
            c0 = f32(d, 2, h) if kind == "lstm" else None
            peephole = f32(d, 3 * h) if kind == "lstm" and d == 2 else None
            op = Rnn(kind, name, h, linear_before_reset=name == "reverse")
            packed = {} if name == "reverse" else {1: forms.rnn_form(w.shape), 2: forms.rnn_form(r.shape)}
            operands = [f32(5, 2, i), w, r, b, lengths, f32(d, 2, h), c0, peephole]
            cases.append(Case(op, operands, (1, 2) if packed else (), packed))
    return cases


def indexing() -> list[Case]:
    i = np.array([[1, -1, 0], [2, 2, -3]], np.int64)
    updates = f32(2, 3)
    return [
        Case(Gather(1), [f32(4, 3, 5), i]),
        Case(Gather(1, 1), [f32(2, 3, 5), i.astype(np.int32)]),
        Case(GatherElements(1), [f32(4, 3), i]),
        Case(GatherNd(0), [f32(3, 3, 3), np.array([[0, 1], [-1, 2]], np.int64)]),
        Case(GatherNd(1), [f32(2, 3, 4), np.array([[1], [-1]], np.int64)]),
        Case(ScatterElements(0), [f32(5, 3), i, updates]),
        Case(ScatterElements(1, "add"), [f32(2, 5), i, updates]),
        Case(ScatterNd("add"), [f32(4, 3), np.array([[1], [1]], np.int64), f32(2, 3)]),
        Case(ScatterNd("max"), [f32(4, 3), np.array([[1, 0], [-1, 2]], np.int64), f32(2)]),
    ]


def all_cases() -> list[Case]:
    groups = (movement, elementwise, narrow, products, attentions, reductions, windows, recurrent, indexing)
    return [case for group in groups for case in group()]
