"""Random numbers are NumPy's where they are seeded."""

import numpy as np
import pytest
from harness import Device, compare, one_node, run

import edgert
from edgec.format.write import write_model
from edgec.ops.random import Random


@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("seed", [0, 12345, 2**32 - 1])
def test_seeded(cpu: Device, kind: str, seed: int) -> None:
    for shape in ((), (3, 5), (0, 4), (700,)):
        compare(Random(shape, kind, seed), [], cpu, tolerance=1e-14)


def test_without_a_seed_each_run_differs(cpu: Device) -> None:
    session = edgert.load(write_model(one_node(Random((20000,), "normal"), [])), device="cpu")
    first = session.run({})["y0"].copy()
    assert (first != session.run({})["y0"]).any()
    assert abs(first.mean()) < 0.05 and abs(first.std() - 1) < 0.05
    (uniform,) = run(Random((20000,)), [], cpu)
    assert 0 <= uniform.min() and uniform.max() < 1 and abs(np.mean(uniform) - 0.5) < 0.02


def test_damaged_attributes_are_refused(cpu: Device) -> None:
    for changed, reason in (({"seed": -1}, "attribute seed is -1"), ({"kind": "poisson"}, "kind")):
        model = one_node(Random((2,), seed=1), [])
        for name, value in changed.items():
            object.__setattr__(model.entries["main"].nodes[0].op, name, value)
        with pytest.raises(edgert.EdgertError, match=reason):
            edgert.load(write_model(model), device="cpu").run({})
