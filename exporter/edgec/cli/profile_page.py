"""A profile as one HTML page that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import Any

STYLE = """
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { padding: 2px 8px; text-align: right; border-bottom: 1px solid #eee }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
td div { background: #4a7; height: 10px }
td.name { max-width: 32em; overflow-wrap: anywhere }
"""
COLUMNS = ("node", "result", "ms a run", "share", "", "GFLOP/s", "MB", "of limit")


def page(found: dict[str, Any]) -> str:
    """The page's text; `found` is what `edgec profile --json` prints. Nodes are in order of execution."""
    whole = found["ms"] or 1.0
    rows = "\n".join(_row(r, whole) for r in found["nodes"])
    head = "".join(f"<th>{c}</th>" for c in COLUMNS)
    title = f"{escape(found['path'])} on {escape(found['device'])}"
    limits = f"{found['gflops_limit']:.0f} GFLOP/s and {found['gigabytes_limit']:.1f} GB/s"
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
        f"<p>{len(found['nodes'])} nodes, {whole:.3f} ms a run in their quickest calls; "
        f"the limits measured here are {limits}.</p><table><tr>{head}</tr>\n{rows}</table>\n"
    )


def _row(row: dict[str, Any], whole: float) -> str:
    each = row["run_ms"]
    share = each / whole
    cells = [
        f"<td class=name>{escape(row['op'])} {escape(row['name'])}</td>",
        f"<td>{escape(', '.join(str(r) for r in row['results']))}</td>",
        f"<td>{each:.4f}</td><td>{share:.1%}</td>",
        f"<td><div style='width:{min(share, 1.0) * 20:.2f}em'></div></td>",
        f"<td>{row['gflops']:.1f}</td><td>{row['bytes'] / 1e6:.3f}</td><td>{row['of_limit']:.0%}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"
