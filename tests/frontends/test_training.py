"""Steps of optimisers against the reference evaluator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx_models import imported, info, model_of, node

from edgec.interpreter import interpret

DOMAIN = "ai.onnx.preview.training"
RANDOM = np.random.default_rng(5)
ADAM = {"alpha": 0.8, "beta": 0.9, "epsilon": 1e-3, "norm_coefficient": 0.01, "norm_coefficient_post": 0.02}
MOMENTUM = {"alpha": 0.9, "beta": 0.7, "norm_coefficient": 0.01}
# operator, attributes, states of each tensor
CASES: list[tuple[str, dict[str, Any], int]] = [
    ("Adagrad", {"decay_factor": 0.1, "epsilon": 1e-3, "norm_coefficient": 0.01}, 1),
    ("Adagrad", {}, 1),
    ("Adam", ADAM, 2),
    ("Momentum", {**MOMENTUM, "mode": "standard"}, 1),
    ("Momentum", {**MOMENTUM, "mode": "nesterov"}, 1),
]


@pytest.mark.parametrize(("operator", "attributes", "states"), CASES)
@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("tensors", [1, 2])
def test_step(operator: str, attributes: dict[str, Any], states: int, count: int, tensors: int) -> None:
    feeds: dict[str, Any] = {"rate": np.float32(0.1), "count": np.int64(count)}
    inputs = [info("rate", []), info("count", [], 7)]
    for group in range(states + 2):
        for t in range(tensors):
            feeds[f"v{group}_{t}"] = RANDOM.random((2, 3 + t)).astype(np.float32)
            inputs.append(info(f"v{group}_{t}", [2, 3 + t]))
    outputs = [f"y{i}" for i in range((states + 1) * tensors)]
    model = model_of([node(operator, list(feeds), outputs, domain=DOMAIN, **attributes)], inputs, outputs)
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    found = interpret(imported(model), feeds)
    expected = ReferenceEvaluator(model).run(None, feeds)  # which widens some results to f64
    for name, wanted in zip(outputs, expected):
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6)
