"""Sizes that only a run knows: computed slices, pads, repeats, reshapes; empty tensors; scalars."""

import numpy as np

from small_models.case import empty, small_model, whole

small_model(
    "computed_slices",
    """(float[n, m] x, int64[2] starts, int64[2] ends, int64[2] steps) => (y, z) {
        axes = Constant <value_ints = [1, 0]> ()
        y = Slice(x, starts, ends, axes, steps)
        z = Exp(y)
    }""",
    [
        {"x": (4, 6), "starts": np.array(a), "ends": np.array(b), "steps": np.array(c)}
        for a, b, c in (([0, 1], [3, 9], [1, 1]), ([-1, -1], [-99, -3], [-1, -2]), ([5, 3], [2, 1], [1, 1]))
    ],
)

small_model(
    "computed_pads_and_tiles",
    """(float[n, m] x, int64[4] pads, int64[2] repeats) => (y) {
        zero = Constant <value = float {0.5}> ()
        padded = Pad <mode = "constant"> (x, pads, zero)
        tiled = Tile(padded, repeats)
        y = Neg(tiled)
    }""",
    [
        {"x": (2, 3), "pads": np.array(p), "repeats": np.array(r)}
        for p, r in (([1, 0, 0, 2], [1, 2]), ([0, 0, 0, 0], [3, 1]), ([0, -1, 0, 0], [2, 2]))
    ],
)

small_model(
    "computed_shapes",
    """(float[n, m] x, int64[3] shape, int64 limit) => (y, z, r) {
        y = Reshape(x, shape)
        ones = ConstantOfShape <value = float[1] {1.0}> (shape)
        z = Add(y, ones)
        zero = Constant <value = int64 {0}> ()
        two = Constant <value = int64 {2}> ()
        r = Range(zero, limit, two)
    }""",
    [
        {"x": (4, 6), "shape": np.array(s), "limit": np.array(n)}
        for s, n in (([2, 3, 4], 7), ([24, 1, 1], 0), ([1, 12, 2], 100))
    ],
)

small_model(
    "computed_axes_and_counts",
    """(float[n, m] x, int64[1] axis, int64[1] k, int64 depth) => (mean, top, where, hot, sums) {
        mean = ReduceMean <keepdims = 1> (x, axis)
        top, where = TopK <axis = 0, largest = 0> (x, k)
        ids = Cast <to = 7> (where)
        values = Constant <value = float[2] {-1.0, 2.0}> ()
        hot = OneHot <axis = -1> (ids, depth, values)
        one = Constant <value = int64 {1}> ()
        sums = CumSum <exclusive = 1, reverse = 1> (x, one)
    }""",
    [
        {"x": (4, 3), "axis": np.array([0]), "k": np.array([2]), "depth": np.array(4)},
        {"x": (2, 5), "axis": np.array([1]), "k": np.array([1]), "depth": np.array(6)},
        {"x": (3, 1), "axis": np.array([-1]), "k": np.array([3]), "depth": np.array(3)},
    ],
)

small_model(
    "selected_rows",
    """(float[n, 4] x, bool[n] keep) => (y, mean, best) {
        places = NonZero(keep)
        zero = Constant <value_ints = [0]> ()
        rows = Squeeze(places, zero)
        kept = Gather(x, rows)
        y = MatMul(kept, w)
        count = Shape <end = 1> (y)
        real = Cast <to = 1> (count)
        total = ReduceSum <keepdims = 0> (y, zero)
        one = Constant <value = float {1.0}> ()
        safe = Max(real, one)
        mean = Div(total, safe)
        best = ReduceSumSquare <keepdims = 1> (y)
    }""",
    [
        {"x": (4, 4), "keep": np.array([True, False, True, True])},
        {"x": (2, 4), "keep": np.array([False, False])},
        {"x": (3, 4), "keep": np.array([True, True, True])},
        {"x": empty(0, 4), "keep": empty(0, dtype="bool")},
    ],
    {"w": (4, 3)},
)

small_model(
    "empty_batches",
    """(float[n, 3, h, w] x) => (y, z, shape) {
        a = Conv <pads = [1, 1, 1, 1]> (x, k, b)
        c = Relu(a)
        p = MaxPool <kernel_shape = [2, 2], pads = [0, 0, 1, 1], strides = [2, 2]> (c)
        m = GlobalAveragePool(p)
        f = Flatten(m)
        y = Gemm <transB = 1> (f, d)
        z = Softmax(y)
        shape = Shape(p)
    }""",
    [{"x": (1, 3, 8, 8)}, {"x": empty(0, 3, 8, 8)}, {"x": (2, 3, 5, 7)}],
    {"k": (4, 3, 3, 3), "b": (4,), "d": (2, 4)},
)

