"""The results as one picture: a bar for each network in four panels."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from benchmarks.engines import OURS
from benchmarks.results import Found, Row, lead, of_limit, of_threads, thread_counts, timed

LABELS, PANEL, GAP = 140, 210, 30  # widths
TOP, LINE = 50, 18
OURS_COLOUR, PEER_COLOUR, FRAME_COLOUR = "#1f77b4", "#bbbbbb", "#888888"


@dataclass(frozen=True)
class Panel:
    """`values` are ours and the peers' best (None: no bar); `mark` is a value that gets a line."""

    title: str
    values: list[tuple[Optional[float], Optional[float]]]
    form: str
    mark: Optional[float] = None


def panels(results: dict[str, Any], threads: int) -> list[Panel]:
    rows = of_threads(results, threads)
    return [
        Panel("best peer's time / ours", [(lead(row), None) for row in rows], "{:.2f}", 1.0),
        Panel("of the machine's limit", [(of_limit(row), None) for row in rows], "{:.0%}", 1.0),
        Panel("import, load, first run; ms", pairs(rows, lambda f: f["start_ms"]), "{:.0f}"),
        Panel("memory added at the peak; MB", pairs(rows, lambda f: f["peak_bytes"] / 1e6), "{:.0f}"),
    ]


def pairs(rows: Sequence[Row], of: Callable[[Found], float]) -> list[tuple[Optional[float], Optional[float]]]:
    """Our figure and the least of the peers'."""
    made = []
    for row in rows:
        found = {name: of(engine) for name, engine in timed(row).items()}
        peers = [value for name, value in found.items() if name not in OURS]
        made.append((found.get(OURS[0]), min(peers, default=None)))
    return made


def svg(results: dict[str, Any]) -> str:
    """A block of panels for each thread count, one below the other."""
    counts = thread_counts(results)
    parts: list[str] = []
    y = 0
    for threads in counts:
        rows = of_threads(results, threads)
        parts += block(panels(results, threads), [row["network"] for row in rows], threads, y)
        y += TOP + LINE * len(rows) + GAP
    width = LABELS + 4 * (PANEL + GAP)
    key = "blue: edgec; grey: the best of the peers"
    parts.append(text(LABELS, y, key, "start"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + GAP}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def block(shown: Sequence[Panel], names: Sequence[str], threads: int, top: int) -> list[str]:
    parts = [text(LABELS - 8, top + 24, f"{threads} thread{'s' * (threads > 1)}", "end", "bold")]
    for i, name in enumerate(names):
        parts.append(text(LABELS - 8, top + TOP + LINE * i + 12, name, "end"))
    for i, panel in enumerate(shown):
        parts += bars(panel, LABELS + i * (PANEL + GAP), top)
    return parts


def bars(panel: Panel, left: int, top: int) -> list[str]:
    known = [value for pair in panel.values for value in pair if value is not None]
    scale = (PANEL - 40) / max([*known, panel.mark or 0, 1e-9])
    parts = [text(left, top + TOP - 10, panel.title, "start", "bold")]
    for i, (ours, peer) in enumerate(panel.values):
        y = top + TOP + LINE * i
        if peer is not None:
            parts.append(bar(left, y + 9, scale * peer, 5, PEER_COLOUR))
        if ours is not None:
            height = 8 if peer is not None else 13
            parts.append(bar(left, y + 1, scale * ours, height, OURS_COLOUR))
            parts.append(
                text(left + scale * max(ours, peer or 0) + 4, y + 12, panel.form.format(ours), "start")
            )
    if panel.mark is not None:
        x, end = left + scale * panel.mark, top + TOP + LINE * len(panel.values)
        parts.append(
            f'<path d="M{x:.1f} {top + TOP - 4}V{end}" stroke="{FRAME_COLOUR}" stroke-dasharray="3"/>'
        )
    return parts


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def text(x: float, y: float, content: str, anchor: str, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {place}>{html.escape(content)}</text>"
