"""Image networks: chains of resizes, shuffles, norms, warps, transposed convolutions."""

import numpy as np

from small_models.case import small_model

IMAGES = [{"x": (1, 4, 8, 8)}, {"x": (2, 4, 6, 10)}]

small_model(
    "feature_pyramid",
    """(float[batch, 4, h, w] x) => (y) {
        c2 = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, k)
        c3 = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (c2, k)
        target = Shape <start = 2> (c2)
        lead = Shape <end = 2> (c3)
        sizes = Concat <axis = 0> (lead, target)
        up = Resize <mode = "nearest", nearest_mode = "floor", coordinate_transformation_mode = "asymmetric">
            (c3, "", "", sizes)
        merged = Add(c2, up)
        whole = Shape(x)
        big = Resize <mode = "linear", coordinate_transformation_mode = "align_corners">
            (merged, "", "", whole)
        scales = Constant <value_floats = [1.0, 1.0, 0.5, 1.5]> ()
        odd = Resize <mode = "cubic", coordinate_transformation_mode = "half_pixel"> (big, "", scales)
        y = Resize <mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel", antialias = 1>
            (odd, "", "", sizes)
    }""",
    [*IMAGES, {"x": (1, 4, 5, 7)}],
    {"k": (4, 4, 3, 3)},
)

small_model(
    "super_resolution",
    """(float[batch, 4, h, w] x) => (y, z) {
        a = Conv <pads = [1, 1, 1, 1]> (x, k)
        slope = Constant <value = float[4, 1, 1] {0.1, 0.2, 0.3, 0.4}> ()
        p = PRelu(a, slope)
        b = Conv <pads = [1, 1, 1, 1]> (p, k4)
        y = DepthToSpace <blocksize = 2, mode = "CRD"> (b)
        packed = SpaceToDepth <blocksize = 2> (x)
        z = DepthToSpace <blocksize = 2, mode = "DCR"> (packed)
    }""",
    IMAGES,
    {"k": (4, 4, 3, 3), "k4": (8, 4, 3, 3)},
)

small_model(
    "group_norms",
    """(float[batch, 4, h, w] x) => (y) {
        shape = Shape(x)
        groups = Constant <value_ints = [0, 2, -1]> ()
        split = Reshape(x, groups)
        normal = InstanceNormalization <epsilon = 1e-5> (split, ones2, zeros2)
        whole = Reshape(normal, shape)
        scaled = Mul(whole, gain)
        moved = Add(scaled, bias)
        gate = Sigmoid(moved)
        swish = Mul(moved, gate)
        each = InstanceNormalization(swish, four, zeros4)
        y = LpNormalization <axis = 1, p = 2> (each)
    }""",
    IMAGES,
    {
        "ones2": np.ones(2, np.float32),
        "zeros2": np.zeros(2, np.float32),
        "four": (4,),
        "zeros4": np.zeros(4, np.float32),
        "gain": (4, 1, 1),
        "bias": (4, 1, 1),
    },
)

small_model(
    "group_norm_operator",
    "(float[batch, 4, h, w] x) => (y) { y = GroupNormalization <num_groups = 2> (x, gain, bias) }",
    IMAGES,
    {"gain": (4,), "bias": (4,)},
    opset=21,
)

small_model(
    "warped_image",
    """(float[batch, 4, h, w] x, float[batch, 2, 3] theta) => (y, z) {
        shape = Shape(x)
        grid = AffineGrid <align_corners = 0> (theta, shape)
        y = GridSample <mode = "linear", padding_mode = "border"> (x, grid)
        z = GridSample <mode = "nearest", padding_mode = "zeros", align_corners = 1> (x, grid)
    }""",
    [{**feed, "theta": (feed["x"][0], 2, 3)} for feed in IMAGES],
    opset=20,
)

small_model(
    "decoder_of_transposed_convolutions",
    """(float[batch, 4, h, w] x) => (y) {
        a = ConvTranspose <strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 1]> (x, k0, b0)
        b = Relu(a)
        c = ConvTranspose <strides = [2, 3], group = 2, dilations = [2, 1]> (b, k1)
        d = HardSwish(c)
        e = ConvTranspose <auto_pad = "SAME_LOWER", strides = [2, 2]> (d, k2)
        y = Clip(e, low, high)
    }""",
    IMAGES,
    {
        "k0": (4, 6, 3, 3),
        "b0": (6,),
        "k1": (6, 2, 3, 2),
        "k2": (4, 3, 4, 4),
        "low": np.array(-1, np.float32),
        "high": np.array(2, np.float32),
    },
)

small_model(
    "volumes",
    """(float[batch, 2, d, h, w] x) => (y) {
        a = Conv <pads = [1, 1, 1, 1, 1, 1], strides = [2, 1, 2]> (x, k0)
        b = MaxPool <kernel_shape = [1, 2, 2], strides = [1, 2, 2], ceil_mode = 1> (a)
        c = ConvTranspose <strides = [2, 2, 2], output_padding = [0, 1, 1], pads = [0, 0, 0, 0, 1, 0]> (b, k1)
        d = AveragePool <kernel_shape = [2, 2, 2], count_include_pad = 1, pads = [0, 0, 0, 1, 1, 1]> (c)
        y = GlobalMaxPool(d)
    }""",
    [{"x": (1, 2, 4, 6, 6)}, {"x": (2, 2, 3, 5, 7)}],
    {"k0": (3, 2, 3, 3, 3), "k1": (3, 4, 2, 3, 3)},
)

small_model(
    "squeeze_and_excite",
    """(float[batch, 4, h, w] x) => (y) {
        depth = Conv <group = 4, pads = [1, 1, 1, 1]> (x, k0)
        normal = BatchNormalization(depth, g, b, m, v)
        relu = HardSwish(normal)
        mean = GlobalAveragePool(relu)
        low = Conv(mean, k1)
        act = Relu(low)
        high = Conv(act, k2)
        gate = HardSigmoid <alpha = 0.1666667> (high)
        scaled = Mul(relu, gate)
        point = Conv(scaled, k3)
        y = Add(point, x)
    }""",
    IMAGES,
    {
        "k0": (4, 1, 3, 3),
        "g": (4,),
        "b": (4,),
        "m": (4,),
        "v": np.float32([0.5, 1, 2, 0.1]),
        "k1": (2, 4, 1, 1),
        "k2": (4, 2, 1, 1),
        "k3": (4, 4, 1, 1),
    },
)

small_model(
    "unpooled",
    """(float[batch, 4, h, w] x) => (y) {
        pooled, places = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
        activated = Relu(pooled)
        y = MaxUnpool <kernel_shape = [2, 2], strides = [2, 2]> (activated, places)
    }""",
    [{"x": (1, 4, 8, 8)}, {"x": (2, 4, 6, 10)}],
)
