"""The table of handlers: which function turns an ONNX node into core operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, Union

import numpy as np

from edgec.frontends.onnx.errors import Unsupported
from edgec.ir.dims import Dim
from edgec.ir.graph import Value
from edgec.ops.base import OpError

if TYPE_CHECKING:
    import onnx

    from edgec.frontends.onnx.builder import Builder

_MISSING = object()


@dataclass
class Call:
    """An ONNX node as a handler sees it.

    `version` is the opset version its domain is imported at. `outputs` are the names of the results,
    "" where one is not used. `import_body(graph, arguments)` imports a graph attribute into the
    builder's current frame and returns its results. `declared` has the types that the model declares for
    values of the graph by their names, which may be wrong.
    """

    name: str
    op_type: str
    domain: str
    version: int
    inputs: Sequence[Value | None]
    outputs: Sequence[str]
    attributes: dict[str, Any]
    import_body: Callable[[onnx.GraphProto, Sequence[Value]], list[Value]]
    declared: Mapping[str, onnx.TypeProto] = field(default_factory=dict)

    def operand(self, index: int) -> Value:
        """Input `index`. Raises OpError where it is absent."""
        found = self.optional(index)
        if found is None:
            raise OpError(f"input {index} is missing")
        return found

    def optional(self, index: int) -> Value | None:
        return self.inputs[index] if index < len(self.inputs) else None

    def operands(self, count: int | None = None) -> list[Value]:
        """All inputs (or the first `count`), none of which may be absent."""
        return [self.operand(i) for i in range(len(self.inputs) if count is None else count)]

    def uses(self, index: int) -> bool:
        """Whether result `index` has a name."""
        return index < len(self.outputs) and self.outputs[index] != ""

    def has(self, name: str) -> bool:
        return name in self.attributes

    def _get(self, name: str, default: Any) -> Any:
        found = self.attributes.get(name, default)
        if found is _MISSING:
            raise OpError(f"attribute '{name}' is missing")
        return found

    def integer(self, name: str, default: Any = _MISSING) -> int:
        return int(self._get(name, default))

    def real(self, name: str, default: Any = _MISSING) -> float:
        """The attribute, which ONNX keeps in f32, as it does defaults."""
        return float(np.float32(self._get(name, default)))

    def flag(self, name: str, default: bool = False) -> bool:
        return bool(self._get(name, default))

    def text(self, name: str, default: Any = _MISSING) -> str:
        return str(self._get(name, default))

    def integers(self, name: str, default: Any = _MISSING) -> tuple[int, ...]:
        return tuple(int(v) for v in self._get(name, default))

    def reals(self, name: str, default: Any = ()) -> tuple[float, ...]:
        return tuple(float(v) for v in self._get(name, default))

    def texts(self, name: str, default: Any = ()) -> tuple[str, ...]:
        return tuple(self._get(name, default))

    def tensor(self, name: str) -> np.ndarray[Any, Any]:
        return np.asarray(self._get(name, _MISSING))

    def graph(self, name: str) -> onnx.GraphProto:
        found: onnx.GraphProto = self._get(name, _MISSING)
        return found

    def axis(self, rank: int, default: Any = _MISSING, name: str = "axis") -> int:
        """The attribute as an axis of a tensor of that rank, negative ones resolved."""
        return resolve_axis(self.integer(name, default), rank)


Result = Union[Value, Sequence[Value]]
Handler = Callable[["Builder", Call], Result]
Given = TypeVar("Given", bound=Handler)
HANDLERS: dict[tuple[str, str], Handler] = {}
REFUSED: set[tuple[str, str]] = set()  # of HANDLERS, those that only say why not


def onnx_op(*names: str, domain: str = "") -> Callable[[Given], Given]:
    """Decorator: the function handles these operators of `domain`."""

    def add(handler: Given) -> Given:
        for name in names:
            if (domain, name) in HANDLERS:
                raise ValueError(f"operator {domain}:{name} has two handlers")
            HANDLERS[domain, name] = handler
        return handler

    return add


def refuse(*names: str, domain: str = "", reason: str, advice: str = "") -> None:
    """Say why these operators of `domain` have no form, and what to do instead."""

    def refused(b: Builder, call: Call) -> Result:
        raise Unsupported(reason, advice)

    onnx_op(*names, domain=domain)(refused)
    REFUSED.update((domain, name) for name in names)


def resolve_axis(axis: int, rank: int) -> int:
    """A non-negative axis. Raises OpError where it is out of range."""
    if not -rank <= axis < rank:
        raise OpError(f"axis {axis} is out of range for rank {rank}")
    return axis % rank if rank else 0


def static_ints(builder: Builder, value: Value, what: str) -> tuple[int, ...]:
    """The elements of an integer tensor that must be known at export, as axes are.

    Raises Unsupported where they are not.
    """
    known: Sequence[Dim] = builder.dims_of(value)
    if not all(isinstance(d, int) for d in known):
        raise Unsupported(
            f"{what} ('{value.name}') is only known at run time",
            "make it a constant, or fix the shapes it comes from with --shape",
        )
    return tuple(d for d in known if isinstance(d, int))
