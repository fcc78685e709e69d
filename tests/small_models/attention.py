"""Transformers: caches that grow, masks from lengths, rotary positions."""

import numpy as np

from small_models.case import empty, small_model, whole

CACHED = """(float[batch, new, 16] x, float[batch, 2, past, 8] past_key, float[batch, 2, past, 8] past_value)
    => (y, key, value) {
        heads = Constant <value_ints = [0, 0, 2, 8]> ()
        flat = Constant <value_ints = [0, 0, 16]> ()
        q0 = MatMul(x, wq)
        k0 = MatMul(x, wk)
        v0 = MatMul(x, wv)
        q1 = Reshape(q0, heads)
        k1 = Reshape(k0, heads)
        v1 = Reshape(v0, heads)
        q = Transpose <perm = [0, 2, 1, 3]> (q1)
        k = Transpose <perm = [0, 2, 1, 3]> (k1)
        v = Transpose <perm = [0, 2, 1, 3]> (v1)
        key = Concat <axis = 2> (past_key, k)
        value = Concat <axis = 2> (past_value, v)
        kt = Transpose <perm = [0, 1, 3, 2]> (key)
        raw = MatMul(q, kt)
        scale = Constant <value = float {0.35355339}> ()
        scaled = Mul(raw, scale)
        past = Shape <start = 2, end = 3> (past_key)
        total = Shape <start = 2, end = 3> (key)
        zero = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        none = Constant <value_ints = [0]> ()
        first = Squeeze(past, none)
        end = Squeeze(total, none)
        rows = Range(first, end, one)
        columns = Range(zero, end, one)
        right = Constant <value_ints = [1]> ()
        tall = Unsqueeze(rows, right)
        hidden = Greater(columns, tall)
        low = Constant <value = float {-1e9}> ()
        masked = Where(hidden, low, scaled)
        weights = Softmax <axis = -1> (masked)
        mixed = MatMul(weights, value)
        merged = Transpose <perm = [0, 2, 1, 3]> (mixed)
        joined = Reshape(merged, flat)
        y = MatMul(joined, wo)
    }"""

small_model(
    "attention_with_cache",
    CACHED,
    [
        {"x": (b, n, 16), "past_key": (b, 2, p, 8), "past_value": (b, 2, p, 8)}
        for b, n, p in ((1, 5, 0), (1, 1, 5), (1, 1, 6), (2, 3, 4))
    ],
    {name: (16, 16) for name in ("wq", "wk", "wv", "wo")},
)

small_model(
    "attention_operator",
    """(float[batch, 4, n, 8] q, float[batch, 2, m, 8] k, float[batch, 2, m, 8] v,
        float[batch, 2, p, 8] past_k, float[batch, 2, p, 8] past_v) => (y, present_k, present_v) {
        y, present_k, present_v = Attention <is_causal = 1> (q, k, v, "", past_k, past_v)
    }""",
    [
        {
            "q": (b, 4, n, 8),
            "k": (b, 2, n, 8),
            "v": (b, 2, n, 8),
            "past_k": (b, 2, p, 8),
            "past_v": (b, 2, p, 8),
        }
        for b, n, p in ((1, 4, 0), (1, 1, 4), (2, 2, 3))
    ],
    opset=23,
    peer="reference",
)

small_model(
    "rotary_positions",
    """(float[batch, 2, n, 8] x, int64[batch, n] position) => (y) {
        real = Cast <to = 1> (position)
        angles = Einsum <equation = "bn,f->bnf"> (real, frequency)
        twice = Concat <axis = -1> (angles, angles)
        one = Constant <value_ints = [1]> ()
        wide = Unsqueeze(twice, one)
        cos = Cos(wide)
        sin = Sin(wide)
        halves = Constant <value_ints = [4, 4]> ()
        left, right = Split <axis = -1> (x, halves)
        minus = Neg(right)
        turned = Concat <axis = -1> (minus, left)
        a = Mul(x, cos)
        b = Mul(turned, sin)
        y = Add(a, b)
    }""",
    [
        {"x": (2, 2, 5, 8), "position": whole(50, 2, 5)},
        {"x": (1, 2, 1, 8), "position": np.array([[77]])},
    ],
    {"frequency": np.float32([1, 0.1, 0.01, 0.001])},
)

