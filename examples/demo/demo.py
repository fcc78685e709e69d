"""Two networks from export to result: text read from pictures, speech found in a recording.

    python examples/demo/demo.py        pictures of the results go to demo-out/

Each network is exported to one file, compared with ONNX Runtime on the very input it is then used on,
and timed on every device that is here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import edgec
import edgert
from edgec.cli.bench import measure
from edgec.cli.common import bytes_text
from edgec.validate import validate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "demo-out"
SECONDS = 3.0

sys.path[:0] = [str(HERE), str(ROOT / "tools")]
import find_speech  # noqa: E402
import read_text  # noqa: E402
from fetch_networks import cache  # noqa: E402

Array = np.ndarray[Any, Any]
console = Console()


def export(name: str) -> tuple[Path, Path]:
    """The ONNX model called `name`, and the file made from it."""
    source, path = cache() / f"{name}.onnx", OUT / f"{name}.edge"
    with console.status(f"exporting {name}"):
        edgec.export(str(source), str(path))
    sizes = f"{bytes_text(source.stat().st_size)} -> {bytes_text(path.stat().st_size)}"
    console.print(f"exported {name}: {sizes}", highlight=False)
    return source, path


def devices() -> list[str]:
    """cpu, and opencl if there is such a device."""
    kinds = [device["device"].partition(":")[0] for device in edgert.devices()]
    return list(dict.fromkeys(kinds))


def compare(source: Path, path: Path, inputs: dict[str, Array]) -> list[str]:
    """Prints a line for each device: does it agree with ONNX Runtime? The devices that can run it.

    Exits where one of them disagrees.
    """
    able = []
    for device in devices():
        try:
            report = validate(path, source, device=device, against="onnxruntime", inputs=[inputs])
        except RuntimeError as error:
            console.print(f"{device} [red]fails[/]: {escape(str(error).splitlines()[0])}", highlight=False)
            continue
        verdict = "[green]agrees[/]" if report.ok else "[red]diverges[/]"
        against = report.comparisons[0].reference
        console.print(f"{device} {verdict} with {against}: largest error {report.worst:.1e}", highlight=False)
        if not report.ok:
            raise SystemExit(1)
        able.append(device)
    return able


def times(able: list[str], source: Path, path: Path, inputs: dict[str, Array]) -> Table:
    """How long each engine takes, taking turns; load and memory in fresh processes."""
    engines = {device: path for device in able} | {"onnxruntime": source}
    with console.status("measuring"):
        found = measure(engines, 0, inputs, SECONDS)
    table = Table(box=None, pad_edge=False)
    for title in ("", "load ms", "first run ms", "each run ms", "memory added"):
        table.add_column(title, justify="right" if title else "left")
    for name, row in found.items():
        numbers = [f"{row[k]:.2f}" for k in ("load_ms", "first_ms", "median_ms")]
        table.add_row(name, *numbers, bytes_text(row["memory_bytes"]))
    return table


def show_text() -> None:
    console.rule("text in pictures")
    source, path = export("ppocr_v4_rec")
    pictures = read_text.make_pictures()
    inputs = {"x": read_text.prepare(pictures[0])}
    able = compare(source, path, inputs)
    session = edgert.load(str(path))
    run: Callable[[Array], Array] = lambda x: next(iter(session.run({"x": x}).values()))  # noqa: E731
    texts = read_text.read(pictures, run, session.metadata("character") or "")
    for (written, _, _), text in zip(read_text.LINES, texts):
        console.print(f"  written: {written}\n  read:    [bold]{text}[/]", highlight=False)
    read_text.draw(pictures, texts, OUT / "text.png")
    console.print(times(able, source, path, inputs))


def show_speech() -> None:
    console.rule("speech in a recording")
    source, path = export("silero_vad")
    samples = find_speech.load_recording(HERE / "recording.wav")
    able = compare(source, path, find_speech.first_input(samples))
    session = edgert.load(str(path))
    likely = find_speech.probabilities(samples, session.run)
    bar = "".join(" .:-=+*#%@"[min(int(p * 10), 9)] for p in likely[::4])
    console.print(f"  {len(samples) / find_speech.RATE:.1f} s: |[bold]{bar}[/]|", highlight=False)
    for begin, end in find_speech.stretches(likely):
        console.print(f"  speech from {begin:.2f} s to {end:.2f} s", highlight=False)
    find_speech.draw(samples, likely, OUT / "speech.png")
    console.print(times(able, source, path, find_speech.first_input(samples)))


def main() -> None:
    OUT.mkdir(exist_ok=True)
    show_text()
    show_speech()
    console.rule()
    console.print(f"pictures: {OUT / 'text.png'}, {OUT / 'speech.png'}", highlight=False)


if __name__ == "__main__":
    main()
