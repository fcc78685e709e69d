"""Inputs that a model takes without being told sizes, and references that rounding keeps."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from edgec.frontends.onnx import import_model
from edgec.pipeline import export
from edgec.references import TOLERANCE, make_references
from edgec.samples import sizes_of_symbols


def model(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 18]>\nmodel {text}')


def test_sizes_pass_the_guards() -> None:
    """The kernel needs 100 samples, and the state the batch of the input."""
    text = """(float[n, t] x, float[2, m, 3] state) => (y) {
        one = Constant <value_ints = [1]> ()
        wide = Unsqueeze(x, one)
        features = Conv(wide, k)
        first = Constant <value_ints = [0]> ()
        state0, state1 = Split <axis = 0, num_outputs = 2> (state)
        row = Squeeze(state0, first)
        flat = Constant <value_ints = [0, -1]> ()
        rows = Reshape(features, flat)
        y = Concat <axis = 1> (rows, row)
    }"""
    source = model(text)
    kernel = onnx.numpy_helper.from_array(np.ones((1, 1, 100), np.float32), "k")
    source.graph.initializer.append(kernel)
    assert sizes_of_symbols(import_model(source).main, {}) == {"n": 1, "t": 256, "m": 1}
    assert sizes_of_symbols(import_model(source).main, {"x": (3, 500)}) == {"n": 3, "t": 500, "m": 3}
    (reference,) = make_references(source, 1)
    assert reference.inputs["state"].shape == (2, 1, 3)


@pytest.mark.parametrize(("scale", "calm"), [(1.0, True), (1000.0, False)])
def test_tolerance_is_what_rounding_does(scale: float, calm: bool) -> None:
    """The sine of a large number is mostly what rounding made of the number."""
    constant = f"c = Constant <value = float {{{scale}}}> ()"
    source = model(f"(float[3, 4] x) => (y) {{ {constant} a = Mul(x, c) y = Sin(a) }}")
    tolerance = make_references(source, 1)[0].tolerance
    assert tolerance == TOLERANCE if calm else TOLERANCE < tolerance < 1e-2


def test_an_export_says_which_references_are_mostly_rounding() -> None:
    constant = "c = Constant <value = float {1000.0}> ()"
    source = model(f"(float[3, 4] x) => (y) {{ {constant} a = Mul(x, c) y = Sin(a) }}")
    warnings = export(source, embed_reference=1).warnings
    assert any("reference 0 is mostly rounding" in text for text in warnings)
    assert not export(source).warnings
