"""How near the inner loops for ARM come to the peak of a core's multipliers, as llvm-mca reckons it.

    python tools/mca.py gemm depthwise dot      # families of runtime/backends/cpu/micro
    python tools/mca.py gemm --loop 0           # the instructions of one loop

It is a static estimate: every load hits the L1 cache and nothing else runs. What is compiled is read from
the cross build that `make test-arm` leaves in build/aarch64.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "aarch64"
HINT = "llvm-mca 17 or newer is not here; on Debian: apt install llvm-19"


@dataclass(frozen=True)
class Core:
    """A core, the model that llvm-mca has of it, and how many instructions it decodes in a cycle."""

    name: str
    model: str
    width: int


# To llvm-mca, "cortex-a76" is a Cortex-A57; Neoverse N1 is the A76 with larger caches.
CORES = (
    Core("cortex-a72", "cortex-a72", 3),
    Core("cortex-a76", "neoverse-n1", 4),
    Core("cortex-a53", "cortex-a53", 2),
    Core("cortex-a55", "cortex-a55", 2),
)
MULTIPLIES = {"fmla": "4s", "sdot": "16b", "sadalp": "8h"}  # and what they read


@dataclass(frozen=True)
class Loop:
    """What a loop may repeat: its function and its instructions but the branch."""

    function: str
    body: tuple[str, ...]

    @property
    def mnemonics(self) -> list[str]:
        return [line.split()[0] for line in self.body]

    @property
    def multiplies(self) -> int:
        return sum(name in MULTIPLIES for name in self.mnemonics)

    @property
    def multiply(self) -> str:
        return max(MULTIPLIES, key=self.mnemonics.count)


def mca_program() -> str | None:
    names = (f"llvm-mca-{version}" for version in range(40, 16, -1))
    return next((found for name in names if (found := shutil.which(name))), None)


def assembly(family: str, build: Path = BUILD) -> Iterator[str]:
    """The assembly of a family for each of the tiers that it is compiled for with NEON."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if Path(entry["file"]).stem != family or "EDGERT_TIER=neon" not in entry["command"]:
            continue
        command = shlex.split(entry["command"])
        command[command.index("-o") + 1] = "-"
        command[command.index("-c")] = "-S"
        done = subprocess.run(command, cwd=entry["directory"], check=True, capture_output=True, text=True)
        yield done.stdout


def loops(text: str) -> Iterator[Loop]:
    """The runs of instructions without a label or branch inside: an unrolled inner loop is one."""
    function, lines = "", list[str]()
    for line in text.splitlines():
        if label := re.match(r"([\w$]+|\.L\d+|\.LBB[\d_]+):", line):
            function = function if line.startswith(".") else label[1]
        elif not re.match(r"\t[a-z]", line):
            continue
        elif not re.match(r"\t(b|b\.?\w\w|cbn?z|tbn?z|bl|blr|br|ret)(\s|$)", line):
            lines.append(line.split("//")[0].strip())
            continue
        if lines:
            yield Loop(function, tuple(lines))
        lines = []


def cycles(core: Core, body: tuple[str, ...]) -> float:
    """Cycles of one iteration once the loop runs; decoding takes at least its share of them."""
    program = mca_program()
    assert program, HINT
    # GCC writes bytes with their sign, which LLVM's assembler does not read.
    text = re.sub(r"0xf{8,}(\w\w)\b", r"0x\1", "\n".join(body))
    totals = []
    for iterations in (20, 120):
        command = [program, "-mtriple=aarch64", f"-mcpu={core.model}", "-mattr=+dotprod", "-json"]
        command.append(f"-iterations={iterations}")
        done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
        totals.append(json.loads(done.stdout)["CodeRegions"][0]["SummaryView"]["TotalCycles"])
    return max((totals[1] - totals[0]) / 100, len(body) / core.width)


@functools.cache
def peak(core: Core, multiply: str) -> float:
    """Multiplies in a cycle where none waits for another."""
    kind = MULTIPLIES[multiply]
    read = f"v30.{kind}" if multiply == "sadalp" else f"v30.{kind}, v31.{kind}"
    body = tuple(f"{multiply} v{i}.4s, {read}" for i in range(24))
    return len(body) / cycles(core, body)


def fraction(core: Core, loop: Loop) -> float:
    """Of the peak that the loop reaches."""
    return loop.multiplies / cycles(core, loop.body) / peak(core, loop.multiply)


def family_loops(family: str, build: Path = BUILD) -> list[Loop]:
    """Its loops that multiply, those that do most at once first."""
    found = [loop for text in assembly(family, build) for loop in loops(text) if loop.multiplies]
    return sorted(found, key=lambda loop: -loop.multiplies)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("family", nargs="+")
    parser.add_argument("--loop", type=int, help="print this loop's instructions")
    given = parser.parse_args()
    if not mca_program():
        sys.exit(HINT)
    for family in given.family:
        found = family_loops(family)
        names = "\n".join(loop.function for loop in found)
        shown = subprocess.run(["c++filt"], input=names, check=True, capture_output=True, text=True).stdout
        for i, (loop, name) in enumerate(zip(found, shown.splitlines())):
            if given.loop not in (None, i):
                continue
            name = re.sub(r"edgert::neon\w*::|edgert::|\(.*|void ", "", name)
            print(f"{i:3} {name:26.26} {loop.multiplies:3} {loop.multiply:5} of {len(loop.body):3}:", end=" ")
            print(*(f"{c.name} {cycles(c, loop.body):5.1f} {fraction(c, loop):4.0%}" for c in CORES))
            if given.loop is not None:
                print("\n".join(loop.body))


if __name__ == "__main__":
    main()
