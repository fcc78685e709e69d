"""One ONNX node on the interpreter and on the CPU, against ONNX's reference evaluator."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edgec.onnx_backend import Exported

ENGINES = ("INTERPRETER", "CPU")


def onnx_type(array: Any) -> int:
    """The element type of an array in ONNX's numbers."""
    return int(helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype))


def one_node(
    op: str,
    opset: int,
    attributes: dict[str, Any],
    inputs: Sequence[Any],
    results: int = 1,
    constants: Collection[int] = (),
    open_axes: bool = False,
) -> onnx.ModelProto:
    """A model of one node. Inputs that are None are absent; `constants` are initialisers, the others inputs.

    With `open_axes` the first input does not declare its sizes.
    """
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    outputs = [f"y{i}" for i in range(results)]
    arrays = {n: np.asarray(x) for n, x in zip(names, inputs) if n}
    fixed = {f"x{i}" for i in constants}
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, "node", **attributes)],
        "one",
        [
            helper.make_tensor_value_info(
                n, onnx_type(x), [None] * x.ndim if open_axes and n == "x0" else x.shape
            )
            for n, x in arrays.items()
            if n not in fixed
        ],
        [helper.make_empty_tensor_value_info(n) for n in outputs],
        [numpy_helper.from_array(arrays[n], n) for n in sorted(fixed)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def expected_of(model: onnx.ModelProto, feeds: dict[str, Any]) -> list[Any]:
    """The reference evaluator's results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy says so where data overflow or divide by zero
        return [np.asarray(x) for x in ReferenceEvaluator(model).run(None, feeds)]


def feeds_of(model: onnx.ModelProto, inputs: Sequence[Any]) -> dict[str, Any]:
    """The inputs by name that are no constants."""
    wanted = {i.name for i in model.graph.input}
    return {f"x{i}": np.asarray(x) for i, x in enumerate(inputs) if f"x{i}" in wanted}


def check(
    model: onnx.ModelProto, inputs: Sequence[Any], tolerance: float, expected: Sequence[Any] = ()
) -> None:
    """Every engine gives the expected results, by default the reference evaluator's, of the same types."""
    feeds = feeds_of(model, inputs)
    wanted = list(expected) or expected_of(model, feeds)
    exported = Exported(model)
    for engine in ENGINES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = exported.load(engine, strict=True).run(feeds)
        for a, b in zip(found, wanted):
            assert_same(np.asarray(a), np.asarray(b), tolerance, engine)


def assert_same(a: Any, b: Any, tolerance: float, what: str) -> None:
    """Equal types and shapes; numbers within `tolerance` of the largest, the rest equal."""
    assert a.dtype == b.dtype and a.shape == b.shape, (
        f"{what}: {a.dtype}{a.shape}, expected {b.dtype}{b.shape}"
    )
    if b.dtype == object or b.dtype.kind in "biu" or b.size == 0:
        assert np.array_equal(a, b), f"{what}: {a}, expected {b}"
        return
    kind = np.complex128 if b.dtype.kind == "c" else np.float64
    wide_a, wide_b = a.astype(kind), b.astype(kind)
    finite = np.abs(wide_b[np.isfinite(wide_b)])
    scale = max(float(finite.max()), 1.0) if finite.size else 1.0
    np.testing.assert_allclose(wide_a, wide_b, rtol=tolerance, atol=tolerance * scale, err_msg=what)
