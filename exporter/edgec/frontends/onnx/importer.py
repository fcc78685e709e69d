"""ONNX models in, edgec models out.

Nodes are worked off a stack of steps. Inlining a function, or the chosen branch of an If, pushes its
nodes on the stack; so does trying the rest of a graph under one branch of an If (`control.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Union

import numpy as np
import onnx

from edgec.frontends.onnx import checks, functions, inputs, loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import ExportError, Problem, Unsupported
from edgec.frontends.onnx.loading import ModelSource
from edgec.frontends.onnx.order import in_order
from edgec.frontends.onnx.registry import HANDLERS, Call
from edgec.ir.dims import Dim
from edgec.ir.graph import Model, Value
from edgec.ops.base import OpError

# what a handler raises for a node that does not fit its operands or its operator's definition
BAD_NODE = (OpError, ValueError, KeyError, IndexError, ArithmeticError, MemoryError)
MAX_FUNCTION_DEPTH = 64
Shapes = Mapping[str, Sequence[Union[int, str]]]


class Poison:
    """Stands for the result of a node that could not be imported; nodes that read it are skipped."""


POISON = Poison()
Binding = Union[Value, Poison, None]


class TrialFailed(Exception):
    """What is being tried, a branch or the rest of a graph under it, does not type-check.

    `of_sizes` is False where other sizes would not help.
    """

    def __init__(self, problem: Problem, of_sizes: bool) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.of_sizes = of_sizes


@dataclass(eq=False)
class Scope:
    """Names visible to nodes: a graph's, or a function's (which sees nothing around it)."""

    opsets: Mapping[str, int]
    parent: Scope | None = None
    prefix: str = ""
    attributes: Mapping[str, onnx.AttributeProto] = field(default_factory=dict)
    names: dict[str, Binding] = field(default_factory=dict)
    depth: int = 0
    declared: dict[str, onnx.TypeProto] = field(default_factory=dict)

    def lookup(self, name: str, what: str = "input") -> Binding:
        """The value called `name`; None for the empty name. Raises OpError where there is none."""
        if name == "":
            return None
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        raise OpError(f"{what} '{name}' is not made by any node before it")


@dataclass(frozen=True)
class NodeStep:
    """Import one node."""

    node: onnx.NodeProto
    scope: Scope


@dataclass(frozen=True)
class BindStep:
    """Give results of an inlined graph their names outside of it."""

    inner: Scope
    results: Sequence[str]
    outer: Scope
    names: Sequence[str]
    source: str
    operator: str


Step = Union[NodeStep, BindStep]
StepHandler = Callable[["Importer", NodeStep, Call, "list[Step]"], None]


class Importer:
    """Imports one model. `problems` collects what cannot be expressed."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.builder = Builder(model.graph.name or "main")
        self.problems: list[Problem] = []
        self.functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        self.scopes: list[Scope] = []
        self.targets: list[tuple[Scope, list[str]]] = []
        self.trials = 0  # how many tries of a branch are under way
        self.forks = 0  # how many Ifs were tried both ways
        self.conditions: dict[Value, Dim] = {}  # data that an If has read as a dim
        self.variants = 0  # how deep copies of the rest of a graph are nested

    def run(self, shapes: Shapes) -> Model:
        """The imported model. Raises ExportError listing every problem."""
        graph = self.model.graph
        self.problems += checks.check_structure(self.model)
        scope = self.new_scope(loading.opsets_of(self.model.opset_import), None)
        constants = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
        given = [i for i in graph.input if i.name not in constants]
        opened = False
        try:
            scope.names.update(inputs.import_inputs(self.builder, given, shapes))
            opened = inputs.opens_axes(given, shapes)
        except ExportError as error:
            self.problems += error.problems
            scope.names.update({i.name: POISON for i in given})
        self.drain_graph(graph, scope)
        self._finish_outputs(graph, scope, check=not opened)
        if self.problems:
            raise ExportError(list(dict.fromkeys(self.problems)))
        frame = self.builder.frame
        metadata = {p.key: p.value for p in self.model.metadata_props}
        return Model({"main": frame.graph}, metadata)

    def _finish_outputs(self, graph: onnx.GraphProto, scope: Scope, check: bool) -> None:
        b = self.builder
        for output in graph.output:
            b.source = output.name
            try:
                value = scope.lookup(output.name, "output")
                if isinstance(value, Value):
                    checks.check_output(value, output, check)
                    result = inputs.finish_output(b, b.local(value), output, check)
                    b.frame.graph.outputs.append(result)
            except ValueError as error:
                self.problems.append(Problem(output.name, "output", str(error)))

    # -- scopes and graphs

    def new_scope(self, opsets: Mapping[str, int], parent: Scope | None, prefix: str = "") -> Scope:
        attributes = parent.attributes if parent else {}
        scope = Scope(opsets, parent, prefix, attributes, depth=parent.depth if parent else 0)
        self.scopes.append(scope)
        return scope

    def graph_steps(self, graph: onnx.GraphProto, scope: Scope) -> list[Step]:
        """Binds the graph's constants in `scope`; its nodes as steps, the first one last."""
        scope.declared.update((v.name, v.type) for v in (*graph.value_info, *graph.output))
        for tensor in graph.initializer:
            self._bind_constant(scope, tensor, partial(loading.array_of, tensor))
        for sparse in graph.sparse_initializer:
            self._bind_constant(scope, sparse.values, partial(inputs.dense_of, sparse))
        return [NodeStep(n, scope) for n in reversed(in_order(graph.node))]

    def _bind_constant(
        self, scope: Scope, tensor: onnx.TensorProto, read: Callable[[], np.ndarray[Any, Any]]
    ) -> None:
        """Bind `tensor`'s name to the constant that `read` gives; one that is damaged is a problem."""
        try:
            dtype = loading.dtype_of(tensor.data_type)
            scope.names[tensor.name] = self.builder.constant(read(), dtype, tensor.name)
        except BAD_NODE as error:
            self.problems.append(Problem(tensor.name, "initializer", str(error)))
            scope.names[tensor.name] = POISON

    def drain_graph(self, graph: onnx.GraphProto, scope: Scope) -> None:
        """Import all of a graph into the current frame."""
        self.targets.append((scope, [o.name for o in graph.output]))
        self.drain(self.graph_steps(graph, scope))
        self.targets.pop()

    def import_body(self, graph: onnx.GraphProto, outer: Scope, arguments: Sequence[Value]) -> list[Value]:
        """The results of a graph attribute imported into the current frame.

        Raises Unsupported where a result could not be imported.
        """
        checks.check_body(graph, len(arguments))
        scope = self.new_scope(outer.opsets, outer, outer.prefix)
        scope.names.update(zip((i.name for i in graph.input), arguments))
        source = self.builder.source
        self.drain_graph(graph, scope)
        self.builder.source = source
        return self.results(scope, [o.name for o in graph.output])

    def results(self, scope: Scope, names: Sequence[str]) -> list[Value]:
        found = [scope.lookup(n, "result") for n in names]
        if any(not isinstance(v, Value) for v in found):
            raise Poisoned
        return [self.builder.local(v) for v in found if isinstance(v, Value)]

    # -- steps

    def drain(self, stack: list[Step]) -> None:
        """Work off the stack, top first."""
        while stack:
            step = stack.pop()
            if isinstance(step, BindStep):
                self._bind_inlined(step)
            else:
                self._import_node(step, stack)

    def _bind_inlined(self, step: BindStep) -> None:
        self.builder.source = step.source
        for result, name in zip(step.results, step.names):
            try:
                self.bind(step.outer, name, step.inner.lookup(result, "result") if name else None)
            except OpError as error:
                problem = Problem(step.source, step.operator, str(error))
                if self.trials:
                    raise TrialFailed(problem, False) from error
                self.problems.append(problem)
                self.bind(step.outer, name, POISON)

    def _import_node(self, step: NodeStep, stack: list[Step]) -> None:
        node, scope = step.node, step.scope
        self.builder.source = scope.prefix + (node.name or next(iter(node.output), node.op_type))
        operands: list[Value | None] | None = None
        try:
            found = [scope.lookup(n) for n in node.input]
            if any(isinstance(v, Poison) for v in found):
                raise Poisoned
            operands = [v for v in found if not isinstance(v, Poison)]
            self._dispatch(step, operands, stack)
        except Poisoned:
            self._poison(step)
        except Unsupported as error:
            self._poison(step, error.reason, error.advice)
        except BAD_NODE as error:
            problem = self.problem(step, str(error), "")
            if self.trials:
                raise TrialFailed(problem, self._fits_some_sizes(step, operands)) from error
            self._poison(step, str(error))

    @staticmethod
    def _fits_some_sizes(step: NodeStep, operands: Sequence[Value | None] | None) -> bool:
        """Whether a node that does not fit might fit operands of other sizes; None: there are none."""
        if operands is None:
            return False
        domain = "" if step.node.domain == "ai.onnx" else step.node.domain
        version = step.scope.opsets.get(domain, 1)
        attributes = loading.attributes_of(step.node, step.scope.attributes)
        try:
            checks.check_node(step.node, domain, version, attributes)
        except OpError:
            return False
        return functions.fits_some_sizes(step.node, attributes, operands, version)

    def problem(self, step: NodeStep, reason: str, advice: str) -> Problem:
        domain = step.node.domain
        operator = f"{domain}.{step.node.op_type}" if domain else step.node.op_type
        return Problem(self.builder.source, operator, reason, advice)

    def _poison(self, step: NodeStep, reason: str = "", advice: str = "") -> None:
        if reason:
            self.problems.append(self.problem(step, reason, advice))
        for name in step.node.output:
            step.scope.names[name] = POISON

    def _dispatch(self, step: NodeStep, operands: list[Value | None], stack: list[Step]) -> None:
        node, scope = step.node, step.scope
        domain = "" if node.domain == "ai.onnx" else node.domain
        version = scope.opsets.get(domain, 1)
        attributes = loading.attributes_of(node, scope.attributes)
        local = self.functions.get((node.domain, node.op_type, node.overload))
        handler = HANDLERS.get((domain, node.op_type))
        if local is None:
            checks.check_node(node, domain, version, attributes)
        if local is not None:
            self.inline_function(step, local, attributes, stack)
        elif (domain, node.op_type) in STEP_HANDLERS or handler is not None:
            call = Call(
                self.builder.source,
                node.op_type,
                domain,
                version,
                operands,
                list(node.output),
                {k: loading.attribute_value(a) for k, a in attributes.items()},
                lambda graph, arguments: self.import_body(graph, scope, arguments),
                scope.declared,
            )
            if handler is None:
                STEP_HANDLERS[domain, node.op_type](self, step, call, stack)
            else:
                self.bind_results(step, handler(self.builder, call))
        else:
            self.inline_schema(step, operands, version, stack)

    def inline_schema(
        self, step: NodeStep, operands: Sequence[Value | None], version: int, stack: list[Step]
    ) -> None:
        """Push the body that ONNX gives for a node. Raises Unsupported where it gives none."""
        attributes = loading.attributes_of(step.node, step.scope.attributes)
        body = functions.schema_function(step.node, attributes, operands, version)
        if body is None:
            raise Unsupported("edgec has no form of this operator")
        defaults = functions.schema_defaults(step.node, version)
        self.inline_function(step, body, {**defaults, **attributes}, stack)

    def inline_function(
        self,
        step: NodeStep,
        function: onnx.FunctionProto,
        attributes: Mapping[str, onnx.AttributeProto],
        stack: list[Step],
    ) -> None:
        """Push the body of a function called by `step`."""
        if step.scope.depth >= MAX_FUNCTION_DEPTH:
            raise Unsupported(f"functions call each other more than {MAX_FUNCTION_DEPTH} deep")
        if len(step.node.input) > len(function.input):
            raise OpError(f"the function takes {len(function.input)} inputs, got {len(step.node.input)}")
        opsets = loading.opsets_of(function.opset_import, step.scope.opsets)
        inner = self.new_scope(opsets, None, f"{self.builder.source}/")
        inner.depth = step.scope.depth + 1
        defaults = {a.name: a for a in function.attribute_proto}
        inner.attributes = {**defaults, **attributes}
        actual = [step.scope.lookup(n) for n in step.node.input]
        actual += [None] * (len(function.input) - len(actual))
        inner.names.update(zip(function.input, actual))
        outputs = list(step.node.output)
        stack.append(
            BindStep(
                inner,
                function.output[: len(outputs)],
                step.scope,
                outputs,
                self.builder.source,
                step.node.op_type,
            )
        )
        stack += [NodeStep(n, inner) for n in reversed(in_order(function.node))]

    def bind_results(self, step: NodeStep, result: Union[Value, Sequence[Value]]) -> None:
        """Name the results of a node."""
        values = [result] if isinstance(result, Value) else list(result)
        for name, value in zip(step.node.output, values):
            self.bind(step.scope, name, value)

    def bind(self, scope: Scope, name: str, value: Binding) -> None:
        if name == "":
            return
        scope.names[name] = value
        if isinstance(value, Value):
            self.builder.name_value(scope.prefix + name, value)

    # -- backtracking

    def save(self) -> tuple[Any, ...]:
        names = [(s, dict(s.names)) for s in self.scopes]
        return self.builder.save(), names, list(self.problems), list(self.targets)

    def restore(self, saved: tuple[Any, ...]) -> None:
        frames, _, problems, targets = saved
        self.builder.restore(frames)
        self.restore_names(saved)
        self.problems = list(problems)
        self.targets = list(targets)

    @staticmethod
    def restore_names(saved: tuple[Any, ...]) -> None:
        """Only the names: what was emitted stays."""
        for scope, found in saved[1]:
            scope.names = dict(found)


class Poisoned(Exception):
    """An operand comes from a node that has been reported already."""


STEP_HANDLERS: dict[tuple[str, str], StepHandler] = {}


def import_model(source: ModelSource, shapes: Shapes | None = None) -> Model:
    """Import an ONNX model (a loaded one or a path).

    `shapes` overrides input shapes: {"x": (1, 3, 224, 224)} or names for symbols, ("batch", 3, "h", "w").
    Raises ExportError listing all problems.

    >>> import_model("model.onnx", {"x": ("batch", 3, 224, 224)})  # doctest: +SKIP
    """
    import edgec.frontends.onnx.families  # noqa: F401  (fills the table of handlers)

    return Importer(loading.load_model(source)).run(shapes or {})


__all__ = ["Importer", "import_model"]
