"""Operators made of random numbers, seeded against the reference evaluator, and what they promise without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_models import BOOL, check, imported, info, model_of, node

from edgec.frontends.onnx import ExportError
from edgec.interpreter import interpret

X = np.random.default_rng(3).random((4, 5)).astype(np.float32)
FLOAT16, DOUBLE = 10, 11
SEEDED: list[tuple[str, dict[str, Any]]] = [
    ("RandomUniform", {"shape": [3, 4], "seed": 2.0}),
    ("RandomUniform", {"shape": [3], "seed": 2.0, "low": -1.0, "high": 5.0, "dtype": DOUBLE}),
    ("RandomNormal", {"shape": [7], "seed": 5.0, "mean": 3.0, "scale": 0.5}),
    ("RandomUniformLike", {"seed": 2.0, "dtype": FLOAT16}),
    ("RandomNormalLike", {"seed": 9.0, "scale": 2.0}),
    ("Bernoulli", {"seed": 4.0}),
    ("Bernoulli", {"seed": 4.0, "dtype": BOOL}),
]


@pytest.mark.parametrize(("operator", "attributes"), SEEDED)
def test_seeded(operator: str, attributes: dict[str, Any]) -> None:
    inputs = [] if "shape" in attributes else ["x"]
    model = model_of([node(operator, inputs, ["y"], **attributes)], [info("x", ["n", 5])], ["y"])
    check(model, {"x": X}, tolerance=1e-3 if attributes.get("dtype") == FLOAT16 else 1e-6)


def test_each_run_and_each_node_draws_anew() -> None:
    nodes = [node("RandomUniformLike", ["x"], [name]) for name in ("a", "b")]
    model = imported(model_of(nodes, [info("x", [4, 5])], ["a", "b"]))
    first, second = interpret(model, {"x": X}), interpret(model, {"x": X})
    assert (first["a"] != first["b"]).any() and (first["a"] != second["a"]).any()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("ratio", [0.0, 0.25])
def test_dropout_in_a_mode_that_a_run_knows(training: bool, ratio: float) -> None:
    inputs = [info("x", [4, 5]), info("r", []), info("t", [], BOOL)]
    model = model_of([node("Dropout", ["x", "r", "t"], ["y", "mask"], seed=3)], inputs, ["y", "mask"])
    check(model, {"x": X, "r": np.float32(ratio), "t": np.bool_(training)})


def test_multinomial_follows_the_weights() -> None:
    weights = np.log(np.array([[0.5, 0.0, 0.3, 0.2], [0.0, 0.0, 1.0, 0.0]]) + 1e-30).astype(np.float32)
    for dtype, kind in ((6, np.int32), (7, np.int64)):
        one = node("Multinomial", ["x"], ["y"], sample_size=20000, seed=1.0, dtype=dtype)
        model = model_of([one], [info("x", [2, 4])], ["y"])
        drawn = interpret(imported(model), {"x": weights})["y"]
        assert drawn.shape == (2, 20000) and drawn.dtype == kind
        shares = np.bincount(drawn[0], minlength=4) / 20000
        np.testing.assert_allclose(shares, [0.5, 0.0, 0.3, 0.2], atol=0.02)
        assert (drawn[1] == 2).all()


def test_refused_types() -> None:
    model = model_of([node("RandomNormal", [], ["y"], shape=[2], dtype=7)], [], ["y"])
    with pytest.raises(ExportError, match="i64, expected a float type"):
        imported(model)
