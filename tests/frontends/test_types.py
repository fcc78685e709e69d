"""Every operator on every element type that its ONNX schema allows, on the interpreter and on the CPU."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import defs, helper
from single_node import ENGINES, assert_same, expected_of, feeds_of, one_node
from type_cases import EXAMPLES, Example, Numbers

from edgec.onnx_backend import Exported

RANDOM = np.random.default_rng(11)
SMALL = ("float16", "bfloat16")
ATTRIBUTED = {"LayerNormalization", "MelWeightMatrix"}  # attributes say of which type results are
TOLERANCES = {"float16": 4e-3, "bfloat16": 4e-2, "float64": 1e-6, "complex128": 1e-6}
# what a type parameter is while another one is tried
USUAL = ("float", "int64", "uint8", "bool", "int32")


@lru_cache(maxsize=1)
def schemas() -> dict[str, Any]:
    """The newest schema of each of ONNX's own operators."""
    found: dict[str, Any] = {}
    for schema in defs.get_all_schemas_with_history():
        known = found.get(schema.name)
        if schema.domain == "" and (known is None or known.since_version < schema.since_version):
            found[schema.name] = schema
    return found


def allowed(schema: Any) -> dict[str, list[str]]:
    """The tensor types of each of a schema's type parameters, by short name."""
    return {
        c.type_param_str: [t[7:-1] for t in c.allowed_type_strs if t.startswith("tensor(")]
        for c in schema.type_constraints
    }


def numpy_type(short: str) -> np.dtype[Any]:
    number = getattr(onnx.TensorProto, short.upper())
    return np.dtype(helper.tensor_dtype_to_np_dtype(number))


def numbers(shape: tuple[int, ...], kind: np.dtype[Any], low: float = -4, high: float = 4) -> Any:
    """Multiples of 1/8, which small floats hold exactly; whole for integers, not negative if unsigned."""
    if kind.kind == "O":
        return RANDOM.choice(np.array(["a", "bc", "", "d"], object), shape)
    eighths = RANDOM.integers(round(low * 8), round(high * 8), shape, endpoint=True) / 8
    if kind == np.bool_:
        return eighths > (low + high) / 2
    if kind.kind in "ui" or "int" in kind.name:
        whole = np.trunc(eighths)
        return (np.abs(whole) if "uint" in kind.name else whole).astype(kind)
    return (eighths * (1 - 2j) if kind.kind == "c" else eighths).astype(kind)


def values(array: Any, kind: np.dtype[Any]) -> Any:
    return array.astype(str).astype(object) if kind.kind == "O" else array.astype(kind)


def inputs_of(schema: Any, example: Example, parameter: str, short: str) -> list[Any]:
    """The example's inputs with `parameter` of type `short`, other parameters of a usual type."""
    kinds = allowed(schema)
    given = []
    for i, spec in enumerate(example.inputs):
        formal = schema.inputs[min(i, len(schema.inputs) - 1)].type_str
        if formal == parameter:
            kind = numpy_type(short)
        elif isinstance(spec, np.ndarray) and (formal not in kinds or spec.dtype.name in kinds[formal]):
            kind = spec.dtype
        elif formal in kinds:
            kind = numpy_type(next(u for u in USUAL if u in kinds[formal]))
        else:
            kind = numpy_type(formal[7:-1])
        if spec is None:
            given.append(None)
        elif isinstance(spec, Numbers):
            given.append(numbers(spec.shape, kind, spec.low, spec.high))
        else:
            given.append(values(spec, kind) if isinstance(spec, np.ndarray) else numbers(spec, kind))
    return given


def result_types(schema: Any, inputs: list[Any], short: str, count: int) -> list[np.dtype[Any] | None]:
    """The results' types: those of inputs, else of the tried type where it is small and possible."""
    formals = [schema.inputs[min(i, len(schema.inputs) - 1)].type_str for i in range(len(inputs))]
    given = {formal: x.dtype for formal, x in zip(formals, inputs) if x is not None}
    outputs = [schema.outputs[min(i, len(schema.outputs) - 1)].type_str for i in range(count)]
    tried = numpy_type(short)
    for formal, kinds in allowed(schema).items():
        if formal not in given and tried.name in SMALL and short in kinds and schema.name not in ATTRIBUTED:
            given[formal] = tried
    return [given.get(formal) for formal in outputs]


def widened(inputs: list[Any]) -> list[Any]:
    return [x.astype(np.float32) if x is not None and x.dtype.name in SMALL else x for x in inputs]


def reference(schema: Any, example: Example, inputs: list[Any]) -> list[Any] | None:
    """What ONNX's evaluator gives, in f32 for the small floats; None where it has no answer."""
    try:
        wide = widened(inputs)
        model = one_node(schema.name, schema.since_version, example.attributes, wide, example.results)
        return expected_of(model, feeds_of(model, wide))
    except Exception:
        return None


