"""What a network should take on the cores of Raspberry Pis, reckoned from its .edge file. No measurement.

    python benchmarks/predict_arm.py mobilenetv2.edge resnet50.edge

docs/arm.md says what is assumed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from math import prod
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "exporter")]

from edgec.format.read import read_model  # noqa: E402
from edgec.ir.graph import Node  # noqa: E402
from edgec.ops.base import static  # noqa: E402
from edgec.ops.conv import Conv  # noqa: E402
from edgec.validate.cost import operations, traffic  # noqa: E402


@dataclass(frozen=True)
class Board:
    """One core: f32 operations in a cycle at most, what inner loops reach of them, bytes a second."""

    name: str
    hertz: float
    peak: int
    gemm: float
    depthwise: float
    memory: float
    cores: int = 4


# The fractions are those of tools/mca.py.
BOARDS = (
    Board("Raspberry Pi 4, 1.5 GHz", 1.5e9, 8, 1.00, 0.99, 5.5e9),
    Board("Raspberry Pi 4, 1.8 GHz", 1.8e9, 8, 1.00, 0.99, 5.5e9),
    Board("Raspberry Pi 5, 2.4 GHz", 2.4e9, 16, 1.00, 0.92, 9.1e9),
)
# Winograd's F(4x4, 3x3): 36 products for 144, and two transforms of so many operations per channel and tile.
WINOGRAD_PRODUCTS = 36 / 144
WINOGRAD_TRANSFORM = 144 + 120
TRANSFORM_RATE = 0.25  # of the peak: additions and multiplications as well as stores


def seconds(node: Node, board: Board) -> tuple[float, float]:
    """The arithmetic of a node, and the reading and writing of all its operands in memory."""
    operands = [None if v is None else (v.dtype.text, tuple(static(v.shape))) for v in node.inputs]
    results = [(v.dtype.text, tuple(static(v.shape))) for v in node.outputs]
    flop, moved = float(operations(node.op.name, operands, results)), traffic(operands, results)
    peak = board.hertz * board.peak
    rate = board.gemm
    if isinstance(node.op, Conv):
        weight = node.operand(1)
        channels = static(node.operand(0).shape)[-1]
        if node.op.groups == channels and node.op.groups > 1:
            rate = board.depthwise
        elif any(form.kind == "winograd" for form in weight.more_forms):
            outputs = results[0][1]
            tiles = outputs[0] * prod(-(-n // 4) for n in outputs[1:-1])
            transforms = WINOGRAD_TRANSFORM / 2 * tiles * (channels + outputs[-1])
            return (
                flop * WINOGRAD_PRODUCTS / (peak * rate) + transforms / (peak * TRANSFORM_RATE),
                moved / board.memory,
            )
    return flop / (peak * rate), moved / board.memory


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("edge", nargs="+", type=Path)
    for path in parser.parse_args().edge:
        nodes = [node for node in read_model(path).main.nodes if node.op.name != "reshape"]
        for board in BOARDS:
            for threads in (1, board.cores):
                times = [seconds(node, board) for node in nodes]
                cached = sum(a / threads for a, _ in times)
                memory = sum(max(a / threads, m) for a, m in times)
                print(
                    f"{path.stem:16} {board.name}, {threads} threads: "
                    f"{cached * 1e3:6.1f} ms in cache, {memory * 1e3:6.1f} ms from memory"
                )


if __name__ == "__main__":
    main()
