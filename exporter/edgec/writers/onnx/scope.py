"""The ONNX graph that is being written: its nodes, names, constants and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from edgec.ir.dims import Dim, Expr
from edgec.ir.graph import Graph, Node, Value
from edgec.ir.types import DType
from edgec.writers.onnx.errors import OnnxError
from edgec.writers.onnx.target import Target, onnx_type

Handler = Callable[["Scope", Node], "str | Sequence[str]"]
HANDLERS: dict[str, Handler] = {}
_SHARED_BYTES = 4096


def writes(*names: str) -> Callable[[Handler], Handler]:
    """Registers the function that writes the core operators of these names; it returns its results' names."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


class Shared:
    """What a graph and its bodies have in common: the target, names that are taken, constants."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.domains = {""}
        self.initializers: list[TensorProto] = []
        self._names: set[str] = set()
        self._node_names: set[str] = set()
        self._by_value: dict[int, tuple[Value, str]] = {}
        self._by_bytes: dict[tuple[DType, tuple[int, ...], bytes], str] = {}

    def reserve(self, name: str) -> str:
        """`name` itself. Raises OnnxError where it is taken."""
        if name in self._names:
            raise OnnxError(f"two inputs or outputs are called '{name}'")
        self._names.add(name)
        return name

    def is_free(self, name: str) -> bool:
        return bool(name) and name not in self._names

    def unique(self, wanted: str) -> str:
        """A name for a value: `wanted`, with a number where it is taken."""
        return _unused(wanted or "value", self._names)

    def unique_node(self, wanted: str) -> str:
        """The same for nodes, whose names are apart from those of values."""
        return _unused(wanted or "node", self._node_names)

    def constant_of(self, value: Value) -> str:
        """The name of the initializer for a constant value."""
        if id(value) not in self._by_value:
            assert value.const is not None
            self.target.check_type(value.dtype, value.name)
            self._by_value[id(value)] = (value, self.constant(value.const, value.dtype, value.name))
        return self._by_value[id(value)][1]

    def constant(self, array: np.ndarray[Any, Any], dtype: DType, wanted: str) -> str:
        """The name of an initializer; small ones of equal contents are one."""
        small = array.nbytes <= _SHARED_BYTES and dtype != DType.STRING
        key = (dtype, array.shape, array.tobytes() if small else b"")
        if small and key in self._by_bytes:
            return self._by_bytes[key]
        name = self.unique(wanted)
        self.initializers.append(tensor_of(array, dtype, name))
        if small:
            self._by_bytes[key] = name
        return name


def _unused(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name


def tensor_of(array: np.ndarray[Any, Any], dtype: DType, name: str) -> TensorProto:
    """A TensorProto with the array's contents."""
    if dtype == DType.STRING:
        texts = [str(s).encode() for s in array.reshape(-1)]
        return TensorProto(name=name, data_type=TensorProto.STRING, dims=array.shape, string_data=texts)
    tensor: TensorProto = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
    return tensor


