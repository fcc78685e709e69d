"""Control flow over tensors: If, Loop and Scan."""

from __future__ import annotations

import numpy as np
import onnx
from model_cases import BOOL, FLOAT, INT64, N_BY_3, Case, X, graph, loop_body, op, tensor

SUMMING = graph(
    {"sum": tensor(FLOAT, 3), "row": tensor(FLOAT, 3)},
    "total part",
    op("Add", "sum row", "total"),
    op("Identity", "total", "part"),
)
BATCHES = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
START = np.ones((2, 3), np.float32)
SUMS = START[:, None] + np.cumsum(BATCHES, 1)
BACKWARDS = START[:, None] + np.cumsum(BATCHES[:, ::-1], 1)
ZERO = np.zeros((2, 3), np.float32)


def fitting(condition: str, x: str, y: str, others: bool = False) -> onnx.NodeProto:
    """An If whose then branch takes a matrix of 12 elements; the other one, of 10, fits none that is given.

    With `others` the other way round.
    """
    branches = [
        graph(
            {},
            f"{y}_{size}",
            op("Constant", "", f"{y}_shape{size}", value_ints=[2, size]),
            op("Reshape", f"{x} {y}_shape{size}", f"{y}_rows{size}"),
            op("ReduceSum", f"{y}_rows{size} [1]", f"{y}_{size}", keepdims=0),
        )
        for size in ((5, 6) if others else (6, 5))
    ]
    return op("If", condition, y, then_branch=branches[0], else_branch=branches[1])


HALVES = X.reshape(2, 6).sum(1)

