"""What a core operator is: attributes, a shape rule and a NumPy definition."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from edgec.ir.dims import Dim, Expr, evaluate
from edgec.ir.graph import Graph
from edgec.ir.types import TensorType
from edgec.ops.program import Program

Array = np.ndarray[Any, Any]


class OpError(ValueError):
    """Operands or attributes an operator cannot take. The text says what, got and expected."""


class Context:
    """What a shape rule may ask for besides its operands' types.

    Collects guards (conditions that only a run can check) and names new count symbols.
    """

    def __init__(self, new_symbol: Callable[[str], Expr] | None = None) -> None:
        self.guards: list[tuple[Dim, str]] = []
        self.counts: list[tuple[int, int, Expr, Dim]] = []
        self._new_symbol = new_symbol

    def guard(self, condition: Dim, message: str) -> None:
        """Require `condition` != 0. Raises OpError at once where it is known to be 0."""
        if isinstance(condition, int):
            if not condition:
                raise OpError(message)
            return
        self.guards.append((condition, message))

    def count(self, output: int, axis: int, bound: Dim) -> Expr:
        """A new symbol for axis `axis` of result `output`, set by the kernel, at most `bound`."""
        if self._new_symbol is None:
            raise OpError("a size that only a run can know is not allowed here")
        found = self._new_symbol(f"{output}.{axis}")
        self.counts.append((output, axis, found, bound))
        return found


@dataclass(frozen=True)
class Op:
    """Base of all core operators; a subclass is a frozen dataclass of attributes.

    An attribute is an int, Dim, bool, float, str, Program, or a tuple of ints, Dims, floats or
    strs. Its name in a file is the field's name.
    """

    name: ClassVar[str] = ""
    # operands that may be given in a packed stored form (index -> form kinds); see format/forms
    packed: ClassVar[Mapping[int, Sequence[str]]] = {}

    @property
    def repeatable(self) -> bool:
        """Whether equal operands give equal results; what does not is neither folded nor shared."""
        return True

    def infer(self, operands: Sequence[TensorType | None], context: Context) -> list[TensorType]:
        """The results' types. Raises OpError, or records guards, where operands do not fit."""
        raise NotImplementedError(f"{self.name} has no shape rule")

    def infer_node(
        self, operands: Sequence[TensorType | None], bodies: Sequence[Graph], context: Context
    ) -> list[TensorType]:
        """`infer` for a node with bodies; only control operators look at them."""
        return self.infer(operands, context)

    def eval(self, operands: Sequence[Array | None]) -> list[Array]:
        """The results. Attributes must be ints by now (see `bind`)."""
        raise NotImplementedError(f"{self.name} has no definition")

    def bind(self: OpT, symbols: Mapping[str, int]) -> OpT:
        """The same operator with every symbolic attribute evaluated."""
        changed: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Expr):
                changed[f.name] = evaluate(value, symbols)
            elif isinstance(value, tuple) and any(isinstance(v, Expr) for v in value):
                changed[f.name] = tuple(evaluate(v, symbols) for v in value)
        return dataclasses.replace(self, **changed) if changed else self

    def attributes(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    def __str__(self) -> str:
        shown = [
            f"{f.name}={getattr(self, f.name)}"
            for f in dataclasses.fields(self)
            if f.default is dataclasses.MISSING or getattr(self, f.name) != f.default
        ]
        return f"{self.name}({', '.join(shown)})"


def static(dims: Sequence[Dim]) -> list[int]:
    """Dims as ints, which they are once an operator is bound. Raises OpError for a symbolic one."""
    found = [d for d in dims if not isinstance(d, Expr)]
    if len(found) != len(dims):
        raise OpError(f"size {next(d for d in dims if isinstance(d, Expr))} is not known yet")
    return [int(d) for d in found]


def given(operands: Sequence[Array | None]) -> list[Array]:
    """The operands of an eval that takes no absent ones. Raises OpError for one that is."""
    found = [np.asarray(o) for o in operands if o is not None]
    if len(found) != len(operands):
        raise OpError("an operand is missing")
    return found


OpT = TypeVar("OpT", bound=Op)
REGISTRY: dict[str, type[Op]] = {}


def register(cls: type[OpT]) -> type[OpT]:
    """Class decorator: makes an operator known by its name."""
    if not cls.name or cls.name in REGISTRY:
        raise ValueError(f"operator name {cls.name!r} is empty or taken")
    REGISTRY[cls.name] = cls
    return cls


__all__ = ["REGISTRY", "Array", "Context", "Op", "OpError", "Program", "given", "register", "static"]
