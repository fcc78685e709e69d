"""Command line of the suite, and docs/conformance.md from its results."""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

import suite
from suite import ENGINES, PEERS, ROOT, Results, cases, gap_file, run_tests

TABLE = """# Conformance

ONNX's own backend tests (onnx {version}: {total} tests), each run through `edgec.onnx_backend` on every
backend, and through the peers' own interfaces in the same harness, at the suite's tolerances, with exact
types and shapes. A model is exported once and never again; what a backend does not pass is listed with its
reason in its gap file, and a run of the tests fails where a listed one passes or another one fails.

| engine | passed | not passed | gaps |
|---|---:|---:|---|
{totals}

OpenCL is strict here: a test counts only where every node has a kernel for the device (the first that `edgec
devices` lists). In ordinary sessions such nodes run on the CPU, and `placement()` names them. A peer that
does not know the newest opset yet fails the tests written in it.

{count} core operators stand behind the {operators} ONNX operators below; [operators.md](operators.md) says
which becomes what.

## By operator

Passed of all tests of an operator, its tests as an expanded function among them; the last rows are whole
models.

| operator | tests | interpreter | cpu | opencl | ONNX Runtime | reference |
|---|---:|---:|---:|---:|---:|---:|
{rows}

Made by `python tests/conformance/suite.py`.
"""


@lru_cache(maxsize=1)
def subjects() -> dict[str, str]:
    """What each test is about: an operator of a node test, the kind of any other."""
    found = {name: _subject(case) for name, case in cases().items()}
    for name in found:
        base = name.split("_expanded")[0]
        if base != name and base in found:
            found[name] = found[base]
    return found


def _subject(case: object) -> str:
    if case.kind != "node":  # type: ignore[attr-defined]
        return f"{case.kind} models"  # type: ignore[attr-defined]
    node = case.model.graph.node[-1]  # type: ignore[attr-defined]
    return f"{node.domain}.{node.op_type}" if node.domain else str(node.op_type)


def write_report(results: Results) -> None:
    """docs/conformance.md from the results of all engines and peers."""
    import onnx

    from edgec.ops import REGISTRY

    totals = []
    for engine, found in results.items():
        passed = sum(reason is None for reason in found.values())
        link = f"[{engine.lower()}.txt](../gaps/{engine.lower()}.txt)" if engine in ENGINES else ""
        totals.append(f"| {label(engine)} | {passed} | {len(found) - passed} | {link} |")
    by_subject: dict[str, list[str]] = defaultdict(list)
    for name, subject in subjects().items():
        by_subject[subject].append(name)
    ordered = sorted(by_subject, key=lambda s: (s.endswith(" models"), "." in s, s))
    rows = []
    for subject in ordered:
        names = by_subject[subject]
        counts = [sum(results[e][n] is None for n in names) for e in (*ENGINES, *PEERS)]
        rows.append(f"| {subject} | {len(names)} | {' | '.join(map(str, counts))} |")
    text = TABLE.format(
        version=onnx.__version__,
        total=len(cases()),
        totals="\n".join(totals),
        rows="\n".join(rows),
        count=len(REGISTRY),
        operators=sum(not s.endswith(" models") for s in ordered),
    )
    (ROOT / "docs" / "conformance.md").write_text(text)


def label(engine: str) -> str:
    """How the table names an engine."""
    import onnx

    if engine == "ONNXRUNTIME":
        import onnxruntime

        return f"ONNX Runtime {onnxruntime.__version__} (CPU)"
    if engine == "REFERENCE":
        return f"ONNX reference evaluator {onnx.__version__}"
    return f"edgec {engine.lower()}"


def write_gaps(engine: str, results: Mapping[str, str | None]) -> None:
    """Rewrite an engine's gap file; why a result is wrong may have been written there by hand, and stays."""
    known = suite.read_gaps(engine)
    lines = []
    for name, reason in sorted((n, r) for n, r in results.items() if r is not None):
        by_hand = reason.startswith("wrong result") and known.get(name)
        lines.append(f"{name}: {known[name] if by_hand else reason}\n")
    gap_file(engine).write_text("".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=suite.__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join((*ENGINES, *PEERS)))
    parser.add_argument("-k", default="", help="only tests whose name holds this text")
    parser.add_argument("--gaps", action="store_true", help="rewrite the gap files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    names = [name for name in cases() if options.k in name]
    results = run_tests(options.engines or (*ENGINES, *PEERS), names, options.jobs)
    for engine, found in results.items():
        passed = sum(reason is None for reason in found.values())
        print(f"{label(engine)}: {passed} of {len(names)} pass", flush=True)
        if options.k:
            print("".join(f"  {n}: {r}\n" for n, r in found.items() if r), end="")
        elif options.gaps and engine in ENGINES:
            write_gaps(engine, found)
    if not options.engines and not options.k:
        write_report(results)
