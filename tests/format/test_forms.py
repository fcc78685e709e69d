"""Every stored form has an exact inverse, and lies where the kernels look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgec.format.forms import (
    PLAIN,
    Form,
    FormError,
    conv_dot_form,
    conv_form,
    conv_transpose_form,
    matmul_dot_form,
    matmul_form,
    pack,
    rnn_form,
    stored_elements,
    unpack,
)

small = st.integers(1, 5)


def numbered(*shape: int) -> np.ndarray[Any, Any]:
    """Distinct, non-zero elements."""
    return np.arange(1, int(np.prod(shape)) + 1, dtype=np.float32).reshape(shape)


def check_inverse(tensor: np.ndarray[Any, Any], form: Form) -> None:
    stored = pack(tensor, form)
    assert stored.ndim == 1 and stored.flags.c_contiguous and stored.dtype == tensor.dtype
    assert stored.size == stored_elements(form)
    np.testing.assert_array_equal(unpack(stored, form, tensor.shape), tensor)


@given(st.lists(small, max_size=2), st.integers(1, 20), st.integers(1, 40))
def test_matmul_inverse(batch: list[int], k: int, n: int) -> None:
    tensor = numbered(*batch, k, n)
    check_inverse(tensor, matmul_form(tensor.shape))


@given(st.integers(1, 2), st.integers(1, 20), st.integers(1, 20))
def test_rnn_inverse(directions: int, n: int, k: int) -> None:
    tensor = numbered(directions, n, k)
    check_inverse(tensor, rnn_form(tensor.shape))


@given(st.integers(1, 12), small, st.lists(small, min_size=1, max_size=2), small)
def test_conv_inverse(groups: int, each: int, taps: list[int], channels: int) -> None:
    tensor = numbered(groups * each, *taps, channels)
    check_inverse(tensor, conv_form(tensor.shape, groups))
    check_inverse(tensor, conv_transpose_form(tensor.shape, groups))


@given(st.integers(1, 20), st.integers(1, 40), st.lists(small, min_size=1, max_size=2), small)
def test_dot_inverse(k: int, n: int, taps: list[int], channels: int) -> None:
    matrix = np.random.default_rng(0).integers(-128, 128, (k, n)).astype(np.int8)
    check_inverse(matrix, matmul_dot_form(matrix.shape))
    weight = np.random.default_rng(0).integers(-128, 128, (n, *taps, channels)).astype(np.int8)
    check_inverse(weight, conv_dot_form(weight.shape))


def test_dot_has_the_sums_of_columns_before_groups_of_four() -> None:
    b = np.arange(-51, 51, dtype=np.int8).reshape(6, 17)
    panels = pack(b, matmul_dot_form(b.shape)).reshape(2, 3, 64)
    assert panels[1, 0].view(np.int32).tolist() == [int(b[:, 16].sum()), *[0] * 15]
    assert panels[0, 1].reshape(16, 4)[3].tolist() == b[:4, 3].tolist()
    assert panels[0, 2].reshape(16, 4)[3].tolist() == [*b[4:, 3], 0, 0]


def test_panels_are_columns_of_sixteen() -> None:
    b = numbered(3, 20)
    stored = pack(b, matmul_form(b.shape)).reshape(2, 3, 16)
    np.testing.assert_array_equal(stored[0], b[:, :16])
    np.testing.assert_array_equal(stored[1, :, :4], b[:, 16:])
    assert not stored[1, :, 4:].any()


def test_conv_panels_run_over_taps_then_channels() -> None:
    w = numbered(5, 2, 3, 4)
    form = conv_form(w.shape, 1)
    assert form == Form("panels", (1, 24, 5, 16))
    stored = pack(w, form).reshape(24, 16)
    assert stored[(1 * 3 + 2) * 4 + 3, 4] == w[4, 1, 2, 3]


def test_narrow_groups_are_block_diagonal() -> None:
    w = numbered(8, 1, 3, 2)  # 4 groups of 2 outputs: all in one block
    form = conv_form(w.shape, 4)
    assert form == Form("panels", (1, 3 * 2 * 4, 8, 16))
    stored = pack(w, form).reshape(3, 4, 2, 16)
    for output in range(8):
        group = output // 2
        np.testing.assert_array_equal(stored[:, group, :, output], w[output, 0])
        others = [g for g in range(4) if g != group]
        assert not stored[:, others, :, output].any()


def test_depthwise_and_taps() -> None:
    w = numbered(18, 3, 3, 1)
    stored = pack(w, conv_form(w.shape, 18)).reshape(2, 9, 16)
    assert stored[1, 5, 1] == w[17, 1, 2, 0]
    t = numbered(6, 2, 2, 5)  # 2 groups of 3 outputs
    stored = pack(t, conv_transpose_form(t.shape, 2)).reshape(2, 4, 1, 5, 16)
    assert stored[1, 3, 0, 4, 2] == t[5, 1, 1, 4]


def test_plain_and_misfits() -> None:
    tensor = numbered(2, 3).T
    np.testing.assert_array_equal(unpack(pack(tensor, PLAIN), PLAIN, (3, 2)), tensor)
    with pytest.raises(FormError, match="elements"):
        unpack(np.zeros(5, np.float32), matmul_form((2, 3)), (2, 3))
    with pytest.raises(FormError, match="unknown"):
        pack(tensor, Form("spirals"))
    with pytest.raises(FormError, match="does not fit"):
        pack(tensor, Form("depthwise", (4, 2, 16)))
