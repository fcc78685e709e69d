"""grid_sample and roi_align against ONNX's reference."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_reference import channels_first, channels_last, onnx_node

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.grid_sample import GridSample
from edgec.ops.roi import RoiAlign

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 5, 6, 3)).astype(np.float32)
GRID = RNG.uniform(-1.6, 1.6, (2, 4, 3, 2)).astype(np.float32)


# all but the border of a cubic, where the reference differs from PyTorch and ONNX Runtime
KINDS = [("cubic", p) for p in ("zeros", "reflection")]
KINDS += [(k, p) for k in ("nearest", "linear") for p in ("zeros", "border", "reflection")]


@pytest.mark.parametrize(("kind", "padding"), KINDS)
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample(kind: str, padding: str, align: bool) -> None:
    attributes = {"mode": kind, "padding_mode": padding, "align_corners": int(align)}
    (expected,) = onnx_node("GridSample", [channels_first(X), GRID], **attributes)
    op = GridSample(kind, padding, align)
    (found,) = op.eval([X, GRID])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)
    types = [TensorType(DType.F32, a.shape) for a in (X, GRID)]
    assert op.infer(types, Context())[0].shape == found.shape


@pytest.mark.parametrize("align", [False, True])
def test_border_of_a_cubic(align: bool) -> None:
    """As ONNX Runtime (and PyTorch): every element that is outside is the nearest one inside."""
    runtime = pytest.importorskip("onnxruntime")
    attributes = {"mode": "cubic", "padding_mode": "border", "align_corners": int(align)}
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], **attributes)
    infos = [helper.make_tensor_value_info(n, 1, [None] * 4) for n in ("x", "grid", "y")]
    graph = helper.make_graph([node], "g", infos[:2], infos[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": channels_first(X), "grid": GRID})
    (found,) = GridSample("cubic", "border", align).eval([X, GRID])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)


def test_three_spatial_axes() -> None:
    x = RNG.standard_normal((1, 3, 4, 5, 2)).astype(np.float32)
    grid = RNG.uniform(-1.2, 1.2, (1, 2, 3, 2, 3)).astype(np.float32)
    (expected,) = onnx_node("GridSample", [channels_first(x), grid], mode="linear")
    (found,) = GridSample("linear").eval([x, grid])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)


def test_grid_needs_a_coordinate_per_axis() -> None:
    types = [TensorType(DType.F32, X.shape), TensorType(DType.F32, (2, 4, 3, 3))]
    with pytest.raises(OpError, match="grid has 3 coordinates, x 2 spatial axes"):
        GridSample("linear").infer(types, Context())


@pytest.mark.parametrize("half_pixel", [False, True])
@pytest.mark.parametrize("samples", [0, 2])
def test_roi_align(half_pixel: bool, samples: int) -> None:
    rois = np.array([[0, 0, 5, 4], [1.5, 0.5, 4, 4.5], [2, 2, 2.2, 2.1]], np.float32)
    batch = np.array([0, 1, 0])
    mode = "half_pixel" if half_pixel else "output_half_pixel"
    (expected,) = onnx_node(
        "RoiAlign",
        [channels_first(X), rois, batch],
        output_height=3,
        output_width=2,
        sampling_ratio=samples,
        spatial_scale=0.9,
        coordinate_transformation_mode=mode,
    )
    (found,) = RoiAlign("average", 3, 2, samples, 0.9, half_pixel).eval([X, rois, batch])
    np.testing.assert_allclose(found, channels_last(expected), rtol=1e-4, atol=1e-5)


def test_an_image_that_is_not_there() -> None:
    with pytest.raises(OpError, match="index 2 is out of range"):
        RoiAlign("max", 1, 1).eval([X, np.zeros((1, 4), np.float32), np.array([2])])
