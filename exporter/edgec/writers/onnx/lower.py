"""Turn a graph of core operators into one that ONNX can say node by node.

Fused programs become maps of their own, and channels-last operators ONNX's, between transposes that the
layout pass then moves and cancels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType, TensorType
from edgec.ops.map import Map
from edgec.ops.program import Instruction, Program, identity
from edgec.ops.view import Transpose
from edgec.passes.common_subexpressions import common_subexpressions
from edgec.passes.dead_code import dead_code
from edgec.passes.editor import Editor, constant
from edgec.passes.layout import layout
from edgec.passes.views import views
from edgec.writers.onnx.foreign import foreign
from edgec.writers.onnx.target import Target

Rule = Callable[["Lowering"], None]
RULES: dict[str, Rule] = {}
LATE_RULES: dict[str, Rule] = {}


def lowers(name: str, late: bool = False) -> Callable[[Rule], Rule]:
    """Registers the function that lowers a core operator, after the layout is chosen where `late`."""

    def register(rule: Rule) -> Rule:
        (LATE_RULES if late else RULES)[name] = rule
        return rule

    return register


def lower(graph: Graph, target: Target) -> None:
    """Rewrite a graph and its bodies for ONNX, with as few transposes as the layout pass leaves.

    Raises OnnxError for what cannot be said at the target's opset.
    """
    for inner in list(graph.walk())[::-1]:
        _apply(RULES, inner, target)
        for run in (dead_code, views, layout):
            run(inner)
        _apply(LATE_RULES, inner, target)
        for run in (views, common_subexpressions, views, dead_code):
            run(inner)


def _apply(rules: dict[str, Rule], graph: Graph, target: Target) -> None:
    editor = Editor(graph)
    for node in editor:
        rule = rules.get(node.op.name)
        if rule is not None:
            rule(Lowering(editor, node, target))
    editor.finish()


@dataclasses.dataclass
class Lowering:
    """One node that is being replaced."""

    editor: Editor
    node: Node
    target: Target

    def map(self, program: Program, operands: Sequence[Value], dtype: int) -> Value:
        return self.editor.add(Map(program, dtype), list(operands), self.node)

    def cast(self, value: Value, dtype: DType) -> Value:
        """value as another element type that holds it; constants at once."""
        if value.dtype == dtype:
            return value
        if value.const is not None:
            return constant(value.name, value.const.astype(dtype.numpy), dtype)
        if value.dtype.compute == dtype.compute:
            return self.map(identity(dtype), [value], dtype)
        code = Instruction("cast", (0,), dtype.compute)
        return self.map(Program((value.dtype.compute,), (code,)), [value], dtype)

    def transpose(self, value: Value, perm: Sequence[int]) -> Value:
        if value.const is not None:
            return constant(value.name, value.const.transpose(perm), value.dtype)
        return self.editor.add(Transpose(tuple(perm)), [value], self.node, value.name)

    def channels_first(self, value: Value) -> Value:
        return self.transpose(value, first_order(value.rank))

    def channels_last(self, value: Value) -> Value:
        return self.transpose(value, last_order(value.rank))

    def onnx(
        self, op_type: str, operands: Sequence[Value | None], result: TensorType, **settings: Any
    ) -> Value:
        """The result of an ONNX node."""
        return self.editor.add(foreign(op_type, result, **settings), list(operands), self.node)

    def become(self, *results: Value) -> None:
        """`results` stand for the node's."""
        for old, new in zip(self.node.outputs, results, strict=True):
            if new.name != old.name:
                new.name = old.name
            self.editor.replace(old, new)
        self.editor.remove(self.node)

    def finish(self, value: Value, program: Program | None, extras: Sequence[Value], dtype: int) -> None:
        """The node becomes `value` after its epilogue."""
        if program is None:
            self.become(self.cast(value, DType(dtype)))
        else:
            self.become(self.map(program, [value, *extras], dtype))


def first_order(rank: int) -> tuple[int, ...]:
    """The permutation from [N, *S, C] to [N, C, *S]."""
    return (0, rank - 1, *range(1, rank - 1))


def last_order(rank: int) -> tuple[int, ...]:
    """The permutation from [N, C, *S] to [N, *S, C]."""
    return (0, *range(2, rank), 1)


def moved(type_: TensorType, perm: Sequence[int], dtype: DType | None = None) -> TensorType:
    return TensorType(dtype or type_.dtype, tuple(type_.shape[i] for i in perm))


def given(values: Sequence[Value | None]) -> list[Value]:
    return [v for v in values if v is not None]


def take_bias(
    program: Program | None, extras: Sequence[Value], width: Any
) -> tuple[Value | None, Program | None, list[Value]]:
    """(vector, rest, the rest's extras) of an epilogue that first adds a vector [width] to the accumulator.

    Where it does not begin so, the vector is None and the rest all of it.
    """
    if program is None:
        return None, None, []
    count = len(program.operands)
    uses = [i for i, code in enumerate(program.code) if 0 in code.args]
    if len(uses) == 1 and program.code[uses[0]].op == "add":
        place, args = uses[0], program.code[uses[0]].args
        other = args[1] if args[0] == 0 else args[0]
        readers = sum(code.args.count(other) for code in program.code)
        if 0 < other < count and readers == 1 and extras[other - 1].shape == (width,):
            kept = [e for i, e in enumerate(extras, 1) if i != other]
            return extras[other - 1], _without(program, place, other), kept
    return None, program, list(extras)


def _without(program: Program, place: int, operand: int) -> Program | None:
    """The program where register 0 is already what instruction `place`, which reads `operand`, makes."""
    count = len(program.operands)
    numbers = {count + place: 0}
    for register in range(count + len(program.code)):
        if register not in (operand, count + place):
            numbers[register] = register - (register > operand) - (register > count + place)
    code = tuple(
        Instruction(i.op, tuple(numbers[a] for a in i.args), i.dtype, i.value)
        for at, i in enumerate(program.code)
        if at != place
    )
    operands = tuple(d for i, d in enumerate(program.operands) if i != operand)
    return Program(operands, code) if code else None
