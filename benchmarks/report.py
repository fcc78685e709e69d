"""Tables of the results, for the console and in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import rich.markup
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.engines import OURS
from benchmarks.results import (
    CAPPED,
    Found,
    Row,
    best_peer,
    lead,
    of_limit,
    of_threads,
    thread_counts,
    timed,
    verdict,
)

Figure = Callable[[Found], float]


def milliseconds(found: Found) -> float:
    return float(found["ms"])


def start_time(found: Found) -> float:
    return float(found["start_ms"])


def peak_megabytes(found: Found) -> float:
    return float(found["peak_bytes"]) / 1e6


@dataclass(frozen=True)
class Table:
    title: str
    titles: list[str]
    lines: list[list[str]]
    remarks: list[str]


def number(value: float) -> str:
    """Three digits.

    >>> number(0.01234), number(12.345), number(1234.5)
    ('0.0123', '12.3', '1234')
    """
    if value >= 1000:
        return f"{value:.0f}"
    digits = max(0, 2 - len(str(int(value))) + 1) if value >= 1 else 2
    while value and value < 10 ** (1 - digits) and digits < 6:
        digits += 1
    return f"{value:.{digits}f}"


def tables(results: dict[str, Any]) -> list[Table]:
    """The comparison with the best peer, then every engine's latency, start and memory."""
    names = [name for name, about in results["engines"].items() if "missing" not in about]
    made = [latency(of_threads(results, n), n, names) for n in thread_counts(results)]
    if made:
        made[:0] = [against_the_best(results), of_the_limit(results)]
        plain = [name for name in names if not name.endswith(CAPPED)]
        first = of_threads(results, thread_counts(results)[0])
        made.append(figure("Import, load and first run, ms", first, plain, start_time))
        made.append(figure("Memory added, MB", first, plain, lambda f: f["memory_bytes"] / 1e6))
        made.append(figure("Memory added at the peak, MB", first, plain, peak_megabytes))
        made.append(alone(first))
    return [table for table in made if table.lines]


def against_the_best(results: dict[str, Any]) -> Table:
    """Times, the quickest peer's, their ratio; the same for starts and memory, which the first count has."""
    counts = thread_counts(results)
    titles = ["network"]
    for n in counts:
        titles += [f"{OURS[0]}, {n}t", "best peer", "ratio"]
    titles += ["scaling", "start", "best peer", "ratio", "MB", "best peer", "ratio"]
    lines = []
    for row in of_threads(results, counts[0]):
        same = [other for other in results["rows"] if other["network"] == row["network"]]
        cells = [row["network"]]
        for n in counts:
            cells += compared(next((other for other in same if other["threads"] == n), None), milliseconds)
        cells.append(shown(scaling(same), "{:.2f}"))
        lines.append([*cells, *compared(row, start_time), *compared(row, peak_megabytes)])
    remarks = [f"{n} thread{'s' * (n > 1)}: {verdict(of_threads(results, n))}" for n in counts]
    return Table(f"{OURS[0]} and the best peer; ms, MB; ratios: best peer / ours", titles, lines, remarks)


def compared(row: Optional[Row], of: Figure) -> list[str]:
    """Our figure, the least of the peers' with its name, and their ratio."""
    found = {} if row is None else {name: of(f) for name, f in timed(row).items()}
    ours = found.get(OURS[0])
    peers = {name: v for name, v in found.items() if name not in OURS and not name.endswith(CAPPED)}
    if row is None or not peers:
        return [shown(ours), "–", "–"]
    least = min(peers, key=lambda name: peers[name])
    ratio = lead(row) if of is milliseconds else ours and peers[least] / ours
    return [shown(ours), f"{shown(peers[least])} {least}", shown(ratio, "{:.2f}")]


def scaling(rows: Sequence[Row]) -> Optional[float]:
    """How many times as quick we are with the most threads as with the fewest."""
    times = {row["threads"]: timed(row)[OURS[0]]["ms"] for row in rows if OURS[0] in timed(row)}
    return times[min(times)] / times[max(times)] if len(times) > 1 else None


def of_the_limit(results: dict[str, Any]) -> Table:
    """What each network takes, and the part of our time that the machine needs for that at least."""
    counts = thread_counts(results)
    titles = ["network", "GFLOP", "MB", "bound by"]
    titles += [f"{n}t{end}" for n in counts for end in ("", ", AVX2", ", AVX2 peer / ours")]
    lines = []
    for row in of_threads(results, counts[0]):
        if not row.get("bound"):
            continue
        cells = [row["network"], number(1e-9 * row["operations"]), number(1e-6 * row["bytes"]), row["bound"]]
        for n in counts:
            for other in of_threads(results, n):
                if other["network"] == row["network"]:
                    cells += [shown(of_limit(other, capped), "{:.0%}") for capped in (False, True)]
                    cells.append(shown(lead(other, True), "{:.2f}"))
        lines.append([*cells, *["–"] * (len(titles) - len(cells))])
    return Table("Of the machine's limit", titles, lines, [])


