"""grid_sample, nms, roi_align, determinant, bitcast."""

import numpy as np
import pytest
from harness import Device, compare, numbers, run

from edgec.ir.types import DType
from edgec.ops.grid_sample import KINDS, PADDINGS, GridSample
from edgec.ops.linalg import Determinant
from edgec.ops.nms import Nms
from edgec.ops.roi import RoiAlign
from edgec.ops.view import Bitcast

RANDOM = np.random.default_rng(0)
FAR = np.array([[[[np.nan, 0], [1e30, -1e30], [np.inf, -np.inf]]]], np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample(cpu: Device, kind: str, padding: str, align: bool) -> None:
    op = GridSample(kind, padding, align)
    for spatial, places in (((6, 7), (5, 4)), ((1, 3), (2, 2)), ((9,), (500,)), ((3, 4, 5), (2, 3, 2))):
        x = numbers(RANDOM, (2, *spatial, 3), "float32")
        grid = RANDOM.uniform(-1.6, 1.6, (2, *places, len(spatial)))
        for wanted in ("float32", "float64"):
            compare(op, [x, grid.astype(wanted)], cpu, tolerance=1e-4)
    for dtype in ("float32", "float64", "float16"):
        compare(op, [numbers(RANDOM, (1, 5, 6, 3), dtype), FAR], cpu)


@pytest.mark.parametrize("center", [False, True])
def test_nms(cpu: Device, center: bool) -> None:
    low = RANDOM.random((2, 40, 2))
    boxes = np.concatenate([low, low + RANDOM.random((2, 40, 2))], 2).astype(np.float32)
    scores = RANDOM.random((2, 3, 40)).astype(np.float32)
    scores[0, 0, :3] = np.nan, 0.5, 0.5
    for most, threshold in ((0, 0.5), (3, 0.5), (100, 0.1), (100, 1.0)):
        limits = [np.array(most), np.array([threshold], np.float32)]
        compare(Nms(center), [boxes, scores, *limits, np.array(0.3, np.float32)], cpu)
        compare(Nms(center), [boxes, scores, *limits], cpu)
    compare(Nms(center), [boxes, scores], cpu)


@pytest.mark.parametrize("kind", ["average", "max"])
@pytest.mark.parametrize("half_pixel", [False, True])
@pytest.mark.parametrize("samples", [0, 2])
def test_roi_align(cpu: Device, kind: str, half_pixel: bool, samples: int) -> None:
    x = numbers(RANDOM, (2, 9, 11, 5), "float32")
    rois = np.array([[0, 0, 8, 8], [1.5, 2, 30, 7], [3, 3, 3.1, 3.2], [-4, -4, 2, 2]], np.float32)
    op = RoiAlign(kind, 3, 2, samples, 0.7, half_pixel)
    compare(op, [x, rois, np.array([0, 1, -1, 0])], cpu, tolerance=1e-4)
    with pytest.raises(ValueError, match="'node': index 2 is out of range"):
        run(op, [x, rois, np.array([0, 2, 0, 0], np.int32)], cpu)
    with pytest.raises(ValueError, match="region 1 is far larger than the image"):
        run(op, [x, rois * np.float32([[1], [1e6], [1], [1]]), np.array([0, 0, 0, 0])], cpu)


def test_determinant(cpu: Device) -> None:
    for dtype in ("float32", "float64"):
        for shape in ((3, 3), (2, 4, 5, 5), (4, 1, 1), (2, 0, 0)):
            compare(Determinant(), [numbers(RANDOM, shape, dtype)], cpu, tolerance=1e-4)
    compare(Determinant(), [np.ones((2, 3, 3), np.float32)], cpu)


def test_bitcast(cpu: Device) -> None:
    compare(Bitcast(DType.I32), [numbers(RANDOM, (3, 4), "float32")], cpu)
    compare(Bitcast(DType.U8), [numbers(RANDOM, (7,), "bool")], cpu)
    compare(Bitcast(DType.F64), [numbers(RANDOM, (3, 0), "int64")], cpu)
