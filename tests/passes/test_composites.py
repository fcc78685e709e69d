"""Normalisation and softmax in pieces."""

from __future__ import annotations

import numpy as np
import pytest
from support import Net, check, names, only

from edgec.ir.graph import Value
from edgec.ops.normalize import Normalize
from edgec.ops.reduce import Reduce
from edgec.ops.softmax import Softmax
from edgec.passes.composites import composites
from edgec.passes.simplify_programs import simplify_programs


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def normalised(net: Net, x: Value, reciprocal: bool, axes: tuple[int, ...] = (2,)) -> Value:
    d = net.binary("sub", x, net(Reduce("mean", axes), x))
    variance = net(Reduce("mean", axes), net.binary("pow", d, scalar(2.0)))
    root = net.unary("sqrt", net.binary("add", variance, scalar(1e-3)))
    return net.binary("mul", d, net.unary("recip", root)) if reciprocal else net.binary("div", d, root)


@pytest.mark.parametrize("reciprocal", [False, True])
def test_layer_normalisation(reciprocal: bool) -> None:
    net = Net()
    y = normalised(net, net.input("x", 2, 3, 8), reciprocal)
    y = net.binary("add", net.binary("mul", net.constant(net.const(8)), y), net.const(8))
    found = check(net.output(y), simplify_programs, composites)
    assert names(found) == ["normalize"]
    op = only(found, "normalize").op
    assert isinstance(op, Normalize) and op.axes == (2,) and op.epsilon == pytest.approx(1e-3)


def test_normalisation_that_is_read_in_the_middle() -> None:
    net = Net()
    y = normalised(net, net.input("x", 2, 3, 8), False, (1, 2))
    found = check(net.output(net.binary("mul", y, net.const(8)), y), simplify_programs, composites)
    assert names(found) == ["normalize", "map"]


def test_other_axes_are_no_normalisation() -> None:
    net = Net()
    x = net.input("x", 2, 3, 8)
    d = net.binary("sub", x, net(Reduce("mean", (2,)), x))
    variance = net(Reduce("mean", (1,)), net.binary("mul", d, d))
    y = net.binary("div", d, net.unary("sqrt", net.binary("add", variance, scalar(1e-3))))
    assert not composites(check(net.output(y), simplify_programs))


def test_softmax() -> None:
    net = Net()
    x = net.input("x", 2, 3, 8)
    top = net.binary("max", net.constant(scalar(-np.inf)), net(Reduce("max", (1,)), x))
    e = net.unary("exp", net.binary("sub", x, top))
    from edgec.passes.views import views

    y = net.binary("div", e, net(Reduce("sum", (1,)), e))
    found = check(net.output(y), simplify_programs, views, composites)
    assert names(found) == ["softmax"] and only(found, "softmax").op == Softmax(1)