def latency(rows: Sequence[Row], threads: int, names: Sequence[str]) -> Table:
    titles = ["network", *names]
    lines = [line(row, names, milliseconds) for row in rows]
    remarks = [verdict(rows)]
    if any(name.endswith(CAPPED) for name in names):
        remarks.append(f"held to AVX2: {verdict(rows, True)}")
    return Table(f"Latency with {threads} thread{'s' * (threads > 1)}, ms", titles, lines, remarks)


def figure(title: str, rows: Sequence[Row], names: Sequence[str], of: Figure) -> Table:
    return Table(title, ["network", *names], [line(row, names, of) for row in rows], [])


def alone(rows: Sequence[Row]) -> Table:
    """The parts of our start; our memory for tensors, and what the largest set of live ones takes."""
    lines = []
    for row in rows:
        if ours := timed(row).get(OURS[0]):
            parts = [ours[key] for key in ("import_ms", "load_ms", "first_ms")]
            sizes = [ours["facts"].get(key) for key in ("arena_bytes", "arena_bound_bytes")]
            cells = [row["network"], *map(shown, parts), *(shown(s and s / 1e6, "{:.3f}") for s in sizes)]
            lines.append(cells)
    titles = ["network", "import, ms", "load, ms", "first run, ms", "arena, MB", "its lower bound, MB"]
    return Table(f"Start and arena of {OURS[0]}", titles, lines, [])


def line(row: Row, names: Sequence[str], of: Figure) -> list[str]:
    """The network and a figure of every engine, the least of them bold; – for those without."""
    values = {name: of(found) for name, found in timed(row).items() if name in names}
    least = min((v for n, v in values.items() if not n.endswith(CAPPED)), default=None)
    cells = [row["network"]]
    for name in names:
        text = shown(values.get(name))
        cells.append(f"**{text}**" if name in values and values[name] == least else text)
    return cells


def shown(value: Optional[float], form: str = "") -> str:
    return "–" if value is None else form.format(value) if form else number(value)


def notes(results: dict[str, Any]) -> list[str]:
    """How each engine was run, and what could not be measured and why."""
    found = []
    for name, about in results["engines"].items():
        if "missing" in about:
            found.append(f"{name} is missing: {about['missing']}")
        else:
            found.append(f"{name} {about['version']}: {about['note']}")
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in results["rows"]:
        for name, engine in row["engines"].items():
            if "failure" in engine:
                networks = reasons.setdefault((name, engine["failure"]), [])
                if row["network"] not in networks:
                    networks.append(row["network"])
    found += [f"{name} has no {', '.join(which)}: {why}" for (name, why), which in reasons.items()]
    return found


def in_short(row: Row) -> str:
    """Our time, the best peer's and the limit's, in a line."""
    ours, peer = timed(row).get(OURS[0]), best_peer(row)
    parts = [f"{OURS[0]} {number(ours['ms'])} ms" if ours else f"no time of {OURS[0]}"]
    if peer:
        parts.append(f"{peer} {number(timed(row)[peer]['ms'])} ms")
    if (ahead := lead(row)) is not None:
        parts.append(f"best peer / ours {ahead:.2f}")
    if (share := of_limit(row)) is not None:
        parts.append(f"{share:.0%} of the limit")
    return ", ".join(parts)


def show(results: dict[str, Any], console: Console) -> None:
    for table in tables(results):
        shape = RichTable(box=None, pad_edge=False, title=table.title, title_justify="left")
        for title in table.titles:
            shape.add_column(title, justify="left" if title == "network" else "right")
        for cells in table.lines:
            shape.add_row(*map(bold, cells))
        console.print(shape)
        for remark in table.remarks:
            console.print(remark, highlight=False)
        console.print()
    for note in notes(results):
        console.print(f"* {note}", highlight=False, markup=False)


def bold(cell: str) -> str:
    text = rich.markup.escape(cell.strip("*"))
    return f"[bold]{text}[/]" if cell.startswith("**") else text


def markdown(results: dict[str, Any]) -> str:
    parts = [results["machine"]["text"] + "\n"]
    for table in tables(results):
        rule = ["---", *["---:"] * (len(table.titles) - 1)]
        lines = [f"| {' | '.join(cells)} |" for cells in (table.titles, rule, *table.lines)]
        parts.append("\n".join([f"## {table.title}", "", *lines, "", *table.remarks]).rstrip() + "\n")
    parts.append("\n".join(f"* {note}" for note in notes(results)) + "\n")
    return "\n".join(parts)
