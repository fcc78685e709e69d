"""Products of half-precision tensors become products of f32, with the same results."""

from __future__ import annotations

import numpy as np
import pytest
from support import Net, check, names, only

from edgec.ir.types import DType
from edgec.ops.conv import Conv
from edgec.ops.matmul import MatMul
from edgec.passes.common_subexpressions import common_subexpressions
from edgec.passes.widen_products import widen_products

HALF = DType.F16


def half(net: Net, *shape: int) -> np.ndarray:
    return net.const(*shape).astype(np.float16)


def test_operands_are_widened_and_the_result_is_not() -> None:
    net = Net()
    x = net.input("x", "n", 9, 9, 3, dtype=HALF)
    conv = Conv((1, 1), (1, 1, 1, 1), (1, 1), dtype=HALF)
    y, z = net(conv, x, half(net, 4, 3, 3, 3)), net(conv, x, half(net, 2, 3, 3, 3))
    found = check(net.output(y, z), widen_products, common_subexpressions, symbols={"n": 2})
    assert sorted(names(found)) == ["conv", "conv", "map"]
    assert all(v.dtype == HALF for v in found.outputs)


def test_products_of_two_activations() -> None:
    net = Net()
    x, y = net.input("x", 2, 5, 7, dtype=HALF), net.input("y", 2, 7, 3, dtype=HALF)
    found = check(net.output(net(MatMul(dtype=HALF), x, y)), widen_products)
    assert [v.dtype for v in only(found, "matmul").inputs if v is not None] == [DType.F32, DType.F32]


@pytest.mark.parametrize("dtype", [DType.F32, DType.F64])
def test_other_types_stay(dtype: DType) -> None:
    net = Net()
    x, y = net.input("x", 5, 7, dtype=dtype), net.input("y", 7, 3, dtype=dtype)
    accumulator = DType.F64 if dtype == DType.F64 else DType.F32
    assert not widen_products(net.output(net(MatMul(accumulator=accumulator, dtype=dtype), x, y)))
