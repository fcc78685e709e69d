"""Store the weights of 3x3 convolutions for Winograd's filtering too."""

from __future__ import annotations

from edgec.format.forms import winograd_form
from edgec.ir.graph import Graph, Node
from edgec.ir.types import DType
from edgec.ops.conv import Conv

LEAST_CHANNELS = 16
MOST_PRODUCTS = 256 * 256  # channels x outputs; transformed weights take four times the bytes
LEAST_TILES = 9  # of an image: with fewer, reading the weights takes as long as the definition


def winograd_weights(graph: Graph) -> bool:
    """Add the form that the runtime multiplies by where that takes fewer operations."""
    changed = False
    for node in graph.nodes:
        if _gains(node):
            weight = node.operand(1)
            assert weight.const is not None
            form = winograd_form(weight.const.shape)
            changed |= form not in weight.more_forms
            weight.more_forms = (form,)
    return changed


def _gains(node: Node) -> bool:
    op = node.op
    if not isinstance(op, Conv) or op.groups != 1 or (op.strides, op.dilations) != ((1, 1), (1, 1)):
        return False
    weight, result = node.operand(1), node.outputs[0]
    if weight.const is None or weight.dtype != DType.F32 or node.operand(0).dtype != DType.F32:
        return False
    outputs, height, width, channels = weight.const.shape
    if (height, width) != (3, 3) or min(channels, outputs) < LEAST_CHANNELS:
        return False
    sizes = [d for d in result.shape[1:3] if isinstance(d, int)]
    tiles = [-(-d // 4) for d in sizes]
    few = len(tiles) == 2 and tiles[0] * tiles[1] < LEAST_TILES
    return channels * outputs <= MOST_PRODUCTS and not few
