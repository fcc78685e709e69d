"""Models with one node that is wrong: attributes, ranks, sizes and types of operands, bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from broken_models import ACCEPTED, Broken, X, one, typed
from onnx import AttributeProto, helper
from onnx_models import model_of, node

IMAGE = typed("x", 1, 4, 6, 6)
NAN, INF = float("nan"), float("inf")


def conv(
    weight: tuple[int, ...] = (2, 4, 3, 3), bias: int | None = None, **attributes: Any
) -> onnx.ModelProto:
    constants = {"w": np.ones(weight, np.float32)}
    if bias is not None:
        constants["b"] = np.ones(bias, np.float32)
    return one("Conv", "x", *constants, given=[IMAGE], constants=constants, **attributes)


def pool(**attributes: Any) -> onnx.ModelProto:
    return one("MaxPool", given=[IMAGE], **attributes)


def ints(
    operator: str, *values: Any, given: Any = None, opset: int = 21, **attributes: Any
) -> onnx.ModelProto:
    """A node of x and of constants that are i64."""
    constants = {f"c{i}": np.array(v, np.int64) for i, v in enumerate(values)}
    return one(operator, "x", *constants, constants=constants, given=given, opset=opset, **attributes)


def mistyped(attribute: onnx.AttributeProto) -> onnx.ModelProto:
    model = one("Concat", "x", "x")
    model.graph.node[0].attribute.append(attribute)
    return model


def untyped() -> onnx.ModelProto:
    return mistyped(AttributeProto(name="axis", i=1))


def twice() -> onnx.ModelProto:
    model = one("Softmax", axis=0)
    model.graph.node[0].attribute.append(helper.make_attribute("axis", 1))
    return model


def reference_outside() -> onnx.ModelProto:
    return mistyped(AttributeProto(name="axis", ref_attr_name="a", type=AttributeProto.INT))


def lstm(**attributes: Any) -> onnx.ModelProto:
    constants = {"w": np.ones((1, 12, 4), np.float32), "r": np.ones((1, 12, 3), np.float32)}
    return one("LSTM", "x", "w", "r", given=[typed("x", 5, 2, 4)], constants=constants, **attributes)


NODES = [
    Broken("unknown attribute", lambda: one("Relu", alpha=1.0), ("y_node", "'alpha'")),
    Broken("misspelt attribute", lambda: one("Softmax", axes=0), ("y_node", "'axes'", "axis")),
    Broken(
        "attribute of another type", lambda: one("Softmax", axis=1.5), ("y_node", "'axis'", "FLOAT", "INT")
    ),
    Broken("text for a number", lambda: one("Softmax", axis="one"), ("y_node", "'axis'", "STRING", "INT")),
    Broken("list for a number", lambda: one("Softmax", axis=[1]), ("y_node", "'axis'", "INTS", "INT")),
    Broken("number for a list", lambda: one("Transpose", perm=1), ("y_node", "'perm'", "INT", "INTS")),
    Broken("attribute without a type", untyped, ("y_node", "'axis'", "UNDEFINED")),
    Broken("attribute twice", twice, ("y_node", "'axis'", "twice")),
    Broken("attribute of no function", reference_outside, ("y_node", "axis")),
    Broken("missing attribute", lambda: one("Cast"), ("y_node", "'to'", "missing")),
    Broken("missing axis", lambda: one("Concat", "x", "x"), ("y_node", "'axis'", "missing")),
    Broken("missing operand", lambda: one("Add", "x"), ("y_node", "input 1 is missing")),
    Broken("too many operands", lambda: one("Relu", "x", "x"), ("y_node", "2 inputs")),
    Broken("too many results", lambda: one("Relu", count=2), ("y_node", "2 outputs")),
    Broken("left-out operand", lambda: one("Add", "x", ""), ("y_node", "input 1")),
    Broken("axis out of range", lambda: one("Softmax", axis=2), ("y_node", "axis 2")),
    Broken("axis below range", lambda: one("Softmax", axis=-3), ("y_node", "axis -3")),
    Broken("axis beyond i32", lambda: one("Softmax", axis=2**40), ("y_node", "axis")),
    Broken("perm with an axis twice", lambda: one("Transpose", perm=[0, 0]), ("y_node", "0, 0")),
    Broken("perm too short", lambda: one("Transpose", perm=[0]), ("y_node", "perm")),
    Broken("perm out of range", lambda: one("Transpose", perm=[0, 2]), ("y_node", "perm")),
    Broken("reduced axis twice", lambda: ints("ReduceSum", [0, -2]), ("y_node", "twice")),
    Broken("squeezed axis is not 1", lambda: ints("Squeeze", [0]), ("y_node", "axis 0", "2")),
    Broken("unsqueezed axis twice", lambda: ints("Unsqueeze", [0, 0]), ("y_node", "twice")),
    Broken("reshape to another count", lambda: ints("Reshape", [4, 2]), ("y_node",)),
    Broken("reshape with two open sizes", lambda: ints("Reshape", [-1, -1]), ("y_node", "-1")),
    Broken("reshape to a negative size", lambda: ints("Reshape", [-2, 3]), ("y_node", "-2")),
    Broken(
        "reshape by floats",
        lambda: one("Reshape", "x", "c", constants={"c": np.float32([6])}),
        ("y_node", "f32"),
    ),
    Broken("reshape by a matrix", lambda: ints("Reshape", [[6]]), ("y_node",)),
    Broken("reshape whose product overflows", lambda: ints("Reshape", [2**62, 2**62, -1]), ("y_node",)),
    Broken("expand to a smaller size", lambda: ints("Expand", [1, 2]), ("y_node",)),
    Broken("expand to a negative size", lambda: ints("Expand", [-3, 2, 3]), ("y_node", "-3")),
    Broken("tile by too few", lambda: ints("Tile", [2]), ("y_node",)),
    Broken("tile by a negative", lambda: ints("Tile", [2, -1]), ("y_node", "-1")),
    Broken(
        "shapes that do not broadcast",
        lambda: one("Add", "x", "c", constants={"c": np.ones(2, np.float32)}),
        ("y_node", "3", "2"),
    ),
    Broken(
        "concat of other sizes",
        lambda: one("Concat", "x", "c", constants={"c": np.ones((3, 2), np.float32)}, axis=0),
        ("y_node",),
    ),
    Broken(
        "concat of other ranks",
        lambda: one("Concat", "x", "c", constants={"c": np.ones(3, np.float32)}, axis=0),
        ("y_node", "f32[3]", "f32[2, 3]"),
    ),
    Broken("split into more than there is", lambda: ints("Split", [1, 3], count=2), ("y_node",)),
    Broken("split into a negative size", lambda: ints("Split", [3, -1], count=2), ("y_node", "-1")),
    Broken("slice by 0", lambda: ints("Slice", [0], [2], [0], [0]), ("y_node", "step")),
    Broken("slice of an axis twice", lambda: ints("Slice", [0, 0], [2, 2], [0, 0]), ("y_node", "twice")),
    Broken("slice with too few ends", lambda: ints("Slice", [0, 0], [2]), ("y_node",)),
    Broken("pads too short", lambda: ints("Pad", [1, 1]), ("y_node", "pads")),
    Broken("pads that leave less than nothing", lambda: ints("Pad", [-3, 0, 0, 0]), ("y_node",)),
    Broken("unknown mode", lambda: ints("Pad", [0, 0, 0, 0], mode="mirror"), ("y_node", "mirror")),
    Broken("gather index out of range", lambda: ints("Gather", [5]), ("y_node", "5")),
    Broken(
        "gather by floats",
        lambda: one("Gather", "x", "c", constants={"c": np.float32([0])}),
        ("y_node", "f32"),
    ),
    Broken("matmul of other depths", lambda: one("MatMul", "x", "x"), ("y_node", "3", "2")),
    Broken(
        "matmul of a scalar", lambda: one("MatMul", "x", "c", constants={"c": np.float32(1)}), ("y_node",)
    ),
    Broken(
        "gemm of three axes",
        lambda: one("Gemm", "x", "c", constants={"c": np.ones((1, 3, 2), np.float32)}),
        ("y_node", "rank"),
    ),
    Broken(
        "gemm bias too large",
        lambda: one(
            "Gemm",
            "x",
            "w",
            "c",
            constants={"w": np.ones((3, 4), np.float32), "c": np.ones((3, 4), np.float32)},
        ),
        ("y_node",),
    ),
    Broken(
        "conv of a matrix",
        lambda: one("Conv", "x", "w", constants={"w": np.ones((2, 3, 1), np.float32)}),
        ("y_node", "rank"),
    ),
    Broken("conv with other channels", lambda: conv((2, 5, 3, 3)), ("y_node", "channels")),
    Broken("conv bias of another size", lambda: conv(bias=3), ("y_node",)),
    Broken("conv kernel_shape that lies", lambda: conv(kernel_shape=[2, 2]), ("y_node", "kernel_shape")),
    Broken("conv group 0", lambda: conv(group=0), ("y_node", "group")),
    Broken("conv group -1", lambda: conv(group=-1), ("y_node", "group")),
    Broken("conv group that does not divide", lambda: conv((3, 2, 3, 3), group=2), ("y_node", "group")),
    Broken("conv stride 0", lambda: conv(strides=[0, 1]), ("y_node", "stride")),
    Broken("conv negative stride", lambda: conv(strides=[-1, 1]), ("y_node", "stride")),
    Broken("conv one stride of two", lambda: conv(strides=[2]), ("y_node", "strides")),
    Broken("conv dilation 0", lambda: conv(dilations=[0, 1]), ("y_node", "dilation")),
    Broken("conv negative pads", lambda: conv(pads=[-1, 0, 0, 0]), ("y_node", "negative")),
    Broken("conv pads too short", lambda: conv(pads=[1, 1]), ("y_node", "pads")),
    Broken("conv kernel larger than the image", lambda: conv((2, 4, 9, 9)), ("y_node", "kernel")),
    Broken("conv pads beyond i32", lambda: conv(pads=[2**62] * 4), ("y_node", "2**63")),
    Broken("conv unknown auto_pad", lambda: conv(auto_pad="SAME"), ("y_node", "SAME")),
    Broken("pool without a kernel", lambda: pool(), ("y_node", "'kernel_shape'", "missing")),
    Broken("pool kernel 0", lambda: pool(kernel_shape=[0, 2]), ("y_node", "kernel")),
    Broken("pool kernel of one axis", lambda: pool(kernel_shape=[2]), ("y_node", "kernel")),
    Broken(
        "pool kernel beyond i64 in product", lambda: pool(kernel_shape=[2**40, 2**40]), ("y_node", "kernel")
    ),
    Broken(
        "batch norm of other channels",
        lambda: one("BatchNormalization", "x", *"wwww", constants={"w": np.ones(5, np.float32)}),
        ("y_node", "5"),
    ),
    Broken("lstm hidden size that lies", lambda: lstm(hidden_size=7), ("y_node", "12", "28")),
    Broken(
        "lstm unknown direction", lambda: lstm(hidden_size=3, direction="sideways"), ("y_node", "sideways")
    ),
    Broken("lstm unknown activation", lambda: lstm(hidden_size=3, activations=["A", "B", "C"]), ("y_node",)),
    Broken("unknown equation", lambda: one("Einsum", "x", equation="i->i"), ("y_node",)),
    Broken("equation of other sizes", lambda: one("Einsum", "x", "x", equation="ij,ji->"), ("y_node",)),
    Broken("cast to nothing", lambda: one("Cast", to=0), ("y_node", "type 0")),
    Broken("cast to 99", lambda: one("Cast", to=99), ("y_node", "type 99")),
    Broken("top 9 of 3", lambda: ints("TopK", [9], count=2), ("y_node", "9")),
    Broken("top -1", lambda: ints("TopK", [-1], count=2), ("y_node", "-1")),
    Broken(
        "resize by NaN",
        lambda: one("Resize", "x", "", "s", constants={"s": np.float32([1, NAN])}),
        ("y_node",),
    ),
    Broken(
        "resize by 0", lambda: one("Resize", "x", "", "s", constants={"s": np.float32([1, 0])}), ("y_node",)
    ),
    Broken(
        "resize by infinity",
        lambda: one("Resize", "x", "", "s", constants={"s": np.float32([1, INF])}),
        ("y_node",),
    ),
    Broken("resize without sizes", lambda: one("Resize"), ("y_node",)),
    Broken("NaN as a slope", lambda: one("LeakyRelu", alpha=NAN), code=ACCEPTED, problems=0),
    Broken("infinity as a slope", lambda: one("Elu", alpha=INF), code=ACCEPTED, problems=0),
    Broken(
        "range by 0",
        lambda: one("Range", "a", "b", "a", given=[], constants={"a": np.int64(0), "b": np.int64(3)}),
        ("y_node",),
    ),
    Broken(
        "quantise by a scale of another length",
        lambda: one("QuantizeLinear", "x", "s", constants={"s": np.ones(5, np.float32)}),
        ("y_node", "5"),
    ),
    Broken(
        "constant without a value", lambda: model_of([node("Constant", [], ["y"])], [X], ["y"]), ("y_node",)
    ),
    Broken("memory beyond all machines", lambda: ints("Expand", [2**40, 2, 3]), code=ACCEPTED, problems=0),
    Broken("size beyond i64", lambda: ints("Expand", [2**62, 2**40, 2, 3]), ("y_node",)),
]
