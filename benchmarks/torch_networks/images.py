"""Classifiers of images, layer by layer as their papers and timm's models have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Activation = Callable[[], nn.Module]


def conv(
    inputs: int,
    outputs: int,
    size: int = 1,
    stride: int = 1,
    groups: int = 1,
    act: Activation | None = nn.ReLU,
) -> nn.Sequential:
    """A convolution with padding for its size, a batch norm and an activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


def rounded(channels: float) -> int:
    """The nearest multiple of 8.

    >>> rounded(80 * 2.3)
    184
    """
    return int(channels + 4) // 8 * 8


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = rounded(channels / 4)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, inner, 1),
            nn.ReLU(),
            nn.Conv2d(inner, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class InvertedResidual(nn.Module):
    """Widen, depthwise, squeeze-and-excite where asked for, narrow; added to the input where it fits."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int, widen: float, act: Activation, excite: bool
    ) -> None:
        super().__init__()
        inner = rounded(inputs * widen)
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *([conv(inputs, inner, act=act)] if widen != 1 else []),
            conv(inner, inner, size, stride, groups=inner, act=act),
            *([SqueezeExcite(inner)] if excite else []),
            conv(inner, outputs, act=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


# repeats, kernel size, stride of the first, widening, channels, activation, squeeze-and-excite
Stage = tuple[int, int, int, float, int, Activation, bool]


def inverted_residuals(stages: Sequence[Stage], stem: int, act: Activation) -> tuple[list[nn.Module], int]:
    """The stem and all blocks, and how many channels leave them."""
    layers: list[nn.Module] = [conv(3, stem, 3, 2, act=act)]
    channels = stem
    for repeats, size, stride, widen, outputs, inner_act, excite in stages:
        for i in range(repeats):
            block = InvertedResidual(channels, outputs, size, 1 if i else stride, widen, inner_act, excite)
            layers.append(block)
            channels = outputs
    return layers, channels


def pooled(channels: int, classes: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(channels, classes)]


def relu6_network(stages: Sequence[tuple[int, int, int, float, int]]) -> nn.Module:
    layers, channels = inverted_residuals([(*s, nn.ReLU6, False) for s in stages], 32, nn.ReLU6)
    return nn.Sequential(*layers, conv(channels, 1280, act=nn.ReLU6), *pooled(1280, 1000))


def mobilenet_v2() -> nn.Module:
    return relu6_network(
        [
            (1, 3, 1, 1, 16),
            (2, 3, 2, 6, 24),
            (3, 3, 2, 6, 32),
            (4, 3, 2, 6, 64),
            (3, 3, 1, 6, 96),
            (3, 3, 2, 6, 160),
            (1, 3, 1, 6, 320),
        ]
    )


def efficientnet_lite0() -> nn.Module:
    return relu6_network(
        [
            (1, 3, 1, 1, 16),
            (2, 3, 2, 6, 24),
            (2, 5, 2, 6, 40),
            (3, 3, 2, 6, 80),
            (3, 5, 1, 6, 112),
            (4, 5, 2, 6, 192),
            (1, 3, 1, 6, 320),
        ]
    )


def mobilenet_v3_large() -> nn.Module:
    relu, swish = nn.ReLU, nn.Hardswish
    stages: list[Stage] = [
        (1, 3, 1, 1, 16, relu, False),
        (1, 3, 2, 4, 24, relu, False),
        (1, 3, 1, 3, 24, relu, False),
        (3, 5, 2, 3, 40, relu, True),
        (1, 3, 2, 6, 80, swish, False),
        (1, 3, 1, 2.5, 80, swish, False),
        (2, 3, 1, 2.3, 80, swish, False),
        (2, 3, 1, 6, 112, swish, True),
        (3, 5, 2, 6, 160, swish, True),
    ]
    layers, channels = inverted_residuals(stages, 16, swish)
    head = [conv(channels, 960, act=swish), nn.AdaptiveAvgPool2d(1), nn.Conv2d(960, 1280, 1), swish()]
    return nn.Sequential(*layers, *head, nn.Flatten(1), nn.Linear(1280, 1000))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * inner
        self.layers = nn.Sequential(
            conv(inputs, inner), conv(inner, inner, 3, stride), conv(inner, outputs, act=None)
        )
        fits = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if fits else conv(inputs, outputs, 1, stride, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layers(x) + self.shortcut(x))


def resnet50() -> nn.Module:
    layers: list[nn.Module] = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for inner, repeats, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(repeats):
            layers.append(Bottleneck(channels, inner, 1 if i else stride))
            channels = 4 * inner
    return nn.Sequential(*layers, *pooled(channels, 1000))


class Fire(nn.Module):
    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, inner, 1)
        self.small = nn.Conv2d(inner, outputs, 1)
        self.large = nn.Conv2d(inner, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.cat((torch.relu(self.small(x)), torch.relu(self.large(x))), 1)


def squeezenet11() -> nn.Module:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    def fires(inputs: int, *sizes: tuple[int, int]) -> list[nn.Module]:
        widths = [inputs, *(2 * outputs for _, outputs in sizes)]
        return [Fire(width, *size) for width, size in zip(widths, sizes)]

    network = nn.Sequential(
        *(nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), *fires(64, (16, 64), (16, 64)), pool()),
        *(*fires(128, (32, 128), (32, 128)), pool()),
        *fires(256, (48, 192), (48, 192), (64, 256), (64, 256)),
        *(nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(1)),
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
    return network


def ds_cnn() -> nn.Module:
    """The depthwise separable keyword spotter of "Hello Edge", on 49 frames of 10 coefficients."""
    first = [nn.Conv2d(1, 64, (10, 4), 2, (5, 1), bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    blocks = [layer for _ in range(4) for layer in (conv(64, 64, 3, groups=64), conv(64, 64))]
    return nn.Sequential(*first, *blocks, *pooled(64, 12), nn.Softmax(-1))
