"""What a kernel of one's own is shown of a constant."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

import edgert
from edgec.format.write import write_model
from edgec.ir.graph import Graph, Model
from edgec.ir.types import DType, TensorType
from edgec.ops.base import Context, Op
from edgert.library import library

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "edgert"))
import graphs  # noqa: E402


class Form(ctypes.Structure):
    """edgert_form"""

    _fields_: ClassVar = [
        ("kind", ctypes.c_char_p), ("params", ctypes.c_void_p), ("param_count", ctypes.c_uint64),
        ("data", ctypes.c_void_p), ("bytes", ctypes.c_uint64),
    ]  # fmt: skip


class Operand(ctypes.Structure):
    """edgert_operand"""

    _fields_: ClassVar = [
        ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("dims", ctypes.c_void_p),
        ("data", ctypes.c_void_p), ("data_bytes", ctypes.c_uint64), ("form", ctypes.c_char_p),
        ("form_params", ctypes.c_void_p), ("form_param_count", ctypes.c_uint64),
        ("forms", ctypes.POINTER(Form)), ("form_count", ctypes.c_uint64),
    ]  # fmt: skip


class Plan(ctypes.Structure):
    """The beginning of edgert_plan."""

    _fields_: ClassVar = [
        ("size", ctypes.c_uint32), ("threads", ctypes.c_int32), ("node", ctypes.c_void_p),
        ("input_count", ctypes.c_int32), ("output_count", ctypes.c_int32),
        ("inputs", ctypes.POINTER(Operand)),
    ]  # fmt: skip


PlanFunction = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Plan))
RunFunction = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class Kernel(ctypes.Structure):
    """edgert_kernel"""

    _fields_: ClassVar = [
        ("size", ctypes.c_uint32), ("op", ctypes.c_char_p), ("supports", ctypes.c_void_p),
        ("plan", PlanFunction), ("run", RunFunction),
    ]  # fmt: skip


@dataclass(frozen=True)
class Shown(Op):
    """An operator whose kernel notes what it is shown."""

    name: ClassVar[str] = "test.shown"

    def infer(self, operands: list[TensorType | None], context: Context) -> list[TensorType]:
        return [TensorType(DType.I64, ())]


SHOWN: list[tuple[object, ...]] = []


def note(plan: ctypes._Pointer[Plan]) -> int:
    operand = plan.contents.inputs[0]
    forms = [operand.forms[i] for i in range(operand.form_count)]
    SHOWN.append((operand.form, operand.data, operand.data_bytes))
    SHOWN.extend((form.kind, form.data, form.bytes) for form in forms)
    return 0


PLAN, RUN = PlanFunction(note), RunFunction(lambda state, call: 0)
KERNEL = Kernel(ctypes.sizeof(Kernel), Shown.name.encode(), None, PLAN, RUN)


def test_forms_of_a_constant_are_as_it_is_read() -> None:
    assert library().edgert_register_kernel(ctypes.byref(KERNEL)) == 0
    for constant in (np.array(["ab", "", "c"], object), np.arange(3.0)):
        y = graphs.value("y", dtype=DType.I64)
        graph = Graph("main", [], [y], [graphs.node(Shown(), [graphs.const(constant)], y, "shown")])
        SHOWN.clear()
        edgert.load(write_model(Model({"main": graph})), device="cpu").run({})
        operand, form = SHOWN
        assert operand == form and form[0] == b"plain"
