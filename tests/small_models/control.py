"""Loops, scans and branches: captured values, shapes that change, bodies in bodies."""

import numpy as np

from small_models.case import empty, small_model, whole

small_model(
    "scan_filter",
    """(float[t, n] x, float[n] start) => (last, y, backwards) {
        last, y = Scan <num_scan_inputs = 1, body = step
            (float[n] state, float[n] now) => (float[n] next, float[n] out) {
                kept = Mul(state, decay)
                next = Add(kept, now)
                out = Tanh(next)
            }> (start, x)
        end, backwards = Scan <num_scan_inputs = 1, scan_input_directions = [1], scan_output_directions = [1],
            scan_output_axes = [1], body = step2
            (float[n] state2, float[n] now2) => (float[n] next2, float[n] out2) {
                next2 = Max(state2, now2)
                out2 = Sub(next2, now2)
            }> (start, x)
    }""",
    [{"x": (7, 3), "start": (3,)}, {"x": (1, 5), "start": (5,)}, {"x": (12, 2), "start": (2,)}],
    {"decay": np.array(0.9, np.float32)},
)

small_model(
    "growing_state",
    """(int64 rounds, float[n, 4] x) => (kept, sums) {
        go = Constant <value = int64 {1}> ()
        yes = Cast <to = 9> (go)
        kept, sums = Loop <body = round
            (int64 i, bool more, float[m, 4] state) => (bool on, float[k, 4] wider, float total) {
                product = MatMul(state, w)
                half = Constant <value = float {0.5}> ()
                scaled = Mul(product, half)
                wider = Concat <axis = 0> (scaled, x)
                total = ReduceSum <keepdims = 0> (wider)
                on = Identity(more)
            }> (rounds, yes, x)
    }""",
    [
        {"rounds": np.array(3), "x": (2, 4)},
        {"rounds": np.array(0), "x": (1, 4)},
        {"rounds": np.array(6), "x": (3, 4)},
    ],
    {"w": (4, 4)},
)

small_model(
    "greedy_decoder",
    """(float[1, 8] context, int64 most) => (tokens, scores) {
        first = Constant <value = int64[1, 1] {1}> ()
        true = Constant <value_ints = [1]> ()
        flag = Cast <to = 9> (true)
        none = Constant <value_ints = [0]> ()
        go = Squeeze(flag, none)
        tokens, scores = Loop <body = step
            (int64 i, bool more, int64[1, t] so_far) => (bool on, int64[1, t1] longer, float[1, 11] logits) {
                embedded = Gather(table, so_far)
                axis = Constant <value_ints = [1]> ()
                mean = ReduceMean <keepdims = 0> (embedded, axis)
                mixed = Add(mean, context)
                logits = MatMul(mixed, head)
                best = ArgMax <axis = 1, keepdims = 1> (logits)
                longer = Concat <axis = 1> (so_far, best)
                stop = Constant <value = int64[1, 1] {3}> ()
                differs = Equal(best, stop)
                again = Not(differs)
                zero = Constant <value_ints = [0, 1]> ()
                on = Squeeze(again, zero)
            }> (most, go, first)
    }""",
    [{"context": (1, 8), "most": np.array(n)} for n in (5, 1, 12, 12)],
    {"table": (11, 8), "head": (8, 11)},
)

small_model(
    "nested_branches",
    """(float[n, 3] x, int64 which) => (y) {
        zero = Constant <value = int64 {0}> ()
        two = Constant <value = int64 {2}> ()
        doubled = Add(x, x)
        positive = Greater(which, zero)
        y = If (positive) <then_branch = a () => (float[p, 3] r) {
            big = Greater(which, two)
            r = If (big) <then_branch = b () => (float[q, 3] s) {
                s, rows = Loop <body = c (int64 i, bool more, float[m, 3] state) =>
                        (bool on, float[m2, 3] wider, float[3] row) {
                    shifted = Add(doubled, state)
                    wider = Identity(shifted)
                    axis = Constant <value_ints = [0]> ()
                    row = ReduceSum <keepdims = 0> (shifted, axis)
                    on = Identity(more)
                }> (which, "", x)
            }, else_branch = d () => (float[q, 3] u) { u = Concat <axis = 0> (x, doubled) }>
        }, else_branch = e () => (float[p, 3] v) { v = Neg(doubled) }>
    }""",
    [{"x": (n, 3), "which": np.array(k)} for n, k in ((2, 0), (2, 1), (3, 4), (1, -1), (0, 3))],
)

small_model(
    "loop_of_loops",
    """(float[n, m] x, int64 rounds) => (y, counts) {
        y, counts = Loop <body = outer (int64 i, bool more, float[n, m] state) =>
                (bool on, float[n, m] next, float[k] inner_sums) {
            next, inner_sums = Loop <body = inner (int64 j, bool more2, float[n, m] state2) =>
                    (bool on2, float[n, m] next2, float sum) {
                index = Add(i, j)
                factor = CastLike(index, x)
                hundredth = Constant <value = float {0.01}> ()
                small = Mul(factor, hundredth)
                part = Mul(x, small)
                next2 = Sub(state2, part)
                sum = ReduceSum <keepdims = 0> (next2)
                on2 = Identity(more2)
            }> (rounds, "", state)
            on = Identity(more)
        }> (rounds, "", x)
    }""",
    [{"x": (2, 3), "rounds": np.array(2)}, {"x": (1, 4), "rounds": np.array(4)}],
)

