"""Models whose graph is wrong: names, order, cycles, declarations, versions, functions."""

from __future__ import annotations

import onnx
from broken_models import ACCEPTED, ONES, Broken, X, one, relu, typed
from onnx import TensorProto, helper, numpy_helper
from onnx_models import FLOAT, INT64, info, model_of, node


def _cycle() -> onnx.ModelProto:
    nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Neg", ["b"], ["y"])]
    return model_of(nodes, [X], ["y"])


def _duplicate_value() -> onnx.ModelProto:
    return model_of(
        [node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"], name="second")], [X], ["y"]
    )


def _two_results_of_one_name() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Split", ["x"], ["a", "a"], name="split", axis=0, num_outputs=2),
        node("Relu", ["a"], ["y"]),
    ]
    return model_of(nodes, [X], ["y"])


def _three_problems() -> onnx.ModelProto:
    nodes = [
        node("Nothing", ["x"], ["a"]),
        node("Concat", ["x", "w"], ["b"], axis=5),
        node("Relu", ["nowhere"], ["c"]),
        node("Add", ["a", "b"], ["d"]),
    ]
    return model_of(nodes, [X], ["a", "b", "c", "d"], {"w": ONES})


def _problems_of_every_kind() -> onnx.ModelProto:
    model = model_of(
        [node("Relu", ["x"], ["y"], alpha=1.0), node("Add", ["y", "w"], ["z"])],
        [X],
        ["z", "gone"],
        {"w": ONES},
    )
    model.graph.initializer[0].raw_data = b"12"
    return model


def _many_identities() -> onnx.ModelProto:
    names = ["x", *(f"v{i}" for i in range(50_000))]
    nodes = [helper.make_node("Identity", [a], [b]) for a, b in zip(names, names[1:])]
    return model_of(nodes, [X], [names[-1]])


def _functions(*functions: onnx.FunctionProto, inputs: tuple[str, ...] = ("x",)) -> onnx.ModelProto:
    call = helper.make_node(functions[0].name, list(inputs), ["y"], name="call", domain="custom")
    return model_of([call], [X], ["y"], functions=functions)


def _function(name: str, inputs: list[str], outputs: list[str], *nodes: onnx.NodeProto) -> onnx.FunctionProto:
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("custom", 1)]
    return helper.make_function("custom", name, inputs, outputs, list(nodes), imports)


def _recursive() -> onnx.ModelProto:
    again = helper.make_node("Again", ["p"], ["q"], name="again", domain="custom")
    return _functions(_function("Again", ["p"], ["q"], again))


def _mutually_recursive() -> onnx.ModelProto:
    there, back = (helper.make_node(n, ["p"], ["q"], name=n, domain="custom") for n in ("There", "Back"))
    return _functions(_function("There", ["p"], ["q"], back), _function("Back", ["p"], ["q"], there))


def _function_given_too_much() -> onnx.ModelProto:
    body = helper.make_node("Relu", ["p"], ["q"], name="inner")
    return _functions(_function("F", ["p"], ["q"], body), inputs=("x", "x"))


def _function_reads_unknown() -> onnx.ModelProto:
    body = helper.make_node("Relu", ["nowhere"], ["q"], name="inner")
    return _functions(_function("F", ["p"], ["q"], body))


def _function_does_not_make_its_result() -> onnx.ModelProto:
    body = helper.make_node("Relu", ["p"], ["r"], name="inner")
    return _functions(_function("F", ["p"], ["q"], body))


def _function_without_operand() -> onnx.ModelProto:
    body = helper.make_node("Add", ["p", "o"], ["q"], name="inner")
    return _functions(_function("F", ["p", "o"], ["q"], body))


def _duplicate_function() -> onnx.ModelProto:
    bodies = [helper.make_node(n, ["p"], ["q"], name="inner") for n in ("Relu", "Neg")]
    return _functions(*(_function("F", ["p"], ["q"], b) for b in bodies))


def _no_graph() -> onnx.ModelProto:
    return onnx.ModelProto(ir_version=8, opset_import=[helper.make_opsetid("", 21)])


def _output(kind: int, *shape: int | str) -> onnx.ModelProto:
    model = model_of([node("Relu", ["x"], ["y"])], [X], ["y"])
    model.graph.output[0].CopyFrom(info("y", shape, kind))
    return model


def _input_of_kind(kind: int) -> onnx.ModelProto:
    model = model_of([node("Relu", ["x"], ["y"])], [X], ["y"])
    model.graph.input[0].type.tensor_type.elem_type = kind
    return model


def _untyped_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].ClearField("type")


def _add_output(name: str) -> object:
    return lambda m: m.graph.output.append(info(name, [2, 3]))


