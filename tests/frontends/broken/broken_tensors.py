"""Models whose initialisers or constants are damaged, in the file or beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from broken_models import ACCEPTED, ONES, Broken, relu
from onnx import TensorProto, helper, numpy_helper
from onnx_models import FLOAT


def weight(changed: Callable[[onnx.TensorProto], object]) -> Callable[[], onnx.ModelProto]:
    """The good model with its initialiser w changed."""
    return relu(lambda m: changed(m.graph.initializer[0]))


def dims(*sizes: int) -> Callable[[], onnx.ModelProto]:
    def change(tensor: onnx.TensorProto) -> None:
        tensor.dims[:] = sizes

    return weight(change)


def both(tensor: onnx.TensorProto) -> None:
    tensor.float_data[:] = [1.0] * 6


def elsewhere(tensor: onnx.TensorProto) -> None:
    """The numbers in the field of another type."""
    tensor.ClearField("raw_data")
    tensor.int64_data[:] = [1] * 6


def sparse(values: list[float], indices: object, shape: list[int]) -> Callable[[], onnx.ModelProto]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer.pop()
        found = onnx.SparseTensorProto(dims=shape)
        found.values.CopyFrom(numpy_helper.from_array(np.float32(values), "w"))
        found.indices.CopyFrom(numpy_helper.from_array(np.asarray(indices, np.int64)))
        model.graph.sparse_initializer.append(found)

    return relu(change)


def external(**entries: str) -> Callable[[Path], None]:
    """The good model with w in a file; 24 bytes lie in weights.bin and in the folder above."""

    def write(folder: Path) -> None:
        inner = folder / "inner"
        inner.mkdir()
        for place in (inner / "weights.bin", folder / "secret.bin"):
            place.write_bytes(ONES.tobytes())
        (inner / "link.bin").symlink_to(folder / "secret.bin")
        model = relu(lambda _: None)()
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value.format(folder=folder))
        (inner / "model.onnx").write_bytes(model.SerializeToString())

    return write


def beside(name: str, says: tuple[str, ...], **entries: str) -> Broken:
    return Broken(name, external(**entries), ("'w'", *says), in_folder=True)


def constant_node(tensor: onnx.TensorProto) -> Callable[[], onnx.ModelProto]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer.pop()
        model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], name="w_node", value=tensor))

    return relu(change)


def short_tensor() -> onnx.TensorProto:
    return TensorProto(name="t", data_type=FLOAT, dims=[2, 3], raw_data=b"12345")


TENSORS = [
    Broken("too few bytes", weight(lambda t: setattr(t, "raw_data", b"123")), ("'w'", "3 bytes", "24")),
    Broken("too many bytes", weight(lambda t: setattr(t, "raw_data", bytes(28))), ("'w'", "28 bytes", "24")),
    Broken("no bytes", weight(lambda t: t.ClearField("raw_data")), ("'w'",)),
    Broken("dims that lie", dims(3, 3), ("'w'", "24 bytes", "36")),
    Broken("dims of another order", dims(6), ("y_node",)),
    Broken("negative dim", dims(-2, 3), ("'w'", "-2")),
    Broken("two negative dims", dims(-2, -3), ("'w'", "-2")),
    Broken("absurd dims", dims(2**62, 3), ("'w'",)),
    Broken("absurd product of dims", dims(2**62, 2**62, 2**62), ("'w'",)),
    Broken("unknown type", weight(lambda t: setattr(t, "data_type", 99)), ("'w'", "type 99")),
    Broken("no type", weight(lambda t: setattr(t, "data_type", 0)), ("'w'", "type 0")),
    Broken("bytes of strings", weight(lambda t: setattr(t, "data_type", TensorProto.STRING)), ("'w'",)),
    Broken("bytes and numbers", weight(both), code=ACCEPTED, problems=0),
    Broken("numbers of another type", weight(elsewhere), ("'w'",)),
    Broken("no name", weight(lambda t: t.ClearField("name")), ("'w'", "has no name"), problems=2),
    Broken(
        "segments",
        weight(lambda t: t.segment.MergeFrom(TensorProto.Segment(begin=0, end=3))),
        ("'w'", "segment"),
    ),
    Broken("constant with too few bytes", constant_node(short_tensor()), ("w_node", "5 bytes", "24")),
    Broken("sparse index out of range", sparse([1, 2], [0, 9], [2, 3]), ("'w'", "9")),
    Broken("sparse index below 0", sparse([1, 2], [0, -1], [2, 3]), ("'w'", "-1")),
    Broken("sparse indices of another rank", sparse([1, 2], [[0, 1, 1], [0, 2, 2]], [2, 3]), ("'w'",)),
    Broken("sparse values without indices", sparse([1, 2, 3], [0, 1], [2, 3]), ("'w'",)),
    Broken("sparse with negative dims", sparse([1], [0], [-2, 3]), ("'w'", "-2")),
    Broken("sparse of absurd size", sparse([1], [0], [2**61, 3]), ("'w'",)),
    Broken("sparse index twice", sparse([1, 2], [3, 3], [2, 3]), ("'w'", "twice")),
    beside("data file missing", ("nothing.bin",), location="nothing.bin"),
    beside("data file outside", ("../secret.bin",), location="../secret.bin"),
    beside("data file by absolute path", ("secret.bin",), location="{folder}/secret.bin"),
    beside("data file through a link", ("link.bin",), location="link.bin"),
    beside("data file is a folder", (), location="."),
    beside("data file without a name", (), offset="0"),
    beside("data past the end", (), location="weights.bin", offset="4", length="24"),
    beside("data shorter than it should be", (), location="weights.bin", length="8"),
    beside("data at a negative offset", (), location="weights.bin", offset="-4"),
    beside("data at no offset", (), location="weights.bin", offset="here"),
    beside("data of absurd length", (), location="weights.bin", length=str(2**62)),
]
