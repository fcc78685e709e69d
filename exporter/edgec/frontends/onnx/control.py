"""If, Loop and Scan.

An If whose condition is known at import is inlined, and nobody looks at the other branch. All others have
both branches tried, and one that does not fit the sizes that are known is pruned into a guard. So is one
under which the rest of the graph does not type-check, where the condition is on a shape (it is a dim) or the
branches differ in rank or dtype. A condition on data is read as a dim for such guards. See `branch`.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from edgec.frontends.onnx import checks
from edgec.frontends.onnx.builder import Builder, Frame
from edgec.frontends.onnx.errors import Problem, Unsupported
from edgec.frontends.onnx.importer import (
    STEP_HANDLERS,
    BindStep,
    Importer,
    NodeStep,
    Step,
    TrialFailed,
)
from edgec.frontends.onnx.registry import Call
from edgec.ir.dims import Dim, logical_not
from edgec.ir.graph import Value
from edgec.ir.types import DType
from edgec.ops.base import OpError
from edgec.ops.control import If

MAX_FORKS = 64
MAX_VARIANT_DEPTH = 3
_ADVICE = "fix the sizes it depends on with --shape"


def branch(importer: Importer, step: NodeStep, call: Call, stack: list[Step]) -> None:
    """If: inlined, pruned to one branch with a guard, kept as a node, or the rest of the graph twice."""
    b = importer.builder
    condition = call.operand(0)
    branches = (call.graph("then_branch"), call.graph("else_branch"))
    for graph in branches:
        checks.check_body(graph, 0, len(call.outputs))
    chosen = _known_condition(importer, condition)
    if isinstance(chosen, int):
        inline(importer, step, call, branches[0 if chosen else 1], stack)
        return
    start = importer.save()
    outcomes = [_try_body(importer, call, g, chosen is not None) for g in branches]
    frames = [f for f in outcomes if isinstance(f, Frame)]
    problems = [p for p in outcomes if isinstance(p, Problem)]
    if len(frames) == 2 and _same_kinds(frames):
        importer.bind_results(step, _if_node(b, condition, frames))
        return
    importer.restore(start)
    if chosen is None or len(frames) == 2:
        _count_fork(importer)
    if chosen is None:
        if condition.dtype != DType.BOOL:
            raise OpError(f"condition is {condition.type}, expected bool")
        (chosen,) = b.dims_of(b.reshape(b.cast(condition, DType.I64), ()))
        importer.conditions[condition] = chosen
    if len(frames) == 2:
        fork(importer, step, call, chosen, stack)
    elif len(frames) == 1:
        first = isinstance(outcomes[0], Frame)
        b.guard(chosen if first else logical_not(chosen), _pruned(chosen, first, *problems))
        inline(importer, step, call, branches[0 if first else 1], stack)
    else:
        raise OpError(_both_failed(problems))


def _count_fork(importer: Importer) -> None:
    importer.forks += 1
    if importer.forks > MAX_FORKS:
        raise Unsupported("too many Ifs with branches of different ranks or such as do not fit", _ADVICE)


def _known_condition(importer: Importer, condition: Value) -> Dim | None:
    """The condition where it is a dim: 1 or 0 where that follows from the branch that this is in.

    None for data, unless an If around this one has decided on it.
    """
    b, known = importer.builder, importer.builder.contents(condition)
    chosen = importer.conditions.get(condition) if known is None else known.reshape(-1)[0]
    if chosen is None or isinstance(chosen, int):
        return chosen
    if b.is_known(chosen) or b.is_known(logical_not(chosen)):
        return int(b.is_known(chosen))
    return None if known is None else chosen


def _pruned(condition: Dim, kept_then: bool, problem: Problem | None = None) -> str:
    holds, other = ("holds", "else") if kept_then else ("does not hold", "then")
    why = f"does not fit: {problem}" if problem else "gives shapes that the rest of the graph cannot take"
    return f"condition {condition} {holds}, for the {other} branch {why}"


def _both_failed(problems: Sequence[Problem]) -> str:
    return "neither branch fits: " + "; ".join(map(str, problems))


def inline(importer: Importer, step: NodeStep, call: Call, graph: onnx.GraphProto, stack: list[Step]) -> None:
    """Push a branch's nodes on the stack, and the naming of its results below them."""
    inner = importer.new_scope(step.scope.opsets, step.scope, step.scope.prefix)
    results = [o.name for o in graph.output]
    stack.append(BindStep(inner, results, step.scope, list(step.node.output), call.name, "If"))
    stack += importer.graph_steps(graph, inner)


