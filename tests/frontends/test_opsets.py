"""Operators with the meaning of each opset, from 1 upward; a case is data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx_models import imported, info, model_of, node, run_onnxruntime

from edgec.frontends.onnx import ExportError, import_model
from edgec.interpreter import interpret

RANDOM = np.random.default_rng(11)
Array = Any
Formula = Callable[..., Union[Array, list[Array]]]


def f(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def i(*values: int) -> Array:
    return np.array(values, np.int64)


X, IMAGE = f(2, 3, 4), f(2, 4, 6, 5)
POSITIVE = np.abs(X) + 0.5
VECTORS = [f(4), f(4), f(4), np.abs(f(4)) + 1]
MAPS = [f(4, 6, 5), f(4, 6, 5), f(4, 6, 5), np.abs(f(4, 6, 5)) + 1]


def along(axis: int) -> Formula:
    """y moved to start at that axis of x, as the first opsets broadcast."""
    return lambda x, y: x + y.reshape(y.shape + (1,) * (x.ndim - axis - y.ndim))


def batch_norm(x: Array, scale: Array, bias: Array, mean: Array, variance: Array) -> Array:
    shape = (-1, *[1] * (x.ndim - 2)) if scale.ndim == 1 else scale.shape
    scale, bias, mean, variance = (v.reshape(shape) for v in (scale, bias, mean, variance))
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + bias


def trained_batch_norm(x: Array, scale: Array, bias: Array, mean: Array, variance: Array) -> list[Array]:
    axes = (0, 2, 3)
    own, spread = x.mean(axes), x.var(axes)
    y = batch_norm(x, scale, bias, own, spread)
    return [y, 0.9 * mean + 0.1 * own, 0.9 * variance + 0.1 * spread, own, spread]


def two_axis_softmax(x: Array) -> Array:
    flat = np.exp(x.reshape(2, -1))
    return (flat / flat.sum(1, keepdims=True)).reshape(x.shape)


def standard(axes: tuple[int, ...], deviation: bool = True) -> Formula:
    def formula(x: Array) -> Array:
        centred = x - x.mean(axes, keepdims=True)
        return centred / x.std(axes, keepdims=True) if deviation else centred

    return formula


def gru_unit(drop: bool) -> Formula:
    def formula(state: Array, gates: Array, lengths: Array, step: Array) -> Array:
        update, output = 1 / (1 + np.exp(-gates[..., 2:4])), np.tanh(gates[..., 4:])
        moved = update * state + (1 - update) * output
        return np.where((step < lengths)[:, None], moved, np.zeros_like(state) if drop else state)

    return formula


def padded(x: Array) -> Array:
    return np.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=2)


def cubic_pool(x: Array) -> Array:
    return (np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3)) ** 3).sum((-1, -2)) ** (1 / 3)


def border_mean(x: Array) -> Array:
    """Means of 3 by 3 elements, of which those outside the image do not count."""
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    return np.nanmean(np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (2, 3)), (-1, -2))


def group_norm(x: Array, scale: Array, bias: Array) -> Array:
    grouped = x.reshape(x.shape[0], 2, -1)
    result = (grouped - grouped.mean(-1, keepdims=True)) / np.sqrt(grouped.var(-1, keepdims=True) + 1e-5)
    return (result * scale[:, None] + bias[:, None]).reshape(x.shape)


def ones_of(dtype: Any) -> Formula:
    return lambda x: [x, np.ones(x.shape, dtype)]


# operator, opset, attributes, inputs; a formula for the results, or the opset at which ONNX Runtime judges
Case = tuple[str, int, dict[str, Any], list[Array], Union[Formula, int]]
CASES: list[Case] = [
    ("Add", 1, {"broadcast": 1, "axis": 1, "consumed_inputs": [0, 0]}, [X, f(3)], along(1)),
    ("Add", 6, {"broadcast": 1, "axis": 0}, [X, f(2, 3)], along(0)),
    ("Add", 6, {"broadcast": 1, "axis": -2}, [X, f(3)], along(1)),
    ("Add", 6, {"broadcast": 1}, [X, f(3, 4)], np.add),
    ("Add", 6, {"broadcast": 1}, [X, f(1, 1)], np.add),
    ("Add", 6, {}, [X, X], np.add),
    ("Sub", 3, {"broadcast": 1}, [X, f()], np.subtract),
    ("Mul", 6, {"broadcast": 1, "axis": 2}, [X, f(4)], np.multiply),
    ("Div", 1, {}, [X, POSITIVE], np.divide),
    ("Pow", 1, {"broadcast": 1}, [POSITIVE, np.float32(2.5)], np.power),
    ("Less", 1, {"broadcast": 1, "axis": 0}, [X, f(2)], lambda x, y: x < y[:, None, None]),
    ("Greater", 6, {}, [X, f(2, 3, 4)], np.greater),
    ("Equal", 1, {"broadcast": 1}, [i(1, 2, 3), i(2)], np.equal),
    ("And", 1, {"broadcast": 1, "axis": 0}, [X > 0, i(0, 1) > 0], lambda x, y: x & y[:, None, None]),
    ("Max", 1, {"consumed_inputs": [0, 0]}, [X, -X], np.maximum),
    ("Sum", 6, {}, [X, X, X], lambda x, *_: 3 * x),
    ("Neg", 1, {"consumed_inputs": [0]}, [X], np.negative),
    ("Relu", 1, {"consumed_inputs": [0]}, [X], lambda x: np.maximum(x, 0)),
    ("Selu", 1, {}, [X], lambda x: 1.0507 * np.where(x > 0, x, 1.6732 * np.expm1(x))),
    ("Selu", 6, {}, [X], 6),
    ("Elu", 1, {"alpha": 0.5}, [X], lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    ("LeakyRelu", 1, {}, [X], lambda x: np.where(x > 0, x, 0.01 * x)),
    ("PRelu", 1, {}, [X, f(3)], lambda x, s: np.where(x > 0, x, x * s[:, None])),
    ("PRelu", 6, {}, [X, f(1)], lambda x, s: np.where(x > 0, x, x * s)),
    ("PRelu", 7, {}, [X, f(4)], 7),
    ("Clip", 1, {"max": 0.5}, [X], lambda x: np.minimum(x, np.float32(0.5))),
    ("Clip", 6, {"min": -0.5}, [X], 6),
    ("Cast", 1, {"to": "INT32"}, [X * 5], lambda x: x.astype(np.int32)),
    ("Cast", 1, {"to": "bool"}, [i(0, 2)], lambda x: x.astype(bool)),
    ("Cast", 6, {"to": 11}, [X], 6),
    ("Reshape", 1, {"shape": [0, -1], "consumed_inputs": [0]}, [X], lambda x: x.reshape(2, 12)),
    ("Concat", 1, {}, [X, X], lambda *xs: np.concatenate(xs, 1)),
    ("Concat", 3, {"axis": 2}, [X, X], lambda *xs: np.concatenate(xs, 2)),
    ("Split", 1, {"axis": 2, "split": [1, 3]}, [X], lambda x: [x[..., :1], x[..., 1:]]),
    ("Split", 1, {"axis": 2}, [X, i(3, 1)], lambda x, _: [x[..., :3], x[..., 3:]]),
    ("Split", 2, {"axis": 2}, [X], lambda x: np.split(x, 2, 2)),
    ("Pad", 1, {"paddings": [0, 1, 0, 0, 0, 2], "value": 2.0}, [X], padded),
    ("Pad", 2, {"pads": [0, 1, 0, 0, 0, 2], "mode": "edge"}, [X], 2),
    ("Slice", 1, {"starts": [0, -3], "ends": [1, 1000], "axes": [0, 2]}, [X], 1),
    ("DynamicSlice", 1, {}, [X, i(0, -3), i(1, 1000), i(0, 2)], 1),
    ("Tile", 1, {}, [X, i(3), i(1)], lambda x, *_: np.tile(x, (1, 3, 1))),
    ("Tile", 6, {}, [X, i(1, 2, 3)], 6),
    ("Squeeze", 1, {"axes": [0, 2]}, [f(1, 3, 1)], 1),
    ("Unsqueeze", 1, {"axes": [0, 2]}, [f(3, 2)], 1),
    ("TopK", 1, {"k": 2, "axis": 1}, [X], 1),
    ("TopK", 10, {}, [X, i(3)], 10),
    ("ReduceSum", 1, {"axes": [0, 2]}, [X], 1),
    ("ReduceLogSum", 1, {"keepdims": 0}, [POSITIVE], 1),
    ("Softmax", 1, {}, [X], two_axis_softmax),
    ("LogSoftmax", 1, {"axis": 2}, [X], 1),
    ("Hardmax", 1, {}, [X], 1),
    ("Gemm", 1, {"broadcast": 1, "alpha": 0.5}, [f(2, 3), f(3, 4), f(4)], lambda a, b, c: 0.5 * a @ b + c),
    ("Gemm", 6, {"transA": 1, "beta": 2.0}, [f(3, 2), f(3, 4), f(2, 4)], lambda a, b, c: a.T @ b + 2 * c),
    (
        "BatchNormalization",
        1,
        {"is_test": 1, "consumed_inputs": [0, 0, 0, 1, 1]},
        [IMAGE, *VECTORS],
        batch_norm,
    ),
    ("BatchNormalization", 6, {}, [IMAGE, *VECTORS], trained_batch_norm),
    ("BatchNormalization", 6, {"is_test": 1, "spatial": 0}, [IMAGE, *MAPS], batch_norm),
    ("BatchNormalization", 7, {"spatial": 0}, [IMAGE, *MAPS], 7),
    ("BatchNormalization", 9, {}, [IMAGE, *VECTORS], 9),
    ("BatchNormalization", 9, {}, [IMAGE, *VECTORS], trained_batch_norm),
    ("Dropout", 1, {"is_test": 1}, [X], lambda x: x),
    ("Dropout", 7, {}, [X], ones_of(np.float32)),
    ("Dropout", 10, {}, [X], ones_of(np.bool_)),
    ("InstanceNormalization", 6, {}, [IMAGE, f(4), f(4)], 6),
    ("LRN", 1, {"size": 3}, [IMAGE], 1),
    ("LpNormalization", 1, {"p": 1, "axis": 1}, [X], 1),
    ("LpPool", 1, {"p": 3.0, "kernel_shape": [2, 2]}, [np.abs(IMAGE)], cubic_pool),
    ("LpPool", 2, {"p": 3, "kernel_shape": [2, 2]}, [np.abs(IMAGE)], 2),
    ("GlobalLpPool", 1, {"p": 3.0}, [np.abs(IMAGE)], lambda x: (x**3).sum((2, 3), keepdims=True) ** (1 / 3)),
    ("MaxPool", 1, {"kernel_shape": [3, 2], "auto_pad": "SAME_LOWER", "strides": [2, 2]}, [IMAGE], 1),
    ("AveragePool", 1, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, [IMAGE], border_mean),
    ("AveragePool", 7, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, [IMAGE], 7),
    ("AveragePool", 10, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, [IMAGE], 10),
    ("Conv", 1, {"auto_pad": "SAME_LOWER", "kernel_shape": [3, 2]}, [IMAGE, f(3, 4, 3, 2)], 1),
    ("ConvTranspose", 1, {"strides": [2, 2], "output_shape": [12, 11]}, [IMAGE, f(4, 3, 3, 3)], 1),
    ("ConvTranspose", 1, {"strides": [2, 2], "output_shape": [14, 9]}, [IMAGE, f(4, 3, 3, 3)], 1),
    ("ConvTranspose", 11, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}, [IMAGE, f(4, 3, 3, 2)], 11),
    ("ConvTranspose", 11, {"strides": [2, 3], "auto_pad": "SAME_LOWER"}, [IMAGE, f(4, 3, 3, 4)], 11),
    ("ConvTranspose", 11, {"strides": [2, 2], "auto_pad": "VALID"}, [IMAGE, f(4, 3, 3, 2)], 11),
    (
        "Upsample",
        1,
        {"height_scale": 2.0, "width_scale": 3.0},
        [IMAGE],
        lambda x: x.repeat(2, 2).repeat(3, 3),
    ),
    ("Upsample", 7, {"scales": [1.0, 1.0, 2.0, 2.0], "mode": "linear"}, [IMAGE], 7),
    ("Upsample", 9, {"mode": "linear"}, [IMAGE, np.float32([1, 1, 2, 1.5])], 9),
    ("Resize", 10, {"mode": "nearest"}, [IMAGE, np.float32([1, 1, 1.5, 2])], 10),
    ("Resize", 10, {"mode": "linear"}, [IMAGE, np.float32([1, 1, 0.5, 2])], 10),
    ("RNN", 1, {"hidden_size": 2, "output_sequence": 1}, [f(3, 1, 4), f(1, 2, 4), f(1, 2, 2)], 7),
    ("GRU", 1, {"hidden_size": 2, "output_sequence": 1}, [f(3, 1, 4), f(1, 6, 4), f(1, 6, 2)], 7),
    ("LSTM", 1, {"hidden_size": 2, "direction": "reverse"}, [f(3, 1, 4), f(1, 8, 4), f(1, 8, 2)], 7),
    ("Scatter", 9, {"axis": 1}, [f(2, 3), np.int64([[0, 2], [1, 0]]), f(2, 2)], 9),
    ("GroupNormalization", 18, {"num_groups": 2}, [IMAGE, f(2), f(2)], group_norm),
    ("MeanVarianceNormalization", 1, {}, [IMAGE], standard((0, 2, 3))),
    ("MeanVarianceNormalization", 1, {"across_channels": 1}, [IMAGE], standard((0, 1, 2, 3))),
    ("MeanVarianceNormalization", 1, {"normalize_variance": 0}, [IMAGE], standard((0, 2, 3), False)),
    ("MeanVarianceNormalization", 9, {"axes": [1, -1]}, [IMAGE], standard((1, 3))),
    ("MeanVarianceNormalization", 8, {"across_channels": 1}, [IMAGE], 8),
    ("LayerNormalization", 13, {"axis": -1}, [X, f(4), f(4)], 13),
    ("ThresholdedRelu", 8, {"alpha": 0.5}, [X], 8),
    ("Affine", 1, {"alpha": 2.0, "beta": 0.5}, [X], 1),
    ("Scale", 1, {"scale": 3.0}, [X], 1),
    ("ImageScaler", 1, {"scale": 2.0, "bias": [0.1, 0.2, 0.3, 0.4]}, [IMAGE], 1),
    ("ParametricSoftplus", 1, {"alpha": 2.0, "beta": 0.5}, [X], 1),
    ("ScaledTanh", 1, {"alpha": 2.0, "beta": 0.5}, [X], 1),
    ("ThresholdedRelu", 1, {"alpha": 0.5}, [X], 1),
    ("Crop", 1, {"border": [1, 2, 1, 1]}, [IMAGE], 1),
    ("Crop", 1, {"border": [1, 2, 0, 0], "scale": [3, 2]}, [IMAGE], 1),
    ("ConstantFill", 1, {"value": 2.5, "shape": [2, 3]}, [], lambda: np.full((2, 3), 2.5, np.float32)),
    (
        "ConstantFill",
        1,
        {"value": 2.0, "dtype": 7, "input_as_shape": 1},
        [i(3, 1)],
        lambda _: np.full((3, 1), 2),
    ),
    ("GivenTensorFill", 1, {"values": [1.0, 2.0], "shape": [2, 1]}, [], lambda: np.float32([[1], [2]])),
    ("GRUUnit", 1, {}, [f(1, 3, 2), f(1, 3, 6), np.int32([1, 2, 3]), np.int32([1])], gru_unit(False)),
    (
        "GRUUnit",
        1,
        {"drop_states": 1},
        [f(1, 3, 2), f(1, 3, 6), np.int32([1, 2, 3]), np.int32([1])],
        gru_unit(True),
    ),
]
RESULTS = {"TopK": 2, "RNN": 2, "GRU": 2, "LSTM": 3}


def named(case: Case) -> str:
    return f"{case[0]}-{case[1]}"


def single(case: Case, opset: int, results: int) -> tuple[onnx.ModelProto, dict[str, Array]]:
    operator, _, attributes, arrays, _ = case
    kept = {k: v for k, v in attributes.items() if opset == case[1] or k != "output_sequence"}
    feeds = {f"x{k}": np.asarray(array) for k, array in enumerate(arrays)}
    kinds = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in feeds.items()}
    infos = [info(name, a.shape, kinds[name]) for name, a in feeds.items()]
    outputs = [f"y{k}" for k in range(results)]
    return model_of([node(operator, list(feeds), outputs, **kept)], infos, outputs, opset=opset), feeds


@pytest.mark.parametrize("case", CASES, ids=named)
def test_operator(case: Case) -> None:
    operator, opset, _, arrays, judge = case
    if callable(judge):
        found = judge(*arrays)
        expected = found if isinstance(found, list) else [found]
    else:
        expected = run_onnxruntime(*single(case, judge, RESULTS.get(operator, 1)))
    model, feeds = single(case, opset, len(expected))
    got = interpret(imported(model), feeds)
    for name, wanted in zip(("y0", "y1", "y2", "y3", "y4"), expected):
        assert got[name].shape == wanted.shape
        np.testing.assert_allclose(got[name], wanted, rtol=2e-5, atol=2e-5)


# what onnx's converter takes to every opset
CONVERTED = (
    "AveragePool-1 BatchNormalization-1 Clip-1 Concat-3 Conv-1 ConvTranspose-1 Div-1 Dropout-1 Elu-1 Gemm-6 "
    "LRN-1 LogSoftmax-1 LpNormalization-1 MaxPool-1 Max-1 Pow-1 ReduceLogSum-1 ReduceSum-1 Reshape-1 Slice-1 "
    "Softmax-1 Squeeze-1 Sub-3 Sum-6 TopK-1 Unsqueeze-1"
).split()


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_to_every_opset(name: str) -> None:
    case = next(c for c in CASES if named(c) == name)
    model, feeds = single(case, case[1], RESULTS.get(case[0], 1))
    expected = interpret(imported(model), feeds)
    del model.graph.output[:]
    for key, array in expected.items():
        model.graph.output.append(info(key, array.shape, helper.np_dtype_to_tensor_dtype(array.dtype)))
    for opset in range(1, onnx.defs.onnx_opset_version() + 1):
        found = interpret(imported(version_converter.convert_version(model, opset)), feeds)
        for key, wanted in expected.items():
            np.testing.assert_allclose(found[key], wanted, rtol=1e-5, atol=1e-5, err_msg=f"opset {opset}")


# -- habits of old exporters: what is done to a model, which must stay what it is


def plain() -> onnx.ModelProto:
    """x [2, 3] scaled, its halves swapped and flattened to [6]; with constants, ranks and names."""
    constants = {"w": np.float32([1, 2, 3]), "unused": np.float32([9]), "shape": i(-1)}
    nodes = [
        node("Mul", ["x", "w"], ["m"]),
        node("Split", ["m"], ["head", "tail"], axis=0),
        node("Concat", ["tail", "head"], ["c"], axis=0),
        node("Reshape", ["c", "shape"], ["y"]),
    ]
    return model_of(nodes, [info("x", (2, 3))], ["y"], constants, opset=6)


def constants_as_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.extend(info(t.name, t.dims, t.data_type) for t in model.graph.initializer)


def constants_as_nodes(model: onnx.ModelProto) -> None:
    for tensor in reversed(model.graph.initializer):
        model.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=tensor))
    del model.graph.initializer[:]


def typed_fields(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.reshape(-1)))


def nameless_nodes(model: onnx.ModelProto) -> None:
    for found in model.graph.node:
        found.name = ""


def one_name_for_all_nodes(model: onnx.ModelProto) -> None:
    for found in model.graph.node:
        found.name = "node"


def spelled_domain(model: onnx.ModelProto) -> None:
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("ai.onnx", 6))
    model.graph.node[0].domain = "ai.onnx"


def real_axes(model: onnx.ModelProto) -> None:
    """Integers that were written as floats."""
    for found in model.graph.node:
        for attribute in found.attribute:
            attribute.CopyFrom(helper.make_attribute(attribute.name, float(attribute.i)))


def strides_of_nothing(model: onnx.ModelProto) -> None:
    """An attribute that the operator does not have."""
    model.graph.node[0].attribute.append(helper.make_attribute("consumed_inputs", [0, 0]))


def no_opset(model: onnx.ModelProto) -> None:
    """As before opsets were counted: what is not said is 1, where Reshape has an attribute."""
    del model.opset_import[:]
    model.ir_version = 2
    del model.graph.node[3].input[1]
    model.graph.node[3].attribute.append(helper.make_attribute("shape", [-1]))
    model.graph.node[0].attribute.append(helper.make_attribute("broadcast", 1))


def output_left_out(model: onnx.ModelProto) -> None:
    """The first result of a Split is unused, and the second one is read."""
    found = model.graph.node[1]
    found.output[0] = ""
    model.graph.node[2].CopyFrom(node("Concat", ["tail", "head"], ["c"], axis=0))
    model.graph.node.insert(2, node("Slice", ["m"], ["head"], starts=[0], ends=[1]))


HABITS = [
    constants_as_inputs,
    constants_as_nodes,
    typed_fields,
    nameless_nodes,
    one_name_for_all_nodes,
    spelled_domain,
    real_axes,
    strides_of_nothing,
    no_opset,
    output_left_out,
]


@pytest.mark.parametrize("habit", HABITS)
def test_habits_of_old_exporters(habit: Callable[[onnx.ModelProto], None]) -> None:
    model = plain()
    habit(model)
    x = f(2, 3)
    found = interpret(imported(model), {"x": x})["y"]
    np.testing.assert_array_equal(found, (x * np.float32([1, 2, 3]))[::-1].reshape(-1))


def test_halves_in_the_field_of_integers() -> None:
    """float16 contents are stored as their bits in int32_data."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT16, dims=[2])
    tensor.int32_data.extend(np.float16([1.5, -2]).view(np.uint16).astype(int).tolist())
    model = model_of([node("Add", ["x", "w"], ["y"])], [info("x", (2,), TensorProto.FLOAT16)], ["y"])
    model.graph.initializer.append(tensor)
    found = interpret(imported(model), {"x": np.float16([1, 1])})["y"]
    np.testing.assert_array_equal(found, np.float16([2.5, -1]))