small_model(
    "encoder_with_mask",
    """(int64[batch, n] ids, int64[batch, n] mask) => (pooled, hidden) {
        words = Gather(table, ids)
        length = Shape <start = 1, end = 2> (ids)
        zeros = Constant <value_ints = [0]> ()
        ones = Constant <value_ints = [1]> ()
        places = Slice(position, zeros, length, zeros)
        summed = Add(words, places)
        x = LayerNormalization <axis = -1> (summed, gain, bias)
        kt = Transpose <perm = [0, 2, 1]> (x)
        scores = MatMul(x, kt)
        mask_axes = Constant <value_ints = [1]> ()
        wide = Unsqueeze(mask, mask_axes)
        kept = Cast <to = 1> (wide)
        one = Constant <value = float {1.0}> ()
        dropped = Sub(one, kept)
        low = Constant <value = float {-10000.0}> ()
        penalty = Mul(dropped, low)
        masked = Add(scores, penalty)
        attention = Softmax <axis = -1> (masked)
        mixed = MatMul(attention, x)
        residual = Add(mixed, x)
        up = MatMul(residual, w1)
        half = Constant <value = float {0.70710678}> ()
        part = Mul(up, half)
        erf = Erf(part)
        more = Add(erf, one)
        product = Mul(up, more)
        gelu_half = Constant <value = float {0.5}> ()
        gelu = Mul(product, gelu_half)
        down = MatMul(gelu, w2)
        after = Add(down, residual)
        hidden = LayerNormalization <axis = -1> (after, gain, bias)
        last = Constant <value_ints = [2]> ()
        float_mask = Cast <to = 1> (mask)
        column = Unsqueeze(float_mask, last)
        kept_hidden = Mul(hidden, column)
        total = ReduceSum <keepdims = 0> (kept_hidden, ones)
        count = ReduceSum <keepdims = 0> (column, ones)
        pooled = Div(total, count)
    }""",
    [
        {"ids": whole(30, 2, 6), "mask": np.array([[1] * 6, [1] * 4 + [0] * 2])},
        {"ids": whole(30, 1, 1), "mask": np.array([[1]])},
        {"ids": whole(30, 3, 40), "mask": np.ones((3, 40), np.int64)},
    ],
    {"table": (30, 12), "position": (40, 12), "gain": (12,), "bias": (12,), "w1": (12, 24), "w2": (24, 12)},
)

small_model(
    "relative_positions",
    """(float[heads, n, m] scores) => (y) {
        pads = Constant <value_ints = [0, 0, 1, 0, 0, 0]> ()
        padded = Pad(scores, pads)
        shape = Shape(scores)
        h, n, m = Split <num_outputs = 3> (shape)
        one = Constant <value_ints = [1]> ()
        wider = Add(m, one)
        turned = Concat <axis = 0> (h, wider, n)
        skewed = Reshape(padded, turned)
        end = Constant <value_ints = [9223372036854775807]> ()
        cut = Slice(skewed, one, end, one)
        y = Reshape(cut, shape)
    }""",
    [{"scores": (2, 4, 4)}, {"scores": (1, 3, 7)}],
)

small_model(
    "causal_mask",
    """(float[batch, n, n] x) => (y, lower) {
        shape = Shape(x)
        ones = ConstantOfShape <value = float[1] {1.0}> (shape)
        k = Constant <value = int64 {1}> ()
        upper = Trilu <upper = 1> (ones, k)
        low = Constant <value = float {-1e4}> ()
        mask = Mul(upper, low)
        masked = Add(x, mask)
        y = Softmax <axis = -1> (masked)
        zero = Constant <value = int64 {0}> ()
        lower = Trilu <upper = 0> (x, zero)
    }""",
    [{"x": (2, 5, 5)}, {"x": (1, 1, 1)}, {"x": empty(1, 0, 0)}],
)
