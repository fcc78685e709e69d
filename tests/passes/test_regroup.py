"""Regroupings against what NumPy does with the same reshape and transposes."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edgec.ir.dims import symbol
from edgec.passes.regroup import (
    Regroup,
    between,
    identity,
    inverse,
    is_trivial,
    of_reshape,
    of_transpose,
)

shapes = st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4)


def is_free(link: Regroup, x_shape: list[int], y_shape: list[int], x_perm: tuple[int, ...]) -> None:
    """Where `forward` finds a layout, a plain reshape of the stored tensor gives y stored so."""
    y_perm = link.forward(x_perm)
    assume(y_perm is not None)
    assert y_perm is not None and sorted(y_perm) == list(range(len(y_shape)))
    x = np.arange(int(np.prod(x_shape))).reshape(x_shape)
    y = x.reshape(y_shape)
    stored = x.transpose(x_perm)
    expected = y.transpose(y_perm)
    np.testing.assert_array_equal(stored.reshape(expected.shape), expected)


@given(st.data())
def test_forward_of_a_merge_is_exact(data: st.DataObject) -> None:
    x_shape = data.draw(shapes)
    cut = data.draw(st.integers(0, len(x_shape)))
    y_shape = [int(np.prod(x_shape[:cut])), *x_shape[cut:]] if cut else [*x_shape, 1]
    link = of_reshape(x_shape, y_shape)
    assert link is not None
    is_free(link, x_shape, y_shape, tuple(data.draw(st.permutations(range(len(x_shape))))))


@given(st.data())
def test_backward_undoes_forward(data: st.DataObject) -> None:
    shape = data.draw(shapes)
    perm = tuple(data.draw(st.permutations(range(len(shape)))))
    stored = tuple(data.draw(st.permutations(range(len(shape)))))
    link = of_transpose(shape, perm)
    y = link.forward(stored)
    assert y is not None
    back = link.backward(y)
    assert back is not None and is_trivial(between(stored, back), [shape[i] for i in stored])


def test_channel_shuffle_keeps_space_whole() -> None:
    n, h = symbol("n"), symbol("h")
    split = of_reshape((n, 12, h, 7), (n, 3, 4, h, 7))
    assert split is not None
    assert split.forward((0, 2, 3, 1)) == (0, 3, 4, 1, 2)
    merged = of_reshape((n, 4, 3, h, 7), (n, 12, h, 7))
    assert merged is not None
    assert merged.forward((0, 3, 4, 1, 2)) == (0, 2, 3, 1)
    assert merged.forward((0, 3, 4, 2, 1)) is None  # the channels' two halves are not in order


def test_flatten_of_an_image_is_not_free_but_of_one_pixel_is() -> None:
    flat = of_reshape((1, 8, 2, 2), (1, 32))
    assert flat is not None and flat.forward((0, 2, 3, 1)) is None
    pixel = of_reshape((1, 8, 1, 1), (1, 8))
    assert pixel is not None and pixel.forward((0, 2, 3, 1)) == (0, 1)


def test_no_common_refinement() -> None:
    assert of_reshape((4, 9), (6, 6)) is None
    assert of_reshape((0, 3), (0, 4)) is None


def test_perms() -> None:
    assert inverse((2, 0, 1)) == (1, 2, 0)
    assert between((0, 2, 3, 1), (0, 1, 2, 3)) == (0, 3, 1, 2)
    assert is_trivial((0, 3, 1, 2), (5, 1, 1, 8)) and not is_trivial((1, 0), (2, 3))
    assert identity(2) == (0, 1)
