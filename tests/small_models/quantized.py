"""Integer networks: dynamic quantisation, QDQ pairs, the QLinear operators."""

import numpy as np

from small_models.case import Array, small_model, whole

INT8 = {"dtype": "int8", "low": -127}


def half(*shape: int) -> Array:
    """Seeded normal numbers in half precision."""
    return np.random.default_rng(shape[0]).standard_normal(shape).astype(np.float16)


small_model(
    "dynamic_linear",
    """(float[batch, t, 16] x) => (y) {
        q, scale, zero = DynamicQuantizeLinear(x)
        sums = MatMulInteger(q, w, zero, wz)
        real = Cast <to = 1> (sums)
        both = Mul(scale, ws)
        scaled = Mul(real, both)
        biased = Add(scaled, b)
        y = Relu(biased)
    }""",
    [{"x": (1, 5, 16)}, {"x": (3, 1, 16)}],
    {
        "w": whole(127, 16, 8, **INT8),
        "wz": np.zeros(8, np.int8),
        "ws": np.full(8, 0.01, np.float32),
        "b": (8,),
    },
)

small_model(
    "dynamic_convolution",
    """(float[batch, 3, h, w] x) => (y) {
        q, scale, zero = DynamicQuantizeLinear(x)
        sums = ConvInteger <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (q, k, zero, kz)
        real = Cast <to = 1> (sums)
        both = Mul(scale, ks)
        scaled = Mul(real, both)
        y = Add(scaled, b)
    }""",
    [{"x": (1, 3, 16, 16)}, {"x": (2, 3, 9, 13)}],
    {
        "k": whole(255, 8, 3, 3, 3, dtype="uint8"),
        "kz": np.array(128, np.uint8),
        "ks": np.array(0.004, np.float32),
        "b": (8, 1, 1),
    },
)

small_model(
    "qdq_network",
    """(float[batch, 3, h, w] x) => (y) {
        xq = QuantizeLinear(x, s, z)
        xd = DequantizeLinear(xq, s, z)
        kd = DequantizeLinear <axis = 0> (k, ks, kz)
        bd = DequantizeLinear <axis = 0> (b, bs)
        conv = Conv <pads = [1, 1, 1, 1]> (xd, kd, bd)
        relu = Relu(conv)
        rq = QuantizeLinear(relu, s, z)
        rd = DequantizeLinear(rq, s, z)
        pooled = GlobalAveragePool(rd)
        pq = QuantizeLinear(pooled, s, z)
        pd = DequantizeLinear(pq, s, z)
        flat = Flatten(pd)
        wd = DequantizeLinear <axis = 1> (w, ws, wz)
        dense = Gemm(flat, wd)
        yq = QuantizeLinear(dense, s, z)
        y = DequantizeLinear(yq, s, z)
    }""",
    [{"x": (1, 3, 8, 8)}, {"x": (4, 3, 5, 11)}],
    {
        "s": np.array(0.03, np.float32),
        "z": np.array(110, np.uint8),
        "k": whole(127, 8, 3, 3, 3, **INT8),
        "ks": np.linspace(0.002, 0.004, 8, dtype=np.float32),
        "kz": np.zeros(8, np.int8),
        "b": whole(900, 8, low=-900, dtype="int32"),
        "bs": np.full(8, 0.0001, np.float32),
        "w": whole(127, 8, 5, **INT8),
        "ws": np.linspace(0.002, 0.01, 5, dtype=np.float32),
        "wz": np.zeros(5, np.int8),
    },
    tolerance=0.05,  # one step of the output's scale where a sum lies between two
)

small_model(
    "qlinear_network",
    """(uint8[batch, 4, h, w] x) => (y) {
        conv = QLinearConv <kernel_shape = [3, 3], group = 2> (x, s, z, k, ks, kz, s, z, b)
        flat = Flatten(conv)
        end = Shape <start = 1, end = 2> (flat)
        none = Constant <value_ints = [0]> ()
        one = Constant <value_ints = [1]> ()
        rows = Slice(w, none, end, none)
        y = QLinearMatMul(flat, s, z, rows, ws, wz, s2, z)
    }""",
    [{"x": whole(255, b, 4, h, 5, dtype="uint8")} for b, h in ((1, 5), (2, 4))],
    {
        "s": np.array(0.02, np.float32),
        "z": np.array(120, np.uint8),
        "k": whole(100, 6, 2, 3, 3, low=-100, dtype="int8"),
        "ks": np.linspace(0.004, 0.008, 6, dtype=np.float32),
        "kz": np.zeros(6, np.int8),
        "b": whole(500, 6, low=-500, dtype="int32"),
        "w": whole(90, 54, 7, low=-90, dtype="int8"),
        "ws": np.array(0.01, np.float32),
        "wz": np.array(3, np.int8),
        "s2": np.array(0.1, np.float32),
    },
)

small_model(
    "dynamic_lstm",
    """(float[t, batch, 4] x) => (y, h, c) {
        y, h, c = com.microsoft.DynamicQuantizeLSTM <hidden_size = 6>
            (x, w, r, b, "", "", "", "", ws, wz, rs, rz)
    }""",
    [{"x": (5, 1, 4)}, {"x": (2, 3, 4)}],
    {
        "w": whole(127, 1, 4, 24, **INT8),
        "r": whole(126, 1, 6, 24, **INT8),
        "b": (1, 48),
        "ws": np.full(1, 0.01, np.float32),
        "wz": np.zeros(1, np.int8),
        "rs": np.full(1, 0.01, np.float32),
        "rz": np.zeros(1, np.int8),
    },
)

small_model(
    "integers_that_wrap",
    """(int32[n] a, int32[n] b, uint8[n] c) => (m, f, d, s, p) {
        m = Mod(a, b)
        f = Mod <fmod = 1> (a, b)
        d = Div(a, b)
        three = Constant <value = uint8 {3}> ()
        s = BitShift <direction = "LEFT"> (c, three)
        p = Mod(c, three)
    }""",
    [
        {
            "a": np.int32([7, -7, 7, -7, 2**31 - 1]),
            "b": np.int32([3, 3, -3, -3, 2]),
            "c": np.uint8([1, 40, 200, 255, 0]),
        },
        {"a": np.int32([-1]), "b": np.int32([5]), "c": np.uint8([9])},
    ],
)

small_model(
    "half_precision",
    """(float16[batch, 3, h, w] x) => (y) {
        conv = Conv <pads = [1, 1, 1, 1]> (x, k)
        relu = Relu(conv)
        pooled = GlobalAveragePool(relu)
        flat = Flatten(pooled)
        logits = MatMul(flat, w)
        wide = Cast <to = 1> (logits)
        y = Softmax(wide)
    }""",
    [{"x": half(1, 3, 8, 8)}, {"x": half(2, 3, 5, 7)}],
    {
        "k": half(8, 3, 3, 3) * np.float16(0.2),
        "w": half(8, 5) * np.float16(0.3),
    },
    tolerance=2e-3,
)
