"""Values of any kind through the C ABI, as a program in C would use and misuse them."""

from __future__ import annotations

import ctypes
from typing import Any

import graphs
import numpy as np
import pytest

import edgert
from edgec.ir.graph import Graph, Model
from edgec.ops.view import Reshape
from edgert.library import SpecStruct, Tensor, check, library
from edgert.values import content_of

F32, STRING, SEQUENCE = 1, 16, 27
NUMBERS = np.arange(6, dtype=np.float32)


def tensor(array: Any = NUMBERS, **fields: Any) -> Tensor:
    made = Tensor(size=ctypes.sizeof(Tensor), dtype=F32, rank=1, data=array.ctypes.data, bytes=array.nbytes)
    made.dims[0] = array.size
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def value_of(made: Tensor) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    check(library().edgert_value_tensor(ctypes.byref(made), ctypes.byref(handle)))
    return handle


def sequence_of(*items: ctypes.c_void_p) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    array = (ctypes.c_void_p * len(items))(*[i.value for i in items])
    check(library().edgert_value_sequence(array, len(items), ctypes.byref(handle)))
    return handle


def passing() -> edgert.Session:
    x, y = graphs.container("x", "sequence(f32[?])"), graphs.container("y", "sequence(f32[?])")
    graph = Graph("main", [x], [y], [graphs.node(Reshape(()), [x], y, "id")])
    return edgert.load(graphs.file_of(Model({"main": graph})))


def output(session: edgert.Session) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    check(library().edgert_get_output_value(session._handle, 0, ctypes.byref(handle)))
    return handle


NULL_TEXT = np.array([0, 5], np.uint64)
MISUSES = {
    "too few bytes": tensor(bytes=8),
    "no memory": tensor(data=None),
    "no struct size": tensor(size=0),
    "rank": tensor(rank=13),
    "negative rank": tensor(rank=-1),
    "no dtype": tensor(dtype=0),
    "a container's dtype": tensor(dtype=SEQUENCE),
    "a null text": tensor(NULL_TEXT, dtype=STRING, rank=0),
}


@pytest.mark.parametrize("case", MISUSES)
def test_tensors_that_are_none_are_refused(case: str) -> None:
    with pytest.raises(edgert.InputError):
        value_of(MISUSES[case])


def test_huge_sizes_are_refused() -> None:
    huge = tensor(rank=2)
    huge.dims[0], huge.dims[1] = 2**40, 2**40
    with pytest.raises(edgert.InputError):
        value_of(huge)


def test_values_copy_what_they_are_given_and_keep_their_items() -> None:
    numbers = NUMBERS.copy()
    item = value_of(tensor(numbers))
    whole = sequence_of(item, item)
    library().edgert_value_free(item)
    numbers[:] = -1
    assert library().edgert_value_count(whole) == 2
    for found in content_of(whole.value):
        assert np.array_equal(found, NUMBERS)
    library().edgert_value_free(whole)


def test_a_session_keeps_its_inputs_and_copies_views() -> None:
    session = passing()
    item = value_of(tensor())
    given = sequence_of(item)
    check(library().edgert_set_input_value(session._handle, 0, given))
    library().edgert_value_free(item)
    library().edgert_value_free(given)
    for _ in range(3):
        check(library().edgert_run(session._handle))
        made = output(session)
        assert np.array_equal(content_of(made.value)[0], NUMBERS)
        check(library().edgert_set_input_value(session._handle, 0, made))


def test_copies_outlive_the_session() -> None:
    session = passing()
    session.run({"x": [NUMBERS]})
    copy = ctypes.c_void_p()
    check(library().edgert_value_copy(output(session), ctypes.byref(copy)))
    session.close()
    assert np.array_equal(content_of(copy.value)[0], NUMBERS)
    library().edgert_value_free(copy)


def test_misused_values_are_errors() -> None:
    item = value_of(tensor())
    whole, found = sequence_of(item), ctypes.c_void_p()
    read = tensor()
    with pytest.raises(edgert.InputError):
        check(library().edgert_value_get_tensor(whole, ctypes.byref(read)))
    for index in (-1, 1):
        with pytest.raises(edgert.InputError):
            check(library().edgert_value_item(whole, index, ctypes.byref(found)))
    with pytest.raises(edgert.InputError):
        check(library().edgert_value_map(item, whole, ctypes.byref(found)))
    assert library().edgert_value_kind(None) == 0 and library().edgert_value_count(item) == 0
    for value in (item, whole, None):
        library().edgert_value_free(value)


def test_a_container_is_no_tensor() -> None:
    session = passing()
    read = tensor(dtype=SEQUENCE, rank=0)
    with pytest.raises(edgert.InputError, match="expected a call for values of any kind"):
        check(library().edgert_set_input(session._handle, 0, ctypes.byref(read)))
    session.run({"x": []})
    with pytest.raises(edgert.InputError, match="not a tensor"):
        check(library().edgert_get_output(session._handle, 0, ctypes.byref(read)))


def test_a_spec_of_an_older_program_is_not_written_past_its_end() -> None:
    session = passing()
    spec = SpecStruct(size=SpecStruct.type.offset)
    spec.type = b"untouched"
    check(library().edgert_input_spec(session._handle, 0, ctypes.byref(spec)))
    assert spec.dtype == SEQUENCE and spec.type == b"untouched"
