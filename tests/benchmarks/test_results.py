"""What follows from measured figures, and how it is shown."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import pytest
from benchmarks import plot, report, results
from benchmarks.engines import ENGINES

Found = dict[str, Any]


def start(milliseconds: float = 1.0, error: float = 0.0) -> Found:
    return {
        "import_ms": milliseconds, "load_ms": 2 * milliseconds, "first_ms": 3 * milliseconds,
        "memory_bytes": 1e6 * milliseconds, "peak_bytes": 2e6 * milliseconds, "error": error, "facts": {},
    }  # fmt: skip


def engine(*rounds: float, start_ms: float = 1.0) -> Found:
    return results.summed_up([start(start_ms)], [{"ms": ms, "error": 0.0} for ms in rounds])


def row(network: str = "net", threads: int = 1, **engines: Found) -> results.Row:
    named = {name.replace("_", "-"): found for name, found in engines.items()}
    return {"network": network, "threads": threads, "limit_ms": 1.0, "engines": named}


def all_of(*rows: results.Row, missing: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [name for name in ENGINES if any(name in row["engines"] for row in rows)]
    about: dict[str, dict[str, str]] = {name: {"version": "1.2", "note": f"note of {name}"} for name in names}
    about |= {name: {"missing": "not set up"} for name in missing}
    return {"machine": {"text": "a machine"}, "engines": about, "rows": list(rows)}


def test_figures_are_medians_and_the_error_is_the_worst() -> None:
    found = results.summed_up(
        [start(1), start(9), start(2, error=1e-5)],
        [{"ms": 3.0, "error": 0.0}, {"ms": 1.0, "error": 2e-5}, {"ms": 2.0, "error": 0.0}],
    )
    assert (found["ms"], found["start_ms"], found["peak_bytes"], found["error"]) == (2.0, 12.0, 4e6, 2e-5)


@pytest.mark.parametrize("error", [2 * results.TOLERANCE, math.inf])
def test_a_wrong_result_has_no_time(error: float) -> None:
    found = results.summed_up([start()], [{"ms": 1.0, "error": error}])
    assert "ms" not in found and "wrong result" in found["failure"]


def test_ours_must_be_nearer_to_the_reference() -> None:
    assert results.tolerance("edgec") == results.tolerance("edgec-avx2") == 1e-4
    assert results.tolerance("ncnn") == 1e-3


def test_ratios_compare_within_rounds() -> None:
    # each round is twice as slow as the one before, for both alike
    found = row(edgec=engine(1, 2, 4), openvino=engine(1.5, 3, 6.0))
    assert results.ratio(found, "openvino", "edgec") == 1.5
    assert results.lead(found) == 1.5


def test_the_best_peer_is_neither_ours_nor_capped() -> None:
    found = row(
        edgec=engine(1), edgec_avx2=engine(0.5), openvino_avx2=engine(0.6), ncnn=engine(3), mnn=engine(2)
    )
    assert results.best_peer(found) == "mnn" and results.lead(found) == 2
    assert results.best_peer(found, capped=True) == "openvino-avx2"
    assert results.lead(found, capped=True) == pytest.approx(1.2)


def test_without_a_peer_or_without_ours_there_is_no_lead() -> None:
    failed = {"failure": "died"}
    assert results.lead(row(edgec=engine(1), ncnn=failed)) is None
    assert results.lead(row(edgec=failed, ncnn=engine(1))) is None
    assert results.of_limit(row(edgec=failed)) is None
    assert "no network" in results.verdict([row(edgec=failed, ncnn=engine(1))])


def test_the_verdict_names_the_worst_network() -> None:
    rows = [row("a", edgec=engine(1), mnn=engine(4)), row("b", edgec=engine(2), mnn=engine(2))]
    assert results.verdict(rows) == "best peer / ours: geometric mean 2.00, least 1.00 (b)"


def test_the_limit_is_a_fraction_of_our_time() -> None:
    assert results.of_limit(row(edgec=engine(4))) == 0.25


def test_tables_have_every_network_and_mark_the_least() -> None:
    found = all_of(
        row("a", edgec=engine(1), onnxruntime=engine(2), openvino_avx2=engine(0.5)),
        row("a", threads=2, edgec=engine(1), onnxruntime={"failure": "died"}, openvino_avx2=engine(0.5)),
        row("b", edgec=engine(3), onnxruntime=engine(2), openvino_avx2=engine(0.5)),
    )
    one, two, *_ = (table for table in report.tables(found) if "Latency" in table.title)
    assert one.titles == ["network", "edgec", "onnxruntime", "openvino-avx2"]
    assert one.lines == [["a", "**1.00**", "2.00", "0.50"], ["b", "3.00", "**2.00**", "0.50"]]
    assert two.lines[0][:3] == ["a", "**1.00**", "–"]


def test_markdown_names_what_is_missing_and_why() -> None:
    found = all_of(
        row("a", edgec=engine(1), ncnn={"failure": "conversion: no"}),
        row("b", edgec=engine(1), ncnn={"failure": "conversion: no"}),
        missing=("litert",),
    )
    text = report.markdown(found)
    assert "* litert is missing: not set up" in text
    assert "* ncnn has no a, b: conversion: no" in text
    assert "* edgec 1.2: note of edgec" in text
    assert text.count("| a |") == 6
    widths = [line.count("|") for line in text.split("## ")[1].splitlines() if line.startswith("|")]
    assert len(widths) == 4 and len(set(widths)) == 1


def test_the_arena_is_shown_with_its_bound_where_that_is_known() -> None:
    ours, start = engine(1), ["a", "1.00", "2.00", "3.00"]
    ours["facts"] = {"arena_bytes": 2_000_000}
    assert report.alone([row("a", edgec=ours)]).lines == [[*start, "2.000", "–"]]
    ours["facts"]["arena_bound_bytes"] = 1_500_000
    assert report.alone([row("a", edgec=ours)]).lines == [[*start, "2.000", "1.500"]]


def test_the_first_table_compares_with_the_best_peer() -> None:
    found = all_of(
        row("a", edgec=engine(4), mnn=engine(2, start_ms=2), openvino=engine(6), openvino_avx2=engine(1)),
        row("a", threads=2, edgec=engine(2), mnn={"failure": "died"}, openvino=engine(3)),
        row("b", edgec=engine(1), mnn={"failure": "died"}),
    )
    table = report.against_the_best(found)
    assert table.lines[0] == [
        "a", "4.00", "2.00 mnn", "0.50", "2.00", "3.00 openvino", "1.50", "2.00",
        "6.00", "6.00 openvino", "1.00", "2.00", "2.00 openvino", "1.00",
    ]  # fmt: skip
    assert table.lines[1] == ["b", "1.00", *"–––––", "–", "6.00", "–", "–", "2.00", "–", "–"]
    assert "geometric mean 0.50" in table.remarks[0] and "geometric mean 1.50" in table.remarks[1]


def test_the_limit_table_says_what_binds_and_has_the_smaller_instruction_set() -> None:
    one = row("a", edgec=engine(4), edgec_avx2=engine(8), openvino_avx2=engine(4))
    one |= {"operations": 2e9, "bytes": 3e6, "bound": "operations", "limit_ms_avx2": 2.0}
    table = report.of_the_limit(all_of(one, row("b", edgec={"failure": "died"}) | {"limit_ms": None}))
    assert table.lines == [["a", "2.00", "3.00", "operations", "25%", "25%", "0.50"]]


def test_a_row_takes_the_place_of_its_predecessor() -> None:
    found = all_of(row("a", edgec=engine(1)), row("b", edgec=engine(1)))
    results.join(found, row("a", edgec=engine(2)))
    results.join(found, row("a", threads=2, edgec=engine(3)))
    assert [(r["network"], r["threads"], r["engines"]["edgec"]["ms"]) for r in found["rows"]] == [
        ("a", 1, 2), ("b", 1, 1), ("a", 2, 3)
    ]  # fmt: skip


def test_the_plot_has_a_bar_for_every_figure() -> None:
    found = all_of(
        row("a<b", edgec=engine(1), mnn=engine(2)),
        row("c", edgec=engine(1), mnn={"failure": "died"}),
        row("d", edgec={"failure": "died"}, mnn=engine(1)),
    )
    picture = ElementTree.fromstring(plot.svg(found))
    tag = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in picture.iter(f"{tag}rect") if bar.get("fill") != "white"]
    # ratio and limit: a; limit: c; start and memory: both of a, ours of c, the peer's of d
    assert len(bars) == 1 + 2 + 2 * (2 + 1 + 1)
    assert "a<b" in [text.text for text in picture.iter(f"{tag}text")]
    assert all(float(bar.get("width", "")) <= plot.PANEL for bar in bars)
