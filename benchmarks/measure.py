"""Takes times: workers that take turns, and cold starts."""

from __future__ import annotations

import json
import math
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Union

from benchmarks import environments
from benchmarks.engines import ENGINES, OURS, environment_variables
from benchmarks.networks import ROOT, Unavailable
from benchmarks.results import CAPPED

PATIENCE = 300.0  # seconds for any answer
GAP = 0.03  # seconds between slices, for threads that spin to fall asleep
LOOKS = 2  # rounds that every engine takes part in

Answer = dict[str, Any]


class Worker:
    """A process that runs one engine on one network, on its own cores."""

    def __init__(self, engine: str, model: Path, arrays: Path, threads: int, cores: Iterable[int]) -> None:
        python = environments.python(ENGINES[engine].environment)
        self.words = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(python), "-m", "benchmarks.worker", engine, str(model), str(arrays), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.words,
            text=True,
            cwd=ROOT,
            env=environment_variables(engine, threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        try:
            self.beginning = self.answer()
        except Unavailable:
            self.close()
            raise

    def answer(self) -> Answer:
        """The next line of the worker's output. Raises Unavailable with its reason where it failed."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                raise Unavailable(f"no answer in {PATIENCE:.0f} seconds")
        line = self.process.stdout.readline()
        if not line:
            self.words.seek(0)
            said = environments.last_line(self.words.read())
            raise Unavailable(f"the process died (exit code {self.process.wait()}) {said}".strip())
        answer: Answer = json.loads(line)
        if "failure" in answer:
            raise Unavailable(answer["failure"])
        return answer

    def time(self, seconds: float) -> Answer:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.words.close()


def contenders(times: Mapping[str, float], behind: float) -> list[str]:
    """Ours, and the peers that take at most `behind` times as long as the quickest of them.

    >>> contenders({"edgec": 9.0, "ncnn": 1.0, "mnn": 1.9, "litert": 2.1}, 2.0)
    ['edgec', 'ncnn', 'mnn']
    """
    least = min((t for name, t in times.items() if not of_ours_or_capped(name)), default=math.inf)
    return [name for name, t in times.items() if of_ours_or_capped(name) or t <= behind * least]


def of_ours_or_capped(name: str) -> bool:
    return name in OURS or name.endswith(CAPPED)


def start(engine: str, model: Union[Path, str], arrays: Path, cores: Sequence[int]) -> Worker:
    """A worker on these cores. Raises Unavailable, with `model` where that says why there is none."""
    if isinstance(model, str):
        raise Unavailable(model)
    return Worker(engine, model, arrays, len(cores), cores)


class Timed(Protocol):
    def time(self, seconds: float) -> Answer: ...


def take_turns(
    workers: Mapping[str, Timed],
    rounds: int,
    seconds: float,
    progress: Callable[[str], None],
    behind: float = math.inf,
) -> tuple[dict[str, list[Answer]], dict[str, str]]:
    """The answers of each worker, one per round, and why those that stopped did.

    Every round starts with another worker, so that none always follows the same one. After LOOKS rounds go
    the peers that took more than `behind` times as long as the quickest one.
    """
    found: dict[str, list[Answer]] = {name: [] for name in workers}
    failures: dict[str, str] = {}
    for turn in range(rounds):
        names = [name for name in workers if name not in failures]
        if turn >= LOOKS:
            names = contenders({n: min(a["ms"] for a in found[n][:LOOKS]) for n in names}, behind)
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            progress(f"round {turn + 1} of {rounds}, {name}")
            time.sleep(GAP)
            try:
                found[name].append(workers[name].time(seconds))
            except (Unavailable, OSError) as error:
                failures[name] = str(error)
    return {name: answers for name, answers in found.items() if name not in failures}, failures
