"""Scalar expressions that ONNX has an operator for.

A rule is an expression as `str(program)` prints it, over operands x, y, z and constants a, b that become
attributes. add, mul, min, max, and, or match in either order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from edgec.ir.dims import Dim
from edgec.ir.types import DType
from edgec.ops.program import Program

Tree = Union[str, float, tuple[Any, ...]]
Numbers = dict[str, float]
_COMMUTE = frozenset({"add", "mul", "min", "max", "and", "or", "xor", "eq", "ne"})


@dataclass(frozen=True)
class Idiom:
    """`op_type` on `operands` with attributes made from the constants, since `opset`."""

    tree: Tree
    op_type: str
    operands: tuple[str, ...] = ("x",)
    attributes: Callable[[Numbers], dict[str, Any] | None] = lambda n: {}


@dataclass(frozen=True)
class Match:
    """An ONNX operator with attributes on registers of a program."""

    op_type: str
    registers: tuple[int, ...]
    attributes: dict[str, Any]


def _tree(text: str) -> Tree:
    return _from_ast(ast.parse(text, mode="eval").body)


def _from_ast(node: ast.expr) -> Tree:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        name = {"not_": "not", "and_": "and", "or_": "or"}.get(node.func.id, node.func.id)
        return (name, *map(_from_ast, node.args))
    if isinstance(node, ast.Name):
        return node.id
    return float(ast.literal_eval(node))


def _named(**names: str) -> Callable[[Numbers], dict[str, Any] | None]:
    return lambda n: {attribute: n[letter] for attribute, letter in names.items()}


def _slope(n: Numbers) -> dict[str, Any] | None:
    return {"alpha": n["a"]} if 0 <= n["a"] <= 1 else None


def _celu(n: Numbers) -> dict[str, Any] | None:
    return {"alpha": n["a"]} if np.float32(1 / n["b"]) == np.float32(n["a"]) else None


def _shrink(n: Numbers) -> dict[str, Any] | None:
    same = n["a"] == -n["c"] and n["b"] == n["d"]
    return {"lambd": n["c"], "bias": n["b"]} if same else None


_SOFTPLUS = "add(max(x, 0.0), log1p(exp(neg(abs(x)))))"
_GATE = "add(1.0, tanh(mul(0.7978845608028654, add(x, mul(0.044715, mul(x, mul(x, x)))))))"
_RULES: list[Idiom] = [
    Idiom(_tree(f"mul(x, tanh({_SOFTPLUS}))"), "Mish"),
    Idiom(_tree(_SOFTPLUS), "Softplus"),
    Idiom(_tree("mul(mul(0.5, x), add(1.0, erf(mul(x, 0.7071067811865476))))"), "Gelu"),
    Idiom(_tree(f"mul(mul(0.5, x), {_GATE})"), "Gelu", attributes=lambda n: {"approximate": "tanh"}),
    Idiom(_tree("mul(x, min(max(add(mul(x, 0.16666666666666666), 0.5), 0.0), 1.0))"), "HardSwish"),
    Idiom(
        _tree("min(max(add(mul(x, a), b), 0.0), 1.0)"),
        "HardSigmoid",
        attributes=_named(alpha="a", beta="b"),
    ),
    Idiom(_tree("select(lt(x, 0.0), expm1(x), x)"), "Elu"),
    Idiom(_tree("select(lt(x, 0.0), mul(a, expm1(x)), x)"), "Elu", attributes=_named(alpha="a")),
    Idiom(
        _tree("mul(b, select(le(x, 0.0), mul(a, expm1(x)), x))"),
        "Selu",
        attributes=_named(alpha="a", gamma="b"),
    ),
    Idiom(_tree("add(max(x, 0.0), min(mul(a, expm1(mul(x, b))), 0.0))"), "Celu", attributes=_celu),
    Idiom(_tree("add(max(x, 0.0), min(expm1(x), 0.0))"), "Celu"),
    Idiom(_tree("select(gt(x, a), x, 0.0)"), "ThresholdedRelu", attributes=_named(alpha="a")),
    Idiom(_tree("div(x, add(1.0, abs(x)))"), "Softsign"),
    Idiom(
        _tree("select(lt(x, a), add(x, b), select(gt(x, c), sub(x, d), 0.0))"),
        "Shrink",
        attributes=_shrink,
    ),
    Idiom(_tree("max(x, mul(x, a))"), "LeakyRelu", attributes=_slope),
    Idiom(_tree("select(lt(x, 0.0), mul(x, a), x)"), "LeakyRelu", attributes=_named(alpha="a")),
    Idiom(_tree("select(lt(x, 0.0), mul(x, y), x)"), "PRelu", ("x", "y")),
    Idiom(_tree("max(x, 0.0)"), "Relu"),
]


class Matcher:
    """Finds idioms in a program."""

    def __init__(self, program: Program, shapes: Sequence[tuple[Dim, ...]]) -> None:
        self.program, self.shapes = program, shapes
        self.first = len(program.operands)

    def at(self, register: int, allowed: Callable[[str, DType], bool]) -> Match | None:
        """The largest idiom whose result is the register, of an operator that `allowed` admits."""
        if register < self.first:
            return None
        dtype = self.program.code[register - self.first].dtype
        for rule in _RULES:
            bound: dict[str, int] = {}
            numbers: Numbers = {}
            if not allowed(rule.op_type, dtype) or not self._fits(rule.tree, register, bound, numbers):
                continue
            attributes = rule.attributes(numbers)
            if attributes is not None and self._broadcasts(rule, bound):
                return Match(rule.op_type, tuple(bound[o] for o in rule.operands), attributes)
        return None

    def constant(self, register: int) -> float | None:
        """The number that a register always holds."""
        if register < self.first:
            return None
        instruction = self.program.code[register - self.first]
        return float(instruction.value) if instruction.op == "const" else None

    def clip(self, register: int) -> tuple[int, int, int] | None:
        """(x, low, high) registers where the register is min(max(x, low), high) of constants."""
        inner = self._with_constant(register, "min")
        if inner is None:
            return None
        outer = self._with_constant(inner[0], "max")
        return None if outer is None else (outer[0], outer[1], inner[1])

    def _with_constant(self, register: int, op: str) -> tuple[int, int] | None:
        if register < self.first:
            return None
        instruction = self.program.code[register - self.first]
        if instruction.op != op:
            return None
        for x, limit in (instruction.args, instruction.args[::-1]):
            if self.constant(limit) is not None and self.constant(x) is None:
                return x, limit
        return None

    def _broadcasts(self, rule: Idiom, bound: dict[str, int]) -> bool:
        """PRelu's slope must not be larger than its data."""
        if rule.op_type != "PRelu":
            return True
        x, y = bound["x"], bound["y"]
        if x >= self.first or y >= self.first or len(self.shapes[y]) > len(self.shapes[x]):
            return False
        pairs = zip(self.shapes[y][::-1], self.shapes[x][::-1])
        return all(small in (1, large) for small, large in pairs)

    def _fits(self, tree: Tree, register: int, bound: dict[str, int], numbers: Numbers) -> bool:
        if isinstance(tree, float):
            value = self.constant(register)
            return value is not None and np.float32(value) == np.float32(tree)
        if isinstance(tree, str):
            if tree in "xyz":
                return bound.setdefault(tree, register) == register and self.constant(register) is None
            value = self.constant(register)
            return value is not None and numbers.setdefault(tree, value) == value
        if register < self.first:
            return False
        instruction = self.program.code[register - self.first]
        if instruction.op != tree[0]:
            return False
        orders = [instruction.args]
        if tree[0] in _COMMUTE:
            orders.append(instruction.args[::-1])
        for order in orders:
            kept, known = dict(bound), dict(numbers)
            if all(self._fits(t, r, kept, known) for t, r in zip(tree[1:], order)):
                bound.update(kept)
                numbers.update(known)
                return True
        return False
