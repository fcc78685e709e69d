"""What a node computes and how far an engine's result may lie from it, found by running it alone.

One node alone cannot be optimised, so its results are ONNX Runtime's own kernels'; where that has none,
onnx's reference evaluator judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator

Array = np.ndarray[Any, Any]

LARGEST = 1e4  # values beyond are not computed with: they leave no room in f16 and hide other errors
ROUNDINGS = {2: 16.0, 4: 128.0, 8: 1024.0}  # roundings of its own that a node may make, by bytes of its type
SHAKE = 16.0  # operands are moved by so many times their error
# results are operands' elements or decisions about them
EXACT = set(
    (
        "Abs And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Clip Compress "
        "Concat Constant ConstantOfShape DepthToSpace Dropout Equal Expand EyeLike Flatten Floor Gather "
        "GatherElements GatherND Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max MaxPool "
        "Min Neg NonZero Not OneHot Or Pad Relu Reshape ReverseSequence Round ScatterElements ScatterND "
        "Shape Sign Size Slice SpaceToDepth Split Squeeze Tile TopK Transpose Trilu Unique Unsqueeze "
        "Where Xor ReduceMax ReduceMin GlobalMaxPool"
    ).split()
)
PRODUCTS = set(
    (
        "Mul MatMul Gemm Conv ConvTranspose Einsum RNN GRU LSTM Pow ReduceProd ReduceSumSquare "
        "QLinearConv QLinearMatMul"
    ).split()
)
# what the reference evaluator gets wrong: the axis along which a loop's results are joined; all channels
# after as many as there are images; the order without sorting; groups; dilations with auto_pad
DOUBTED = {"Loop", "LRN", "Unique", "ConvTranspose", "LpPool"}
# which the judges compute through f32
COARSE = set(
    (
        "Resize GridSample Erf Gelu HardSwish Shrink GroupNormalization LayerNormalization "
        "RMSNormalization"
    ).split()
)


class Reject(Exception):
    """The node is not worth testing: no engine runs it, or its results hang on rounding errors."""


def options() -> Any:
    found = onnxruntime.SessionOptions()
    found.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    found.log_severity_level = 4
    found.intra_op_num_threads = 1
    return found


OPTIONS = options()


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    opset: int,
    constants: Sequence[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "random", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def info(name: str, array: Array, shape: Sequence[int | str | None] | None = None) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape if shape is None else shape)


class Judge:
    """One node alone: `run` gives its results, `name` says who computes them."""

    def __init__(self, node: onnx.NodeProto, operands: Mapping[str, Array], opset: int) -> None:
        self.names = [name for name in node.output if name]
        results = [helper.make_empty_tensor_value_info(name) for name in self.names]
        self.model = model_of([node], [info(n, a) for n, a in operands.items()], results, opset)
        try:
            onnx.shape_inference.infer_shapes(self.model, check_type=True, strict_mode=True)
        except Exception as error:  # what ONNX does not define
            raise Reject(str(error)) from error
        self.operands = operands
        self.evaluator: Any = None
        self.name = "onnxruntime"
        try:
            self.session = onnxruntime.InferenceSession(
                self.model.SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"]
            )
            self.results = self.run(operands)
        except Exception:  # it raises its own types, which share no base
            self.name = "reference"
            self.results = self._by_reference()

    def _by_reference(self) -> list[Array]:
        if self.model.graph.node[0].op_type in DOUBTED:
            raise Reject("the reference evaluator is wrong about this operator")
        try:
            self.evaluator = ReferenceEvaluator(self.model)
            return self.run(self.operands)
        except Exception as error:
            raise Reject(str(error)) from error

    def run(self, operands: Mapping[str, Array]) -> list[Array]:
        runner = self.evaluator or self.session
        with np.errstate(all="ignore"):
            found = runner.run(self.names, dict(operands))
        return [np.asarray(a) for a in found]


def errors_of(
    judge: Judge, operator: str, errors: Mapping[str, float], roundings: float = 1.0
) -> list[float]:
    """The bound on each result's error that the operands' errors and the node's own rounding give.

    The first part is measured: operands are moved by SHAKE times their errors, at random signs. Raises
    Reject where that changes an integer, or a float by more than a thousandth.
    """
    moved = judge.results
    if any(errors.values()):
        random = np.random.default_rng(0)
        shaken = {n: _moved(a, errors.get(n, 0.0) * SHAKE, random) for n, a in judge.operands.items()}
        moved = judge.run(shaken)
    scale = _scale(operator, judge.operands)
    found = []
    for result, other in zip(judge.results, moved):
        if result.shape != other.shape:
            raise Reject("a shape that hangs on rounding")
        if result.dtype.kind != "f":
            if not np.array_equal(result, other):
                raise Reject("an integer that hangs on rounding")
            found.append(0.0)
            continue
        if not np.array_equal(np.isfinite(result), np.isfinite(other)):
            raise Reject("an infinity that hangs on rounding")
        largest = _largest(result)
        error = 2 / SHAKE * _largest(other.astype(np.float64) - result)
        if operator not in EXACT:
            unit = float(np.finfo(result.dtype).eps) * ROUNDINGS[result.dtype.itemsize]
            unit = max(unit, 2e-5) if operator in COARSE else unit
            error += roundings * unit * max(scale, largest)
        if error > max(scale, largest) * (5e-2 if result.dtype == np.float16 else 1e-3):
            raise Reject("ill-conditioned")
        found.append(error)
    return found


def _moved(array: Array, by: float, random: np.random.Generator) -> Array:
    if not by or array.dtype.kind != "f":
        return array
    amount = random.uniform(0.5, 1.0, array.shape) * random.choice([-by, by], array.shape)
    return np.where(np.abs(array) <= by, 0, array + amount).astype(array.dtype)  # what may be 0 is


def _largest(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    return float(finite.max(initial=0.0))


def _scale(operator: str, operands: Mapping[str, Array]) -> float:
    sizes = [max(_largest(a), 1.0) for a in operands.values() if a.dtype.kind == "f"]
    if operator in PRODUCTS:
        return float(np.prod(sorted(sizes)[-2:]))
    return max(sizes, default=1.0)
