"""Chains of image operators made in bands of lines: the same results in less memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import pytest
from harness import Device, assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import edgec
import edgert

Array = np.ndarray[Any, Any]
SLICED = {"starts": np.array([0]), "axes": np.array([1]), "scales": np.array([1, 1, 2, 2], np.float32)}


class Chain:
    """An ONNX model over one image that grows layer by layer; later layers may use what is `kept`."""

    def __init__(self, shape: tuple[int, int, int, int], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.input = shape
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, Array] = dict(SLICED)
        self.last, self.channels, self.size = "x", shape[1], shape[2:]
        self.kept: list[tuple[str, int, tuple[int, ...]]] = []

    def add(self, layer: str) -> None:
        getattr(self, layer.split("-")[0])(*map(int, layer.split("-")[1:]))
        self.kept.append((self.last, self.channels, self.size))

    def node(self, op: str, inputs: list[str], **attributes: Any) -> None:
        self.last = f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, inputs, [self.last], name=f"{op}{len(self.nodes)}", **attributes)
        )

    def conv(self, kernel: int, stride: int, outputs: int, depthwise: int = 0) -> None:
        outputs, groups = (self.channels, self.channels) if depthwise else (outputs, 1)
        shape = (outputs, self.channels // groups, kernel, kernel)
        name = f"w{len(self.weights)}"
        scale = 1 / np.sqrt(np.prod(shape[1:]))
        self.weights[name] = (self.random.standard_normal(shape) * scale).astype(np.float32)
        pads = [kernel // 2] * 4
        self.node("Conv", [self.last, name], pads=pads, strides=[stride] * 2, group=groups)
        self.node("Relu", [self.last])
        self.channels, self.size = outputs, tuple((s - 1) // stride + 1 for s in self.size)

    def pool(self, kernel: int, stride: int) -> None:
        pads, window = [kernel // 2] * 4, [kernel] * 2
        self.node("MaxPool", [self.last], kernel_shape=window, pads=pads, strides=[stride] * 2)
        self.size = tuple((s - 1) // stride + 1 for s in self.size)

    def silu(self) -> None:
        x = self.last
        self.node("Sigmoid", [x])
        self.node("Mul", [x, self.last])

    def slice(self) -> None:
        self.channels = (self.channels + 1) // 2
        self.weights[f"end{self.channels}"] = np.array([self.channels])
        self.node("Slice", [self.last, "starts", f"end{self.channels}", "axes"])

    def up(self) -> None:
        nearest = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        self.node("Resize", [self.last, "", "scales"], mode="nearest", **nearest)
        self.size = tuple(2 * s for s in self.size)

    def join(self) -> None:
        """Concatenates with the earliest result of that size."""
        for name, channels, size in self.kept:
            if size == self.size and name != self.last:
                self.node("Concat", [self.last, name], axis=1)
                self.channels += channels
                return

    def residual(self) -> None:
        for name, channels, size in self.kept:
            if (channels, size) == (self.channels, self.size) and name != self.last:
                return self.node("Add", [self.last, name])

    def model(self) -> onnx.ModelProto:
        ends = [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
            for n, s in (("x", self.input), (self.last, None))
        ]
        weights = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        graph = helper.make_graph(self.nodes, "chain", ends[:1], ends[1:], weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


LAYERS = (
    "conv-1-1-24", "conv-1-1-5", "conv-3-1-16", "conv-3-2-8", "conv-3-1-0-1", "conv-5-2-0-1",
    "pool-3-1", "pool-3-2", "silu", "slice", "up", "join", "residual",
)  # fmt: skip


@contextmanager
def separate() -> Iterator[None]:
    os.environ["EDGERT_ARENA"] = "separate"
    try:
        yield
    finally:
        del os.environ["EDGERT_ARENA"]


def check(shape: tuple[int, int, int, int], layers: list[str], device: Device, path: str) -> list[list[str]]:
    """Runs the chain whole and in bands against the definitions; the nodes of its bands."""
    chain = Chain(shape, len(layers))
    for layer in layers:
        chain.add(layer)
    edgec.export(chain.model(), path)
    x = chain.random.standard_normal(shape).astype(np.float32)
    (expected,) = edgec.interpret(path, {"x": x}).values()
    with device.selected():
        session = edgert.load(path, threads=device.threads, memory_budget=1)
        found = [session.run([x])[chain.last] for _ in range(2)]
        with separate():
            found += edgert.load(path, threads=device.threads, memory_budget=1).run([x]).values()
    for result in found:
        assert_close(result, expected, 1e-5, f"{layers} in bands on {device}", 1e-6)
    bands = session.describe()["bands"]
    whole = edgert.load(path, threads=device.threads)
    whole.run([x])
    if not whole.describe()["bands"]:
        assert session.describe()["arena_bytes"] <= whole.describe()["arena_bytes"]
    return [band["nodes"] for band in bands]


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(8, 40), st.integers(1, 12)),
    channels=st.sampled_from([1, 3, 16]),
    layers=st.lists(st.sampled_from(LAYERS), min_size=2, max_size=9),
)
def test_random_chains(
    cpu: Device,
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    channels: int,
    layers: list[str],
) -> None:
    path = tmp_path_factory.mktemp("bands") / "chain.edge"
    check((1, channels, *size), ["conv-1-1-16", *layers], cpu, str(path))


CHAINS = {
    "inverted residual": (["conv-1-1-16", "conv-1-1-96", "conv-3-1-0-1", "conv-1-1-16", "residual"], 3),
    "stem and pool": (["conv-3-2-32", "pool-3-2", "conv-1-1-8"], 2),
    "winograd": (["conv-3-1-32", "conv-3-1-32", "conv-3-1-32"], 3),
    "branches": (["conv-1-1-16", "slice", "conv-3-1-8", "join", "conv-1-1-16"], 4),
    "pyramid": (["conv-1-1-16", "conv-3-2-16", "up", "join", "conv-1-1-16"], 4),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_run_in_bands(cpu: Device, tmp_path: Any, name: str) -> None:
    layers, least = CHAINS[name]
    bands = check((1, 3, 160, 48), layers, cpu, str(tmp_path / "chain.edge"))
    if cpu.threads == 1:  # several threads' scratch may cost more than bands save
        assert max(map(len, bands), default=0) >= least


@pytest.mark.parametrize(("height", "width", "found"), [(64, 200, True), (8, 64, False)])
def test_lines_beyond_the_cache(tmp_path: Any, height: int, width: int, found: bool) -> None:
    """A band whose lines do not fit the cache is made where its results would not fit the next one either."""
    path = str(tmp_path / "chain.edge")
    chain = Chain((1, 3, height, width), 0)
    for layer in ("conv-1-1-64", "conv-3-1-0-1", "conv-1-1-8"):
        chain.add(layer)
    edgec.export(chain.model(), path)
    x = [chain.random.standard_normal(chain.input).astype(np.float32)]
    results = []
    try:
        for cache in (1 << 15, 1 << 30):
            os.environ["EDGERT_CACHE_BYTES"] = str(cache)
            session = edgert.load(path, threads=1)
            results.append(session.run(x)[chain.last])
            assert bool(session.describe()["bands"]) == (found and cache < 1 << 30)
    finally:
        del os.environ["EDGERT_CACHE_BYTES"]
    assert_close(results[0], results[1], 1e-6, "cache", 1e-6)


@pytest.mark.parametrize(("height", "most"), [(6, 1), (12, 2), (36, 4)])
def test_threads_share_bands_of_enough_lines(tmp_path: Any, height: int, most: int) -> None:
    """Where it does not pay for all threads, one makes everything."""
    path = str(tmp_path / "chain.edge")
    chain = Chain((1, 3, height, 200), 0)
    for layer in ("conv-1-1-64", "conv-3-1-0-1", "conv-1-1-8"):
        chain.add(layer)
    edgec.export(chain.model(), path)
    x = [chain.random.standard_normal(chain.input).astype(np.float32)]
    os.environ["EDGERT_CACHE_BYTES"] = str(1 << 20)
    try:
        found = []
        for threads in (1, 2, 4):
            session = edgert.load(path, threads=threads)
            found.append(session.run(x)[chain.last])
            (band,) = session.describe()["bands"]
            assert band["pieces"] == (threads if threads <= most else 1)
    finally:
        del os.environ["EDGERT_CACHE_BYTES"]
    for result in found[1:]:
        assert_close(result, found[0], 1e-6, "threads", 1e-6)


def test_a_budget_saves_memory(tmp_path: Any) -> None:
    path = str(tmp_path / "chain.edge")
    chain = Chain((1, 3, 128, 128), 0)
    for layer in ("conv-3-1-32", "conv-1-1-96", "conv-3-1-0-1", "conv-1-1-8"):
        chain.add(layer)
    edgec.export(chain.model(), path)
    os.environ["EDGERT_CACHE_BYTES"] = str(1 << 30)
    try:
        arenas = []
        for budget in (None, 4 << 20, 1):
            session = edgert.load(path, threads=1, memory_budget=budget)
            session.run([np.ones(chain.input, np.float32)])
            arenas.append(session.describe()["arena_bytes"])
    finally:
        del os.environ["EDGERT_CACHE_BYTES"]
    assert arenas[0] > 12 << 20 and arenas[1] <= 4 << 20 and arenas[2] < arenas[1]


def test_every_value_is_there_when_layers_are_read(tmp_path: Any) -> None:
    path = str(tmp_path / "chain.edge")
    chain = Chain((1, 3, 64, 64), 0)
    for layer in ("conv-3-1-16", "conv-3-1-0-1", "conv-1-1-8"):
        chain.add(layer)
    edgec.export(chain.model(), path)
    session = edgert.load(path, threads=1, memory_budget=1)
    x = [np.ones(chain.input, np.float32)]
    session.run(x)
    assert session.describe()["bands"]
    layers = session.run_layers(x)
    assert {n.output[0] for n in chain.nodes if n.op_type == "Relu"} <= set(layers)
    assert session.profile(x, 2)
