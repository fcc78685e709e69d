"""Frontends that turn sound into features, and decoders that turn them back."""

import numpy as np

from small_models.case import small_model

HANN = np.hanning(401)[:400].astype(np.float32)

small_model(
    "log_mel",
    """(float[batch, samples] x) => (y) {
        step = Constant <value = int64 {160}> ()
        length = Constant <value = int64 {400}> ()
        last = Constant <value_ints = [-1]> ()
        real = Unsqueeze(x, last)
        spectrum = STFT <onesided = 1> (real, step, window, length)
        power = ReduceSumSquare <keepdims = 0> (spectrum, last)
        mel = MatMul(power, bank)
        floor = Constant <value = float {1e-10}> ()
        clipped = Clip(mel, floor)
        log = Log(clipped)
        all = ReduceMax <keepdims = 1> (log)
        eight = Constant <value = float {8.0}> ()
        low = Sub(all, eight)
        y = Max(log, low)
    }""",
    [{"x": (1, 1600)}, {"x": (2, 2345)}, {"x": (1, 400)}],
    {"window": HANN, "bank": np.abs(np.random.default_rng(0).standard_normal((201, 40))).astype(np.float32)},
)

small_model(
    "centred_spectrum",
    """(float[batch, samples] x) => (magnitude, frames) {
        pads = Constant <value_ints = [0, 200, 0, 200]> ()
        padded = Pad <mode = "reflect"> (x, pads)
        step = Constant <value = int64 {100}> ()
        last = Constant <value_ints = [2]> ()
        real = Unsqueeze(padded, last)
        spectrum = STFT(real, step, window)
        parts = Constant <value_ints = [1, 1]> ()
        last_axis = Constant <value_ints = [-1]> ()
        magnitude = ReduceL2 <keepdims = 0> (spectrum, last_axis)
        frames = Shape <start = 1, end = 2> (magnitude)
    }""",
    [{"x": (1, 800)}, {"x": (3, 1111)}],
    {"window": HANN},
)

small_model(
    "filter_in_frequency",
    """(float[batch, samples, 1] x, float[bins, 2] h) => (y) {
        axis = Constant <value = int64 {1}> ()
        spectrum = DFT <onesided = 0> (x, "", axis)
        zero = Constant <value_ints = [0]> ()
        one = Constant <value_ints = [1]> ()
        two = Constant <value_ints = [2]> ()
        a = Slice(spectrum, zero, one, two)
        b = Slice(spectrum, one, two, two)
        c = Slice(h, zero, one, one)
        d = Slice(h, one, two, one)
        ac = Mul(a, c)
        bd = Mul(b, d)
        ad = Mul(a, d)
        bc = Mul(b, c)
        real = Sub(ac, bd)
        imaginary = Add(ad, bc)
        product = Concat <axis = 2> (real, imaginary)
        y = DFT <inverse = 1> (product, "", axis)
    }""",
    [{"x": (1, 64, 1), "h": (64, 2)}, {"x": (2, 45, 1), "h": (45, 2)}],
    opset=20,
)

small_model(
    "vocoder",
    """(float[batch, 8, t] x) => (y) {
        a = Conv <kernel_shape = [7], pads = [3, 3]> (x, w0, b0)
        b = LeakyRelu <alpha = 0.1> (a)
        c = ConvTranspose <strides = [4], pads = [2, 2], output_padding = [1]> (b, w1)
        d = LeakyRelu <alpha = 0.1> (c)
        e = Conv <dilations = [3], pads = [3, 3]> (d, w2)
        f = Add(d, e)
        g = ConvTranspose <strides = [3], group = 4, auto_pad = "SAME_UPPER"> (f, w3)
        h = Conv <pads = [3, 3]> (g, w4)
        y = Tanh(h)
    }""",
    [{"x": (1, 8, 10)}, {"x": (2, 8, 33)}],
    {"w0": (8, 8, 7), "b0": (8,), "w1": (8, 8, 8), "w2": (8, 8, 3), "w3": (8, 2, 5), "w4": (1, 8, 7)},
)

small_model(
    "normalised_features",
    """(float[batch, t, 20] x, int64[batch] lengths) => (y, mask) {
        shape = Shape <start = 1, end = 2> (x)
        none = Constant <value_ints = [0]> ()
        t = Squeeze(shape, none)
        zero = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        times = Range(zero, t, one)
        column = Constant <value_ints = [1]> ()
        last = Constant <value_ints = [2]> ()
        ends = Unsqueeze(lengths, column)
        mask = Less(times, ends)
        wide = Unsqueeze(mask, last)
        weight = CastLike(wide, x)
        count = ReduceSum <keepdims = 1> (weight, column)
        kept = Mul(x, weight)
        total = ReduceSum <keepdims = 1> (kept, column)
        mean = Div(total, count)
        centred = Sub(x, mean)
        inside = Mul(centred, weight)
        squares = ReduceSumSquare <keepdims = 1> (inside, column)
        variance = Div(squares, count)
        deviation = Sqrt(variance)
        small = Constant <value = float {1e-5}> ()
        safe = Add(deviation, small)
        y = Div(inside, safe)
    }""",
    [
        {"x": (2, 30, 20), "lengths": np.array([30, 11])},
        {"x": (1, 5, 20), "lengths": np.array([5])},
        {"x": (3, 9, 20), "lengths": np.array([1, 9, 4])},
    ],
)