def _try_body(importer: Importer, call: Call, graph: onnx.GraphProto, on_shape: bool) -> Frame | Problem:
    """The branch imported as a body, or the problem where it does not type-check.

    A branch taken on data that no sizes would help is imported all the same, for the list of its problems.
    """
    saved = importer.save()
    importer.trials += 1
    try:
        return _import_branch(importer, call, graph)
    except TrialFailed as failure:
        importer.restore(saved)
        importer.builder.source = call.name
        if on_shape or failure.of_sizes:
            return failure.problem
        if importer.trials > 1:
            raise
    finally:
        importer.trials -= 1
    return _import_branch(importer, call, graph)


def _import_branch(importer: Importer, call: Call, graph: onnx.GraphProto) -> Frame:
    b = importer.builder
    with b.body(f"{call.name}/{graph.name}") as frame:
        close(b, frame, call.import_body(graph, []))
    return frame


def close(b: Builder, frame: Frame, results: Sequence[Value]) -> None:
    """Make `results` the outputs of the body being written, each a node's result of its own."""
    for value in results:
        own = b.own(value)
        frame.graph.outputs.append(b.copy(own) if own in frame.graph.outputs else own)


def _same_kinds(frames: Sequence[Frame]) -> bool:
    kinds = [[(v.dtype, v.rank) for v in f.graph.outputs] for f in frames]
    return kinds[0] == kinds[1]


def _if_node(b: Builder, condition: Value, frames: Sequence[Frame]) -> list[Value]:
    captured = b.close_bodies(frames)
    scalar = b.reshape(condition, ())
    return b.emit(If(), [scalar, *captured], tuple(f.graph for f in frames))


def fork(importer: Importer, step: NodeStep, call: Call, condition: Dim, stack: list[Step]) -> None:
    """Import the rest of the graph under each branch; keep the one that type-checks, or both as bodies."""
    rest, start = list(stack), importer.save()
    alive: list[tuple[Dim, onnx.GraphProto, object]] = []
    failures: list[Problem] = []
    for first in (True, False):
        graph = call.graph("then_branch" if first else "else_branch")
        holds = condition if first else logical_not(condition)
        importer.builder.guard(holds, _pruned(condition, first))
        failure = _try_rest(importer, step, call, graph, rest)
        if failure is None:
            alive.append((holds, graph, importer.save()))
        else:
            failures.append(failure)
        importer.restore(start)
        importer.builder.source = call.name
    stack.clear()
    if len(alive) == 2:
        _duplicate(importer, step, call, [(holds, graph) for holds, graph, _ in alive], rest)
    elif len(alive) == 1:
        importer.restore(alive[0][2])  # type: ignore[arg-type]
    else:
        stack += rest
        raise OpError(_both_failed(failures))


def _try_rest(
    importer: Importer, step: NodeStep, call: Call, graph: onnx.GraphProto, rest: list[Step]
) -> Problem | None:
    importer.trials += 1
    try:
        stack = list(rest)
        inline(importer, step, call, graph, stack)
        importer.drain(stack)
    except TrialFailed as failure:
        return failure.problem
    finally:
        importer.trials -= 1
    return None


def _duplicate(
    importer: Importer,
    step: NodeStep,
    call: Call,
    variants: Sequence[tuple[Dim, onnx.GraphProto]],
    rest: list[Step],
) -> None:
    """The rest of the graph as the two bodies of one `if`."""
    b, (scope, names) = importer.builder, importer.targets[-1]
    if importer.variants >= MAX_VARIANT_DEPTH:
        raise Unsupported("both branches of too many Ifs on shapes fit the rest of the graph", _ADVICE)
    importer.variants += 1
    start, frames = importer.save(), []
    for holds, graph in variants:
        with b.body(f"{call.name}/{graph.name}") as frame:
            frame.facts.add(holds)
            stack = list(rest)
            inline(importer, step, call, graph, stack)
            importer.drain(stack)
            close(b, frame, importer.results(scope, names))
        frames.append(frame)
        importer.restore_names(start)
    importer.variants -= 1
    b.source = call.name
    if not _same_kinds(frames):
        raise Unsupported("its branches lead to results of different ranks", _ADVICE)
    for name, value in zip(names, _if_node(b, call.operand(0), frames)):
        importer.bind(scope, name, value)


STEP_HANDLERS["", "If"] = branch
