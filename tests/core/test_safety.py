"""Damaged files, hostile sizes and planted overruns, on a library built with sanitizers.

Every value and scratch has an allocation of its own (EDGERT_ARENA=separate), so that an access out of
bounds is seen where it happens.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.helper import make_node, make_tensor_value_info

import edgec
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.base import REGISTRY, Context, Op, register

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "edgert"))
import graphs  # noqa: E402


def exported(make: Callable[[], onnx.ModelProto]) -> Callable[[], bytes]:
    """The file that the exporter makes of an ONNX model."""

    def build() -> bytes:
        model = edgec.export(make()).model
        return write_model(model)

    return build


def convolutional() -> onnx.ModelProto:
    """x [1, 3, 8, 8]: convolutions (dense, depthwise), pooling, resize, global mean, softmax."""
    random = np.random.default_rng(1)
    weights = {
        "w": random.random((4, 3, 3, 3)),
        "d": random.random((4, 1, 3, 3)),
        "t": random.random((4, 2, 2, 2)),
        "s": np.array([1, 1, 2, 2]),
        "f": random.random((2, 5)),
    }
    nodes = [
        make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        make_node("Relu", ["a"], ["b"]),
        make_node("Conv", ["b", "d"], ["c"], group=4, pads=[1, 1, 1, 1]),
        make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        make_node("Resize", ["p", "", "s"], ["r"], mode="linear"),
        make_node("ConvTranspose", ["r", "t"], ["u"], strides=[2, 2]),
        make_node("GlobalAveragePool", ["u"], ["g"]),
        make_node("Flatten", ["g"], ["h"]),
        make_node("MatMul", ["h", "f"], ["i"]),
        make_node("Softmax", ["i"], ["y"]),
    ]
    return small_model("convolutional", nodes, {"x": [1, 3, 8, 8]}, weights)


def in_bands() -> onnx.ModelProto:
    """x [1, 3, 24, 12]: a chain of image operators that runs in bands of lines."""
    random = np.random.default_rng(2)
    weights = {
        "w": random.random((16, 3, 3, 3)),
        "d": random.random((16, 1, 3, 3)),
        "p": random.random((24, 16, 1, 1)),
        "m": random.random((24, 24, 3, 3)),
        "h": random.random((2, 28, 1, 5)),
        "s": np.array([1.0, 1.0, 2.0, 2.0]),
        "start": np.array([0]),
        "end": np.array([4]),
        "axis": np.array([1]),
    }
    nodes = [
        make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        make_node("Conv", ["a", "d"], ["b"], group=16, pads=[1, 1, 1, 1]),
        make_node("Conv", ["b", "p"], ["c"]),
        make_node("Conv", ["c", "m"], ["e"], pads=[1, 1, 1, 1]),
        make_node("Add", ["c", "e"], ["f"]),
        make_node("MaxPool", ["f"], ["g"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        make_node("Slice", ["f", "start", "end", "axis"], ["i"]),
        make_node("Concat", ["g", "i"], ["j"], axis=1),
        make_node("Resize", ["j", "", "s"], ["k"], mode="nearest", nearest_mode="floor",
                  coordinate_transformation_mode="asymmetric"),
        make_node("Conv", ["k", "h"], ["y"], pads=[0, 2, 0, 2]),
    ]  # fmt: skip
    return small_model("in_bands", nodes, {"x": [1, 3, 24, 12]}, weights)


def recurrent() -> onnx.ModelProto:
    """x [4, 2, 3] through an LSTM and a GRU, then topk and gather over time."""
    random = np.random.default_rng(2)
    weights = {
        "w": random.random((1, 16, 3)),
        "r": random.random((1, 16, 4)),
        "v": random.random((1, 12, 4)),
        "q": random.random((1, 12, 4)),
        "k": np.array([2], np.int64),
        "j": np.array([3, 0], np.int64),
    }
    nodes = [
        make_node("LSTM", ["x", "w", "r"], ["a"], hidden_size=4),
        make_node("Squeeze", ["a", "axis"], ["b"]),
        make_node("GRU", ["b", "v", "q"], ["c"], hidden_size=4),
        make_node("Squeeze", ["c", "axis"], ["d"]),
        make_node("Gather", ["d", "j"], ["e"], axis=0),
        make_node("LayerNormalization", ["e", "one"], ["n"], axis=-1),
        make_node("TopK", ["n", "k"], ["y", "i"], axis=2),
    ]
    weights |= {"axis": np.array([1], np.int64), "one": np.ones(4)}
    return small_model("recurrent", nodes, {"x": [4, 2, 3]}, weights)


def collecting() -> onnx.ModelProto:
    """Strings s [2], numbers x [2, 3], position k [1]: sequences grown in a loop, joined, split, boxed."""
    numbers = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    texts = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.STRING, None))
    constants = [
        helper.make_tensor("words", TensorProto.STRING, [3], [b"", "d\u00f6ner".encode(), b"x" * 40]),
        onnx.numpy_helper.from_array(np.int64(1), "one"),
        onnx.numpy_helper.from_array(np.int64(3), "three"),
        onnx.numpy_helper.from_array(np.bool_(True), "true"),
    ]
    body = helper.make_graph(
        [make_node("SequenceInsert", ["in", "x"], ["out"]), make_node("Identity", ["go"], ["on"])],
        "body",
        [
            make_tensor_value_info("i", TensorProto.INT64, []),
            make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_value_info("in", numbers),
        ],
        [make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_value_info("out", numbers)],
    )
    nodes = [
        make_node("Concat", ["s", "words"], ["t"], axis=0),
        make_node("Gather", ["t", "k"], ["u"]),
        make_node("SequenceConstruct", ["u", "t"], ["q"]),
        make_node("Squeeze", ["k"], ["at"]),
        make_node("SequenceConstruct", ["x", "x"], ["a"]),
        make_node("SequenceInsert", ["a", "x", "at"], ["b"]),
        make_node("Loop", ["three", "true", "b"], ["c"], body=body),
        make_node("ConcatFromSequence", ["c"], ["d"], axis=0),
        make_node("SplitToSequence", ["d", "one"], ["e"], axis=1),
        make_node("SequenceErase", ["e", "at"], ["f"]),
        make_node("Optional", ["f"], ["o"]),
        make_node("OptionalGetElement", ["o"], ["g"]),
        make_node("SequenceAt", ["g", "at"], ["y"]),
    ]
    given = {"s": (TensorProto.STRING, [2]), "x": (TensorProto.FLOAT, [2, 3]), "k": (TensorProto.INT64, [1])}
    inputs = [make_tensor_value_info(n, *t) for n, t in given.items()]
    outputs = [
        make_tensor_value_info("y", TensorProto.FLOAT, None),
        make_tensor_value_info("u", TensorProto.STRING, None),
        helper.make_value_info("o", helper.make_optional_type_proto(numbers)),
        helper.make_value_info("q", texts),
    ]
    graph = helper.make_graph(nodes, "collecting", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def reading() -> onnx.ModelProto:
    """s [3] of strings: joined, split, matched, counted, looked up, and read as numbers."""
    nodes = [
        make_node("StringConcat", ["s", "s"], ["a"]),
        make_node("StringSplit", ["a"], ["b", "n"], delimiter="b"),
        make_node("RegexFullMatch", ["s"], ["m"], pattern="(a|b)*[0-9]?"),
        make_node("StringNormalizer", ["s"], ["c"], case_change_action="UPPER", stopwords=["x"]),
        make_node(
            "LabelEncoder",
            ["s"],
            ["l"],
            domain="ai.onnx.ml",
            keys_strings=["a", "b"],
            values_int64s=[1, 2],
            default_int64=7,
        ),
        make_node("Equal", ["s", "a"], ["e"]),
        make_node(
            "TfIdfVectorizer",
            ["s"],
            ["t"],
            mode="TF",
            max_gram_length=2,
            min_gram_length=1,
            max_skip_count=1,
            ngram_counts=[0, 2],
            ngram_indexes=[0, 1, 2],
            pool_strings=["a", "b", "a", "b"],
        ),
        make_node("Cast", ["l"], ["d"], to=TensorProto.STRING),
    ]
    inputs = [helper.make_tensor_value_info("s", TensorProto.STRING, [3])]
    kinds = {
        "b": TensorProto.STRING,
        "n": TensorProto.INT64,
        "m": TensorProto.BOOL,
        "c": TensorProto.STRING,
        "l": TensorProto.INT64,
        "e": TensorProto.BOOL,
        "t": TensorProto.FLOAT,
        "d": TensorProto.STRING,
    }
    outputs = [helper.make_tensor_value_info(n, t, None) for n, t in kinds.items()]
    graph = helper.make_graph(nodes, "reading", inputs, outputs)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 4)]
    )


def small_model(
    name: str, nodes: list[onnx.NodeProto], inputs: dict[str, list[int]], weights: dict[str, np.ndarray]
) -> onnx.ModelProto:
    constants = [
        onnx.numpy_helper.from_array(w if w.dtype == np.int64 else w.astype(np.float32), n)
        for n, w in weights.items()
    ]
    given = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in inputs.items()]
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = onnx.helper.make_graph(nodes, name, given, [result], constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])


FLIPS = int(os.environ.get("EDGERT_FLIPS", "10000"))
MODELS = [
    graphs.affine,
    graphs.two_inputs,
    graphs.counter,
    graphs.data_shape,
    lambda: graphs.endless(3),
    graphs.two_entries,
    graphs.passed_through,
    graphs.remembering,
    exported(collecting),
    exported(reading),
    exported(convolutional),
    exported(in_bands),
    exported(recurrent),
]
IDS = [
    "affine",
    "two_inputs",
    "counter",
    "data_shape",
    "loop",
    "two_entries",
    "passed_through",
    "strings",
    "sequences",
    "text",
    "conv",
    "bands",
    "rnn",
]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with AddressSanitizer and UndefinedBehaviorSanitizer and the programs of this folder."""
    build = Path(os.environ.get("EDGERT_SANITIZED_BUILD", ROOT / "build" / "sanitized"))
    configure = ["cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(build), "-DEDGERT_SANITIZE=ON"]
    configure += [
        "-DEDGERT_TESTS=ON",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
        f"-DPython3_EXECUTABLE={sys.executable}",
    ]
    for command in (configure, ["cmake", "--build", str(build), "-j", "2"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return build / "tests" / "core"


def run(program: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "EDGERT_ARENA": "separate",
        # a request for more than this is an allocation on a hostile size
        "ASAN_OPTIONS": "max_allocation_size_mb=512:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    return subprocess.run(
        [str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=1800,
        env={**os.environ, **settings, **environment},
    )


@pytest.fixture(params=list(zip(MODELS, IDS)), ids=IDS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "model.edge"
    made = request.param[0]()
    path.write_bytes(made if isinstance(made, bytes) else write_model(made))
    yield path


def test_every_truncation_ends_in_an_error(sanitized: Path, file: Path) -> None:
    done = run(sanitized / "fuzz", "truncate", file)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = json.loads(done.stdout)
    assert counts["refused"] == file.stat().st_size


def test_damaged_files_do_no_harm(sanitized: Path, file: Path) -> None:
    done = run(sanitized / "fuzz", "flip", file, max(FLIPS // len(MODELS), 1), 7)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = json.loads(done.stdout)
    assert counts["ran"] + counts["failed"] > 0 and counts["refused"] > 0


def test_damaged_numbers_do_no_harm(sanitized: Path, file: Path) -> None:
    """Integers of the graph replaced by telling ones: many of these files load, and run."""
    done = run(sanitized / "fuzz", "number", file, max(FLIPS // len(MODELS), 1), 5)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = json.loads(done.stdout)
    assert counts["ran"] + counts["failed"] > counts["refused"] // 20


def test_verify_reports_every_flip(sanitized: Path, file: Path) -> None:
    done = run(sanitized / "fuzz", "verify", file)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]


@dataclass(frozen=True)
class Overrun(Op):
    """The operator of overrun.cc."""

    name: ClassVar[str] = "test.overrun"

    def infer(self, operands: list[TensorType | None], context: Context) -> list[TensorType]:
        assert operands[0] is not None
        return [operands[0]]


def test_a_planted_overrun_is_caught(sanitized: Path, tmp_path: Path) -> None:
    if Overrun.name not in REGISTRY:
        register(Overrun)
    x, y = (Value(n, TensorType(DType.F32, (8,))) for n in "xy")
    write_model(
        Model({"main": Graph("main", [x], [y], [Node(Overrun(), [x], [y], "bad")])}), tmp_path / "m.edge"
    )
    done = run(sanitized / "overrun", tmp_path / "m.edge")
    assert done.returncode not in (0, 2, 3, 4, 5, 6)
    assert "heap-buffer-overflow" in done.stderr


def test_sizes_that_overflow_are_errors(sanitized: Path, tmp_path: Path) -> None:
    """[n, n, n, 2^40] overflows 64 bits for any n above 2^8; a run must say so, not allocate."""
    n = graphs.N
    x = graphs.value("x", n)
    y = graphs.value("y", 2**40, n * 2**20, n)
    from edgec.ir.graph import InputDim
    from edgec.ops.view import Expand

    graph = Graph("main", [x], [y], [graphs.node(Expand(y.shape), [x], y, "grow")])
    graph.symbols = {"n": InputDim(x, 0)}
    write_model(Model({"main": graph}), tmp_path / "m.edge")
    done = run(sanitized / "fuzz", "flip", tmp_path / "m.edge", 50, 3)
    assert done.returncode == 0, done.stderr[-4000:]
    np.testing.assert_equal(json.loads(done.stdout)["ran"], 0)
