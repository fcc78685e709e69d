"""python -m edgert run|check|bench|devices: a device's own command line, with NumPy alone."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import edgert
from edgert.sample import random_inputs

OK, DIVERGED, BAD_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; 0: fine, 1: a reference diverged, 2: bad input (the reason is on stderr)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (edgert.EdgertError, OSError, ValueError) as error:
        print(f"edgert: {error}", file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edgert", description="Runs .edge files.")
    commands = parser.add_subparsers(required=True)
    for name, command, text in (
        ("run", _run, "run once and print or save the outputs"),
        ("check", _check, "run the references in the file and compare"),
        ("bench", _bench, "time load, first run and further runs"),
        ("devices", _devices, "list the devices of this machine"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        sub.add_argument("--json", action="store_true", help="print JSON")
        if command is _devices:
            continue
        sub.add_argument("model", help="the .edge file")
        sub.add_argument("--device", default="cpu", help="cpu, opencl, opencl:N or auto")
        sub.add_argument("--threads", type=int, help="default: the usable cores")
        if command is not _check:
            sub.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy|random")
            sub.add_argument("--shape", action="append", default=[], metavar="NAME=1,3,224,224")
            sub.add_argument("--memory-budget", type=_bytes, metavar="SIZE", help="for activations: 300k, 4M")
            sub.add_argument("--seed", type=int, default=0, help="of random inputs")
        if command is _run:
            sub.add_argument("--output-dir", type=Path, help="save each output as NAME.npy there")
        if command is _bench:
            sub.add_argument("--runs", type=int, default=50)
    return parser


def _load(options: argparse.Namespace) -> edgert.Session:
    budget = getattr(options, "memory_budget", None)
    return edgert.load(options.model, options.device, options.threads, memory_budget=budget)


def _bytes(text: str) -> int:
    unit = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1:], 1)
    number = text if unit == 1 else text[:-1]
    if not (number.isascii() and number.isdigit()) or int(number) * unit >= 1 << 64:
        raise argparse.ArgumentTypeError(f"'{text}': expected bytes, as 300000, 300k, 4M or 1G")
    return int(number) * unit


def _pair(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name or not value:
        raise ValueError(f"{option} '{text}': expected NAME=VALUE")
    return name, value


def _inputs(session: edgert.Session, options: argparse.Namespace) -> dict[str, Any]:
    shapes = {}
    for text in options.shape:
        name, sizes = _pair(text, "--shape")
        try:
            shapes[name] = [int(n) for n in sizes.split(",")]
        except ValueError:
            raise ValueError(f"--shape '{text}': expected whole numbers, e.g. {name}=1,3,224,224") from None
    files = dict(_pair(text, "--input") for text in options.input)
    files = {name: file for name, file in files.items() if file != "random"}
    arrays = {name: _array(file) for name, file in files.items()}
    given = {name: array.shape for name, array in arrays.items()}
    return {**random_inputs(session, {**shapes, **given}, options.seed), **arrays}


def _array(file: str) -> np.ndarray[Any, Any]:
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{file}: not a .npy file: {error}") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{file}: holds several arrays, expected a .npy file")
    return array


def _run(options: argparse.Namespace) -> int:
    session = _load(options)
    outputs = session.run(_inputs(session, options))
    if options.output_dir:
        options.output_dir.mkdir(parents=True, exist_ok=True)
        for name, array in _arrays(outputs).items():
            np.save(options.output_dir / (name.replace("/", "_") + ".npy"), array, allow_pickle=False)
    summary = {n: _summary(a) for n, a in outputs.items()}
    if options.json:
        print(json.dumps(summary))
    else:
        for name, facts in summary.items():
            print(f"{name}: {' '.join(f'{k}={v}' for k, v in facts.items())}")
    return OK


def _arrays(values: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in values of any kind: items of a sequence as NAME.0 and so on, a map as two vectors."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for name, value in values.items():
        if isinstance(value, list):
            found |= _arrays({f"{name}.{i}": item for i, item in enumerate(value)})
        elif isinstance(value, dict):
            found |= {f"{name}.keys": np.array(list(value)), f"{name}.values": np.array(list(value.values()))}
        elif value is not None:
            found[name] = value.astype(str) if value.dtype == object else value
    return found


def _summary(array: Any) -> dict[str, Any]:
    if not isinstance(array, np.ndarray):
        kind = "absent" if array is None else "map" if isinstance(array, dict) else "sequence"
        return {"type": kind, "count": 0 if array is None else len(array)}
    facts: dict[str, Any] = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if array.size and array.dtype.kind in "fiub":
        wide = array.astype(np.float64)
        facts.update(min=float(wide.min()), max=float(wide.max()), mean=float(wide.mean()))
    return facts


def _check(options: argparse.Namespace) -> int:
    checks = _load(options).check()
    if not checks:
        raise ValueError(f"{options.model}: no references in the file; export with --embed-reference 1")
    if options.json:
        rows = [{"source": c.source, "tolerance": c.tolerance, "errors": c.errors} for c in checks]
        print(json.dumps({"passed": all(c.passed for c in checks), "references": rows}))
    else:
        for i, c in enumerate(checks):
            for name, error in c.errors.items():
                word = "ok" if error <= c.tolerance else "DIVERGES"
                print(f"reference {i} ({c.source}): {name}: error {error:.2e} of {c.tolerance:.0e}: {word}")
    return OK if all(c.passed for c in checks) else DIVERGED


def _bench(options: argparse.Namespace) -> int:
    start = time.perf_counter()
    session = _load(options)
    load = time.perf_counter() - start
    inputs = _inputs(session, options)
    times = []
    for _ in range(1 + max(options.runs, 1)):
        start = time.perf_counter()
        session.run(inputs)
        times.append(time.perf_counter() - start)
    first, rest = times[0], sorted(times[1:])
    figures = {
        "load_ms": load * 1e3,
        "first_ms": first * 1e3,
        "median_ms": statistics.median(rest) * 1e3,
        "p90_ms": rest[min(len(rest) - 1, int(0.9 * len(rest)))] * 1e3,
        "peak_memory_mb": _peak_memory_mb(),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        print("  ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    return OK


def _peak_memory_mb() -> float:
    """The process's greatest resident set so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _devices(options: argparse.Namespace) -> int:
    found = edgert.devices()
    if options.json:
        print(json.dumps(found))
    else:
        for device in found:
            facts = ", ".join(f"{k} {v}" for k, v in device.items() if k != "device")
            print(f"{device['device']}: {facts}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