STRUCTURE = [
    Broken("cycle", _cycle, ("a_node", "'b'", "not made")),
    Broken(
        "used before it is made",
        lambda: model_of([node("Relu", ["b"], ["a"]), node("Neg", ["x"], ["b"])], [X], ["a"]),
        code=ACCEPTED,
        problems=0,
    ),
    Broken("input is nowhere", lambda: one("Add", "x", "nowhere"), ("y_node", "'nowhere'", "not made")),
    Broken("missing initialiser", relu(lambda m: m.graph.initializer.pop()), ("y_node", "'w'", "not made")),
    Broken("two nodes make one value", _duplicate_value, ("second", "'y'", "twice")),
    Broken("a node's results share a name", _two_results_of_one_name, ("split", "'a'", "twice")),
    Broken(
        "two inputs of one name",
        lambda: model_of([node("Relu", ["x"], ["y"])], [X, X], ["y"]),
        ("'x'", "twice"),
    ),
    Broken(
        "two initialisers of one name",
        relu(lambda m: m.graph.initializer.append(numpy_helper.from_array(2 * ONES, "w"))),
        ("'w'", "twice"),
    ),
    Broken(
        "a node makes an input",
        lambda: model_of([node("Relu", ["x"], ["x"])], [X], ["x"]),
        ("x_node", "twice"),
    ),
    Broken(
        "a node makes an initialiser",
        relu(lambda m: m.graph.node.append(node("Neg", ["x"], ["w"]))),
        ("w_node", "'w'", "twice"),
    ),
    Broken("output twice", relu(_add_output("y")), ("'y'", "twice")),
    Broken("output is not made", relu(_add_output("gone")), ("'gone'", "not made")),
    Broken(
        "output is an input",
        lambda: model_of([node("Relu", ["x"], ["y"])], [X], ["y", "x"]),
        code=ACCEPTED,
        problems=0,
    ),
    Broken("output is an initialiser", relu(_add_output("w")), code=ACCEPTED, problems=0),
    Broken("no nodes", lambda: model_of([], [X], ["x"]), code=ACCEPTED, problems=0),
    Broken("no outputs", relu(lambda m: m.graph.ClearField("output")), ("no outputs",)),
    Broken("no graph", _no_graph, ("no outputs",)),
    Broken("unknown operator", lambda: one("Nothing"), ("y_node", "Nothing", "no form")),
    Broken("operator of a later opset", lambda: one("Gelu", opset=12), ("y_node", "Gelu", "12")),
    Broken("unknown domain", lambda: one("Relu", domain="acme"), ("y_node", "acme.Relu", "no form")),
    Broken("operator without a name", lambda: one(""), ("y_node",)),
    Broken(
        "node without a name",
        lambda: model_of([helper.make_node("Nothing", ["x"], ["y"])], [X], ["y"]),
        ("'y'", "Nothing"),
    ),
    Broken("three problems", _three_problems, ("a_node", "b_node", "c_node"), problems=3),
    Broken(
        "problems of every kind", _problems_of_every_kind, ("y_node", "'w'", "'gone'", "alpha"), problems=3
    ),
    Broken("opset 0", lambda: one("Relu", opset=0), ("opset 0",)),
    Broken("opset 999", lambda: one("Relu", opset=999), ("opset 999",)),
    Broken("opset -1", lambda: one("Relu", opset=-1), ("opset -1",)),
    Broken("no opset", relu(lambda m: m.ClearField("opset_import")), ("opset",)),
    Broken(
        "two opsets", relu(lambda m: m.opset_import.append(helper.make_opsetid("", 7))), ("opsets 21 and 7",)
    ),
    Broken("only another domain's opset", relu(lambda m: m.opset_import.pop(0)), ("opset",)),
    Broken("no ir_version", relu(lambda m: m.ClearField("ir_version")), code=ACCEPTED, problems=0),
    Broken(
        "ir_version of the future", relu(lambda m: setattr(m, "ir_version", 9999)), code=ACCEPTED, problems=0
    ),
    Broken("input without a type", relu(_untyped_input), ("'x'",)),
    Broken("input of type 0", lambda: _input_of_kind(0), ("'x'", "type 0")),
    Broken("input of type 99", lambda: _input_of_kind(99), ("'x'", "type 99")),
    Broken("input without a rank", lambda: one("Relu", given=[info("x", None)]), ("'x'", "rank", "--shape")),
    Broken(
        "operands of two types",
        lambda: one("Add", "x", "i", given=[X, typed("i", 2, 3, kind=INT64)]),
        ("y_node", "i64"),
    ),
    Broken("output of another type", lambda: _output(INT64, 2, 3), ("'y'", "i64", "f32")),
    Broken("output of another rank", lambda: _output(FLOAT, 2, 3, 1), code=ACCEPTED, problems=0),
    Broken("output of another size", lambda: _output(FLOAT, 2, 4), ("'y'", "4")),
    Broken("output with names for sizes", lambda: _output(FLOAT, "n", "m"), code=ACCEPTED, problems=0),
    Broken(
        "declared value that lies",
        relu(lambda m: m.graph.value_info.append(info("r", [7], TensorProto.INT8))),
        code=ACCEPTED,
        problems=0,
    ),
    Broken("fifty thousand nodes", _many_identities, code=ACCEPTED, problems=0),
    Broken("function that calls itself", _recursive, ("call", "deep")),
    Broken("functions that call each other", _mutually_recursive, ("call", "deep")),
    Broken("function given too much", _function_given_too_much, ("call", "takes 1", "2")),
    Broken("function that reads an unknown name", _function_reads_unknown, ("call/inner", "'nowhere'")),
    Broken("function that does not make its result", _function_does_not_make_its_result, ("call", "'q'")),
    Broken("function without an operand it needs", _function_without_operand, ("call/inner",)),
    Broken("two functions of one name", _duplicate_function, ("F", "twice")),
    Broken("size beyond i64", lambda: one("Relu", given=[typed("x", 2**62, 2**62)]), ("2**63",)),
    Broken(
        "negative size is an open one",
        lambda: one("Relu", given=[typed("x", -1, 3)]),
        code=ACCEPTED,
        problems=0,
    ),
    Broken(
        "names of other writing",
        lambda: model_of([node("Relu", ["größe"], ["出力"])], [info("größe", [2])], ["出力"]),
        code=ACCEPTED,
        problems=0,
    ),
    Broken(
        "empty input name", lambda: model_of([node("Relu", ["x"], ["y"])], [X, info("", [2])], ["y"]), ("''",)
    ),
]
