"""What the machine can do at most, and what a network needs at least."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgec.validate.cost import Typed, operations, traffic

PRODUCTS = {
    "conv",
    "conv_transpose",
    "matmul",
    "rnn",
}  # all that they take beside the first operand is weights


@dataclass(frozen=True)
class Limits:
    """f32 arithmetic in 10^9 operations a second, and (bytes, 10^9 bytes read a second) by the size read."""

    gflops: float
    gigabytes: list[tuple[int, float]]

    def bandwidth(self, size: int) -> float:
        """That of the smallest memory which holds `size` bytes.

        >>> Limits(1.0, [(1024, 9.0), (4096, 3.0)]).bandwidth(2000)
        3.0
        """
        return next((rate for held, rate in self.gigabytes if size <= held), self.gigabytes[-1][1])

    def least_ms(self, work: Work) -> float:
        """Milliseconds that the arithmetic takes, or reading the bytes, whichever is longer."""
        return 1e-6 * max(self.nanoseconds(work).values())

    def bound(self, work: Work) -> str:
        """Which of the two it is."""
        needed = self.nanoseconds(work)
        return max(needed, key=lambda name: needed[name])

    def nanoseconds(self, work: Work) -> dict[str, float]:
        reading = work.bytes / self.bandwidth(work.bytes)
        return {"operations": work.operations / self.gflops, "bytes": reading}


@dataclass(frozen=True)
class Work:
    """Of one run: arithmetic operations, a multiply-add counting two and a convolution by its definition; and
    bytes of inputs, outputs and the weights of matrix products, each once."""

    operations: int
    bytes: int


def measure_limits(cores: Sequence[int], machine: str = "native") -> Limits:
    """Of these cores together, by limits.c built for `machine`. Raises OSError or CalledProcessError."""
    source = Path(__file__).with_name("limits.c")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/limits"
        options = ["-O3", f"-march={machine}", "-ffp-contract=fast", "-pthread"]
        subprocess.run(["cc", *options, str(source), "-o", program], check=True)
        done = subprocess.run([program, *map(str, cores)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return Limits(found["gflops"], [(size, rate) for size, rate in found["gigabytes"]])


def work_of(model: Path, inputs: dict[str, Any]) -> Work:
    """What a run of an .edge file takes, control flow as it goes with these inputs."""
    import edgert

    session = edgert.load(str(model), device="cpu", threads=1)
    outputs = session.run(inputs)
    arithmetic, moved = 0, sum(np.asarray(a).nbytes for a in (*inputs.values(), *outputs.values()))
    for node in session.profile(inputs, runs=1):
        arithmetic += node.calls * operations(node.op, node.operands, node.results)
        if node.op in PRODUCTS:
            weights: list[Typed] = node.operands[1:3]
            moved += node.calls * traffic(weights, [])
    return Work(arithmetic, moved)
