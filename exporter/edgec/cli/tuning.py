"""Finding by measurement what the runtime chooses by rules: kernels' variants, the cache to count on."""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgec.cli.timing import interleaved

Inputs = Mapping[str, Any]
Tell = Callable[[str], None]

NOISE = 0.02  # a part of the time that measurements may differ by
TURNS = 3
TOLERANCE = 1e-4
CACHES = (0, 0.25, 0.5, 1, 2)  # of the machine's


@dataclass(frozen=True)
class Tuning:
    """What a .tuning file says: bytes of cache that bands count on, and ways by the names of nodes."""

    isa: str
    threads: int
    cache: int
    ways: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        lines = ["edgert tuning 1", f"isa {self.isa}", f"threads {self.threads}", f"cache {self.cache}"]
        return "\n".join([*lines, *(f"node {way} {name}" for name, way in self.ways.items()), ""])


@dataclass(frozen=True)
class Change:
    """A node that another way than the usual one suits better, with milliseconds of both."""

    name: str
    usual: str
    way: str
    usual_ms: float
    ms: float


@dataclass(frozen=True)
class Found:
    """The best tuning, the nodes it changes, and medians of whole runs (ms) without and with it."""

    tuning: Tuning
    changes: list[Change]
    cache_before: int
    before_ms: float
    after_ms: float

    @property
    def gain(self) -> float:
        return 1 - self.after_ms / self.before_ms

    @property
    def pays(self) -> bool:
        return self.gain > NOISE


def search(model: Path, threads: int | None, inputs: Inputs, runs: int, tell: Tell) -> Found:
    """Measures the variants of every node, then whole runs. Raises ArithmeticError where results diverge."""
    import edgert

    usual = edgert.load(str(model), threads=threads, tuning="")
    usual.run(inputs)
    facts = usual.describe()
    plain = Tuning(facts["isa"], facts["threads"], facts["cache_bytes"])
    changes = quickest_ways(model, plain, ways_of(facts), inputs, runs, tell)
    chosen = {change.name: change.way for change in changes}
    tell("measuring whole runs")
    trials = [
        Tuning(plain.isa, plain.threads, int(part * plain.cache), ways)
        for ways in ([{}, chosen] if chosen else [{}])
        for part in CACHES
    ]
    sessions = {str(i): load(model, trial) for i, trial in enumerate(trials)}
    timed = interleaved(calls_of(sessions, inputs), math.inf, runs)
    best = min(timed, key=lambda name: timed[name].median_ms)
    check(usual, sessions[best], inputs)
    tell("measuring the best once more")
    last = interleaved(calls_of({"usual": usual, "best": sessions[best]}, inputs), math.inf, 2 * runs)
    tuning = trials[int(best)]
    kept = changes if tuning.ways else []
    return Found(tuning, kept, plain.cache, last["usual"].median_ms, last["best"].median_ms)


def load(model: Path, tuning: Tuning) -> Any:
    import edgert

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trial.tuning")
        path.write_text(tuning.text(), encoding="utf-8")
        return edgert.load(str(model), threads=tuning.threads, tuning=path)


def calls_of(sessions: Mapping[str, Any], inputs: Inputs) -> dict[str, Callable[[], Any]]:
    return {name: partial(session.run, inputs) for name, session in sessions.items()}


def ways_of(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """The ways of nodes that have several, the usual one first; names that no line can hold are left out."""
    nodes = [n for n in facts["nodes"] if "ways" in n and "\n" not in n["name"]]
    return {n["name"]: n["ways"].split() for n in nodes}


def quickest_ways(
    model: Path, plain: Tuning, ways: Mapping[str, list[str]], inputs: Inputs, runs: int, tell: Tell
) -> list[Change]:
    """The nodes for which not the usual way is the quickest, without bands, in sessions that take turns."""
    sessions = {}
    for k in range(max(map(len, ways.values()), default=0)):
        forced = {name: own[min(k, len(own) - 1)] for name, own in ways.items()}
        sessions[k] = load(model, Tuning(plain.isa, plain.threads, 0, forced))
    least: dict[tuple[str, str], float] = defaultdict(lambda: math.inf)
    for turn in range(TURNS):
        for k, session in sessions.items():
            tell(f"measuring {len(ways)} nodes, way {k + 1} of {len(sessions)}, turn {turn + 1} of {TURNS}")
            for time in session.profile(inputs, max(runs // TURNS, 1)):
                if time.name in ways:
                    key = time.name, ways[time.name][min(k, len(ways[time.name]) - 1)]
                    least[key] = min(least[key], 1e3 * time.least)
    changes = []
    for name, (first, *others) in ways.items():
        way = min([first, *others], key=lambda w: least[name, w])
        if least[name, way] < (1 - NOISE) * least[name, first]:
            changes.append(Change(name, first, way, least[name, first], least[name, way]))
    return changes


def check(usual: Any, tuned: Any, inputs: Inputs) -> None:
    """Raises ArithmeticError unless both sessions give the same, where one gives the same twice."""
    from edgert.reports import relative_error

    def run(session: Any) -> dict[str, Any]:
        session.reset()
        return {n: a for n, a in session.run(inputs).items() if isinstance(a, np.ndarray)}

    expected, again, found = run(usual), run(usual), run(tuned)
    for name, array in expected.items():
        error = relative_error(found[name], array)
        if error > TOLERANCE and relative_error(again[name], array) <= TOLERANCE:
            raise ArithmeticError(f"output '{name}' of the tuned network diverges by {error:.1e}")
