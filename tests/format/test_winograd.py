"""The transformed form of a 3x3 weight."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.format.forms import FormError, pack, unpack, winograd_form
from edgec.format.winograd import FINITE_POINTS, weight_matrix


def test_weights_become_values_of_their_polynomial() -> None:
    values = weight_matrix() @ np.array([1.0, -2.0, 3.0])
    for i, point in enumerate(FINITE_POINTS):
        denominator = np.prod([point - other for j, other in enumerate(FINITE_POINTS) if j != i])
        assert values[i] * denominator == pytest.approx(1 - 2 * point + 3 * point**2)
    assert values[5] == 3  # the leading coefficient is the value at infinity


def test_form_is_panels_of_each_point() -> None:
    w = np.zeros((17, 3, 3, 2), np.float32)
    w[16, 2, 2, 1] = 1.0
    stored = pack(w, winograd_form(w.shape)).reshape(36, 2, 2, 16)
    assert stored[35, 1, 1, 0] == 1.0
    assert np.count_nonzero(stored[35]) == 1


def test_form_has_no_inverse() -> None:
    w = np.ones((16, 3, 3, 16), np.float32)
    form = winograd_form(w.shape)
    with pytest.raises(FormError, match="no inverse"):
        unpack(pack(w, form), form, w.shape)
