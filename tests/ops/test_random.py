"""random: NumPy's numbers with a seed, others each time without."""

from __future__ import annotations

import numpy as np
import pytest

from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, OpError
from edgec.ops.random import Random


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_seeded_numbers_are_numpys(seed: int) -> None:
    state = np.random.RandomState(seed)
    np.testing.assert_array_equal(Random((3, 5), "uniform", seed).eval([])[0], state.rand(3, 5))
    state = np.random.RandomState(seed)
    np.testing.assert_array_equal(Random((7,), "normal", seed).eval([])[0], state.randn(7))


def test_without_a_seed_each_time_differs() -> None:
    op = Random((8,))
    assert not op.repeatable and Random((8,), seed=1).repeatable
    assert (op.eval([])[0] != op.eval([])[0]).any()


def test_types_and_refusals() -> None:
    assert Random((2, 3)).infer([], Context()) == [TensorType(DType.F64, (2, 3))]
    for op, reason in (
        (Random((2,), "poisson"), "kind is 'poisson'"),
        (Random((2,), seed=-1), "seed is -1"),
        (Random((2,), seed=2**32), "seed is 4294967296"),
    ):
        with pytest.raises(OpError, match=reason):
            op.infer([], Context())
