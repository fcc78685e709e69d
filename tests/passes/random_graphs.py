"""Random graphs of the operators that passes rewrite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from support import Net

from edgec.ir.graph import Graph, Value
from edgec.ops.conv_transpose import ConvTranspose
from edgec.ops.gather import Gather
from edgec.ops.matmul import MatMul
from edgec.ops.normalize import Normalize
from edgec.ops.pool import Pool
from edgec.ops.reduce import Reduce
from edgec.ops.resize import Resize
from edgec.ops.softmax import Softmax
from edgec.ops.view import Concat, Expand, Pad, Reshape, Slice, Transpose

_BATCH = 2
_LARGEST = 3000  # elements


class Grower:
    """Grows a graph by random steps on random values."""

    def __init__(self, seed: int, symbolic: bool) -> None:
        self.rng = np.random.default_rng(seed)
        self.net = Net()
        batch = "n" if symbolic else _BATCH
        self.pool = [self.net.input(name, batch, 4, 6, 6) for name in ("x", "y")]
        self.steps: list[Callable[[Value], Value | None]] = [
            self.conv, self.relu, self.add, self.scale, self.transpose, self.merge, self.split, self.mean,
            self.softmax, self.concat, self.slice, self.pad, self.flip, self.sigmoid, self.max_pool,
            self.normalize, self.matmul, self.pick, self.resize, self.up, self.expand, self.squares,
        ]  # fmt: skip

    def pick_axis(self, x: Value) -> int:
        return int(self.rng.integers(x.rank))

    def grow(self, steps: int) -> Graph | None:
        """The graph after some steps, or None where none fitted."""
        for _ in range(steps):
            x = self.pool[self.rng.integers(len(self.pool))]
            made = self.steps[self.rng.integers(len(self.steps))](x) if x.rank else None
            if made is not None and _elements(made) <= _LARGEST:
                self.pool.append(made)
        ends = list(dict.fromkeys(self.pool[2:][-2:]))
        return self.net.output(*ends) if ends else None

    def conv(self, x: Value) -> Value | None:
        if x.rank != 4 or not isinstance(x.shape[1], int) or _size(x, 2) < 3 or _size(x, 3) < 3:
            return None
        groups = 2 if x.shape[1] % 2 == 0 and self.rng.integers(2) else 1
        return self.net.conv(x, 4, int(self.rng.choice([1, 3])), int(self.rng.choice([1, 2])), groups)

    def up(self, x: Value) -> Value | None:
        if x.rank != 4 or not isinstance(x.shape[1], int):
            return None
        op = ConvTranspose((2, 2), (0, 0, 0, 0), (1, 1))
        return self.net.first(self.net(op, self.net.last(x), self.net.const(3, 2, 2, x.shape[1])))

    def relu(self, x: Value) -> Value:
        return self.net.relu(x)

    def sigmoid(self, x: Value) -> Value:
        return self.net.binary("mul", x, self.net.unary("sigmoid", x))

    def squares(self, x: Value) -> Value:
        return self.net.unary("sqrt", self.net(Reduce("mean", (x.rank - 1,)), self.net.binary("mul", x, x)))

    def add(self, x: Value) -> Value | None:
        same = [v for v in self.pool if v.shape == x.shape]
        return self.net.binary("add", x, same[self.rng.integers(len(same))])

    def scale(self, x: Value) -> Value:
        axis = self.pick_axis(x)
        shape = [1] * x.rank
        size = x.shape[axis]
        shape[axis] = size if isinstance(size, int) else 1
        op = str(self.rng.choice(["mul", "add", "sub"]))
        return self.net.binary(op, x, self.net.const(*shape[int(self.rng.integers(axis + 1)) :]))

    def transpose(self, x: Value) -> Value:
        return self.net(Transpose(tuple(int(i) for i in self.rng.permutation(x.rank))), x)

    def merge(self, x: Value) -> Value | None:
        if x.rank < 2:
            return None
        axis = int(self.rng.integers(x.rank - 1))
        together = x.shape[axis] * x.shape[axis + 1]
        return self.net.reshape(x, *x.shape[:axis], together, *x.shape[axis + 2 :])

    def split(self, x: Value) -> Value | None:
        axis = self.pick_axis(x)
        size = x.shape[axis]
        if not isinstance(size, int) or size % 2 or x.rank > 5:
            return None
        parts = (1, size) if self.rng.integers(4) == 0 else (2, size // 2)
        return self.net(Reshape((*x.shape[:axis], *parts, *x.shape[axis + 1 :])), x)

    def mean(self, x: Value) -> Value:
        kind = str(self.rng.choice(["mean", "max"]))
        return self.net(Reduce(kind, (self.pick_axis(x),), bool(self.rng.integers(2)) or x.rank == 1), x)

    def softmax(self, x: Value) -> Value:
        return self.net(Softmax(self.pick_axis(x)), x)

    def normalize(self, x: Value) -> Value | None:
        size = x.shape[-1]
        if not isinstance(size, int):
            return None
        return self.net(Normalize((self.pick_axis(x),)), x, self.net.const(size), self.net.const(size))

    def concat(self, x: Value) -> Value:
        same = [v for v in self.pool if v.shape == x.shape]
        return self.net(Concat(self.pick_axis(x)), x, same[self.rng.integers(len(same))])

    def slice(self, x: Value) -> Value | None:
        axis = self.pick_axis(x)
        size = x.shape[axis]
        if not isinstance(size, int) or size < 2:
            return None
        start = int(self.rng.integers(size - 1))
        count = int(self.rng.integers(1, size - start))
        starts = [start if i == axis else 0 for i in range(x.rank)]
        shape = [count if i == axis else d for i, d in enumerate(x.shape)]
        return self.net(Slice(tuple(starts), (1,) * x.rank, tuple(shape)), x)

    def flip(self, x: Value) -> Value | None:
        axis = self.pick_axis(x)
        size = x.shape[axis]
        starts = tuple(size - 1 if i == axis else 0 for i in range(x.rank))
        steps = tuple(-1 if i == axis else 1 for i in range(x.rank))
        return self.net(Slice(starts, steps, x.shape), x)

    def pad(self, x: Value) -> Value:
        pads = [0] * (2 * x.rank)
        pads[self.pick_axis(x)] = 1
        pads[x.rank + self.pick_axis(x)] = 2
        return self.net(Pad("constant", tuple(pads)), x)

    def max_pool(self, x: Value) -> Value | None:
        if x.rank != 4 or _size(x, 2) < 2 or _size(x, 3) < 2:
            return None
        op = Pool("max", (2, 2), (2, 2), (0, 0, 0, 0), (1, 1))
        return self.net.first(self.net(op, self.net.last(x)))

    def resize(self, x: Value) -> Value | None:
        axis = self.pick_axis(x)
        size = x.shape[axis]
        op = Resize("nearest", (axis,), (size * 2,), (2.0,), "asymmetric", "floor")
        return self.net(op, x)

    def matmul(self, x: Value) -> Value | None:
        size = x.shape[-1]
        if x.rank < 2 or not isinstance(size, int):
            return None
        return self.net(MatMul(), x, self.net.const(size, 5))

    def pick(self, x: Value) -> Value | None:
        axis = self.pick_axis(x)
        size = x.shape[axis]
        if not isinstance(size, int):
            return None
        index = np.array(int(self.rng.integers(-size, size)), np.int64)
        return self.net(Gather(axis), x, index)

    def expand(self, x: Value) -> Value | None:
        ones = [i for i, d in enumerate(x.shape) if d == 1]
        if not ones:
            return None
        return self.net(Expand(tuple(3 if i == ones[0] else d for i, d in enumerate(x.shape))), x)


def _size(x: Value, axis: int) -> int:
    size = x.shape[axis]
    return size if isinstance(size, int) else 1


def _elements(x: Value) -> int:
    total = 1
    for axis in range(x.rank):
        total *= max(_size(x, axis), 1)
    return total


def random_graph(seed: int, steps: int = 14, symbolic: bool = False) -> Graph | None:
    """A graph of up to `steps` random operators; the same for the same arguments."""
    return Grower(seed, symbolic).grow(steps)
