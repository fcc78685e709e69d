"""A layer of a language model as exporters for ONNX Runtime write it, from a prompt to single steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from contrib_models import f, u8
from onnx import TensorProto, helper
from onnx_models import imported, info, run_onnxruntime

from edgec.interpreter import interpret

HIDDEN, HEADS, GROUPS, SIZE, INNER, BLOCK = 32, 4, 2, 16, 48, 16
CACHE = ["batch", GROUPS, "past", SIZE]


def weights() -> dict[str, Any]:
    """Tables of angles, norms, and matrices of 4 bits: packed, with their scales."""
    angles = np.outer(np.arange(32), 10000.0 ** (-np.arange(SIZE // 2) / (SIZE // 2)))
    found = {"cos": np.cos(angles).astype(np.float32), "sin": np.sin(angles).astype(np.float32)}
    found |= {name: np.abs(f(HIDDEN)) for name in ("norm_1", "norm_2", "norm_3")}
    found |= {"one": np.int64(1), "axis": np.int64([1])}
    for name, rows, columns in SHAPES:
        blocks = rows // BLOCK
        found[name] = u8(columns, blocks, BLOCK // 2)
        found[f"{name}_scales"] = np.abs(f(columns * blocks)) / 20
    return found


SHAPES = [
    ("qkv", HIDDEN, (HEADS + 2 * GROUPS) * SIZE),
    ("out", HEADS * SIZE, HIDDEN),
    ("gate", HIDDEN, INNER),
    ("up", HIDDEN, INNER),
    ("down", INNER, HIDDEN),
]


def node(operator: str, inputs: str, outputs: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    """Names are parted by spaces; "-" is none."""
    names = [["" if n == "-" else n for n in given.split()] for given in (inputs, outputs)]
    return helper.make_node(operator, *names, domain=domain, **attributes)


def product(x: str, name: str, result: str) -> onnx.NodeProto:
    rows, columns = next((r, c) for n, r, c in SHAPES if n == name)
    sizes = {"K": rows, "N": columns, "bits": 4, "block_size": BLOCK}
    return node("MatMulNBits", f"{x} {name} {name}_scales", result, "com.microsoft", **sizes)


def decoder() -> onnx.ModelProto:
    attention = {"num_heads": HEADS, "kv_num_heads": GROUPS, "do_rotary": 1, "scale": 0.25}
    caches = "present_key present_value"
    nodes = [
        node("ReduceSum", "mask axis", "kept", keepdims=0),
        node("Sub", "kept one", "last"),
        node("Cast", "last", "lengths", to=TensorProto.INT32),
        node("Shape", "mask", "shape"),
        node("Gather", "shape one", "width", axis=0),
        node("Cast", "width", "total", to=TensorProto.INT32),
        node("SimplifiedLayerNormalization", "x norm_1", "a", epsilon=1e-5, axis=-1, stash_type=1),
        product("a", "qkv", "packed"),
        node(
            "GroupQueryAttention",
            "packed - - past_key past_value lengths total cos sin",
            f"mixed {caches}",
            "com.microsoft",
            **attention,
        ),
        product("mixed", "out", "b"),
        node("SkipSimplifiedLayerNormalization", "x b norm_2", "c - - residual", "com.microsoft"),
        product("c", "gate", "g"),
        node("QuickGelu", "g", "g_open", "com.microsoft", alpha=1.0),
        product("c", "up", "u"),
        node("Mul", "g_open u", "m"),
        product("m", "down", "d"),
        node("SkipSimplifiedLayerNormalization", "residual d norm_3", "y", "com.microsoft"),
    ]
    inputs = [
        info("x", ["batch", "steps", HIDDEN]),
        info("mask", ["batch", "all"], TensorProto.INT64),
        info("past_key", CACHE),
        info("past_value", CACHE),
    ]
    outputs = [info(name, None) for name in ("y", *caches.split())]
    stored = [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in weights().items()]
    graph = helper.make_graph(nodes, "decoder", inputs, outputs, stored)
    opsets = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_prompt_and_steps() -> None:
    """One export takes the prompt, without a past, and each step after it."""
    model = decoder()
    graph = imported(model)
    key, value = np.zeros((2, 2, GROUPS, 0, SIZE), np.float32)
    for steps in (5, 1, 1):
        seen = key.shape[2] + steps
        feeds = {"x": f(2, steps, HIDDEN), "mask": np.ones((2, seen), np.int64)}
        feeds |= {"past_key": key, "past_value": value}
        wanted = run_onnxruntime(model, feeds)
        found = interpret(graph, feeds)
        for name, array in zip(("y", "present_key", "present_value"), wanted):
            np.testing.assert_allclose(
                found[name], array, rtol=1e-4, atol=1e-4, err_msg=f"{name}, {seen} seen"
            )
        key, value = found["present_key"], found["present_value"]
