"""Detectors with the shapes of YOLOv5n and YOLOv8n, for 80 classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.torch_networks import images

CLASSES = 80
WIDTHS = (16, 32, 64, 128, 256)
BINS = 16  # of a box's side in YOLOv8


def conv(inputs: int, outputs: int, size: int = 1, stride: int = 1) -> nn.Sequential:
    return images.conv(inputs, outputs, size, stride, act=nn.SiLU)


def twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Bottleneck(nn.Module):
    def __init__(self, channels: int, first: int, add: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv(channels, channels, first), conv(channels, channels, 3))
        self.add = add

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.add else y


class Split(nn.Module):
    """YOLOv8's C2f: every bottleneck's result joins the output."""

    def __init__(self, inputs: int, outputs: int, repeats: int, add: bool = False) -> None:
        super().__init__()
        inner = outputs // 2
        self.first = conv(inputs, outputs)
        self.blocks = nn.ModuleList(Bottleneck(inner, 3, add) for _ in range(repeats))
        self.last = conv((2 + repeats) * inner, outputs)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.first(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.last(torch.cat(parts, 1))


class CrossStage(nn.Module):
    """YOLOv5's C3: half of the channels go past the bottlenecks."""

    def __init__(self, inputs: int, outputs: int, repeats: int, add: bool = True) -> None:
        super().__init__()
        inner = outputs // 2
        self.through, self.past = conv(inputs, inner), conv(inputs, inner)
        self.blocks = nn.Sequential(*(Bottleneck(inner, 1, add) for _ in range(repeats)))
        self.last = conv(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.cat((self.blocks(self.through(x)), self.past(x)), 1))


class Pyramid(nn.Module):
    """YOLO's SPPF: poolings of three sizes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.last = conv(channels, channels // 2), conv(2 * channels, channels)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.last(torch.cat(parts, 1))


class YoloV5n(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        _, w1, w2, w3, w4 = WIDTHS
        stem = nn.Conv2d(3, WIDTHS[0], 6, 2, 2, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(WIDTHS[0], eps=1e-3), nn.SiLU())
        self.to_p2 = nn.Sequential(conv(WIDTHS[0], w1, 3, 2), CrossStage(w1, w1, 1))
        self.to_p3 = nn.Sequential(conv(w1, w2, 3, 2), CrossStage(w2, w2, 2))
        self.to_p4 = nn.Sequential(conv(w2, w3, 3, 2), CrossStage(w3, w3, 3))
        self.to_p5 = nn.Sequential(conv(w3, w4, 3, 2), CrossStage(w4, w4, 1), Pyramid(w4))
        self.narrow5, self.narrow4 = conv(w4, w3), conv(w3, w2)
        self.up4, self.up3 = CrossStage(w4, w3, 1, False), CrossStage(w3, w2, 1, False)
        self.reduce3, self.reduce4 = conv(w2, w2, 3, 2), conv(w3, w3, 3, 2)
        self.down4, self.down5 = CrossStage(w3, w3, 1, False), CrossStage(w4, w4, 1, False)
        self.heads = nn.ModuleList(nn.Conv2d(w, 3 * (CLASSES + 5), 1) for w in (w2, w3, w4))

    def forward(self, x: Tensor) -> Tensor:
        p3 = self.to_p3(self.to_p2(self.stem(x)))
        p4 = self.to_p4(p3)
        top5 = self.narrow5(self.to_p5(p4))
        top4 = self.narrow4(self.up4(torch.cat((twice(top5), p4), 1)))
        out3 = self.up3(torch.cat((twice(top4), p3), 1))
        out4 = self.down4(torch.cat((self.reduce3(out3), top4), 1))
        out5 = self.down5(torch.cat((self.reduce4(out4), top5), 1))
        found = []
        for head, level in zip(self.heads, (out3, out4, out5)):
            y = head(level)
            places = y.shape[2] * y.shape[3]
            y = y.view(1, 3, CLASSES + 5, places).permute(0, 1, 3, 2)
            found.append(y.reshape(1, 3 * places, CLASSES + 5))
        return torch.cat(found, 1).sigmoid()


def head(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv(inputs, inner, 3), conv(inner, inner, 3), nn.Conv2d(inner, outputs, 1))


class YoloV8n(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        w0, w1, w2, w3, w4 = WIDTHS
        self.to_p2 = nn.Sequential(conv(3, w0, 3, 2), conv(w0, w1, 3, 2), Split(w1, w1, 1, True))
        self.to_p3 = nn.Sequential(conv(w1, w2, 3, 2), Split(w2, w2, 2, True))
        self.to_p4 = nn.Sequential(conv(w2, w3, 3, 2), Split(w3, w3, 2, True))
        self.to_p5 = nn.Sequential(conv(w3, w4, 3, 2), Split(w4, w4, 1, True), Pyramid(w4))
        self.up4, self.up3 = Split(w4 + w3, w3, 1), Split(w3 + w2, w2, 1)
        self.reduce3, self.reduce4 = conv(w2, w2, 3, 2), conv(w3, w3, 3, 2)
        self.down4, self.down5 = Split(w2 + w3, w3, 1), Split(w3 + w4, w4, 1)
        self.boxes = nn.ModuleList(head(w, 64, 4 * BINS) for w in (w2, w3, w4))
        self.classes = nn.ModuleList(head(w, CLASSES, CLASSES) for w in (w2, w3, w4))
        self.expectation = nn.Conv2d(BINS, 1, 1, bias=False)
        with torch.no_grad():
            self.expectation.weight[:] = torch.arange(float(BINS)).view(1, BINS, 1, 1)
        centres, strides = anchors(size)
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)

    def forward(self, x: Tensor) -> Tensor:
        p3 = self.to_p3(self.to_p2(x))
        p4 = self.to_p4(p3)
        p5 = self.to_p5(p4)
        top4 = self.up4(torch.cat((twice(p5), p4), 1))
        out3 = self.up3(torch.cat((twice(top4), p3), 1))
        out4 = self.down4(torch.cat((self.reduce3(out3), top4), 1))
        out5 = self.down5(torch.cat((self.reduce4(out4), p5), 1))
        levels = (out3, out4, out5)
        boxes = torch.cat([m(level).flatten(2) for m, level in zip(self.boxes, levels)], 2)
        classes = torch.cat([m(level).flatten(2) for m, level in zip(self.classes, levels)], 2)
        bins = boxes.view(1, 4, BINS, boxes.shape[2]).transpose(1, 2).softmax(1)
        before, after = self.expectation(bins).view(1, 4, boxes.shape[2]).chunk(2, 1)
        low, high = self.centres - before, self.centres + after
        corners = ((low + high) / 2 * self.strides, (high - low) * self.strides)
        return torch.cat((*corners, classes.sigmoid()), 1)


def anchors(size: int) -> tuple[Tensor, Tensor]:
    """The centres of all cells in units of their stride, [1, 2, N], and the strides, [1, N]."""
    centres, strides = [], []
    for stride in (8, 16, 32):
        middle = torch.arange(size // stride) + 0.5
        y, x = torch.meshgrid(middle, middle, indexing="ij")
        centres.append(torch.stack((x, y)).reshape(1, 2, -1))
        strides.append(torch.full((1, x.numel()), float(stride)))
    return torch.cat(centres, 2), torch.cat(strides, 1)