small_model(
    "until_it_settles",
    """(float[n] x) => (root, steps) {
        huge = Constant <value = int64 {50}> ()
        one = Constant <value = float {1.0}> ()
        shape = Shape(x)
        start = ConstantOfShape <value = float[1] {1.0}> (shape)
        zero = Constant <value = int64 {0}> ()
        true_number = Constant <value = int64 {1}> ()
        true = Cast <to = 9> (true_number)
        squared = Mul(x, x)
        target = Add(squared, one)
        root, steps = Loop <body = newton (int64 i, bool more, float[n] guess) =>
                (bool on, float[n] better, float change) {
            quotient = Div(target, guess)
            sum = Add(guess, quotient)
            half = Constant <value = float {0.5}> ()
            better = Mul(sum, half)
            difference = Sub(better, guess)
            size = Abs(difference)
            change = ReduceMax <keepdims = 0> (size)
            small = Constant <value = float {0.01}> ()
            on = Greater(change, small)
        }> (huge, true, start)
    }""",
    [{"x": (4,)}, {"x": np.array([30, 2], np.float32)}, {"x": (1,)}],
    tolerance=1e-3,
)

small_model(
    "split_by_sizes",
    """(float[n, 4] x, int64[k] sizes) => (y, count) {
        parts = SplitToSequence <axis = 0> (x, sizes)
        count = SequenceLength(parts)
        none = SequenceEmpty()
        flipped = Loop <body = turn (int64 i, bool more, seq(float[?, 4]) state) =>
                (bool on, seq(float[?, 4]) longer) {
            part = SequenceAt(parts, i)
            doubled = Add(part, part)
            front = Constant <value = int64 {0}> ()
            longer = SequenceInsert(state, doubled, front)
            on = Identity(more)
        }> (count, "", none)
        y = ConcatFromSequence <axis = 0> (flipped)
    }""",
    [
        {"x": (6, 4), "sizes": np.array([1, 2, 3])},
        {"x": (3, 4), "sizes": np.array([3])},
        {"x": (5, 4), "sizes": np.array([0, 4, 1])},
    ],
)

small_model(
    "bag_of_embeddings",
    """(int64[n] ids, int64[bags] offsets) => (y) {
        size = Shape(ids)
        ends = Concat <axis = 0> (offsets, size)
        zero = Constant <value_ints = [0]> ()
        bags = Shape(offsets)
        count = Squeeze(bags, zero)
        y = Loop <body = bag (int64 i, bool more) => (bool on, float[5] mean) {
            index = Unsqueeze(i, zero)
            one = Constant <value_ints = [1]> ()
            following = Add(index, one)
            first = Gather(ends, index)
            last = Gather(ends, following)
            inside = Slice(ids, first, last, zero)
            rows = Gather(table, inside)
            mean = ReduceMean <keepdims = 0> (rows, zero)
            on = Identity(more)
        }> (count, "")
    }""",
    [
        {"ids": whole(10, 7), "offsets": np.array([0, 3])},
        {"ids": whole(10, 4), "offsets": np.array([0, 1, 2, 3])},
    ],
    {"table": (10, 5)},
)

small_model(
    "no_iterations",
    """(float[n, 2] x, int64 rounds) => (y, stacked) {
        y, stacked = Loop <body = step (int64 i, bool more, float[n, 2] state) =>
                (bool on, float[n, 2] next, float[2] out) {
            next = Mul(state, state)
            rows = Constant <value_ints = [0]> ()
            out = ReduceSum <keepdims = 0> (state, rows)
            on = Identity(more)
        }> (rounds, "", x)
    }""",
    [
        {"x": (3, 2), "rounds": np.array(0)},
        {"x": empty(0, 2), "rounds": np.array(2)},
        {"x": (2, 2), "rounds": np.array(1)},
    ],
)

small_model(
    "state_without_a_start",
    """(float[n, 4] x, int64 rounds) => (y) {
        scalar = Constant <value = float {0.0}> ()
        flag = Constant <value = int64 {1}> ()
        y, again = Loop <body = step (int64 i, bool more, float[n, 4] unset, int64 flag_in) =>
                (bool on, float[n, 4] made, int64[1] flag_out) {
            index = CastLike(i, x)
            made = Add(x, index)
            one = Constant <value_ints = [1]> ()
            flag_out = Add(flag_in, one)
            on = Identity(more)
        }> (rounds, "", scalar, flag)
    }""",
    [{"x": (3, 4), "rounds": np.array(2)}, {"x": (1, 4), "rounds": np.array(5)}],
)

small_model(
    "branches_for_one_rate",  # of which the sizes let only one be taken
    """(float[1, 12] x, int64 rate, float[1, 3] state) => (y, next) {
        usual = Constant <value = int64 {16000}> ()
        is_usual = Equal(rate, usual)
        y, next = If <then_branch = usual () => (y1, next1) {
                frames1 = Constant <value_ints = [4, 3]> ()
                rows1 = Reshape(x, frames1)
                added1 = Add(rows1, state)
                y1 = Tanh(added1)
                axes1 = Constant <value_ints = [0]> ()
                next1 = ReduceMean <keepdims = 1> (y1, axes1)
            }, else_branch = half () => (y2, next2) {
                frames2 = Constant <value_ints = [2, 3]> ()
                rows2 = Reshape(x, frames2)
                added2 = Add(rows2, state)
                y2 = Tanh(added2)
                axes2 = Constant <value_ints = [0]> ()
                next2 = ReduceMean <keepdims = 1> (y2, axes2)
            }> (is_usual)
    }""",
    [{"x": (1, 12), "rate": np.array(16000), "state": (1, 3)}] * 2,
    peer="reference",
)
