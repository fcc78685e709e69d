"""Graph inputs and outputs: their types, symbols and the guards that declared shapes give."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Union

import numpy as np
import onnx

from edgec.frontends.onnx import loading
from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.errors import ExportError, Problem
from edgec.ir.containers import container
from edgec.ir.dims import Dim, eq
from edgec.ir.graph import InputDim, Value
from edgec.ir.types import ElementType, TensorType

Size = Union[int, str]
CONTAINERS = ("sequence_type", "optional_type", "map_type")


def dense_of(sparse: onnx.SparseTensorProto) -> np.ndarray[Any, Any]:
    """The dense array of a sparse initialiser in COO form (flat or per-axis indices).

    Raises ValueError for indices that do not fit, MemoryError for an array that no machine holds.
    """
    shape = tuple(sparse.dims)
    if any(size < 0 for size in shape):
        raise ValueError(f"its sizes are {list(shape)}, expected 0 or more")
    values, indices = loading.array_of(sparse.values), loading.array_of(sparse.indices)
    table = indices.reshape(-1, 1) if indices.ndim == 1 else indices
    sizes = np.array([math.prod(shape)] if indices.ndim == 1 else shape, object)
    if table.ndim != 2 or table.shape != (values.size, len(sizes)) or table.dtype != np.int64:
        found = f"{indices.dtype}{list(indices.shape)}"
        raise ValueError(f"has indices {found} for {values.size} values in sizes {list(shape)}")
    wrong = ((table < 0) | (table >= sizes)).any(axis=1)
    if wrong.any():
        raise ValueError(f"has index {table[wrong][0].tolist()}, which is not within {sizes.tolist()}")
    if len(np.unique(table, axis=0)) < len(table):
        raise ValueError("has an index twice")
    result = np.zeros(shape, values.dtype)
    if indices.ndim == 1:
        result.reshape(-1)[indices] = values
    else:
        result[tuple(indices.T)] = values
    return result


def import_inputs(
    builder: Builder, given: Sequence[onnx.ValueInfoProto], shapes: Mapping[str, Sequence[Size]]
) -> dict[str, Value]:
    """Values for the graph inputs. Raises ExportError for inputs without a usable type."""
    problems: list[Problem] = []
    names = {i.name for i in given}
    for name in shapes:
        if name not in names:
            known = ", ".join(sorted(names))
            problems.append(Problem(name, "input", f"is no input; the inputs are {known}", "see --shape"))
    symbols: dict[str, Dim] = {}
    found: dict[str, Value] = {}
    for info in given:
        try:
            if info.type.WhichOneof("value") in CONTAINERS:
                found[info.name] = _container_input(builder, info, shapes.get(info.name))
            else:
                sizes = _sizes(info, shapes.get(info.name))
                found[info.name] = _input(builder, info, sizes, symbols)
        except ValueError as error:
            problems.append(Problem(info.name, "input", str(error)))
    if problems:
        raise ExportError(problems)
    return found


def _sizes(info: onnx.ValueInfoProto, override: Sequence[Size] | None) -> list[Size]:
    """The declared or overridden size of each axis: an int, a symbol's name, or "" for none."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        raise ValueError(f"has kind {kind}; inputs can be tensors, sequences, optionals and maps")
    declared = info.type.tensor_type
    if not declared.HasField("shape"):
        if override is None:
            raise ValueError(f"has no declared rank; give one with --shape {info.name}=...")
        return _checked(override)
    sizes: list[Size] = [_size_of(d) for d in declared.shape.dim]
    integers = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
    if sizes == [""] and declared.elem_type in integers and _is_zero(declared.shape.dim[0]):
        sizes = [0]  # an empty list of axes; elsewhere a declared 0 means "not known"
    return sizes if override is None else _overridden(sizes, override)


def _is_zero(dim: onnx.TensorShapeProto.Dimension) -> bool:
    return dim.HasField("dim_value") and dim.dim_value == 0


def _size_of(dim: onnx.TensorShapeProto.Dimension) -> Size:
    """A declared size; names without a letter or digit ("?") name nothing."""
    if dim.HasField("dim_param"):
        return dim.dim_param if any(c.isalnum() for c in dim.dim_param) else ""
    return max(dim.dim_value, 0) or ""


def _overridden(declared: list[Size], override: Sequence[Size]) -> list[Size]:
    sizes = _checked(override)
    if len(sizes) != len(declared):
        raise ValueError(f"has rank {len(declared)}, --shape gives {len(sizes)} sizes")
    for axis, (size, wanted) in enumerate(zip(declared, sizes)):
        if isinstance(size, int) and isinstance(wanted, int) and size != wanted:
            raise ValueError(f"has size {size} on axis {axis}, --shape gives {wanted}")
    return sizes


