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
    """Latency for each thread count, then start and memory at the first."""
    names = [name for name, about in results["engines"].items() if "missing" not in about]
    made = [latency(of_threads(results, n), n, names) for n in thread_counts(results)]
    if made:
        plain = [name for name in names if not name.endswith(CAPPED)]
        first = of_threads(results, thread_counts(results)[0])
        made.append(figure("Import, load and first run, ms", first, plain, lambda f: f["start_ms"]))
        made.append(figure("Memory added, MB", first, plain, lambda f: f["memory_bytes"] / 1e6))
        made.append(figure("Memory added at the peak, MB", first, plain, lambda f: f["peak_bytes"] / 1e6))
        made.append(arenas(first))
    return [table for table in made if table.lines]


def latency(rows: Sequence[Row], threads: int, names: Sequence[str]) -> Table:
    titles = ["network", *names, "best peer / ours", "with AVX2", "of the limit"]
    lines = []
    for row in rows:
        ends = [shown(lead(row), "{:.2f}"), shown(lead(row, True), "{:.2f}"), shown(of_limit(row), "{:.0%}")]
        lines.append([*line(row, names, lambda found: found["ms"]), *ends])
    remarks = [verdict(rows)]
    if any(name.endswith(CAPPED) for name in names):
        remarks.append(f"held to AVX2: {verdict(rows, True)}")
    return Table(f"Latency with {threads} thread{'s' * (threads > 1)}, ms", titles, lines, remarks)


def figure(title: str, rows: Sequence[Row], names: Sequence[str], of: Callable[[Found], float]) -> Table:
    return Table(title, ["network", *names], [line(row, names, of) for row in rows], [])


def arenas(rows: Sequence[Row]) -> Table:
    """edgec's memory for tensors, and what the largest set of tensors that live at once takes."""
    lines = []
    for row in rows:
        facts = timed(row).get(OURS[0], {}).get("facts", {})
        sizes = [facts.get("arena_bytes"), facts.get("arena_bound_bytes")]
        if sizes[0] is not None:
            lines.append([row["network"], *(shown(s and s / 1e6, "{:.3f}") for s in sizes)])
    return Table("edgec's arena, MB", ["network", "arena", "lower bound"], lines, [])


def line(row: Row, names: Sequence[str], of: Callable[[Found], float]) -> list[str]:
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
