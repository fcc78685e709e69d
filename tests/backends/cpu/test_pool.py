"""Pooling and resampling of images."""

import numpy as np
import pytest
from harness import Device, compare, numbers
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgec.ops.base import OpError
from edgec.ops.pool import Pool
from edgec.ops.resize import COORDINATES, NEAREST, Resize

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["max", "average", "lp"])
@settings(max_examples=50, deadline=None)
@given(spatial=st.lists(st.integers(1, 9), min_size=1, max_size=3), data=st.data())
def test_pool(cpu: Device, kind: str, spatial: list[int], data: st.DataObject) -> None:
    n = len(spatial)
    kernel, strides, dilations = (
        tuple(data.draw(st.integers(1, most)) for _ in range(n)) for most in (4, 3, 2)
    )
    pads = tuple(data.draw(st.integers(0, kernel[i % n] - 1)) for i in range(2 * n))
    channels = data.draw(st.sampled_from([1, 3, 16, 37, 100]))
    ceil, include, indices = (data.draw(st.booleans()) for _ in range(3))
    bytes_too = ["uint8", "int8"] if kind == "max" else []
    dtype = data.draw(st.sampled_from(["float32", "float32", "float64", "float16", *bytes_too]))
    x = numbers(RANDOM, (2, *spatial, channels), dtype)
    op = Pool(kind, kernel, strides, pads, dilations, ceil, include, 2, indices and kind == "max")
    try:
        op.eval([x])
    except OpError:
        assume(False)
    compare(op, [x], cpu)


def test_pool_of_bytes_and_nans(cpu: Device) -> None:
    for dtype in ("int8", "uint8"):
        compare(
            Pool("max", (2, 3), (1, 2), (0, 1, 1, 1), (1, 1)), [numbers(RANDOM, (1, 7, 8, 5), dtype)], cpu
        )
    x = numbers(RANDOM, (1, 9, 9, 20), "float32")
    x[0, 4, 4, 3] = x[0, 0, 0, 19] = np.nan
    compare(Pool("max", (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)), [x], cpu)


def test_a_window_of_many_pixels(cpu: Device) -> None:
    """Long sums lose no more than short ones: one number after the other would be 1e-4 off."""
    x = numbers(RANDOM, (1, 150, 130, 19), "float32") + 1
    compare(Pool("average", (150, 130), (1, 1), (0, 0, 0, 0), (1, 1)), [x], cpu, tolerance=2e-6)


def test_large_pool(cpu: Device) -> None:
    x = numbers(RANDOM, (1, 80, 80, 32), "float32")
    compare(Pool("max", (5, 5), (1, 1), (2, 2, 2, 2), (1, 1)), [x], cpu)
    compare(Pool("average", (2, 2), (2, 2), (0, 0, 0, 0), (1, 1)), [x], cpu)


@pytest.mark.parametrize("coordinates", [c for c in COORDINATES if c != "tf_crop_and_resize"])
@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_resize(cpu: Device, kind: str, coordinates: str) -> None:
    for shape, axes, sizes in (
        ((2, 5, 7, 3), (1, 2), (10, 14)),
        ((1, 9, 8, 20), (1, 2), (4, 5)),
        ((3, 11), (1,), (30,)),
        ((6, 4, 5), (0, 1, 2), (1, 7, 5)),
        ((2, 3), (), ()),
    ):
        x = numbers(RANDOM, shape, "float32")
        for nearest in NEAREST if kind == "nearest" else NEAREST[:1]:
            compare(Resize(kind, axes, sizes, (), coordinates, nearest), [x], cpu)


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_resize_options(cpu: Device, kind: str) -> None:
    x = numbers(RANDOM, (1, 12, 9, 4), "float32")
    compare(Resize(kind, (1, 2), (5, 20), (0.45, 2.3)), [x], cpu)
    compare(Resize(kind, (1, 2), (5, 4), antialias=True), [x], cpu)
    compare(Resize(kind, (1, 2), (24, 18), exclude_outside=True, cubic_a=-0.5), [x], cpu)
    compare(Resize(kind, (1,), (7,)), [x.astype(np.float16)], cpu)
    wide = numbers(RANDOM, (1, 12, 9, 4), "float64")
    compare(Resize(kind, (1,), (7,)), [wide], cpu, tolerance=1e-14)
    compare(Resize(kind, (1, 2), (5, 20), (0.45, 2.3), "align_corners"), [wide], cpu, tolerance=1e-14)
    bits = tuple(np.array([0.45, 2.3]).view(np.int64).tolist())
    compare(Resize(kind, (1, 2), (5, 20), scale_bits=bits), [x], cpu)


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_resize_of_a_region(cpu: Device, kind: str) -> None:
    roi = np.array([0.1, -0.2, 0.8, 1.3], np.float32)
    op = Resize(kind, (1, 2), (6, 7), (), "tf_crop_and_resize", extrapolation=10.0)
    for constants in ({1}, ()):
        compare(op, [numbers(RANDOM, (1, 8, 9, 3), "float32"), roi], cpu, constants)


def test_nearest_of_any_type(cpu: Device) -> None:
    for dtype in ("int8", "int64", "float16", "bool", "complex64", "complex128"):
        compare(Resize("nearest", (1, 2), (7, 6)), [numbers(RANDOM, (1, 3, 4, 5), dtype)], cpu)
