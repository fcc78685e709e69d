"""Sequences and optionals: those that export knows, those that only a run knows, those of the host."""

from __future__ import annotations

import numpy as np
from model_cases import (
    FLOAT,
    INT64,
    N_BY_3,
    ROWS,
    Case,
    X,
    graph,
    loop_body,
    op,
    optional,
    sequence,
    tensor,
)

INDEX = np.array(1)

# Lists that export knows: nothing of them is left.
KNOWN = [
    Case(
        "at a known position",
        [op("SequenceConstruct", "x z", "s"), op("SequenceAt", "s -1", "y0")],
        {"x": X, "z": X + 1},
        [X + 1],
        dissolves=True,
    ),
    Case(
        "concat of known items",
        [op("SequenceConstruct", "x z x", "s"), op("ConcatFromSequence", "s", "y0", axis=-1)],
        {"x": X, "z": X[:, :1]},
        [np.concatenate([X, X[:, :1], X], 1)],
        dissolves=True,
    ),
    Case(
        "stack of known items",
        [op("SequenceConstruct", "x z", "s"), op("ConcatFromSequence", "s", "y0", axis=-1, new_axis=1)],
        {"x": X, "z": X + 1},
        [np.stack([X, X + 1], 2)],
        dissolves=True,
    ),
    Case(
        "split, changed and put together",
        [
            op("SplitToSequence", "x sizes", "s", axis=0),
            op("SequenceErase", "s 1", "short"),
            op("SequenceInsert", "short z 0", "long"),
            op("ConcatFromSequence", "long", "y0", axis=0),
            op("SequenceLength", "long", "y1"),
        ],
        {"x": X, "z": X + 1},
        [np.concatenate([X + 1, X[:1], X[3:]]), np.array(3)],
        dissolves=True,
    ),
    Case(
        "split into equal parts, the last one smaller",
        [op("SplitToSequence", "x 2", "s", axis=1), op("SequenceAt", "s 1", "y0")],
        {"x": X},
        [X[:, 2:]],
        dissolves=True,
    ),
    Case(
        "split by sizes of the run",
        [op("SplitToSequence", "x parts", "s", axis=0), op("SequenceAt", "s 1", "y0")],
        {"x": X, "parts": np.array([1, 3])},
        [X[1:]],
        dissolves=True,
    ),
    Case(
        "split without the axis",
        [op("SplitToSequence", "x", "s", axis=1, keepdims=0), op("SequenceAt", "s 2", "y0")],
        {"x": X},
        [X[:, 2]],
        dissolves=True,
    ),
    Case(
        "filled from empty",
        [
            op("SequenceEmpty", "", "none", dtype=FLOAT),
            op("SequenceInsert", "none x", "one"),
            op("SequenceInsert", "one z [0]", "two"),
            op("ConcatFromSequence", "two", "y0", axis=0),
        ],
        {"x": X, "z": X + 1},
        [np.concatenate([X + 1, X])],
        dissolves=True,
    ),
    Case(
        "mapped over known items",
        [
            op("SequenceConstruct", "x z", "s"),
            op(
                "SequenceMap",
                "s k",
                "m",
                body=graph({"a": tensor(FLOAT, "n", 3), "b": tensor(FLOAT)}, "c", op("Mul", "a b", "c")),
            ),
            op("ConcatFromSequence", "m", "y0", axis=0),
        ],
        {"x": X, "z": X[:2], "k": np.float32(3)},
        [np.concatenate([X, X[:2]]) * 3],
        dissolves=True,
    ),
    Case(
        "a loop over a known list",
        [
            op("SplitToSequence", "x", "s", axis=0),
            op("SequenceLength", "s", "n"),
            op("SequenceEmpty", "", "none", dtype=FLOAT),
            op(
                "Loop",
                "n - none",
                "all sums",
                body=loop_body(
                    {"a": sequence(tensor(FLOAT))},
                    "b c",
                    op("SequenceAt", "s i", "row"),
                    op("Neg", "row", "turned"),
                    op("SequenceInsert", "a turned 0", "b"),
                    op("ReduceSum", "row", "c", keepdims=0),
                ),
            ),
            op("ConcatFromSequence", "all", "y0", axis=0),
            op("Neg", "sums", "y1"),
        ],
        {"x": X},
        [-X[::-1], -X.sum(1)],
        dissolves=True,
    ),
    Case(
        "an optional that is there",
        [
            op("Optional", "x", "o"),
            op("OptionalGetElement", "o", "y0"),
            op("OptionalHasElement", "o", "y1"),
            op("OptionalHasElement", "x", "y2"),
            op("OptionalGetElement", "x", "y3"),
        ],
        {"x": X},
        [X, np.array(True), np.array(True), X],
        dissolves=True,
    ),
    Case(
        "an optional that is absent",
        [
            op("Optional", "", "o", type=tensor(FLOAT, 2)),
            op("OptionalHasElement", "o", "y0"),
            op("OptionalHasElement", "-", "y1"),
        ],
        {"x": X},
        [np.array(False), np.array(False)],
        dissolves=True,
    ),
]

