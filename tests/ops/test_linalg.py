"""determinant."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.linalg import Determinant


def test_determinant() -> None:
    x = np.array([[[1, 2], [3, 4]], [[2, 0], [0, 5]]], np.float32)
    np.testing.assert_allclose(Determinant().eval([x])[0], [-2, 10], rtol=1e-6)
    assert Determinant().eval([x[0]])[0].shape == ()
    with pytest.raises(OpError, match="matrices are 2 x 3"):
        Determinant().infer([TensorType(DType.F32, (2, 3))], Context())