class Scope:
    """One ONNX graph. Bodies have their parent's names, constants and sizes."""

    def __init__(self, graph: Graph, shared: Shared, parent: Scope | None = None) -> None:
        self.graph, self.shared, self.parent = graph, shared, parent
        self.target = shared.target
        self.nodes: list[NodeProto] = []
        self.sizes: dict[Dim, str] = {}
        self.who = graph.name
        self.reserved: dict[Value, str] = {}  # names that values of the graph must get
        self._values: dict[Value, str] = {}
        for value, name in _source_names(graph).items():
            if value.const is None and shared.is_free(name):
                self.reserved[value] = shared.reserve(name)

    # -- values

    def name(self, value: Value | None) -> str:
        """The name that a value has in ONNX; "" for an operand that is left out."""
        if value is None:
            return ""
        if value in self._values:
            return self._values[value]
        if value.const is not None:
            return self.shared.constant_of(value)
        if self.parent is not None:
            return self.parent.name(value)
        raise OnnxError(f"'{self.who}': value '{value.name}' is used before it is made")

    def names(self, values: Iterable[Value | None]) -> list[str]:
        return [self.name(v) for v in values]

    def bind(self, value: Value, name: str) -> None:
        self._values[value] = name

    # -- nodes

    def emit(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """A node of one result; attributes that are None are left out."""
        return self.emit_many(op_type, inputs, 1, **attributes)[0]

    def emit_many(
        self, op_type: str, inputs: Sequence[str], results: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """The results of a node that has several."""
        if not self.target.has(op_type, domain):
            raise OnnxError(
                f"'{self.who}': {op_type} is not in opset {self.target.opset}; choose a newer one"
            )
        self.shared.domains.add(domain)
        label = f"{self.who}/{op_type}" if self.who else op_type
        outputs = [self.shared.unique(label) for _ in range(results)]
        given = list(inputs)
        while len(given) > self.target.least_operands(op_type) and not given[-1]:
            given.pop()
        kept = {k: v for k, v in attributes.items() if v is not None}
        name = self.shared.unique_node(label)
        node = helper.make_node(op_type, given, outputs, name=name, domain=domain, **kept)
        self.nodes.append(node)
        return outputs

    def constant(self, value: Any, dtype: DType = DType.I64) -> str:
        """An initializer of a number or array."""
        array = np.asarray(value).astype(dtype.numpy)
        return self.shared.constant(array, dtype, f"{dtype.text}_{array.size}" if array.ndim else dtype.text)

    def cast(self, name: str, given: DType, wanted: DType) -> str:
        """ONNX's Cast, which leaves open what a number out of range becomes; nothing where types agree."""
        if given == wanted:
            return name
        self.target.check_type(wanted, self.who)
        saturate = 0 if wanted.text.startswith("f8") else None
        return self.emit("Cast", name, to=onnx_type(wanted), saturate=saturate)

    # -- sizes

    def dims(self, dims: Sequence[Dim]) -> str:
        """An i64 vector of sizes."""
        from edgec.writers.onnx.sizes import vector

        return vector(self, dims)

    def ints(self, numbers: Sequence[int]) -> str:
        return self.constant(np.array(numbers, np.int64).reshape(-1))

    # -- running

    def run(self) -> None:
        """Write every node of the graph."""
        for node in self.graph.nodes:
            handler = HANDLERS.get(node.op.name)
            if handler is None:
                raise OnnxError(f"'{node.name}': ONNX has no operator for {node.op.name}")
            self.who = node.name
            mark = len(self.nodes)
            found = handler(self, node)
            results = [found] if isinstance(found, str) else list(found)
            for value, name in zip(node.outputs, results):
                if name:
                    self.target.check_type(value.dtype, node.name)
                    self.bind(value, self._settle(value, name, mark))
            self._label(node.name, mark)

    def _settle(self, value: Value, name: str, mark: int) -> str:
        """Give a new result its source name; what was there before keeps the name it has."""
        kept = set(self.sizes.values())
        fresh = any(name in node.output for node in self.nodes[mark:]) and name not in kept
        if not fresh:
            return name
        wanted = self.reserved.pop(value, "") or self.shared.unique(value.name)
        for node in self.nodes[mark:]:
            _rename(node.output, name, wanted)
            _rename(node.input, name, wanted)
        return wanted

    def _label(self, name: str, mark: int) -> None:
        """The last node of those that stand for one of the source takes its name."""
        if len(self.nodes) > mark and name:
            self.nodes[-1].name = self.shared.unique_node(name)

    def is_read(self, value: Value) -> bool:
        """Whether a node reads the value or it is a result; sizes may still be elements of it."""
        return value in self.graph.outputs or any(value in node.inputs for node in self.graph.nodes)

    def makes(self, name: str) -> bool:
        """Whether a node of this graph makes the name."""
        return any(name in node.output for node in self.nodes)

    def result(self, value: Value, wanted: str) -> None:
        """Make `wanted` the name of a result of the graph, by Identity where its value has another."""
        name = self.name(value)
        if name == wanted:
            return
        label = self.shared.unique_node(f"{wanted}/Identity")
        self.nodes.append(helper.make_node("Identity", [name], [wanted], name=label))


def _rename(names: Any, old: str, new: str) -> None:
    for i, name in enumerate(names):
        if name == old:
            names[i] = new


def _source_names(graph: Graph) -> dict[Value, str]:
    """For each value a name of the source model that means it in the axis order it has now."""
    found: dict[Value, str] = {}
    for name, source in graph.names.items():
        if source.value is not None and source.perm in (None, tuple(range(source.value.rank))):
            if source.value not in found or name == source.value.name:
                found[source.value] = name
    return found


def is_static(dims: Sequence[Dim]) -> bool:
    return not any(isinstance(d, Expr) for d in dims)