GROWING = loop_body(
    {"s": sequence(tensor(FLOAT))},
    "longer",
    op("Add", "i 1", "next"),
    op("Unsqueeze", "next [0]", "end"),
    op("Slice", "x [0] end [0]", "part"),
    op("SequenceInsert", "s part", "longer"),
)
# What only a run knows.
RUN_TIME = [
    Case(
        "at a position of the run",
        [op("SequenceConstruct", "x z", "s"), op("SequenceAt", "s i", "y0"), op("Mul", "y0 y0", "y1")],
        {"x": X, "z": X[:2], "i": INDEX},
        [X[:2], X[:2] * X[:2]],
    ),
    Case(
        "items of one size at a position of the run",
        [op("SequenceConstruct", "x z", "s"), op("SequenceAt", "s i", "a"), op("Relu", "a", "y0")],
        {"x": X, "z": X + 1, "i": np.array(-2)},
        [X],
    ),
    Case(
        "insert and erase at positions of the run",
        [
            op("SequenceConstruct", "x z x", "s"),
            op("SequenceInsert", "s w i", "four"),
            op("SequenceErase", "four j", "three"),
            op("SequenceErase", "three", "two"),
            op("ConcatFromSequence", "two", "y0", axis=0),
            op("SequenceLength", "four", "y1"),
        ],
        {"x": X, "z": X + 1, "w": X[:1] - 9, "i": INDEX, "j": np.array(-2)},
        [np.concatenate([X, X[:1] - 9]), np.array(4)],
    ),
    Case(
        "erase in the middle, at the front and at the end",
        [
            op("SplitToSequence", "x size", "s", axis=0),
            op("SequenceErase", "s i", "a"),
            op("SequenceErase", "a zero", "b"),
            op("SequenceInsert", "b z", "c"),
            op("SequenceErase", "b", "d"),
            op("SequenceInsert", "d x", "e"),
            op("ConcatFromSequence", "c", "y0", axis=0),
            op("ConcatFromSequence", "e", "y1", axis=0),
        ],
        {"x": X, "z": X[:1] + 7, "size": np.array(1), "i": INDEX, "zero": np.array(0)},
        [np.concatenate([X[2:4], X[:1] + 7]), np.concatenate([X[2:3], X])],
    ),
    Case(
        "split by a size of the run",
        [
            op("SplitToSequence", "x size", "s", axis=1),
            op("SequenceAt", "s -1", "y0"),
            op("SequenceLength", "s", "y1"),
            op("ConcatFromSequence", "s", "y2", axis=1),
        ],
        {"x": X, "size": np.array(2)},
        [X[:, 2:], np.array(2), X],
    ),
    Case(
        "split of an axis whose size the run gives",
        [
            op("SplitToSequence", "x", "s", axis=0, keepdims=0),
            op("SequenceAt", "s i", "y0"),
            op("ConcatFromSequence", "s", "y1", axis=1, new_axis=1),
        ],
        {"x": X, "i": INDEX},
        [X[1], X.T],
        {"x": N_BY_3},
    ),
    Case(
        "appended to by a loop",
        [
            op("SequenceEmpty", "", "none", dtype=FLOAT),
            op("Loop", "count - none", "all", body=GROWING),
            op("ConcatFromSequence", "all", "y0", axis=0),
            op("SequenceLength", "all", "y1"),
        ],
        {"x": np.arange(5, dtype=np.float32), "count": np.array(5)},
        [np.concatenate([np.arange(n, dtype=np.float32) for n in range(1, 6)]), np.array(5)],
    ),
    Case(
        "a loop of no steps",
        [
            op("SequenceConstruct", "x", "one"),
            op("Loop", "count - one", "all", body=GROWING),
            op("ConcatFromSequence", "all", "y0", axis=0),
        ],
        {"x": np.arange(5, dtype=np.float32), "count": np.array(0)},
        [np.arange(5, dtype=np.float32)],
    ),
    Case(
        "mapped over the items of the run",
        [
            op("SplitToSequence", "x size", "s", axis=0),
            op(
                "SequenceMap",
                "s",
                "m l",
                body=graph(
                    {"a": N_BY_3},
                    "c d",
                    op("Neg", "a", "c"),
                    op("Shape", "a", "d"),
                    types=[N_BY_3, tensor(INT64, 2)],
                ),
            ),
            op("ConcatFromSequence", "m", "y0", axis=0),
            op("ConcatFromSequence", "l", "y1", axis=0, new_axis=1),
        ],
        {"x": X, "size": np.array(3)},
        [-X, np.array([[3, 3], [1, 3]])],
    ),
    Case(
        "one of two sequences",
        [
            op(
                "If",
                "flag",
                "s",
                then_branch=graph({}, "a", op("SequenceConstruct", "x x", "a")),
                else_branch=graph({}, "b", op("SequenceConstruct", "z", "b")),
            ),
            op("ConcatFromSequence", "s", "y0", axis=0),
        ],
        {"x": X, "z": X[:1], "flag": np.array(True)},
        [np.concatenate([X, X])],
    ),
    Case(
        "an optional or its absence",
        [
            op(
                "If",
                "flag",
                "o",
                then_branch=graph({}, "a", op("Optional", "x", "a")),
                else_branch=graph({}, "b", op("Optional", "", "b", type=tensor(FLOAT, 4, 3))),
            ),
            op("OptionalHasElement", "o", "y0"),
            op(
                "If",
                "y0",
                "y1",
                then_branch=graph({}, "c", op("OptionalGetElement", "o", "c")),
                else_branch=graph({}, "d", op("Neg", "x", "d")),
            ),
        ],
        {"x": X, "flag": np.array(False)},
        [np.array(False), -X],
    ),
    Case(
        "an optional sequence that a loop fills",
        [
            op("Optional", "", "none", type=sequence(tensor(FLOAT, "n"))),
            op(
                "Loop",
                "count - none",
                "all",
                body=loop_body(
                    {"o": optional(sequence(tensor(FLOAT, "n")))},
                    "more",
                    op("OptionalHasElement", "o", "some"),
                    op(
                        "If",
                        "some",
                        "s",
                        then_branch=graph({}, "a", op("OptionalGetElement", "o", "a")),
                        else_branch=graph({}, "b", op("SequenceEmpty", "", "b", dtype=FLOAT)),
                    ),
                    op("SequenceInsert", "s x", "longer"),
                    op("Optional", "longer", "more"),
                ),
            ),
            op("OptionalGetElement", "all", "s"),
            op("ConcatFromSequence", "s", "y0", axis=0),
        ],
        {"x": X[0], "count": np.array(3)},
        [np.concatenate([X[0]] * 3)],
    ),
]


