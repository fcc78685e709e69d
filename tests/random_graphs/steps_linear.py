"""Steps of matrix products, windows, resizing and recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from grower import Grower, Tensor, step
from oracle import Reject
from steps_views import int64s


def floats(g: Grower, x: Tensor, *shape: int) -> Tensor:
    """A constant of the type of x."""
    return g.constant(g.data(x.array.dtype, shape))


@step(weight=3)
def matmul(g: Grower) -> None:
    x = g.pick(
        "fffi", rank=range(1, 5), fits=lambda t: t.shape[-1] > 0
    )  # ONNX Runtime leaves sums of nothing open
    depth, width = x.shape[-1], g.integer(1, 9)
    batch = x.shape[:-2] if x.rank > 2 and g.chance(0.4) else ()
    choices: list[tuple[int, ...]] = [(depth, width), (*batch, depth, width), (depth,), (1, depth, width)]
    y = floats(g, x, *g.choose(choices))
    fitting = [
        t for t in g.values() if t.array.dtype == x.array.dtype and t.rank > 1 and t.shape[-2] == depth
    ]
    g.one("MatMul", x, g.choose(fitting) if fitting and g.chance(0.4) else y)


@step(weight=2)
def gemm(g: Grower) -> None:
    x = g.pick("f", 2)
    trans_a, trans_b, width = g.integer(0, 1), g.integer(0, 1), g.integer(1, 20)
    rows, depth = x.shape[::-1] if trans_a else x.shape
    y = floats(g, x, *((width, depth) if trans_b else (depth, width)))
    shapes: list[tuple[int, ...]] = [(width,), (rows, width), (rows, 1), (1,), ()]
    bias = floats(g, x, *g.choose(shapes)) if g.opset < 11 or g.chance(0.7) else None
    g.one(
        "Gemm",
        x,
        y,
        bias,
        transA=trans_a,
        transB=trans_b,
        alpha=g.choose([1.0, 0.5]),
        beta=g.choose([1.0, 2.0]),
    )


@step(12, weight=2)
def einsum(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 4), fits=lambda t: 0 not in t.shape)
    letters = "abc"[: x.rank]
    if g.chance(0.3):
        kept = g.random.sample(letters, g.integer(0, x.rank))
        g.one("Einsum", x, equation=f"{letters}->{''.join(kept)}")
        return
    other = g.choose([letters[-1] + "d", letters, letters[0], "d" + letters[::-1]])
    sizes = {**dict(zip(letters, x.shape)), "d": g.integer(1, 4)}
    y = floats(g, x, *(sizes[c] for c in other))
    together = sorted(set(letters + other))
    kept = g.random.sample(together, g.integer(0, len(together)))
    arrow = f"->{''.join(kept)}" if g.chance(0.9) else ""
    g.one("Einsum", x, y, equation=f"{letters},{other}{arrow}")


def window(g: Grower, spatial: int, largest: int = 3) -> dict[str, Any]:
    """kernel_shape, strides, dilations and pads of a window."""
    found: dict[str, Any] = {"kernel_shape": [g.integer(1, largest) for _ in range(spatial)]}
    if g.chance(0.5):
        found["strides"] = [g.integer(1, 3) for _ in range(spatial)]
    if g.chance(0.2):
        found["dilations"] = [g.integer(1, 2) for _ in range(spatial)]
    steps, taps = found.get("strides", [1]), found["kernel_shape"]
    if g.chance(0.3) and all(s <= k for s, k in zip(steps, taps)):  # else engines differ on where to begin
        found["auto_pad"] = g.choose(["SAME_UPPER", "SAME_LOWER", "VALID"])
    elif g.chance(0.7):
        found["pads"] = [g.integer(0, k // 2) for k in found["kernel_shape"] * 2]
    return found


def not_empty(t: Tensor) -> Tensor:
    """The tensor. Raises Reject where the window was larger than the image."""
    if 0 in t.shape:
        raise Reject("a window without a place")
    return t


def image(g: Grower, rank: range = range(3, 6)) -> Tensor:
    return g.pick("f", rank, lambda t: 0 not in t.shape)


@step(weight=4)
def conv(g: Grower) -> None:
    x = image(g)
    channels = x.shape[1]
    groups = g.choose(k for k in range(1, channels + 1) if channels % k == 0)
    outputs = groups * g.choose([1, 1, 2, 3, 5])
    attributes = window(g, x.rank - 2)
    w = floats(g, x, outputs, channels // groups, *attributes["kernel_shape"])
    bias = floats(g, x, outputs) if g.chance(0.6) else None
    if g.chance(0.3):
        del attributes["kernel_shape"]
    made = not_empty(g.one("Conv", x, w, bias, group=groups, **attributes))
    if g.chance(0.5):
        g.one(g.choose(["Relu", "Sigmoid", "LeakyRelu"]), made)


@step(weight=2)
def conv_transpose(g: Grower) -> None:
    x = image(g)
    channels = x.shape[1]
    groups = g.choose(k for k in (1, 2, channels) if channels % k == 0)
    attributes = window(g, x.rank - 2)
    if "auto_pad" not in attributes and "strides" in attributes and g.chance(0.3):
        attributes["output_padding"] = [g.integer(0, s - 1) for s in attributes["strides"]]
    if attributes.get("auto_pad", "").startswith("SAME"):
        attributes.pop("strides", None)  # engines differ where a stride is larger than the kernel
    outputs = g.integer(1, 3)
    w = floats(g, x, channels, outputs, *attributes["kernel_shape"])
    bias = floats(g, x, groups * outputs) if g.chance(0.6) else None
    not_empty(g.one("ConvTranspose", x, w, bias, group=groups, **attributes))


@step(weight=3)
def pool(g: Grower) -> None:
    x = image(g)
    operator = g.choose(["MaxPool", "AveragePool", "LpPool"])
    attributes = window(g, x.rank - 2)
    if g.opset < {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[operator]:
        attributes.pop("dilations", None)
    if "auto_pad" in attributes:
        attributes.pop("dilations", None)  # ONNX Runtime counts windows without them
    if operator == "AveragePool":
        attributes["count_include_pad"] = g.integer(0, 1)
    if "auto_pad" not in attributes and g.chance(0.3) and g.opset >= (10 if operator != "LpPool" else 18):
        attributes["ceil_mode"] = 1
    not_empty(g.one(operator, x, **attributes))


@step()
def global_pool(g: Grower) -> None:
    g.one(g.choose(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), image(g))


@step(10, weight=2)
def resize(g: Grower) -> None:
    x = image(g, range(4, 5))
    scales = [1.0, 1.0, *(g.choose([0.5, 1.0, 1.5, 2.0, 3.0]) for _ in range(2))]
    mode = g.choose(["nearest", "linear"])
    if g.opset < 11:
        g.one("Resize", x, g.constant(scales, np.float32), mode=mode)
        return
    names = ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]
    attributes = {"mode": g.choose([mode, "cubic"]), "coordinate_transformation_mode": g.choose(names)}
    if attributes["mode"] == "nearest":
        attributes["nearest_mode"] = g.choose(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
    if attributes["coordinate_transformation_mode"] == "align_corners":
        scales = [1.0, 1.0, 2.0, g.choose([1.0, 3.0])]  # ONNX Runtime does not round the corner's place
    empty = None if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
    if g.chance(0.5):
        g.one("Resize", x, empty, g.constant(scales, np.float32), **attributes)
    else:
        sizes = [*x.shape[:2], *(g.integer(1, 2 * d) for d in x.shape[2:])]
        g.one("Resize", x, empty, None if g.opset >= 13 else empty, int64s(g, sizes), **attributes)


@step(weight=2)
def recurrent(g: Grower) -> None:
    x = g.pick("f", 3, lambda t: 0 not in t.shape and t.array.dtype == np.float32)
    operator, hidden = g.choose(["RNN", "GRU", "LSTM"]), g.integer(1, 5)
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator]
    direction = g.choose(["forward", "reverse", "bidirectional"])
    count = 2 if direction == "bidirectional" else 1
    w, r = floats(g, x, count, gates * hidden, x.shape[2]), floats(g, x, count, gates * hidden, hidden)
    b = floats(g, x, count, 2 * gates * hidden) if g.chance(0.6) else None
    lengths = (
        g.constant([g.integer(1, x.shape[0]) for _ in range(x.shape[1])], np.int32) if g.chance(0.3) else None
    )
    start = floats(g, x, count, x.shape[1], hidden) if g.chance(0.4) else None
    others = {"linear_before_reset": g.integer(0, 1)} if operator == "GRU" else {}
    g.add(operator, [x, w, r, b, lengths, start], 2, direction=direction, hidden_size=hidden, **others)


@step(16)
def grid_sample(g: Grower) -> None:
    x = image(g, range(4, 5))
    grid = np.tanh(g.data(np.float32, [x.shape[0], 3, 2, 2])).astype(x.array.dtype)
    mode = g.choose(["bilinear", "nearest"] if g.opset < 20 else ["linear", "nearest", "cubic"])
    padding = g.choose(["zeros", "border", "reflection"])
    g.one("GridSample", x, g.constant(grid), mode=mode, padding_mode=padding, align_corners=g.integer(0, 1))


@step(23)
def attention(g: Grower) -> None:
    x = g.pick("f", 4, lambda t: 0 not in t.shape)
    key = g.choose([x, floats(g, x, x.shape[0], x.shape[1], g.integer(1, 4), x.shape[3])])
    g.one("Attention", x, key, key, is_causal=g.integer(0, 1))


@step(17)
def fourier(g: Grower) -> None:
    x = g.pick("f", rank=range(1, 3), fits=lambda t: 0 not in t.shape)
    if x.array.dtype == np.float16:
        raise Reject("float16 has no transform")
    signal = g.one("Reshape", x, int64s(g, [1, -1, 1]))
    axis = g.constant(1, np.int64) if g.opset >= 20 else None
    others = {} if g.opset >= 20 else {"axis": 1}
    g.one("DFT", signal, None, axis, onesided=g.integer(0, 1), **others)