small_model(
    "empty_sequences",
    """(float[t, 4] x, float[s, 4] more) => (y, sums, count, joined) {
        y = MatMul(x, w)
        axis = Constant <value_ints = [0]> ()
        sums = ReduceSum <keepdims = 0> (y, axis)
        count = Size(y)
        both = Concat <axis = 0> (x, more)
        joined = Tanh(both)
    }""",
    [
        {"x": (3, 4), "more": (2, 4)},
        {"x": empty(0, 4), "more": (2, 4)},
        {"x": empty(0, 4), "more": empty(0, 4)},
        {"x": (1, 4), "more": empty(0, 4)},
    ],
    {"w": (4, 2)},
)

small_model(
    "scalars",
    """(float x, float[n] y, int64 i) => (a, b, c, d) {
        double = Add(x, x)
        a = Exp(double)
        b = Mul(y, a)
        c = Gather(y, i)
        sum = ReduceSum <keepdims = 0> (y)
        d = Div(sum, c)
    }""",
    [
        {"x": np.array(0.5, np.float32), "y": (3,), "i": np.array(2)},
        {"x": np.array(-1, np.float32), "y": (1,), "i": np.array(-1)},
    ],
)

small_model(
    "broadcast_either_way",
    """(float[a, 1, c] x, float[b, d] y) => (z, w, s) {
        z = Add(x, y)
        same = Greater(x, y)
        w = Where(same, x, y)
        shape = Shape(z)
        wide = Expand(y, shape)
        s = Sub(wide, x)
    }""",
    [
        {"x": (2, 1, 4), "y": (3, 4)},
        {"x": (1, 1, 1), "y": (3, 4)},
        {"x": (2, 1, 4), "y": (1, 1)},
        {"x": (2, 1, 1), "y": (0, 5)},
    ],
)

small_model(
    "batched_products",
    """(float[a, n, k] x, float[b, k, m] y, float[k] v) => (p, q, r, e) {
        p = MatMul(x, y)
        q = MatMul(x, v)
        r = MatMul(v, y)
        e = Einsum <equation = "ink,okm,k->nm"> (x, y, v)
    }""",
    [
        {"x": (2, 3, 4), "y": (2, 4, 5), "v": (4,)},
        {"x": (1, 3, 2), "y": (3, 2, 1), "v": (2,)},
        {"x": (3, 1, 7), "y": (1, 7, 2), "v": (7,)},
    ],
)

small_model(
    "computed_splits",
    """(float[n, 3] x, int64[2] sizes) => (a, b, c) {
        left, right = Split <axis = 0> (x, sizes)
        a = Relu(left)
        b = ReduceMax <keepdims = 0, axes = [1]> (right)
        c = Concat <axis = 0> (right, left)
    }""",
    [{"x": (5, 3), "sizes": np.array(s)} for s in ([2, 3], [5, 0], [1, 4])],
    opset=17,
)

small_model(
    "resize_to_what_comes_in",
    """(float[1, 2, h, w] x, float[4] scales, int64[4] sizes) => (y, z) {
        y = Resize <mode = "linear"> (x, "", scales)
        z = Resize <mode = "nearest"> (x, "", "", sizes)
    }""",
    [
        {"x": (1, 2, 4, 5), "scales": np.float32([1, 1, 2, 3]), "sizes": np.array([1, 2, 7, 3])},
        {"x": (1, 2, 6, 6), "scales": np.float32([1, 1, 0.5, 1]), "sizes": np.array([1, 2, 1, 9])},
    ],
)

small_model(
    "shape_arithmetic",
    """(float[n, c, h, w] x) => (y, z) {
        shape = Shape(x)
        zero = Constant <value_ints = [0]> ()
        two = Constant <value_ints = [2]> ()
        four = Constant <value_ints = [4]> ()
        lead = Slice(shape, zero, two, zero)
        area = Slice(shape, two, four, zero)
        pixels = ReduceProd <keepdims = 1> (area)
        flat = Concat <axis = 0> (lead, pixels)
        y = Reshape(x, flat)
        halves = Div(area, two)
        corner = Concat <axis = 0> (lead, halves)
        axes = Constant <value_ints = [0, 1, 2, 3]> ()
        zeros = Constant <value_ints = [0, 0, 0, 0]> ()
        z = Slice(x, zeros, corner, axes)
    }""",
    [{"x": (1, 2, 5, 4)}, {"x": (3, 1, 2, 9)}, {"x": (2, 2, 1, 1)}],
)

small_model(
    "hot_tokens",
    """(int64[batch, n] ids) => (y, where) {
        limit = Constant <value = int64 {5}> ()
        size = Constant <value = int64 {10}> ()
        wrapped = Mod(ids, size)
        rows = Gather(table, wrapped)
        big = Greater(wrapped, limit)
        places = NonZero(big)
        where = Transpose <perm = [1, 0]> (places)
        updates = GatherND(rows, where)
        louder = Neg(updates)
        y = ScatterND(rows, where, louder)
    }""",
    [{"ids": whole(50, 2, 6)}, {"ids": np.array([[1, 2]])}, {"ids": whole(40, 1, 9)}],
    {"table": (10, 4)},
)
