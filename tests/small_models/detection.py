"""Tails of detectors: what comes after the convolutions."""

import numpy as np

from small_models.case import small_model

small_model(
    "yolo_tail",
    """(float[1, 16, h, w] x, float[1, 8, 32, 32] feature) => (boxes, scores, classes, picked) {
        raw = Conv(x, k)
        sizes = Shape(raw)
        lead, depth, height, width = Split <num_outputs = 4> (sizes)
        flat_shape = Constant <value_ints = [1, 7, -1]> ()
        flat = Reshape(raw, flat_shape)
        rows = Transpose <perm = [0, 2, 1]> (flat)
        squashed = Sigmoid(rows)
        parts = Constant <value_ints = [2, 2, 3]> ()
        centre, extent, class_scores = Split <axis = 2> (squashed, parts)
        none = Constant <value_ints = [0]> ()
        zero = Constant <value = int64 {0}> ()
        one = Constant <value = int64 {1}> ()
        h0 = Squeeze(height, none)
        w0 = Squeeze(width, none)
        ys = Range(zero, h0, one)
        xs = Range(zero, w0, one)
        plane = Concat <axis = 0> (height, width)
        column = Constant <value_ints = [1]> ()
        tall = Unsqueeze(ys, column)
        grid_y = Expand(tall, plane)
        grid_x = Expand(xs, plane)
        last = Constant <value_ints = [2]> ()
        gy = Unsqueeze(grid_y, last)
        gx = Unsqueeze(grid_x, last)
        grid = Concat <axis = 2> (gx, gy)
        grid_shape = Constant <value_ints = [1, -1, 2]> ()
        cells = Reshape(grid, grid_shape)
        offsets = Cast <to = 1> (cells)
        moved = Add(centre, offsets)
        stride = Constant <value = float {8.0}> ()
        middle = Mul(moved, stride)
        size = Mul(extent, stride)
        half = Constant <value = float {0.5}> ()
        arm = Mul(size, half)
        low = Sub(middle, arm)
        high = Add(middle, arm)
        corners = Concat <axis = 2> (low, high)
        by_class = Transpose <perm = [0, 2, 1]> (class_scores)
        most = Constant <value_ints = [20]> ()
        overlap = Constant <value_floats = [0.4]> ()
        least = Constant <value_floats = [0.5]> ()
        selected = NonMaxSuppression(corners, by_class, most, overlap, least)
        three = Constant <value_ints = [0, 2]> ()
        pairs = Gather <axis = 1> (selected, three)
        boxes = GatherND(corners, pairs)
        scores = GatherND(by_class, selected)
        class_column = Gather <axis = 1> (selected, one)
        classes = Cast <to = 6> (class_column)
        roi_batch = ReduceSum <keepdims = 0> (pairs, column)
        nothing = Mul(roi_batch, zero)
        picked = RoiAlign <output_height = 2, output_width = 2, sampling_ratio = 2> (feature, boxes, nothing)
    }""",
    [{"x": (1, 16, h, w), "feature": (1, 8, 32, 32)} for h, w in ((6, 8), (3, 3), (9, 2))],
    {"k": (7, 16, 1, 1)},
)

small_model(
    "ssd_tail",
    """(float[batch, n, 4] boxes, float[batch, n, 6] logits) => (best, where, found, count) {
        scores = Softmax <axis = 2> (logits)
        from = Constant <value_ints = [1]> ()
        to = Constant <value_ints = [6]> ()
        last = Constant <value_ints = [2]> ()
        real = Slice(scores, from, to, last)
        strength = ReduceMax <axes = [2], keepdims = 0> (real)
        shape = Shape <start = 1, end = 2> (boxes)
        most = Constant <value_ints = [5]> ()
        k = Min(most, shape)
        best, where = TopK <axis = 1> (strength, k)
        wide = Unsqueeze(where, last)
        four = Constant <value_ints = [1, 1, 4]> ()
        index = Tile(wide, four)
        chosen = GatherElements <axis = 1> (boxes, index)
        threshold = Constant <value = float {0.4}> ()
        strong = Greater(best, threshold)
        places = NonZero(strong)
        pairs = Transpose <perm = [1, 0]> (places)
        found = GatherND(chosen, pairs)
        count = Shape(found)
    }""",
    [{"boxes": (b, n, 4), "logits": (b, n, 6)} for b, n in ((1, 12), (2, 5), (1, 3))],
    opset=17,
)

