"""Shapes of models that converters from TensorFlow, Keras, Paddle and old PyTorch write."""

import numpy as np

from small_models.case import small_model, whole

small_model(
    "keras_rnn_as_a_loop",
    """(float[batch, t, 3] x) => (y) {
        shape = Shape(x)
        zero = Constant <value_ints = [0]> ()
        one = Constant <value_ints = [1]> ()
        batch = Gather(shape, zero)
        time = Gather(shape, one)
        count = Squeeze(time, zero)
        units = Constant <value_ints = [4]> ()
        state_shape = Concat <axis = 0> (batch, units)
        h0 = ConstantOfShape <value = float[1] {0.0}> (state_shape)
        first = Transpose <perm = [1, 0, 2]> (x)
        table_shape = Concat <axis = 0> (time, batch, units)
        table = ConstantOfShape <value = float[1] {0.0}> (table_shape)
        start = Constant <value = int64 {0}> ()
        h_last, filled, end = Loop <body = step
                (int64 i, bool more, float[batch, 4] h, float[t, batch, 4] array, int64 at)
                => (bool on, float[batch, 4] h_next, float[t, batch, 4] array_next, int64 at_next) {
            now = Gather <axis = 0> (first, at)
            a = MatMul(now, w)
            b = MatMul(h, r)
            sum = Add(a, b)
            h_next = Tanh(sum)
            row = Unsqueeze(h_next, zero)
            place = Reshape(at, index_shape)
            array_next = ScatterND(array, place, row)
            step_one = Constant <value = int64 {1}> ()
            at_next = Add(at, step_one)
            on = Less(at_next, count)
        }> (count, "", h0, table, start)
        y = Transpose <perm = [1, 0, 2]> (filled)
    }""",
    [{"x": (2, 5, 3)}, {"x": (1, 1, 3)}, {"x": (3, 9, 3)}],
    {"w": (3, 4), "r": (4, 4), "index_shape": np.array([1, 1])},
)

small_model(
    "resize_by_a_factor",
    """(float[batch, h, w, 3] x) => (y) {
        image = Transpose <perm = [0, 3, 1, 2]> (x)
        shape = Shape(x)
        ints = Cast <to = 6> (shape)
        starts = Constant <value_ints = [1]> ()
        ends = Constant <value_ints = [3]> ()
        zero = Constant <value_ints = [0]> ()
        plane = Slice(ints, starts, ends, zero)
        real = Cast <to = 1> (plane)
        factor = Constant <value = float {1.5}> ()
        larger = Mul(real, factor)
        floor = Floor(larger)
        target = Cast <to = 7> (floor)
        channels_first = Shape <end = 2> (image)
        sizes = Concat <axis = 0> (channels_first, target)
        resized = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel">
            (image, "", "", sizes)
        convolved = Conv <auto_pad = "SAME_UPPER", strides = [2, 2]> (resized, k)
        y = Transpose <perm = [0, 2, 3, 1]> (convolved)
    }""",
    [{"x": (1, 6, 7, 3)}, {"x": (2, 3, 9, 3)}],
    {"k": (5, 3, 3, 3)},
)

small_model(
    "old_softmax_and_norms",
    """(float[batch, 4, h, w] x) => (y, z) {
        local = LRN <size = 3, alpha = 0.01> (x)
        pooled = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (local)
        flat = Flatten(pooled)
        soft = Softmax <axis = 1> (pooled)
        all = ReduceSum <axes = [1, 2, 3], keepdims = 1> (soft)
        y = Mul(pooled, all)
        hard = Hardmax <axis = 1> (flat)
        shape = Shape(pooled)
        z = Reshape(hard, shape)
    }""",
    [{"x": (1, 4, 7, 7)}, {"x": (2, 4, 5, 8)}],
    opset=11,
)

small_model(
    "activations_of_all_kinds",
    """(float[n, 6] x) => (y) {
        a = Celu <alpha = 0.7> (x)
        b = ThresholdedRelu <alpha = 0.3> (x)
        c = Shrink <lambd = 0.2, bias = 0.1> (x)
        d = Mish(x)
        e = Selu(x)
        f = Elu <alpha = 0.5> (x)
        g = Softsign(x)
        h = Softplus(x)
        i = HardSwish(x)
        j = Erf(x)
        all = Concat <axis = 1> (a, b, c, d, e, f, g, h, i, j)
        y = LpNormalization <axis = 1, p = 2> (all)
    }""",
    [{"x": (3, 6)}, {"x": (1, 6)}],
)

