"""Measures networks on engines: one row of the results for each network and thread count."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from benchmarks import environments, measure, report
from benchmarks.engines import ENGINES, OURS
from benchmarks.files import models_for
from benchmarks.limits import Limits, work_of
from benchmarks.networks import Network, Unavailable, prepare
from benchmarks.results import CAPPED, Row, start_ms, summed_up, timed, tolerance
from benchmarks.worker import read_arrays

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Slices of `seconds` in each round, fresh processes for starts with the first of the thread counts, the
    cores of each; peers that take more than `behind` times the best one's time are only looked at."""

    rounds: int
    seconds: float
    starts: int
    cores: Sequence[Sequence[int]]
    behind: float = math.inf


def measure_all(
    networks: Sequence[Network],
    engines: Sequence[str],
    plan: Plan,
    limits: Mapping[str, Limits],
    known: Container[tuple[str, int]],
    tell: Progress,
) -> Iterator[Row]:
    """One row after the other, without those that are known."""
    for network in networks:
        wanted = [cores for cores in plan.cores if (network.name, len(cores)) not in known]
        if not wanted:
            continue
        tell(f"{network.name}: preparing")
        models = prepared(network, engines)
        for cores in wanted:
            about = f"{network.name}, {len(cores)} thread{'s' * (len(cores) > 1)}: "
            row = measure_network(network, models, cores, plan, prefixed(tell, about))
            add_limits(row, network, limits)
            print(about + report.in_short(row), file=sys.stderr, flush=True)
            yield row


def prepared(network: Network, engines: Sequence[str]) -> dict[str, Union[Path, str]]:
    """Each engine's file of the network, made where it is missing, or why there is none."""
    try:
        prepare(network)
        return models_for(network, engines)
    except (Unavailable, environments.Failure) as error:
        return dict.fromkeys(engines, f"the network could not be made: {error}")


def prefixed(tell: Progress, about: str) -> Progress:
    return lambda text: tell(about + text)


def measure_network(
    network: Network, models: Mapping[str, Union[Path, str]], cores: Sequence[int], plan: Plan, tell: Progress
) -> Row:
    """The network on every engine that has a model of it, with as many threads as there are cores."""
    found: dict[str, Any] = {}
    workers: dict[str, measure.Worker] = {}
    starts: dict[str, list[measure.Answer]] = {}
    try:
        for name, model in models.items():
            tell(f"starting {name}")
            try:
                workers[name] = measure.start(name, model, network.folder, cores)
                starts[name] = [workers[name].beginning]
            except Unavailable as error:
                found[name] = {"failure": str(error)}
        right = {n: w for n, w in workers.items() if w.beginning["error"] <= tolerance(n)}
        rounds, failures = measure.take_turns(right, plan.rounds, plan.seconds, tell, plan.behind)
    finally:
        for worker in workers.values():
            worker.close()
    if cores == plan.cores[0]:
        again = {name: start_ms(starts[name][0]) for name in rounds if not name.endswith(CAPPED)}
        for name in measure.contenders(again, plan.behind) * (plan.starts - 1):
            tell(f"start {len(starts[name]) + 1} of {plan.starts}, {name}")
            worker = measure.start(name, models[name], network.folder, cores)
            starts[name].append(worker.beginning)
            worker.close()
    for name, answers in starts.items():
        failed = failures.get(name)
        done = rounds.get(name, [])
        found[name] = {"failure": failed} if failed else summed_up(answers, done, tolerance(name))
    return {"network": network.name, "threads": len(cores), "engines": found}


def add_limits(row: Row, network: Network, limits: Mapping[str, Limits]) -> None:
    """What the network takes, by our profile of it, and how long the machine needs for that at least."""
    key = str(row["threads"])
    if key not in limits or OURS[0] not in timed(row):
        return
    work = work_of(network.folder / "model.edge", read_arrays(network.folder / "inputs.npz"))
    row.update(vars(work), limit_ms=limits[key].least_ms(work), bound=limits[key].bound(work))
    if key + CAPPED in limits:
        row["limit_ms_avx2"] = limits[key + CAPPED].least_ms(work)


def about_engines(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The version and note of every engine, or why it is missing."""
    about: dict[str, dict[str, str]] = {}
    for name in names:
        python = environments.python(ENGINES[name].environment)
        if not python.exists():
            where = ENGINES[name].environment
            about[name] = {"missing": f"not set up (make bench PEERS={where}, or PEERS=all)"}
            continue
        done = subprocess.run(
            [str(python), "-c", f"from benchmarks.engines import *; print(version_of(ENGINES[{name!r}]()))"],
            cwd=environments.ROOT, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            about[name] = {"missing": environments.last_line(done.stderr)}
        else:
            about[name] = {"version": done.stdout.strip(), "note": ENGINES[name].note}
    return about
