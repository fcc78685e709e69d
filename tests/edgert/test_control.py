"""Segments, counts, and control operators through the C ABI, against the interpreter."""

from __future__ import annotations

import graphs
import numpy as np
import pytest
from graphs import ADD, ADD_ONE, MUL, N, const, map_op, node, value

import edgert
from edgec.format.segments import Segment
from edgec.interpreter import interpret
from edgec.ir.dims import eq, floordiv, mod, symbol
from edgec.ir.graph import Count, Element, Graph, Guard, InputDim, Model, Node, Value
from edgec.ir.types import DType
from edgec.ops.control import If, Loop
from edgec.ops.reduce import Reduce
from edgec.ops.select import NonZero
from edgec.ops.view import Concat, Reshape, Slice


def agree(model: Model, *inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Runs in both arena modes and in the interpreter, twice; the outputs."""
    file = graphs.file_of(model)
    session = edgert.load(file)
    found = session.run(list(inputs))
    again = session.run(list(inputs))
    expected = interpret(model, list(inputs))
    assert list(found) == list(expected)
    for name, want in expected.items():
        np.testing.assert_allclose(found[name], want, rtol=1e-6)
        np.testing.assert_array_equal(found[name], again[name])
        assert found[name].shape == want.shape
    return found


def branches(then_rows: int, else_rows: int, outer: Value) -> tuple[Node, Graph, Graph]:
    """`if` whose branches give the first rows of x [n, 3], all of them added 1 in the else branch."""
    bodies = []
    for name, rows in (("then", then_rows), ("else", else_rows)):
        x, cut, y = value("x", N, 3), value("cut", rows, 3), value("y", rows, 3)
        body = Graph(name, [x], [y])
        body.nodes = [
            node(Slice((0, 0), (1, 1), (rows, 3)), [x], cut, f"{name}/slice"),
            node(ADD_ONE if name == "else" else ADD, [cut] * (1 if name == "else" else 2), y, f"{name}/map"),
        ]
        bodies.append(body)
    condition, x = value("c", dtype=DType.BOOL), value("x", N, 3)
    return Node(If(), [condition, x], [outer], "choose", tuple(bodies)), *bodies


@pytest.mark.parametrize("rows", [(2, 2), (1, 4)])
def test_if(rows: tuple[int, int]) -> None:
    same = rows[0] == rows[1]
    r = symbol("r")
    picked = value("picked", rows[0] if same else r, 3)
    y = value("y", rows[0] if same else r, 3)
    choose, _, _ = branches(*rows, picked)
    condition, x = choose.inputs
    assert condition is not None and x is not None
    graph = Graph("main", [condition, x], [y, picked], [choose, node(ADD_ONE, [picked], y, "after")])
    graph.symbols = {"n": InputDim(x, 0)}
    if not same:
        graph.symbols["r"] = Count(picked, 0, -1)
    data = np.arange(15, dtype=np.float32).reshape(5, 3)
    for flag in (True, False, True):
        found = agree(Model({"main": graph}), np.array(flag), data)
        assert found["y"].shape == (rows[0] if flag else rows[1], 3)


@pytest.mark.parametrize("trips", [0, 1, 5])
def test_loop_with_a_growing_value_and_slices(trips: int) -> None:
    """carried = concat(carried, carried[:1] + 1); a slice of each iteration's number doubled."""
    m, g, k = symbol("m"), symbol("g"), symbol("k")
    iteration, going = value("i", dtype=DType.I64), value("going", dtype=DType.BOOL)
    before, head, more = value("before", m), value("head", 1), value("more", 1)
    after, twice = value("after", m + 1), value("twice", dtype=DType.I64)
    body = Graph("body", [iteration, going, before], [going, after, twice])
    body.nodes = [
        node(Slice((0,), (1,), (1,)), [before], head, "head"),
        node(ADD_ONE, [head], more, "more"),
        node(Concat(0), [before, more], after, "grow"),
        node(map_op(DType.I64, 2, lambda b: b("add", 0, 1)), [iteration, iteration], twice, "twice"),
    ]
    body.symbols = {"m": InputDim(before, 0)}
    x, total, numbers = value("x", N), value("total", g), value("numbers", k, dtype=DType.I64)
    loop = Node(Loop(1), [const(np.int64(trips)), None, x], [total, numbers], "loop", (body,))
    graph = Graph("main", [x], [total, numbers], [loop])
    graph.symbols = {"n": InputDim(x, 0), "g": Count(total, 0, -1), "k": Count(numbers, 0, -1)}
    found = agree(Model({"main": graph}), np.array([3, 4], np.float32))
    assert found["total"].shape == (2 + trips,)
    np.testing.assert_array_equal(found["numbers"], 2 * np.arange(trips))


def test_a_stack_of_slices_that_nothing_reads() -> None:
    iteration, going = value("i", dtype=DType.I64), value("going", dtype=DType.BOOL)
    before, after = value("before", 2), value("after", 2)
    on, twice = value("on", dtype=DType.BOOL), value("twice", dtype=DType.I64)
    body = Graph("body", [iteration, going, before], [on, after, twice])
    body.nodes = [
        node(Reshape(()), [going], on, "go on"),
        node(ADD_ONE, [before], after, "add"),
        node(map_op(DType.I64, 2, lambda b: b("add", 0, 1)), [iteration, iteration], twice, "twice"),
    ]
    x, total, numbers = value("x", 2), value("total", 2), value("numbers", symbol("k"), dtype=DType.I64)
    loop = Node(Loop(1), [const(np.int64(3)), None, x], [total, numbers], "loop", (body,))
    graph = Graph("main", [x], [total], [loop], {"k": Count(numbers, 0, -1)})
    found = agree(Model({"main": graph}), np.float32([1, 2]))
    np.testing.assert_array_equal(found["total"], [4, 5])


def test_loop_that_swaps_its_values_and_stops_by_condition() -> None:
    iteration, going = value("i", dtype=DType.I64), value("going", dtype=DType.BOOL)
    again = value("again", dtype=DType.BOOL)
    a, b = value("a", 2), value("b", 2)
    body = Graph("body", [iteration, going, a, b], [again, b, a])

    def below_two(builder):
        return builder("lt", 0, builder.const(2, DType.I64))

    below = map_op(DType.I64, 1, below_two)
    body.nodes = [node(type(below)(below.program, DType.BOOL), [iteration], again, "again")]
    x, y, p, q = value("x", 2), value("y", 2), value("p", 2), value("q", 2)
    loop = Node(Loop(2), [None, const(np.True_), x, y], [p, q], "loop", (body,))
    graph = Graph("main", [x, y], [p, q], [loop])
    found = agree(Model({"main": graph}), np.ones(2, np.float32), np.zeros(2, np.float32))
    np.testing.assert_array_equal(found["p"], [0, 0])


def counted() -> Model:
    """positions = nonzero(x); doubled = positions + positions; how many, as the sum of ones."""
    k = symbol("k")
    x = value("x", N)
    positions, doubled = (value(name, 1, k, dtype=DType.I64) for name in ("positions", "doubled"))
    total = value("total", 1, 1, dtype=DType.I64)
    graph = Graph("main", [x], [doubled, total])
    graph.nodes = [
        node(NonZero(), [x], positions, "find"),
        node(Reduce("sum", (0, 1), True), [positions], total, "sum"),
        node(map_op(DType.I64, 2, lambda b: b("add", 0, 1)), [positions, positions], doubled, "double"),
    ]
    graph.symbols = {"n": InputDim(x, 0), "k": Count(positions, 1, N)}
    return Model({"main": graph})


def test_counts_bind_the_next_segment() -> None:
    for given in ([0, 1, 0, 2], [0, 0, 0], [5], []):
        found = agree(counted(), np.array(given, np.float32))
        assert found["doubled"].shape == (1, np.count_nonzero(given))


def test_separate_allocations_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([0, 1, 0, 2], np.float32)
    expected = edgert.load(graphs.file_of(counted())).run(x)
    monkeypatch.setenv("EDGERT_ARENA", "separate")
    session = edgert.load(graphs.file_of(counted()))
    for _ in range(3):
        found = session.run(x)
        for name, want in expected.items():
            np.testing.assert_array_equal(found[name], want)


def test_many_shapes_through_the_plan_cache() -> None:
    session = edgert.load(graphs.file_of(counted()))
    random = np.random.default_rng(3)
    for _ in range(100):
        x = (random.random(int(random.integers(0, 30))) < 0.5).astype(np.float32)
        found = session.run(x)
        np.testing.assert_array_equal(found["doubled"], 2 * np.array(np.nonzero(x)))
        assert found["total"] == np.nonzero(x)[0].sum()


def test_bound_output_over_an_input() -> None:
    """Writing an output where an input still is must not change what later nodes read."""
    x, t, y = value("x", 4), value("t", 4), value("y", 4)
    graph = Graph("main", [x], [t, y], [node(ADD_ONE, [x], t, "one"), node(MUL, [t, x], y, "two")])
    session = edgert.load(graphs.file_of(Model({"main": graph})))
    data, y_out = np.arange(4, dtype=np.float32), np.empty(4, np.float32)
    session.bind([data], [data, y_out])()
    np.testing.assert_array_equal(data, [1, 2, 3, 4])
    np.testing.assert_array_equal(y_out, [0, 2, 6, 12])


def test_bound_output_that_a_later_segment_makes_is_not_overrun() -> None:
    """y [k, n] is a view of t [k * n], which an earlier segment writes when y's sizes are not known yet."""
    k = symbol("k.0", None)
    x, rows = value("x", N), value("rows", 1, dtype=DType.I64)
    twice = value("twice", 1, dtype=DType.I64)
    t, y = value("t", N), value("y", k, floordiv(N, k))
    graph = Graph("main", [x, rows], [y])
    graph.nodes = [
        node(map_op(DType.I64, 1, lambda b: b("neg", 0)), [rows], twice, "rows"),
        node(ADD_ONE, [x], t, "one"),
        node(Reshape((k, floordiv(N, k))), [t], y, "shape"),
    ]
    graph.symbols = {"n": InputDim(x, 0), "k.0": Element(twice, 0)}
    graph.guards = [Guard(eq(mod(N, k), 0), "shape", "whole rows")]
    session = edgert.load(graphs.file_of(Model({"main": graph})))
    room = np.zeros(4096, np.float32)
    out, one_row = room[:4].reshape(2, 2), np.array([-2], np.int64)
    for size in (4, 4096):
        call = session.bind([np.arange(size, dtype=np.float32), one_row], [out])
        if size == 4:
            call()
        else:
            with pytest.raises(ValueError, match=r"output 'y' is \[2, 2048\]"):
                call()
    np.testing.assert_array_equal(room[:5], [1, 2, 3, 4, 0])
    assert not room[4:].any()


def test_sizes_found_in_a_segment_are_not_used_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that says so is refused with the name of the node that reads such a value."""
    whole = [Segment(0, ["n"]), Segment(3, ["k"])]
    monkeypatch.setattr("edgec.format.write.cut", lambda _: whole)
    session = edgert.load(graphs.file_of(counted()))
    with pytest.raises(edgert.EdgertError, match="'sum': 'positions' is read before its size is known"):
        session.run(np.ones(3, np.float32))


def test_reshape_shares_memory_with_what_it_reshapes() -> None:
    x, a, flat, y = value("x", 2, N), value("a", 2, N), value("flat", 2 * N), value("y", 2 * N)
    graph = Graph("main", [x], [flat, y, a])
    graph.nodes = [
        node(ADD_ONE, [x], a, "a"),
        node(Reshape((2 * N,)), [a], flat, "flatten"),
        node(ADD_ONE, [flat], y, "y"),
    ]
    graph.symbols = {"n": InputDim(x, 1)}
    agree(Model({"main": graph}), np.ones((2, 3), np.float32))