S = sequence(N_BY_3)
# Containers that come from the host, or go to it.
GIVEN = [
    Case("a sequence is copied", [op("Identity", "s", "y0")], {"s": ROWS}, [ROWS], {"s": S}),
    Case(
        "a sequence grows",
        [
            op("SequenceInsert", "s x 1", "y0"),
            op("SequenceErase", "y0", "y1"),
            op("SequenceLength", "s", "y2"),
        ],
        {"s": ROWS, "x": X},
        [[ROWS[0], X, *ROWS[1:]], [ROWS[0], X, ROWS[1]], np.array(3)],
        {"s": S},
    ),
    Case("an empty sequence", [op("SequenceInsert", "s x", "y0")], {"s": [], "x": X}, [[X]], {"s": S}),
    Case(
        "an optional tensor",
        [
            op("OptionalHasElement", "o", "y0"),
            op("OptionalGetElement", "o", "y1"),
            op("Identity", "o", "y2"),
        ],
        {"o": X},
        [np.array(True), X, X],
        {"o": optional(N_BY_3)},
    ),
    Case(
        "an absent optional",
        [op("OptionalHasElement", "o", "y0"), op("Identity", "o", "y1")],
        {"o": None},
        [np.array(False), None],
        {"o": optional(S)},
    ),
    Case(
        "an optional sequence without items",
        [op("OptionalHasElement", "o", "y0"), op("OptionalGetElement", "o", "y1")],
        {"o": []},
        [np.array(True), []],
        {"o": optional(S)},
    ),
    Case(
        "sequences that share their items",
        [
            op("SequenceEmpty", "", "none", dtype=FLOAT),
            op("Loop", "count - none", "y0", body=GROWING),
            op("SequenceInsert", "y0 x", "y1"),
            op("SequenceInsert", "y0 z", "y2"),
            op("SequenceErase", "y1", "shorter"),
            op("SequenceInsert", "shorter z", "y3"),
            op("SequenceErase", "y1 0", "y4"),
        ],
        {"x": X[0], "z": X[1], "count": np.array(2)},
        [
            [X[0, :1], X[0, :2]],
            [X[0, :1], X[0, :2], X[0]],
            [X[0, :1], X[0, :2], X[1]],
            [X[0, :1], X[0, :2], X[1]],
            [X[0, :2], X[0]],
        ],
    ),
]
