"""Grows valid ONNX graphs by random steps. Every node is run when it is added, so that shapes, values and the
errors that arithmetic may make are known, and nodes without one right answer are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import numpy as np
import onnx
from onnx import helper, numpy_helper
from oracle import LARGEST, Array, Judge, Reject, errors_of, info, model_of

T = TypeVar("T")
NEWEST = 24  # the newest opset that ONNX Runtime knows all of
LARGEST_TENSOR = 4000
DTYPES = {
    "f": (np.float32, np.float32, np.float32, np.float32, np.float64, np.float16),
    "i": (np.int64, np.int64, np.int32, np.int32, np.int8, np.int16, np.uint8, np.uint16, np.uint32)
    + (np.uint64,),
    "b": (np.bool_,),
}  # fmt: skip


@dataclass(eq=False)
class Tensor:
    """A value of the graph, with what it is for the grown inputs and the bound on its error."""

    name: str
    array: Array
    error: float = 0.0
    judge: str = "given"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def rank(self) -> int:
        return self.array.ndim

    @property
    def kind(self) -> str:
        """f, i or b: floats, integers of either sign, truths."""
        return "i" if self.array.dtype.kind == "u" else str(self.array.dtype.kind)


@dataclass(frozen=True)
class Case:
    """A model, arrays for its inputs, and what its outputs should be."""

    model: onnx.ModelProto
    feeds: Mapping[str, Array]
    expected: Sequence[Tensor]


Step = Callable[["Grower"], Any]
STEPS: list[tuple[int, int, Step]] = []


def step(since: int = 7, weight: int = 1) -> Callable[[Step], Step]:
    """Decorator: the function adds nodes to a graph of opset `since` or newer, or raises Reject."""

    def add(function: Step) -> Step:
        STEPS.append((since, weight, function))
        return function

    return add


@dataclass
class Grower:
    """A graph being grown; a body of control flow sees the values of `outer`."""

    random: Random
    opset: int
    outer: Grower | None = None
    pool: list[Tensor] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    fixed: bool = False  # ranks hang on sizes: no size may be left open
    used: set[str] = field(default_factory=set)
    count: int = 0

    # -- choices

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def choose(self, options: Iterable[T]) -> T:
        found = list(options)
        if not found:
            raise Reject("nothing to choose from")
        return found[self.random.randrange(len(found))]

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return self.random.randint(low, high)

    def numbers(self) -> np.random.Generator:
        return np.random.default_rng(self.random.getrandbits(32))

    def pick(
        self,
        kinds: str = "fib",
        rank: int | range | None = None,
        fits: Callable[[Tensor], bool] | None = None,
    ) -> Tensor:
        """A value of one of the kinds, of that rank, for which `fits` holds; rather a late one."""
        ranks = range(rank, rank + 1) if isinstance(rank, int) else rank
        found = [
            t
            for t in self.values()
            if t.kind in kinds and (ranks is None or t.rank in ranks) and (fits is None or fits(t))
        ]
        if len(found) > 3 and self.chance(0.6):
            found = found[-3:]
        return self.choose(found)

    def values(self) -> list[Tensor]:
        return [*(self.outer.values() if self.outer else ()), *self.pool]

    def axis(self, x: Tensor) -> int:
        """One of the axes, from either end."""
        if not x.rank:
            raise Reject("no axes")
        return self.integer(-x.rank, x.rank - 1)

    def axes(self, x: Tensor, least: int = 0) -> list[int]:
        """Some of the axes in any order, from either end."""
        if x.rank < least:
            raise Reject("too few axes")
        found = list(range(x.rank))
        self.random.shuffle(found)
        return [a - x.rank * self.chance(0.3) for a in found[: self.integer(least, x.rank)]]

    # -- values

    def name(self, prefix: str = "v") -> str:
        root = self
        while root.outer is not None:
            root = root.outer
        root.count += 1
        return f"{prefix}{root.count}"

    def data(self, dtype: Any, shape: Sequence[int]) -> Array:
        """Floats around 0, small integers, either truth."""
        numbers, kind = self.numbers(), np.dtype(dtype)
        if kind.kind == "f":
            return np.asarray(numbers.standard_normal(shape)).astype(kind)
        low = {"b": 0, "u": 0}.get(kind.kind, -6)
        return np.asarray(numbers.integers(low, 2 if kind.kind == "b" else 7, shape)).astype(kind)

    def constant(self, array: Any, dtype: Any = None) -> Tensor:
        """An initialiser, or now and then a Constant node."""
        found = np.asarray(array, dtype)
        tensor = Tensor(self.name("c"), found)
        typed = self.opset >= 9 or found.dtype.kind == "f"  # what Constant could hold
        if self.outer is not None and not typed:
            raise Reject("no such constants yet")
        if self.outer is not None or (typed and self.chance(0.15)):
            self.nodes.append(
                helper.make_node("Constant", [], [tensor.name], value=numpy_helper.from_array(found))
            )
        else:
            self.constants[tensor.name] = found
        return tensor

    def size(self) -> int:
        return self.choose(
            [1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8] + [0] * self.chance(0.1) + [17] * self.chance(0.2)
        )

    def input(self) -> Tensor:
        kind = self.choose("ffffffib")
        shape = [self.size() for _ in range(self.choose([0, 1, 2, 2, 3, 3, 4, 4, 4, 5]))]
        while np.prod(shape) > LARGEST_TENSOR:
            shape.pop()
        tensor = Tensor(self.name("x"), self.data(self.choose(DTYPES[kind]), shape))
        self.pool.append(tensor)
        return tensor

    # -- nodes

    def one(self, operator: str, *operands: Tensor | None, **attributes: Any) -> Tensor:
        """The only result of a new node."""
        return self.add(operator, operands, 1, **attributes)[0]

    def add(
        self, operator: str, operands: Sequence[Tensor | None], results: int = 1, **attributes: Any
    ) -> list[Tensor]:
        """The results of a new node. Raises Reject where they are not worth testing."""
        given = [t.name if t is not None else "" for t in operands]
        while given and not given[-1]:
            given.pop()
        names = [self.name() for _ in range(results)]
        node = helper.make_node(operator, given, names, name=f"{operator}_{names[0]}", **attributes)
        return self.add_node(node, {t.name: t for t in operands if t is not None})

    def add_node(
        self, node: onnx.NodeProto, operands: Mapping[str, Tensor], roundings: float = 1.0
    ) -> list[Tensor]:
        judge = Judge(node, {name: t.array for name, t in operands.items()}, self.opset)
        for array in judge.results:
            self._check(array)
        errors = errors_of(judge, node.op_type, {name: t.error for name, t in operands.items()}, roundings)
        made = [Tensor(n, a, e, judge.name) for n, a, e in zip(judge.names, judge.results, errors)]
        self.nodes.append(node)
        self.use(operands)
        self.pool += made
        return made

    def fix_sizes(self) -> None:
        """Declare every size of the inputs: a rank hangs on one."""
        self.fixed = True
        if self.outer is not None:
            self.outer.fix_sizes()

    def use(self, names: Iterable[str]) -> None:
        grower: Grower | None = self
        while grower is not None:
            grower.used.update(names)
            grower = grower.outer

    @staticmethod
    def _check(array: Array) -> None:
        if array.dtype == object or array.dtype.kind not in "fiub" or array.ndim > 6:
            raise Reject("not a tensor of numbers")
        if array.size > LARGEST_TENSOR:
            raise Reject("too large")
        if array.dtype.kind == "f" and not (np.abs(array) <= LARGEST).all():
            raise Reject("too large a number")

    def grow(self, steps: int) -> None:
        """Take so many steps; those that do not fit are tried again with others."""
        known = [(weight, function) for since, weight, function in STEPS if since <= self.opset]
        table = [function for weight, function in known for _ in range(weight)]
        for _ in range(4 * steps):
            before, values = len(self.nodes), len(self.pool)
            try:
                self.choose(table)(self)
            except Reject:
                del self.nodes[before:], self.pool[values:]
                continue
            steps -= len(self.nodes) > before
            if steps <= 0:
                return


def random_case(random: Random, oldest: int = 7, newest: int = NEWEST, steps: int = 8) -> Case | None:
    """A graph of about so many nodes, None where nothing fitted; the same for equal states of `random`."""
    import steps_all  # noqa: F401  (fills the table of steps)

    grower = Grower(random, random.randint(oldest, newest))
    for _ in range(grower.choose([1, 1, 2, 3])):
        grower.input()
    given = list(grower.pool)
    grower.grow(grower.integer(2, steps))
    ends = [t for t in grower.pool[len(given) :] if t.name not in grower.used]
    if not ends:
        return None
    kept = ends[-3:]
    if grower.chance(0.2):
        kept += [t for t in [grower.choose(grower.pool)] if t not in kept]
    feeds = {t.name: t.array for t in given}
    try:
        return Case(_model(grower, given, kept), feeds, kept)
    except onnx.shape_inference.InferenceError:  # it knows more of constants in the whole than in parts
        return None


def _model(grower: Grower, given: Sequence[Tensor], kept: Sequence[Tensor]) -> onnx.ModelProto:
    """The model without nodes that no output needs, checked, with some sizes of inputs left open."""
    needed = {t.name for t in kept}
    nodes = []
    for node in reversed(grower.nodes):
        if needed & set(node.output):
            nodes.append(node)
            needed |= names_read(node)
    constants = [numpy_helper.from_array(a, n) for n, a in grower.constants.items() if n in needed]
    inputs = [info(t.name, t.array, _declared(grower, t)) for t in given]
    outputs = [info(t.name, t.array, [None] * t.rank) for t in kept]
    model = model_of(nodes[::-1], inputs, outputs, grower.opset, constants)
    onnx.checker.check_model(model, full_check=True)
    return model


def _declared(grower: Grower, tensor: Tensor) -> list[int | str]:
    """Sizes, or names for them: a declared 0 would say that nothing is known."""
    shape: list[int | str] = list(tensor.shape)
    fixed = grower.fixed or grower.chance(0.5)
    for axis, size in enumerate(shape):
        if size == 0 or (not fixed and grower.chance(0.5)):
            shape[axis] = f"{tensor.name}_{axis}"
    return shape


def names_read(node: onnx.NodeProto) -> set[str]:
    """The values that a node reads, those captured by its bodies included."""
    found = {name for name in node.input if name}
    for attribute in node.attribute:
        if attribute.HasField("g"):
            found |= captures(attribute.g)
    return found


def captures(graph: onnx.GraphProto) -> set[str]:
    """The values from outside that a body reads."""
    made = {i.name for i in graph.input} | {c.name for c in graph.initializer}
    read = {o.name for o in graph.output}
    for node in graph.node:
        read |= names_read(node)
        made |= set(node.output)
    return read - made