def _checked(override: Sequence[Size]) -> list[Size]:
    """Sizes from outside: integers of any kind, names, None for an axis without a name."""
    if isinstance(override, str) or not isinstance(override, Sequence):
        raise ValueError(f"its shape is given as {override!r}, expected sizes and names: (1, 3, 'h', 'w')")
    sizes: list[Size] = []
    for size in override:
        if isinstance(size, str) or size is None:
            sizes.append(size or "")
        elif isinstance(size, (int, np.integer)) and size >= 0:
            sizes.append(int(size))
        else:
            raise ValueError(f"{size!r} in its shape is neither a size, 0 or more, nor a name")
    return sizes


def opens_axes(given: Sequence[onnx.ValueInfoProto], shapes: Mapping[str, Sequence[Size]]) -> bool:
    """Whether `shapes` names an axis whose size the model declares: what it declares of outputs is void."""
    return any(
        isinstance(wanted, str) and declared.dim_value > 0
        for info in given
        for declared, wanted in zip(info.type.tensor_type.shape.dim, shapes.get(info.name, ()))
    )


def _input(
    builder: Builder, info: onnx.ValueInfoProto, sizes: Sequence[Size], symbols: dict[str, Dim]
) -> Value:
    """A graph input; the first axis of each symbol binds it, further ones must equal it."""
    dtype = loading.dtype_of(info.type.tensor_type.elem_type)
    shape: list[Dim] = []
    bound: list[tuple[str, int]] = []
    again: list[tuple[Dim, int]] = []
    for axis, size in enumerate(sizes):
        if isinstance(size, str) and size in symbols:
            again.append((symbols[size], axis))
            shape.append(symbols[size])
        elif isinstance(size, str):
            found = builder.new_symbol(size or f"{info.name}.{axis}")
            bound.append((str(found), axis))
            shape.append(found)
            if size:
                symbols[size] = found
        else:
            shape.append(size)
    value = builder.input(info.name, TensorType(dtype, tuple(shape)))
    graph = builder.frame.graph
    for name, axis in bound:
        graph.symbols[name] = InputDim(value, axis)
    builder.source = info.name
    for first, axis in again:
        found = builder.new_symbol(f"{info.name}.{axis}")
        graph.symbols[str(found)] = InputDim(value, axis)
        builder.guard(eq(first, found), f"axis {axis} of '{info.name}' is {found}, expected {first}")
    builder.name_value(info.name, value)
    return value


def _container_input(builder: Builder, info: onnx.ValueInfoProto, override: Sequence[Size] | None) -> Value:
    """A sequence, optional or map; `override` is the shape of the tensors that it holds."""
    type = loading.element_type(info.type)
    if override is not None:
        sizes = _checked(override)
        type = _holding(type, tuple(size if isinstance(size, int) else -1 for size in sizes))
    value = builder.input(info.name, container(type.dtype, type.element, type.key))
    builder.name_value(info.name, value)
    return value


def _holding(type: ElementType, shape: tuple[int, ...]) -> ElementType:
    """`type` with tensors of that shape in its innermost container."""
    if type.element is not None:
        return replace(type, element=_holding(type.element, shape))
    if type.shape is None or type.shape == shape:
        return replace(type, shape=shape)
    if len(type.shape) != len(shape) or any(p not in (-1, q) for p, q in zip(type.shape, shape)):
        raise ValueError(f"holds {type}, --shape gives {ElementType(type.dtype, shape)}")
    return replace(type, shape=shape)


def finish_output(builder: Builder, value: Value, info: onnx.ValueInfoProto, check: bool) -> Value:
    """The graph output for `value`; with `check`, guarded by what the model declares.

    An output that is an input, a constant or another output gets its own value through a reshape.
    """
    graph = builder.frame.graph
    declared = info.type.tensor_type
    if check and info.type.WhichOneof("value") == "tensor_type" and declared.HasField("shape"):
        _check_shape(builder, value, declared.shape)
    if value in graph.outputs:
        value = builder.copy(value)
    value = builder.own(value)
    value.name = info.name
    builder.name_value(info.name, value)
    return value


def _check_shape(builder: Builder, value: Value, shape: onnx.TensorShapeProto) -> None:
    """Guards for declared sizes that are numbers; names merely name our expressions."""
    if len(shape.dim) != value.rank:
        return
    for axis, (dim, declared) in enumerate(zip(value.shape, shape.dim)):
        if declared.dim_value > 0 and not isinstance(dim, int):
            builder.guard(
                eq(dim, declared.dim_value),
                f"axis {axis} of output '{value.name}' is {dim}, the model declares {declared.dim_value}",
            )