small_model(
    "weights_that_are_computed",
    """(float[1, 3, h, w] x, float[8] code) => (y) {
        flat = MatMul(code, w0)
        shape = Constant <value_ints = [4, 3, 3, 3]> ()
        kernel = Reshape(flat, shape)
        bias = MatMul(code, w1)
        y = Conv <pads = [1, 1, 1, 1]> (x, kernel, bias)
    }""",
    [{"x": (1, 3, 5, 6), "code": (8,)}, {"x": (1, 3, 9, 4), "code": (8,)}],
    {"w0": (8, 108), "w1": (8, 4)},
)

small_model(
    "messages_on_a_graph",
    """(float[nodes, 4] x, int64[edges] source, int64[edges] target) => (y) {
        sent = Gather <axis = 0> (x, source)
        made = MatMul(sent, w)
        one = Constant <value_ints = [1]> ()
        column = Unsqueeze(target, one)
        shape = Shape(made)
        index = Expand(column, shape)
        node_shape = Shape(x)
        zeros = ConstantOfShape <value = float[1] {0.0}> (node_shape)
        summed = ScatterElements <axis = 0, reduction = "add"> (zeros, index, made)
        y = Add(summed, x)
    }""",
    [
        {"x": (5, 4), "source": whole(5, 8), "target": whole(5, 8)[::-1].copy()},
        {"x": (2, 4), "source": np.array([0, 1, 0]), "target": np.array([1, 1, 0])},
        {"x": (3, 4), "source": np.zeros(0, np.int64), "target": np.zeros(0, np.int64)},
    ],
    {"w": (4, 4)},
)

small_model(
    "many_einsums",
    """(float[b, h, i, d] q, float[b, h, j, d] k) => (s, o, n, m) {
        s = Einsum <equation = "bhid,bhjd->bhij"> (q, k)
        o = Einsum <equation = "bhij,bhjd->bihd"> (s, k)
        n = Einsum <equation = "...id->...d"> (q)
        m = Einsum <equation = "bhid,bhid->bi"> (q, q)
    }""",
    [{"q": (2, 3, 4, 5), "k": (2, 3, 6, 5)}, {"q": (1, 1, 1, 2), "k": (1, 1, 3, 2)}],
)

small_model(
    "overlap_add",
    """(float[batch, 1, samples] x) => (y) {
        frames = Conv <strides = [4]> (x, analysis)
        gate = Sigmoid(frames)
        kept = Mul(frames, gate)
        y = ConvTranspose <strides = [4]> (kept, synthesis)
    }""",
    [{"x": (1, 1, 40)}, {"x": (2, 1, 23)}],
    {"analysis": (10, 1, 8), "synthesis": (10, 1, 8)},
)

small_model(
    "nan_aware_mean",
    """(float[n, m] x) => (mean, rows) {
        missing = IsNaN(x)
        zero = Constant <value = float {0.0}> ()
        filled = Where(missing, zero, x)
        present = Not(missing)
        weight = Cast <to = 1> (present)
        axis = Constant <value_ints = [1]> ()
        total = ReduceSum <keepdims = 0> (filled, axis)
        count = ReduceSum <keepdims = 0> (weight, axis)
        mean = Div(total, count)
        good = Greater(count, zero)
        rows = Compress <axis = 0> (x, good)
    }""",
    [
        {"x": np.float32([[1, np.nan, 3], [np.nan, np.nan, np.nan], [4, 5, 6]])},
        {"x": np.float32([[np.nan], [2]])},
    ],
)

small_model(
    "positions_from_a_mask",
    """(int64[batch, n] ids) => (y) {
        pad = Constant <value = int64 {1}> ()
        same = Equal(ids, pad)
        real = Not(same)
        mask = Cast <to = 6> (real)
        axis = Constant <value = int64 {1}> ()
        counted = CumSum(mask, axis)
        kept = Mul(counted, mask)
        wide = Cast <to = 7> (kept)
        position = Add(wide, pad)
        words = Gather(table, ids)
        places = Gather(positions, position)
        y = Add(words, places)
    }""",
    [{"ids": np.array([[5, 6, 1, 1], [7, 8, 9, 1]])}, {"ids": np.array([[1]])}],
    {"table": (10, 3), "positions": (8, 3)},
)