def differences(schema: Any, example: Example, parameter: str, short: str) -> str | None:
    """Why one type fails, or None."""
    inputs = inputs_of(schema, example, parameter, short)
    model = one_node(schema.name, schema.since_version, example.attributes, inputs, example.results)
    feeds = feeds_of(model, inputs)
    wanted = None if short in example.alone else reference(schema, example, inputs)
    kinds = result_types(schema, inputs, short, example.results)
    tolerance = max((TOLERANCES.get(x.dtype.name, 2e-5) for x in inputs if x is not None), default=2e-5)
    try:
        exported = Exported(model)
        for engine in ENGINES:
            found = exported.load(engine, strict=True).run(feeds)
            if wanted is None:
                wanted = list(found)
            for i, (a, b) in enumerate(zip(found, wanted)):
                a, b = np.asarray(a), np.asarray(b)
                assert_same(a, b.astype(kinds[i] or b.dtype), tolerance, f"{engine}, result {i}")
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {' '.join(lines[:4])[:300]}"
    return None


@pytest.mark.parametrize("op", EXAMPLES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_types(op: str) -> None:
    schema = schemas()[op]
    kinds = allowed(schema)
    used = {
        schema.inputs[min(i, len(schema.inputs) - 1)].type_str
        for e in EXAMPLES[op]
        for i, x in enumerate(e.inputs)
        if x is not None
    }
    failures = []
    for example in EXAMPLES[op]:
        for parameter in sorted(used & set(kinds)):
            for short in kinds[parameter]:
                if short in example.without:
                    continue
                why = differences(schema, example, parameter, short)
                if why:
                    failures.append(f"{parameter}={short} {example.attributes}: {why}")
    assert not failures, "\n".join(failures)


# whose element types are none, are attributes, or are those of tests of their own
ELSEWHERE = (
    "BitCast Bernoulli Cast CastLike Constant ConstantOfShape If ImageDecoder LinearAttention Loop "
    "Multinomial NonMaxSuppression RandomNormal RandomNormalLike RandomUniform RandomUniformLike "
    "RegexFullMatch Scan StringConcat StringNormalizer StringSplit TfIdfVectorizer"
).split()


def test_every_operator_has_an_example() -> None:
    """All of ONNX's own operators, but for sequences, optionals and what is tested elsewhere."""
    missing = [op for op in schemas() if op not in EXAMPLES and op not in ELSEWHERE]
    assert not [op for op in missing if "Sequence" not in op and "Optional" not in op]


def resized(spec: Any, size: int, wanted: int) -> Any:
    """The spec with every axis of `size` elements having `wanted`; fixed values as they are."""
    if isinstance(spec, tuple):
        return tuple(wanted if d == size else d for d in spec)
    if isinstance(spec, Numbers):
        return Numbers(resized(spec.shape, size, wanted), spec.low, spec.high)
    return spec


def sizes_of(example: Example) -> list[int]:
    shapes = [s.shape if isinstance(s, Numbers) else s for s in example.inputs]
    return sorted({d for shape in shapes if isinstance(shape, tuple) for d in shape})


def answers(exported: Exported, feeds: dict[str, Any]) -> list[Any]:
    """Each engine's results, or None where it refuses to run."""
    found = []
    for engine in ENGINES:
        try:
            found.append([np.asarray(x) for x in exported.load(engine, strict=True).run(feeds)])
        except (ValueError, RuntimeError):
            found.append(None)
    return found


# a convolution's kernel without elements is refused by one engine when it loads, by the other never
KERNELS = {"Conv", "ConvInteger", "ConvTranspose", "CausalConvWithState", "QLinearConv"}


@pytest.mark.parametrize("op", [op for op in EXAMPLES if op not in KERNELS])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_empty(op: str) -> None:
    """With each size of an example 0 in turn: the engines agree, and with the reference where it answers."""
    schema = schemas()[op]
    for example in EXAMPLES[op]:
        for size in sizes_of(example):
            empty = replace(example, inputs=[resized(s, size, 0) for s in example.inputs])
            formal = schema.inputs[0].type_str
            usual = next((u for u in USUAL if u in allowed(schema).get(formal, [])), "float")
            inputs = inputs_of(schema, empty, formal, usual)
            model = one_node(op, schema.since_version, example.attributes, inputs, example.results)
            what = f"{example.attributes} {[None if x is None else x.shape for x in inputs]}"
            try:
                exported = Exported(model)
            except ValueError:
                continue
            mine, other = answers(exported, feeds_of(model, inputs))
            assert (mine is None) == (other is None), f"{what}: only one engine answers"
            wanted = reference(schema, empty, inputs)
            for found in (mine, other):
                for a, b in zip(found or [], wanted or mine or []):
                    assert_same(a, b.astype(a.dtype), 2e-5, what)