small_model(
    "centre_peaks",
    """(float[1, 2, h, w] x) => (scores, rows, columns, offsets) {
        heat = Sigmoid(x)
        around = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (heat)
        peak = Equal(heat, around)
        mask = Cast <to = 1> (peak)
        kept = Mul(heat, mask)
        flat_shape = Constant <value_ints = [1, -1]> ()
        flat = Reshape(kept, flat_shape)
        three = Constant <value_ints = [3]> ()
        scores, places = TopK(flat, three)
        shape = Shape(x)
        third = Constant <value = int64 {3}> ()
        second = Constant <value = int64 {2}> ()
        width = Gather(shape, third)
        height = Gather(shape, second)
        area = Mul(width, height)
        cell = Mod(places, area)
        rows = Div(cell, width)
        columns = Mod(cell, width)
        pixels = Reshape(x, two_rows)
        turned = Transpose <perm = [1, 0]> (pixels)
        line = Squeeze(cell, first)
        offsets = Gather <axis = 0> (turned, line)
    }""",
    [{"x": (1, 2, 5, 7)}, {"x": (1, 2, 3, 3)}, {"x": (1, 2, 8, 4)}],
    {"two_rows": np.array([2, -1]), "first": np.array([0])},
)

small_model(
    "text_heads",
    """(float[batch, classes, t] x) => (ids, sure, kept) {
        turned = Transpose <perm = [0, 2, 1]> (x)
        p = Softmax <axis = 2> (turned)
        ids = ArgMax <axis = 2, keepdims = 0> (p)
        sure = ReduceMax <axes = [2], keepdims = 0> (p)
        zero = Constant <value = int64 {0}> ()
        blank = Equal(ids, zero)
        some = Not(blank)
        flat_shape = Constant <value_ints = [-1]> ()
        flags = Reshape(some, flat_shape)
        line = Reshape(ids, flat_shape)
        kept = Compress <axis = 0> (line, flags)
    }""",
    [{"x": (1, 3, 20)}, {"x": (2, 5, 9)}, {"x": (1, 1, 4)}],
    opset=17,
)

small_model(
    "scattered_points",
    """(int64[n, 2] at, float[n] value, int64[2] size) => (image, maxima, distinct, how_often) {
        zeros = ConstantOfShape <value = float[1] {0.0}> (size)
        image = ScatterND <reduction = "add"> (zeros, at, value)
        lowest = ConstantOfShape <value = float[1] {-9.0}> (size)
        maxima = ScatterND <reduction = "max"> (lowest, at, value)
        one = Constant <value = int64 {1}> ()
        columns = Gather <axis = 1> (at, one)
        distinct, firsts, back, how_often = Unique(columns)
    }""",
    [
        {
            "at": np.array([[0, 1], [2, 3], [0, 1], [1, 0]]),
            "value": np.float32([1, 2, 3, -4]),
            "size": np.array([3, 4]),
        },
        {"at": np.array([[5, 5]]), "value": np.float32([1]), "size": np.array([6, 6])},
    ],
)

small_model(
    "forest_after_network",
    """(float[n, 6] x) => (score, label) {
        hidden = MatMul(x, w)
        squashed = Tanh(hidden)
        scaled = ai.onnx.ml.Scaler <offset = [0.1, 0.0, -0.1], scale = [2.0, 1.0, 0.5]> (squashed)
        score = ai.onnx.ml.TreeEnsembleRegressor <n_targets = 1, post_transform = "NONE",
            nodes_treeids = [0, 0, 0, 1, 1, 1], nodes_nodeids = [0, 1, 2, 0, 1, 2],
            nodes_featureids = [0, 0, 0, 2, 0, 0], nodes_values = [0.2, 0.0, 0.0, -0.1, 0.0, 0.0],
            nodes_modes = ["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"],
            nodes_truenodeids = [1, 0, 0, 1, 0, 0], nodes_falsenodeids = [2, 0, 0, 2, 0, 0],
            target_treeids = [0, 0, 1, 1], target_nodeids = [1, 2, 1, 2], target_ids = [0, 0, 0, 0],
            target_weights = [1.0, -2.0, 0.5, 4.0]> (scaled)
        label, probability = ai.onnx.ml.LinearClassifier <
            classlabels_ints = [3, 5], post_transform = "LOGISTIC",
            coefficients = [0.5, 1.0, -1.0, -0.5, -1.0, 1.0], intercepts = [0.1, -0.1]> (scaled)
    }""",
    [{"x": (5, 6)}, {"x": (1, 6)}],
    {"w": (6, 3)},
)
