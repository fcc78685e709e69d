"""Find normalisation and softmax where a model spells them out in smaller operators."""

from __future__ import annotations

from typing import NamedTuple

from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.ops.map import Map
from edgec.ops.normalize import Normalize
from edgec.ops.reduce import Reduce
from edgec.ops.softmax import Softmax
from edgec.passes.editor import Editor
from edgec.passes.layout_rules import fixed_axes


class Term(NamedTuple):
    """A scalar operation on tensors or numbers: the only one of a map."""

    op: str
    args: tuple[Value | float, ...]


class Moments(NamedTuple):
    """x - mean(x) over `axes` of `x`, divided by the root of its mean square plus `epsilon`."""

    x: Value
    axes: tuple[int, ...]
    epsilon: float


def composites(graph: Graph) -> bool:
    """(x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias becomes `normalize`.

    exp(x - max(x)) / sum(exp(x - max(x))) becomes `softmax`. Run after programs are simplified and
    reductions keep their axes, before maps are fused.
    """
    editor = Editor(graph)
    for node in editor:
        term = term_of(node)
        if term is None or node.outputs[0].dtype != DType.F32:
            continue
        if not _normalize(editor, node, term):
            _softmax(editor, node, term)
    return editor.finish()


def term_of(node: Node | None) -> Term | None:
    """What a map of a single instruction (constants left out) computes."""
    if node is None or not isinstance(node.op, Map):
        return None
    program = node.op.program
    n = len(program.operands)
    steps = [i for i in program.code if i.op != "const"]
    if len(steps) != 1 or program.code[-1] is not steps[0]:
        return None
    args: list[Value | float] = []
    for a in steps[0].args:
        args.append(node.operand(a) if a < n else float(program.code[a - n].value))
    return Term(steps[0].op, tuple(args))


class _Matcher:
    """Terms and reductions behind values."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def term(self, value: Value | float, op: str) -> tuple[Value | float, ...] | None:
        """The arguments of the operation `op` that makes `value`."""
        if not isinstance(value, Value):
            return None
        found = term_of(self._editor.producer(value))
        return found.args if found is not None and found.op == op else None

    def reduced(self, value: Value | float, kind: str) -> tuple[Value, tuple[int, ...]] | None:
        """The operand and axes of the plain reduction of `kind` that makes `value`, axes kept."""
        node = self._editor.producer(value) if isinstance(value, Value) else None
        if node is None or not isinstance(node.op, Reduce) or node.op.kind != kind or not node.op.keepdims:
            return None
        axes = fixed_axes(node.op)
        return (node.operand(0), axes) if axes is not None and len(node.inputs) == 1 else None

    def centred(self, value: Value | float) -> tuple[Value, tuple[int, ...]] | None:
        """x and the axes where `value` is x - mean(x)."""
        args = self.term(value, "sub")
        mean = self.reduced(args[1], "mean") if args is not None else None
        if args is None or mean is None or mean[0] is not args[0]:
            return None
        return mean

    def deviation(self, value: Value | float) -> Moments | None:
        """sqrt(mean(d * d) + epsilon) with d = x - mean(x)."""
        root = self.term(value, "sqrt")
        shifted = self.term(root[0], "add") if root is not None else None
        if shifted is None:
            return None
        variance, epsilon = shifted if isinstance(shifted[1], float) else shifted[::-1]
        square = self.reduced(variance, "mean")
        factors = self.term(square[0], "mul") if square is not None else None
        if square is None or factors is None or factors[0] is not factors[1]:
            return None
        found = self.centred(factors[0])
        if found is None or found[1] != square[1] or not isinstance(epsilon, float):
            return None
        return Moments(found[0], found[1], epsilon)


def _normalize(editor: Editor, node: Node, term: Term) -> bool:
    found = _moments(_Matcher(editor), term)
    if found is None or found.x.type != node.outputs[0].type:
        return False
    end, scale = _factor(editor, node, "mul")
    end, bias = _factor(editor, end, "add")
    result = end.outputs[0]
    made = editor.add(Normalize(found.axes, found.epsilon), [found.x, scale, bias], node, result.name)
    _substitute(editor, end, made)
    return True


def _moments(matcher: _Matcher, term: Term) -> Moments | None:
    """What a division, or a product with a reciprocal, normalises."""
    if term.op == "div":
        pairs = [(term.args[0], matcher.deviation(term.args[1]))]
    elif term.op == "mul":
        pairs = []
        for d, other in (term.args, term.args[::-1]):
            inverse = matcher.term(other, "recip")
            pairs.append((d, matcher.deviation(inverse[0]) if inverse is not None else None))
    else:
        return None
    for d, moments in pairs:
        if moments is not None and matcher.centred(d) == (moments.x, moments.axes):
            return moments
    return None


def _factor(editor: Editor, node: Node, op: str) -> tuple[Node, Value | None]:
    """The map that alone reads `node` and applies a constant with `op`, and the constant."""
    value = node.outputs[0]
    reader = editor.only_user(value)
    term = term_of(reader)
    if reader is None or term is None or term.op != op or reader.outputs[0].type != value.type:
        return node, None
    others = [a for a in term.args if a is not value]
    if len(others) != 1 or not isinstance(others[0], Value) or others[0].const is None:
        return node, None
    return reader, others[0]


def _softmax(editor: Editor, node: Node, term: Term) -> bool:
    matcher = _Matcher(editor)
    if term.op != "div" or not isinstance(term.args[0], Value):
        return False
    power = matcher.term(term.args[0], "exp")
    total = matcher.reduced(term.args[1], "sum")
    shifted = matcher.term(power[0], "sub") if power is not None else None
    greatest = matcher.reduced(shifted[1], "max") if shifted is not None else None
    if total is None or shifted is None or greatest is None or total[0] is not term.args[0]:
        return False
    x, axes = greatest
    if x is not shifted[0] or axes != total[1] or len(axes) != 1 or x.type != node.outputs[0].type:
        return False
    made = editor.add(Softmax(axes[0]), [x], node, node.outputs[0].name)
    _substitute(editor, node, made)
    return True


def _substitute(editor: Editor, end: Node, made: Value) -> None:
    """Read `made` in place of the result of `end`, and take out what only led there."""
    maker = editor.producer(made)
    editor.replace(end.outputs[0], made)
    editor.remove_dead(end, maker)
