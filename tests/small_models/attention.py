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

small_model(
    "merged_decoder",
    """(float[batch, n, 8] x, float[batch, past, 8] cache, bool[1] use_cache) => (y, present) {
        k = MatMul(x, wk)
        y, present = If (use_cache) <then_branch = with_cache () =>
                (float[batch, n, 8] a, float[batch, t, 8] p) {
            p = Concat <axis = 1> (cache, k)
            turned = Transpose <perm = [0, 2, 1]> (p)
            scores = MatMul(x, turned)
            weights = Softmax <axis = -1> (scores)
            a = MatMul(weights, p)
        }, else_branch = without () => (float[batch, n, 8] c, float[batch, t, 8] q) {
            turned2 = Transpose <perm = [0, 2, 1]> (k)
            scores2 = MatMul(x, turned2)
            weights2 = Softmax <axis = -1> (scores2)
            c = MatMul(weights2, k)
            q = Identity(k)
        }>
    }""",
    [
        {"x": (1, 5, 8), "cache": empty(1, 0, 8), "use_cache": np.array([False])},
        {"x": (1, 1, 8), "cache": (1, 5, 8), "use_cache": np.array([True])},
        {"x": (2, 1, 8), "cache": (2, 9, 8), "use_cache": np.array([True])},
    ],
    {"wk": (8, 8)},
)

small_model(
    "beam_step",
    """(float[beams, words] logits, float[beams, 1] scores, float[beams, t, 4] cache, int64[beams, t] tokens)
    => (best, longer, kept) {
        log = LogSoftmax <axis = 1> (logits)
        total = Add(log, scores)
        row = Constant <value_ints = [-1]> ()
        flat = Reshape(total, row)
        shape = Shape(logits)
        zero = Constant <value_ints = [0]> ()
        one = Constant <value_ints = [1]> ()
        beams = Gather(shape, zero)
        words = Gather(shape, one)
        best, places = TopK <axis = 0> (flat, beams)
        beam = Div(places, words)
        word = Mod(places, words)
        kept = Gather <axis = 0> (cache, beam)
        before = Gather <axis = 0> (tokens, beam)
        column = Unsqueeze(word, one)
        longer = Concat <axis = 1> (before, column)
    }""",
    [
        {"logits": (b, w), "scores": (b, 1), "cache": (b, t, 4), "tokens": whole(9, b, t)}
        for b, w, t in ((3, 11, 4), (1, 5, 1), (4, 11, 9))
    ],
)

small_model(
    "shifted_windows",
    """(float[batch, h, w, 6] x) => (y) {
        shape = Shape(x)
        b0, h0, w0, c0 = Split <num_outputs = 4> (shape)
        four = Constant <value_ints = [4]> ()
        zero = Constant <value_ints = [0]> ()
        h_rest = Mod(h0, four)
        h_short = Sub(four, h_rest)
        h_more = Mod(h_short, four)
        w_rest = Mod(w0, four)
        w_short = Sub(four, w_rest)
        w_more = Mod(w_short, four)
        pads = Concat <axis = 0> (zero, zero, zero, zero, zero, h_more, w_more, zero)
        padded = Pad(x, pads)
        two = Constant <value_ints = [2]> ()
        end = Constant <value_ints = [9223372036854775807]> ()
        one = Constant <value_ints = [1]> ()
        low = Slice(padded, zero, two, one)
        high = Slice(padded, two, end, one)
        rolled = Concat <axis = 1> (high, low)
        high_h = Add(h0, h_more)
        high_w = Add(w0, w_more)
        rows = Div(high_h, four)
        columns = Div(high_w, four)
        apart = Concat <axis = 0> (b0, rows, four, columns, four, c0)
        cut = Reshape(rolled, apart)
        moved = Transpose <perm = [0, 1, 3, 2, 4, 5]> (cut)
        window = Constant <value_ints = [-1, 16, 6]> ()
        windows = Reshape(moved, window)
        turned = Transpose <perm = [0, 2, 1]> (windows)
        scores = MatMul(windows, turned)
        weights = Softmax <axis = -1> (scores)
        mixed = MatMul(weights, windows)
        back = Concat <axis = 0> (b0, rows, columns, four, four, c0)
        together = Reshape(mixed, back)
        placed = Transpose <perm = [0, 1, 3, 2, 4, 5]> (together)
        whole = Concat <axis = 0> (b0, high_h, high_w, c0)
        image = Reshape(placed, whole)
        sizes = Concat <axis = 0> (h0, w0)
        starts = Constant <value_ints = [0, 0]> ()
        axes = Constant <value_ints = [1, 2]> ()
        y = Slice(image, starts, sizes, axes)
    }""",
    [{"x": (1, 8, 8, 6)}, {"x": (2, 5, 7, 6)}, {"x": (1, 4, 9, 6)}],
)
