"""Networks defined in PyTorch, with seeded weights. Needs torch; nothing else of the suite does."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.torch_networks import detectors, images, sequences

SEED = 1234

BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "mobilenetv2": images.mobilenet_v2,
    "mobilenetv3_large": images.mobilenet_v3_large,
    "efficientnet_lite0": images.efficientnet_lite0,
    "resnet50": images.resnet50,
    "squeezenet11": images.squeezenet11,
    "yolov5n_320": detectors.YoloV5n,
    "yolov8n_640": lambda: detectors.YoloV8n(640),
    "vit_tiny": sequences.VisionTransformer,
    "minilm_128": sequences.MiniLM,
    "kws_lstm": lambda: sequences.Recurrent(nn.LSTM, layers=2),
    "kws_gru": lambda: sequences.Recurrent(nn.GRU, layers=1),
    "kws_dscnn": images.ds_cnn,
    "kws_mlp": sequences.mlp,
}


class Network(nn.Module):
    """Gives every layer a name that starts with a letter, which some converters need."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.network = layers

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.network(*inputs)


def build(name: str, inputs: list[torch.Tensor]) -> nn.Module:
    """The network for inference; its batch norms have the statistics that `inputs` give."""
    torch.manual_seed(SEED)
    module = Network(BUILDERS[name]()).eval()
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            module(*inputs)
    return module.eval()
