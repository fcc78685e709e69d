"""What was measured, as data that becomes JSON, and what follows from it.

{"machine": ..., "limits": {threads: ...}, "engines": {name: {"version", "note"} or {"missing": reason}},
 "rows": [{"network", "threads", "operations", "bytes", "bound", "limit_ms", "limit_ms_avx2",
           "engines": {name: found or {"failure": reason}}}]}
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from benchmarks.engines import OURS

Row = dict[str, Any]
Found = dict[str, Any]

# of an output's largest value: a result further from ONNX Runtime's has no time
TOLERANCE, OUR_TOLERANCE = 1e-3, 1e-4
CAPPED = "-avx2"  # the end of the names of engines that are held to a smaller instruction set


def start_ms(start: Found) -> float:
    return float(start["import_ms"] + start["load_ms"] + start["first_ms"])


def tolerance(engine: str) -> float:
    return OUR_TOLERANCE if engine in OURS else TOLERANCE


def summed_up(starts: Sequence[Found], rounds: Sequence[Found], most: float = TOLERANCE) -> Found:
    """One engine's figures from its starts and rounds: medians, and the largest error, at most `most`."""
    keys = ("import_ms", "load_ms", "first_ms", "memory_bytes", "peak_bytes")
    found: Found = {key: statistics.median(start[key] for start in starts) for key in keys}
    found["start_ms"] = statistics.median(map(start_ms, starts))
    found["facts"] = starts[0]["facts"]
    found["error"] = max(answer["error"] for answer in (*starts, *rounds))
    if not found["error"] <= most:
        return {"failure": f"wrong result: relative error {found['error']:.1e}"}
    found["rounds_ms"] = [answer["ms"] for answer in rounds]
    found["ms"] = statistics.median(found["rounds_ms"])
    return found


def ratio(row: Row, engine: str, to: str) -> float:
    """How many times as long as `to` the engine takes, the median over rounds in which both ran."""
    pairs = zip(row["engines"][engine]["rounds_ms"], row["engines"][to]["rounds_ms"])
    return float(statistics.median(a / b for a, b in pairs))


def timed(row: Row) -> dict[str, Found]:
    """The engines that have a time."""
    return {name: found for name, found in row["engines"].items() if "ms" in found}


def best_peer(row: Row, capped: bool = False) -> Optional[str]:
    """The quickest of the peers, or of those that are held to a smaller instruction set; None without any."""
    found = {n: f["ms"] for n, f in timed(row).items() if n not in OURS and n.endswith(CAPPED) == capped}
    return min(found, key=lambda name: found[name]) if found else None


def lead(row: Row, capped: bool = False) -> Optional[float]:
    """The best peer's time over ours; None where one of them is missing."""
    ours, peer = OURS[capped], best_peer(row, capped)
    return ratio(row, peer, ours) if peer and ours in timed(row) else None


def of_limit(row: Row, capped: bool = False) -> Optional[float]:
    """The time that the machine needs at least over ours."""
    ours, least = timed(row).get(OURS[capped]), row.get("limit_ms_avx2" if capped else "limit_ms")
    return least / ours["ms"] if ours and least else None


def join(results: Mapping[str, Any], row: Row) -> None:
    """Puts the row into the results, in place of one of the same network and thread count."""
    rows: list[Row] = results["rows"]
    for i, old in enumerate(rows):
        if (old["network"], old["threads"]) == (row["network"], row["threads"]):
            rows[i] = row
            return
    rows.append(row)


def geometric_mean(values: Iterable[float]) -> float:
    """
    >>> geometric_mean([1.0, 4.0])
    2.0
    """
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


def of_threads(results: Mapping[str, Any], threads: int) -> list[Row]:
    return [row for row in results["rows"] if row["threads"] == threads]


def thread_counts(results: Mapping[str, Any]) -> list[int]:
    return sorted({row["threads"] for row in results["rows"]})


def verdict(rows: Sequence[Row], capped: bool = False) -> str:
    """One line on how far ahead of the best peer we are."""
    leads = {row["network"]: found for row in rows if (found := lead(row, capped)) is not None}
    if not leads:
        return "no network has a time of ours and of a peer"
    worst = min(leads, key=lambda name: leads[name])
    mean = geometric_mean(leads.values())
    return f"best peer / ours: geometric mean {mean:.2f}, least {leads[worst]:.2f} ({worst})"
