"""Steps of quantised arithmetic."""

from __future__ import annotations

import numpy as np
from grower import Grower, Tensor, step
from steps_linear import not_empty


def zero_point(g: Grower, dtype: type, shape: tuple[int, ...] = ()) -> Tensor:
    return g.constant(np.asarray(g.numbers().integers(0 if dtype is np.uint8 else -9, 9, shape), dtype))


def single(t: Tensor) -> bool:
    return t.array.dtype == np.float32


@step(10, weight=2)
def quantize(g: Grower) -> None:
    x = g.pick("f", fits=single)
    dtype = g.choose([np.uint8, np.int8])
    if g.opset >= 13 and x.rank and g.chance(0.4):
        axis = g.axis(x)
        size = x.shape[axis]
        scale = g.constant(np.abs(g.data(np.float32, [size])) * 0.05 + 0.02, np.float32)
        point, axes = zero_point(g, dtype, (size,)), {"axis": axis}
    else:
        scale, point, axes = g.constant(0.07, np.float32), zero_point(g, dtype), {}
    made = g.one("QuantizeLinear", x, scale, point, **axes)
    if g.chance(0.7):
        g.one("DequantizeLinear", made, scale, point, **axes)


@step(10)
def dequantize(g: Grower) -> None:
    x = g.pick("i", fits=lambda t: t.array.dtype in (np.uint8, np.int8, np.int32))
    wide = x.array.dtype == np.int32
    point = None if wide or g.chance(0.3) else zero_point(g, x.array.dtype.type)
    g.one("DequantizeLinear", x, g.constant(0.25, np.float32), point)


@step(11)
def dynamic_quantize(g: Grower) -> None:
    x = g.pick("f", fits=lambda t: single(t) and t.array.size > 0)
    g.add("DynamicQuantizeLinear", [x], 3)


@step(10)
def matmul_integer(g: Grower) -> None:
    x = g.pick("i", rank=range(2, 5), fits=lambda t: t.array.dtype in (np.uint8, np.int8))
    dtype = g.choose([np.uint8, np.int8])
    y = g.constant(g.data(dtype, [x.shape[-1], 3]))
    points = [zero_point(g, x.array.dtype.type), zero_point(g, dtype)] if g.chance(0.6) else []
    g.one("MatMulInteger", x, y, *points)


@step(10)
def conv_integer(g: Grower) -> None:
    x = g.pick("i", 4, lambda t: t.array.dtype == np.uint8 and 0 not in t.shape)
    w = g.constant(g.data(np.uint8, [2, x.shape[1], 2, 2]))
    points = [zero_point(g, np.uint8)] if g.chance(0.6) else []
    not_empty(g.one("ConvInteger", x, w, *points, pads=[g.integer(0, 1) for _ in range(4)]))


@step(10)
def q_linear_matmul(g: Grower) -> None:
    x = g.pick("i", rank=range(2, 4), fits=lambda t: t.array.dtype in (np.uint8, np.int8))
    dtype = x.array.dtype.type
    y = g.constant(g.data(dtype, [x.shape[-1], 3]))
    scales = [g.constant(s, np.float32) for s in (0.11, 0.07, 0.13)]
    points = [zero_point(g, dtype) for _ in range(3)]
    g.one("QLinearMatMul", x, scales[0], points[0], y, scales[1], points[1], scales[2], points[2])
