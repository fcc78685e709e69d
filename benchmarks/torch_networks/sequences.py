"""Transformers, recurrent networks and a perceptron."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

WORDS = 12  # that the keyword spotters tell apart


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """Attention of [N, T, C] in `heads` parts; the mask is added to the scores."""
    batch, steps, channels = q.shape
    size = channels // heads
    q, k, v = (t.view(batch, steps, heads, size).transpose(1, 2) for t in (q, k, v))
    scores = torch.matmul(q * (1 / math.sqrt(size)), k.transpose(-1, -2))
    if mask is not None:
        scores = scores + mask
    return torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(batch, steps, channels)


def perceptron(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))


class VisionLayer(nn.Module):
    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = (nn.LayerNorm(channels, eps=1e-6) for _ in range(2))
        self.qkv, self.project = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.mlp = perceptron(channels)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        x = x + self.project(attention(q, k, v, self.heads))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """ViT-Tiny on 16x16 patches of 224x224."""

    def __init__(self, channels: int = 192, heads: int = 3, layers: int = 12) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 16, 16)
        self.token = nn.Parameter(torch.randn(1, 1, channels))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 197, channels))
        self.layers = nn.Sequential(*(VisionLayer(channels, heads) for _ in range(layers)))
        self.norm, self.classes = nn.LayerNorm(channels, eps=1e-6), nn.Linear(channels, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token, x), 1) + self.positions
        return self.classes(self.norm(self.layers(x))[:, 0])


class TextLayer(nn.Module):
    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.project = (nn.Linear(channels, channels) for _ in range(4))
        self.norm1, self.norm2 = (nn.LayerNorm(channels, eps=1e-12) for _ in range(2))
        self.mlp = perceptron(channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.norm1(x + self.project(attention(self.q(x), self.k(x), self.v(x), self.heads, mask)))
        return self.norm2(x + self.mlp(x))


class MiniLM(nn.Module):
    """Six layers of BERT with 384 channels, and the mean over the words."""

    def __init__(self, words: int = 30522, channels: int = 384, heads: int = 12, layers: int = 6) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(words, channels), nn.Embedding(512, channels)
        self.types = nn.Embedding(2, channels)
        self.norm = nn.LayerNorm(channels, eps=1e-12)
        self.layers = nn.ModuleList(TextLayer(channels, heads) for _ in range(layers))
        self.register_buffer("places", torch.arange(512)[None])

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.words(input_ids) + self.positions(self.places[:, : input_ids.shape[1]])
        x = self.norm(x + self.types.weight[0])
        mask = (1.0 - attention_mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        weights = attention_mask[:, :, None].float()
        return (x * weights).sum(1) / weights.sum(1)


class Recurrent(nn.Module):
    """A keyword spotter on 40 coefficients a frame."""

    def __init__(self, kind: type[nn.LSTM] | type[nn.GRU], layers: int) -> None:
        super().__init__()
        self.layers = kind(40, 128, layers, batch_first=True)
        self.words = nn.Linear(128, WORDS)

    def forward(self, x: Tensor) -> Tensor:
        return self.words(self.layers(x)[0][:, -1])


def mlp() -> nn.Module:
    """The plain keyword spotter of "Hello Edge", on 25 frames of 10 coefficients."""
    sizes = [250, 128, 128, 128]
    hidden = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(128, WORDS), nn.Softmax(-1))
