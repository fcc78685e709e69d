"""What the ONNX writer keeps, refuses and leaves out, on small models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper, parser
from writer_support import Array, one_node, operators, run, tensor, written

from edgec import export, interpret, to_onnx
from edgec.format.write import write_model
from edgec.ir.dims import Dim, bcast, ceildiv, eq, floordiv, maximum, minimum, mod, select, symbol
from edgec.ir.graph import Model, State
from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.program import binary, unary
from edgec.ops.view import Bitcast, Extents
from edgec.writers.onnx import convert
from edgec.writers.onnx.errors import OnnxError

F32 = DType.F32


def convolutions() -> onnx.ModelProto:
    """conv, batch normalisation, relu, pooling, strided conv, residual, squeeze-and-excite, flatten, gemm."""
    random = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array((random.standard_normal(shape) * 0.2).astype(np.float32), name)

    text = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[n, 3, 16, 16] picture) => (float[n, 10] scores) {
        a = Conv <pads = [1, 1, 1, 1]> (picture, w1, b1)
        normal = BatchNormalization (a, gamma, beta, mean, variance)
        active = Relu (normal)
        pooled = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (active)
        deep = Conv <pads = [1, 1, 1, 1], group = 8> (pooled, w2)
        sum = Add (deep, pooled)
        average = GlobalAveragePool (sum)
        gate = Sigmoid (average)
        scaled = Mul (sum, gate)
        small = Conv <strides = [2, 2], pads = [0, 0, 1, 1]> (scaled, w3)
        flat = Flatten (small)
        scores = Gemm <transB = 1> (flat, w4, b4)
    }"""
    model = parser.parse_model(text)
    model.graph.initializer.extend(
        [weight("w1", 8, 3, 3, 3), weight("w2", 8, 1, 3, 3), weight("w3", 6, 8, 3, 3), weight("w4", 10, 96)]
        + [weight("b1", 8), weight("b4", 10), weight("gamma", 8), weight("beta", 8), weight("mean", 8)]
        + [numpy_helper.from_array(np.ones(8, np.float32), "variance")]
    )
    return model


@pytest.fixture(scope="module")
def network() -> Model:
    return export(convolutions()).model


