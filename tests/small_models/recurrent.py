"""Recurrent layers over sequences of different lengths."""

import numpy as np

from small_models.case import small_model

LENGTHS = [
    {"x": (7, 3, 4), "lengths": np.int32([7, 2, 5])},
    {"x": (1, 1, 4), "lengths": np.int32([1])},
    {"x": (9, 2, 4), "lengths": np.int32([1, 9])},
]

small_model(
    "bidirectional_lstm",
    """(float[t, batch, 4] x, int32[batch] lengths) => (y, h, c) {
        all, h, c = LSTM <hidden_size = 5, direction = "bidirectional"> (x, w, r, b, lengths)
        moved = Transpose <perm = [2, 0, 1, 3]> (all)
        shape = Constant <value_ints = [0, 0, -1]> ()
        joined = Reshape(moved, shape)
        y = MatMul(joined, head)
    }""",
    LENGTHS,
    {"w": (2, 20, 4), "r": (2, 20, 5), "b": (2, 40), "head": (10, 3)},
)

small_model(
    "bidirectional_gru",
    """(float[t, batch, 4] x, int32[batch] lengths) => (y, h) {
        y, h = GRU <hidden_size = 5, direction = "bidirectional", linear_before_reset = 1>
            (x, w, r, b, lengths)
    }""",
    LENGTHS,
    {"w": (2, 15, 4), "r": (2, 15, 5), "b": (2, 30)},
)

small_model(
    "stacked_reverse_rnn",
    """(float[t, batch, 4] x, int32[batch] lengths) => (y, h) {
        one = Constant <value_ints = [1]> ()
        a, ah = GRU <hidden_size = 6, direction = "reverse"> (x, w0, r0, b0, lengths)
        flat = Squeeze(a, one)
        y, h = RNN <hidden_size = 3, activations = ["Relu"]> (flat, w1, r1, "", lengths)
    }""",
    LENGTHS,
    {"w0": (1, 18, 4), "r0": (1, 18, 6), "b0": (1, 36), "w1": (1, 3, 6), "r1": (1, 3, 3)},
)

small_model(
    "reversed_by_hand",
    """(float[t, batch, 4] x, int64[batch] lengths) => (y) {
        back = ReverseSequence <time_axis = 0, batch_axis = 1> (x, lengths)
        one = Constant <value_ints = [1]> ()
        f, fh, fc = LSTM <hidden_size = 5> (x, w0, r0)
        g, gh, gc = LSTM <hidden_size = 5> (back, w1, r1)
        forward = Squeeze(f, one)
        reversed = Squeeze(g, one)
        aligned = ReverseSequence <time_axis = 0, batch_axis = 1> (reversed, lengths)
        y = Concat <axis = 2> (forward, aligned)
    }""",
    [{**feed, "lengths": np.asarray(feed["lengths"], np.int64)} for feed in LENGTHS],
    {"w0": (1, 20, 4), "r0": (1, 20, 5), "w1": (1, 20, 4), "r1": (1, 20, 5)},
)

small_model(
    "state_goes_in_and_out",
    """(float[t, batch, 4] x, float[1, batch, 5] h0, float[1, batch, 5] c0) => (y, h, c) {
        y, h, c = LSTM <hidden_size = 5> (x, w, r, b, "", h0, c0, p)
    }""",
    [{"x": (t, b, 4), "h0": (1, b, 5), "c0": (1, b, 5)} for t, b in ((3, 1), (1, 2), (20, 4))],
    {"w": (1, 20, 4), "r": (1, 20, 5), "b": (1, 40), "p": (1, 15)},
)
