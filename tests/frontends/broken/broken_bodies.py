"""Models whose control flow is wrong: conditions, counts, bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from broken_models import ACCEPTED, Broken, X, one, typed
from onnx import helper
from onnx_models import BOOL, FLOAT, INT64, info, node


def body(inputs: list[str], outputs: list[str], *nodes: onnx.NodeProto, kind: int = FLOAT) -> onnx.GraphProto:
    kinds = {"i": INT64, "going": BOOL, "on": BOOL}
    given = [info(n, [] if n in kinds else None, kinds.get(n, kind)) for n in inputs]
    return helper.make_graph(
        list(nodes), "body", given, [helper.make_empty_tensor_value_info(n) for n in outputs]
    )


def branches(then: onnx.GraphProto, other: onnx.GraphProto, count: int = 1) -> onnx.ModelProto:
    return one("If", "c", given=[X, typed("c", kind=BOOL)], count=count, then_branch=then, else_branch=other)


def give(name: str, operator: str, *inputs: str, **attributes: Any) -> onnx.GraphProto:
    return body([], [name], node(operator, list(inputs), [name], **attributes))


def loop(graph: onnx.GraphProto, trips: Any = 3, count: int = 1) -> onnx.ModelProto:
    return one("Loop", "n", "", "x", constants={"n": np.asarray(trips)}, count=count, body=graph)


def scan(graph: onnx.GraphProto, inputs: int = 1) -> onnx.ModelProto:
    return one("Scan", "x", body=graph, num_scan_inputs=inputs)


GO_ON = node("Identity", ["going"], ["on"])
ADD = node("Add", ["s", "s"], ["t"])


def nested(depth: int) -> onnx.ModelProto:
    graph = give("deepest", "Relu", "x")
    for level in range(depth):
        inner = helper.make_node(
            "If",
            ["c"],
            [f"v{level}"],
            name=f"if{level}",
            then_branch=graph,
            else_branch=give(f"e{level}", "Neg", "x"),
        )
        graph = body([], [f"v{level}"], inner)
    return branches(graph, give("other", "Relu", "x"))


BODIES = [
    Broken(
        "branch on many",
        lambda: one("If", "x", then_branch=give("t", "Relu", "x"), else_branch=give("e", "Neg", "x")),
        ("y_node", "[2, 3]"),
    ),
    Broken(
        "branch on a float",
        lambda: one(
            "If",
            "f",
            given=[X, typed("f")],
            then_branch=give("t", "Relu", "x"),
            else_branch=give("e", "Neg", "x"),
        ),
        ("y_node", "bool"),
    ),
    Broken(
        "branch with inputs",
        lambda: branches(body(["p"], ["t"], node("Relu", ["p"], ["t"])), give("e", "Neg", "x")),
        ("y_node", "input"),
    ),
    Broken(
        "branches of other types",
        lambda: branches(give("t", "Relu", "x"), give("e", "Shape", "x")),
        ("y_node",),
    ),
    Broken(
        "branch with too few results",
        lambda: branches(give("t", "Relu", "x"), give("e", "Neg", "x"), 2),
        ("y_node", "1 results", "2"),
    ),
    Broken(
        "missing branch",
        lambda: one("If", "c", given=[X, typed("c", kind=BOOL)], then_branch=give("t", "Relu", "x")),
        ("y_node", "else_branch"),
    ),
    Broken(
        "branch that reads an unknown name",
        lambda: branches(give("t", "Relu", "gone"), give("e", "Neg", "x")),
        ("t_node", "'gone'"),
    ),
    Broken(
        "branch that does not make its result",
        lambda: branches(body([], ["t"]), give("e", "Neg", "x")),
        ("'t'",),
    ),
    Broken(
        "chosen branch that does not make its result",
        lambda: one(
            "If",
            "c",
            constants={"c": np.bool_(True)},
            then_branch=body([], ["t"]),
            else_branch=give("e", "Neg", "x"),
        ),
        ("'t'",),
    ),
    Broken(
        "loop body with too few inputs",
        lambda: loop(body(["i", "going"], ["on", "going"], GO_ON)),
        ("y_node", "input"),
    ),
    Broken(
        "loop body with too few results", lambda: loop(body(["i", "going", "s"], ["on"], GO_ON)), ("y_node",)
    ),
    Broken(
        "loop body without a condition", lambda: loop(body(["i", "going", "s"], ["t", "t"], ADD)), ("y_node",)
    ),
    Broken(
        "loop that changes a type",
        lambda: loop(body(["i", "going", "s"], ["on", "t"], GO_ON, node("Shape", ["s"], ["t"]))),
        ("y_node",),
    ),
    Broken(
        "loop with a float count",
        lambda: loop(body(["i", "going", "s"], ["on", "t"], GO_ON, ADD), np.float32(3)),
        ("y_node", "f32"),
    ),
    Broken(
        "loop with more results than its body",
        lambda: loop(body(["i", "going", "s"], ["on", "t"], GO_ON, ADD), count=3),
        ("y_node", "2 results", "4"),
    ),
    Broken(
        "loop without a body",
        lambda: one("Loop", "n", "", "x", constants={"n": np.int64(1)}),
        ("y_node", "'body'"),
    ),
    Broken("scan over more than there is", lambda: scan(body(["s"], ["t"], ADD), 3), ("y_node",)),
    Broken("scan over nothing", lambda: scan(body(["s"], ["t"], ADD), 0), ("y_node",)),
    Broken("scan body with too many inputs", lambda: scan(body(["s", "u"], ["t"], ADD)), ("y_node", "input")),
    Broken("deeply nested branches", lambda: nested(20), code=ACCEPTED, problems=0),
]
