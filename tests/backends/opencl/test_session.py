"""Sessions on OpenCL: where nodes run, errors that name their node, device arrays."""

import numpy as np
import pytest
from cases import Case, f32
from harness import Device, compare, one_node

import edgert
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.gather import Gather
from edgec.ops.map import Map
from edgec.ops.program import unary
from edgec.ops.select import NonZero
from edgec.ops.svm import PairwiseCoupling
from edgec.ops.view import Transpose


def test_placement_and_strict(opencl: Device) -> None:
    """A node without an OpenCL kernel runs on the CPU and says why; a strict load refuses it."""
    model = write_model(one_node(NonZero(), [f32(3, 4)]))
    session = edgert.load(model, device=opencl.name)
    (place,) = session.placement()
    assert place.device == "cpu" and "nonzero" in place.reason
    x = np.eye(3, 4, dtype=np.float32)
    found, expected = ([*s.run([x]).values()] for s in (session, edgert.load(model)))
    assert np.array_equal(found[0], expected[0])
    with pytest.raises(edgert.EdgertError, match="node"):
        edgert.load(model, device=opencl.name, strict=True)


@pytest.mark.parametrize("index", [3, -4])
def test_index_out_of_range_names_the_node(opencl: Device, index: int) -> None:
    session = edgert.load(
        write_model(one_node(Gather(0), [f32(3, 2), np.array([0], np.int64)])), device=opencl.name
    )
    with pytest.raises(edgert.EdgertError, match="node"):
        session.run([f32(3, 2), np.array([index], np.int64)])
    x = f32(3, 2)
    (y,) = session.run([x, np.array([2], np.int64)]).values()
    assert np.array_equal(y, x[2:])


def test_unknown_device() -> None:
    model = write_model(one_node(Transpose((0,)), [f32(3)]))
    with pytest.raises(edgert.EdgertError, match="opencl:99"):
        edgert.load(model, device="opencl:99")


def test_clones_share_weights(opencl: Device) -> None:
    case = Case(Map(unary("exp", DType.F32)), [f32(5)])
    session = edgert.load(write_model(one_node(case.op, case.operands)), device=opencl.name)
    twin = session.clone()
    del session
    (y,) = twin.run(case.operands).values()
    assert np.allclose(y, np.exp(case.operands[0]), rtol=1e-6)


def test_separate_allocations(opencl: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGERT_ARENA", "separate")
    compare(Transpose((1, 0)), [f32(5, 7)], opencl)


def test_pyopencl_arrays(opencl: Device) -> None:
    """A session in pyopencl's own context takes and gives device arrays."""
    cl = pytest.importorskip("pyopencl")
    array = pytest.importorskip("pyopencl.array")
    known = [d for d in edgert.devices() if d["device"] == opencl.name]
    devices = [d for p in cl.get_platforms() for d in p.get_devices() if d.name.strip() == known[0]["name"]]
    if not devices:
        pytest.skip("pyopencl does not list this device")
    context = cl.Context(devices[:1])
    queue = cl.CommandQueue(context)
    model = write_model(one_node(Map(unary("neg", DType.F32)), [f32(4, 3)]))
    session = edgert.load(model, device=opencl.name, queue=queue)
    x = f32(4, 3)
    (y,) = session.run([array.to_device(queue, x)]).values()
    assert isinstance(y, array.Array) and np.array_equal(y.get(), -x)


def test_a_profile_adds_transfers_to_the_node_that_needs_them(opencl: Device) -> None:
    x, middle, y = (
        Value(n, TensorType(DType.F32, s)) for n, s in (("x", (9, 3, 3)), ("m", (9, 3, 3)), ("y", (9, 3)))
    )
    nodes = [
        Node(Map(unary("exp", DType.F32), DType.F32), [x], [middle], "quick"),
        Node(PairwiseCoupling(), [middle], [y], "elsewhere"),
    ]
    session = edgert.load(write_model(Model({"main": Graph("main", [x], [y], nodes)})), device=opencl.name)
    assert [p.device == "cpu" for p in session.placement()] == [False, True]
    quick, elsewhere = session.profile([f32(9, 3, 3)], runs=1)
    assert (quick.calls, elsewhere.calls) == (1, 1)
    assert quick.seconds > quick.least and elsewhere.seconds > elsewhere.least