@pytest.mark.parametrize(
    "operator, opset, attributes, arrays, part",
    [
        ("Cast", 5, {"to": "REAL"}, [X], "'to' is 'REAL'"),
        ("Add", 6, {"broadcast": 1, "axis": 2}, [X, f(3, 4)], "does not fit"),
        ("LpPool", 1, {"p": 1.5, "kernel_shape": [2, 2]}, [IMAGE], "round p"),
        ("ATen", 6, {}, [X], "calls PyTorch"),
    ],
)
def test_refused(operator: str, opset: int, attributes: Any, arrays: list[Array], part: str) -> None:
    model, _ = single((operator, opset, attributes, arrays, opset), opset, 1)
    with pytest.raises(ExportError, match=part):
        import_model(model)


TENSORFLOW = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor"}


@pytest.mark.parametrize(
    "opset, attributes, before, scales",
    [
        (10, {"mode": "nearest"}, [], [1, 1, 3, 0.4]),
        (10, {"mode": "nearest"}, [], [1, 1, 0.5, 0.5]),
        (10, {"mode": "linear"}, [], [1, 1, 3, 0.4]),
        (11, TENSORFLOW, ["roi"], [1, 1, 2, 3]),
        (11, TENSORFLOW, ["roi"], [1, 1, 0.5, 0.5]),
    ],
)
def test_old_resize(opset: int, attributes: dict[str, str], before: list[str], scales: list[float]) -> None:
    """Axes that grow beside such as shrink; what converters from TensorFlow wrote for pixels with centres."""
    constants = {"scales": np.float32(scales), "roi": np.float32([])}
    resize = node("Resize", ["x", *before, "scales"], ["y"], **attributes)
    model = model_of([resize], [info("x", ("n", 4, "h", "w"))], ["y"], constants, opset)
    (wanted,) = run_onnxruntime(model, {"x": IMAGE})
    found = interpret(imported(model), {"x": IMAGE})["y"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_opset_zero_is_refused() -> None:
    model = plain()
    model.opset_import[0].version = 0
    with pytest.raises(ExportError, match="uses opset 0, supported are 1 to"):
        import_model(model)