def test_convolutions_come_back_channels_first_without_transposes(network: Model) -> None:
    back = written(network)
    assert operators(back) == [
        "Conv", "Relu", "MaxPool", "Conv", "Add", "ReduceMean", "Sigmoid", "Mul", "Conv", "Reshape", "Gemm",
    ]  # fmt: skip
    shapes = {tuple(t.dims) for t in back.graph.initializer}
    assert {(8, 3, 3, 3), (8, 1, 3, 3), (6, 8, 3, 3)} <= shapes
    x = np.random.default_rng(1).standard_normal((2, 3, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(run(back, [x])[0], run(convolutions(), [x])[0], rtol=1e-4, atol=1e-5)


def test_what_comes_back_exports_to_the_same_graph(network: Model) -> None:
    again = export(written(network)).model.main
    assert [n.op.name for n in again.nodes] == [n.op.name for n in network.main.nodes]


def test_nothing_is_left_over(network: Model) -> None:
    graph = written(network, 17).graph
    read = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= read


def test_names_survive(network: Model) -> None:
    back = written(network)
    assert [i.name for i in back.graph.input] == ["picture"]
    assert [o.name for o in back.graph.output] == ["scores"]
    assert back.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"
    made = {name for node in back.graph.node for name in node.output}
    assert {"active", "pooled", "scaled", "small"} <= made
    names = [node.name for node in back.graph.node]
    assert len(set(names)) == len(names)


def test_the_model_itself_is_left_alone(network: Model) -> None:
    before = [str(n.op) for n in network.main.nodes]
    to_onnx(network)
    assert [str(n.op) for n in network.main.nodes] == before


@pytest.mark.parametrize("opset", range(13, 27))
def test_every_opset(network: Model, opset: int) -> None:
    back = written(network, opset)
    assert back.opset_import[0].version == opset
    x = np.random.default_rng(1).standard_normal((1, 3, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(run(back, [x])[0], run(convolutions(), [x])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [12, 27])
def test_other_opsets_are_refused(network: Model, opset: int) -> None:
    with pytest.raises(OnnxError, match=rf"opset {opset} .* expected 13 to 26"):
        to_onnx(network, opset=opset)


def test_what_an_opset_lacks_is_refused_by_name() -> None:
    model = one_node(Map(binary("bitand", DType.I32), DType.I32), [tensor(DType.I32, 2)] * 2)
    with pytest.raises(OnnxError, match="'node': BitwiseAnd is not in opset 17"):
        to_onnx(model, opset=17)
    with pytest.raises(OnnxError, match="BitCast needs opset 26, this is 25"):
        to_onnx(one_node(Bitcast(DType.I32), [tensor(F32, 2)]), opset=25)


def test_metadata_and_states(network: Model) -> None:
    graph = one_node(Map(unary("neg", F32), F32), [tensor(F32, 2)]).main
    model = Model({"main": graph}, {"author": "us"}, {"x0": {"unit": "m"}}, [State("main", "x0", "y0")])
    back = written(model)
    found = {p.key: p.value for p in back.metadata_props}
    assert found == {"author": "us", "edgec.state.x0": "y0"}
    assert [(p.key, p.value) for p in back.graph.input[0].metadata_props] == [("unit", "m")]


def test_large_models_keep_their_constants_beside_them(
    network: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "LARGEST", 1000)
    path = tmp_path / "net.onnx"
    to_onnx(network, path)
    assert (tmp_path / "net.onnx.data").stat().st_size > 1000
    onnx.checker.check_model(str(path), full_check=True)
    x = np.ones((1, 3, 16, 16), np.float32)
    np.testing.assert_allclose(run(onnx.load(path), [x])[0], run(convolutions(), [x])[0], rtol=1e-4)


M, N = symbol("m"), symbol("n")
FORMULAS: list[Dim] = [
    M, 7, M + 2 * N - 3, M * N, floordiv(M - N, 3), floordiv(M, 2), ceildiv(M - 9, N), ceildiv(M, 4),
    mod(M - 7, 3), minimum(M, N + 1), maximum(M, 3), eq(M, N), select(eq(M, N), 5, N), bcast(M, N),
]  # fmt: skip


@pytest.mark.parametrize("sizes", [(4, 4), (1, 5), (6, 1)])
@pytest.mark.parametrize("opset", [14, 26])
def test_formulas_over_sizes(sizes: tuple[int, int], opset: int) -> None:
    op = Extents(tuple(FORMULAS), (len(FORMULAS),))
    model = one_node(Map(unary("neg", F32), F32), [tensor(F32, M, N)])
    graph = model.main
    extents = one_node(op, []).main
    graph.nodes += extents.nodes
    graph.outputs.append(extents.outputs[0])
    extents.outputs[0].name = "extents"
    x = np.zeros(sizes, np.float32)
    back = written(model, opset)
    np.testing.assert_array_equal(run(back, [x])[1], interpret(model, [x])["extents"])
    assert operators(back).count("Shape") == 2


def test_a_formula_is_written_once() -> None:
    text = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[n, 4] x, float[m, 4] y) => (float[k] p, float[k] q) {
        both = Concat <axis = 0> (x, y)
        shape = Shape (both)
        size = ReduceProd <keepdims = 0> (shape)
        axis = Constant <value_ints = [0]> ()
        length = Unsqueeze (size, axis)
        one = Constant <value = float {1.0}> ()
        p = Expand (one, length)
        two = Constant <value = float {2.0}> ()
        q = Expand (two, length)
    }"""
    back = written(export(parser.parse_model(text)).model)
    assert operators(back).count("Shape") == 2
    x, y = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)
    assert [a.shape for a in run(back, [x, y])] == [(20,), (20,)]


def test_bodies_capture_names_and_sizes() -> None:
    text = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[n, 2] x, bool c, int64 steps) => (float[n, 2] y, float[k, n, 2] all) {
        y = If (c) <
            then_branch = yes () => (float[n, 2] a) { a = Add (x, x) },
            else_branch = no () => (float[n, 2] b) { b = Identity (x) }
        >
        last, all = Loop (steps, c, x) <body = step (int64 i, bool go, float[n, 2] old)
            => (bool next, float[n, 2] new, float[n, 2] kept) {
                next = Identity (go)
                new = Add (old, x)
                kept = Mul (new, y)
            }
        >
    }"""
    source = parser.parse_model(text)
    back = written(export(source).model)
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    for flag in (True, False):
        inputs: list[Array] = [x, np.array(flag), np.array(3)]
        for found, expected in zip(run(back, inputs), run(source, inputs)):
            np.testing.assert_array_equal(found, expected)


def test_an_entry_is_chosen_by_name(network: Model) -> None:
    other = one_node(Map(unary("neg", F32), F32), [tensor(F32, 2)]).main
    model = Model({**network.entries, "other": other})
    assert operators(to_onnx(model, entry="other")) == ["Neg"]
    with pytest.raises(OnnxError, match="entry 'third' is not one of main, other"):
        to_onnx(model, entry="third")


def test_the_same_value_twice_and_an_input_as_output() -> None:
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2])
    nodes = [helper.make_node("Identity", ["x"], ["a"]), helper.make_node("Neg", ["x"], ["b"]),
             helper.make_node("Identity", ["b"], ["c"])]  # fmt: skip
    results = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [2]) for n in "abc"]
    source = helper.make_model(helper.make_graph(nodes, "g", [x], results), ir_version=8,
                               opset_imports=[helper.make_opsetid("", 17)])  # fmt: skip
    source.graph.output.append(x)
    back = to_onnx(write_model(export(source).model))
    onnx.checker.check_model(back, full_check=True)
    found = run(back, [np.array([1, 2], np.float32)])
    assert [a.tolist() for a in found] == [[1, 2], [-1, -2], [-1, -2], [1, 2]]