CONTROL = [
    Case(
        "scan of opset 8, whole",
        [op("Scan", "- start x", "y0 y1", body=SUMMING, num_scan_inputs=1, directions=[1])],
        {"start": START, "x": BATCHES},
        [BACKWARDS[:, -1], BACKWARDS],
        {"start": tensor(FLOAT, "n", 3), "x": tensor(FLOAT, "n", "m", 3)},
        opset=8,
    ),
    Case(
        "scan of opset 8, entries of different length",
        [op("Scan", "steps start x", "y0 y1", body=SUMMING, num_scan_inputs=1)],
        {"steps": np.array([2, 4]), "start": START, "x": BATCHES},
        [np.stack([SUMS[0, 1], SUMS[1, 3]]), np.stack([np.concatenate([SUMS[0, :2], ZERO]), SUMS[1]])],
        opset=8,
    ),
    Case(
        "a state that meets slices of a size of the run",
        [op("Scan", "start x", "y0 y1", body=SUMMING, num_scan_inputs=1)],
        {"start": START[0], "x": BATCHES[0]},
        [SUMS[0, -1], SUMS[0]],
        {"x": tensor(FLOAT, "m", "k")},
    ),
    Case(
        "branches of different rank",
        [
            op(
                "If",
                "flag",
                "c",
                then_branch=graph({}, "a", op("ReduceSum", "x 1", "a", keepdims=0)),
                else_branch=graph({}, "b", op("Neg", "x", "b")),
            ),
            op("Mul", "c c", "d"),
            op("ReduceSum", "d", "y0", keepdims=0),
        ],
        {"x": X, "flag": np.array(True)},
        [np.float32((X.sum(1) ** 2).sum())],
    ),
    Case(
        "a condition of an If that is computed",
        [
            op("ReduceMax", "k", "m", keepdims=0),
            op("Greater", "m 1", "flag"),
            op(
                "If",
                "flag",
                "c",
                then_branch=graph({}, "a", op("ReduceSum", "x 1", "a", keepdims=0)),
                else_branch=graph({}, "b", op("Neg", "x", "b")),
            ),
            op("ReduceSum", "c", "y0", keepdims=0),
        ],
        {"x": X, "k": np.array([1, -4])},
        [-X.sum()],
    ),
    Case(
        "loops in a loop that use what lies outside",
        [
            op(
                "Loop",
                "count - x",
                "y0 y1",
                body=loop_body(
                    {"a": N_BY_3},
                    "b s",
                    op(
                        "Loop",
                        "i - a",
                        "b",
                        body=graph(
                            {"j": tensor(INT64), "on": tensor(BOOL), "c": N_BY_3},
                            "onward d",
                            op("Identity", "on", "onward"),
                            op("Cast", "i", "f", to=FLOAT),
                            op("Mul", "f z", "g"),
                            op("Add", "c g", "d"),
                        ),
                    ),
                    op("ReduceSum", "b", "s", keepdims=0),
                ),
            )
        ],
        {"x": X, "z": np.float32(2), "count": np.array(3)},
        [X + 10, np.array([X.sum(), (X + 2).sum(), (X + 10).sum()])],
    ),
    Case(
        "a loop whose state changes its size",
        [
            op(
                "Loop",
                "- yes x",
                "y0",
                body=graph(
                    {"i": tensor(INT64), "go": tensor(BOOL), "a": tensor(FLOAT, "n")},
                    "again b",
                    op("Concat", "a a", "b", axis=0),
                    op("Size", "b", "size"),
                    op("Less", "size limit", "again"),
                ),
            )
        ],
        {"x": X[0], "limit": np.array(10)},
        [np.tile(X[0], 4)],
    ),
    Case(
        "a loop of no steps whose state would change its size",
        [
            op(
                "Loop",
                "count - x",
                "y0 y1",
                body=loop_body(
                    {"a": tensor(FLOAT, "n")}, "b c", op("Concat", "a a", "b", axis=0), op("Neg", "x", "c")
                ),
            )
        ],
        {"x": X[0], "count": np.array(0)},
        [X[0], np.zeros((0, 3), np.float32)],
    ),
    Case(
        "a loop whose state is what it finds",
        [
            op(
                "Loop",
                "count - x",
                "y0",
                body=loop_body(
                    {"a": tensor(FLOAT, "n")},
                    "b",
                    op("Greater", "a z", "m"),
                    op("Compress", "a m", "c", axis=0),
                    op("Mul", "c z", "b"),
                ),
            )
        ],
        {"x": np.array([3, -1, 2, 0.5], np.float32), "z": np.float32(0.5), "count": np.array(2)},
        [np.array([0.75, 0.5], np.float32)],
    ),
    Case(
        "branches of different rank in a loop",
        [
            op(
                "Loop",
                "count - a0",
                "y0",
                body=loop_body(
                    {"a": tensor(FLOAT)},
                    "b",
                    op("Greater", "a half", "flag"),
                    op(
                        "If",
                        "flag",
                        "c",
                        then_branch=graph({}, "p", op("Mul", "x half", "p")),
                        else_branch=graph({}, "q", op("Neg", "a", "q")),
                    ),
                    op("Mul", "c c", "d"),
                    op("ReduceSum", "d", "e", keepdims=0),
                    op("Neg", "e", "b"),
                ),
            )
        ],
        {"a0": np.array(3, np.float32), "x": X[0], "half": np.float32(0.5), "count": np.array(2)},
        [np.float32(-1.5625)],
    ),
    Case(
        "two pairs of branches of different rank",
        [
            op(
                "If",
                "f",
                "c",
                then_branch=graph({}, "p", op("ReduceSum", "x", "p", keepdims=0)),
                else_branch=graph({}, "q", op("Neg", "x", "q")),
            ),
            op(
                "If",
                "g",
                "d",
                then_branch=graph({}, "r", op("ReduceMax", "x", "r", keepdims=0)),
                else_branch=graph({}, "t", op("Abs", "x", "t")),
            ),
            op("Add", "c d", "e"),
            op("ReduceSum", "e", "y0", keepdims=0),
        ],
        {"x": X, "f": np.array(True), "g": np.array(False)},
        [np.float32(66 * 12 + 66)],
    ),
    Case(
        "a branch on an input that does not fit the sizes",
        [op("Equal", "rate 1", "is_one"), fitting("is_one", "x", "y0")],
        {"x": X, "rate": np.array(1)},
        [HALVES],
    ),
    Case(
        "branches on data that do not fit the sizes, one in the other",
        [
            op("ReduceMax", "x", "most", keepdims=0),
            op("Cast", "0", "none", to=FLOAT),
            op("Less", "most none", "low"),
            op(
                "If",
                "low",
                "y0",
                then_branch=graph({}, "p", op("ReduceMax", "x [1]", "p", keepdims=0)),
                else_branch=graph(
                    {},
                    "q",
                    fitting("low", "x", "q1", others=True),
                    fitting("f", "x", "q2"),
                    op("Add", "q1 q2", "q"),
                ),
            ),
        ],
        {"x": X, "f": np.array(True)},
        [2 * HALVES],
    ),
    Case(
        "a branch in a loop that does not fit the sizes",
        [
            op(
                "Loop",
                "count - start",
                "y0",
                body=loop_body(
                    {"s": tensor(FLOAT, 2)},
                    "t",
                    op("Less", "i count", "going"),
                    fitting("going", "x", "half"),
                    op("Add", "s half", "t"),
                ),
            )
        ],
        {"x": X, "count": np.array(3), "start": np.zeros(2, np.float32)},
        [3 * HALVES],
    ),
    Case(
        "many branches of different rank on one condition",
        [
            node
            for before, after in zip("xcdeg", "cdegh")
            for node in [
                op(
                    "If",
                    "f",
                    f"{after}1",
                    then_branch=graph({}, "p", op("ReduceSum", before, "p", keepdims=1)),
                    else_branch=graph({}, "q", op("ReduceMax", before, "q", keepdims=0)),
                ),
                op("Neg", f"{after}1", after),
            ]
        ]
        + [op("ReduceSum", "h", "y0", keepdims=0)],
        {"x": X, "f": np.array(False)},
        [np.float32(-11)],
    ),
    Case(
        "a state that is a shape",
        [
            op(
                "Loop",
                "count - k",
                "y0 y1",
                body=loop_body(
                    {"s": tensor(INT64, 1)},
                    "longer n",
                    op("ConstantOfShape", "s", "zeros"),
                    op("Add", "s 1", "longer"),
                    op("Shape", "zeros", "n"),
                ),
            )
        ],
        {"k": np.array([2]), "count": np.array(3)},
        [np.array([5]), np.array([[2], [3], [4]])],
    ),
    Case(
        "a squeeze where the size is 1",
        [
            op("Shape", "x", "s", start=1, end=2),
            op("Equal", "s [1]", "f"),
            op(
                "If",
                "f",
                "c",
                then_branch=graph({}, "p", op("Squeeze", "x [1]", "p")),
                else_branch=graph({}, "q", op("Identity", "x", "q")),
            ),
            op("ReduceMean", "c", "y0", keepdims=0),
        ],
        {"x": X[:, :1]},
        [np.float32(4.5)],
        {"x": tensor(FLOAT, "a", "b")},
    ),
]
