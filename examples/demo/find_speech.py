"""Finds speech in a recording with Silero VAD."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Array = np.ndarray[Any, Any]
Step = Callable[[dict[str, Array]], dict[str, Array]]

RATE = 16000
CHUNK = 512
CONTEXT = 64
THRESHOLD = 0.5
SHORTEST = 0.25
WIDTH, HEIGHT = 1000, 320


def load_recording(path: Path) -> Array:
    """The samples of a mono 8-bit WAV file at 16 kHz, f32 in [-1, 1]."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 1, 1):
            raise ValueError(f"{path}: expected 8-bit mono at {RATE} Hz")
        return np.frombuffer(file.readframes(file.getnframes()), np.uint8).astype(np.float32) / 128 - 1


def first_input(samples: Array) -> dict[str, Array]:
    """What the network gets for the first chunk: 64 samples of context and 512 new ones."""
    chunk = np.concatenate([np.zeros(CONTEXT, np.float32), samples[:CHUNK]])[None]
    return {"input": chunk, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(RATE, np.int64)}


def probabilities(samples: Array, step: Step) -> Array:
    """How likely each chunk of 32 ms is speech. `step` is the network; its state goes round."""
    feed = first_input(samples)
    found = []
    for start in range(0, len(samples) - CHUNK + 1, CHUNK):
        chunk = samples[max(start - CONTEXT, 0) : start + CHUNK]
        feed["input"] = np.pad(chunk, (CONTEXT + CHUNK - len(chunk), 0))[None]
        output, feed["state"] = step(feed).values()
        found.append(float(output[0, 0]))
    return np.array(found)


def stretches(likely: Array) -> list[tuple[float, float]]:
    """Begin and end, in seconds, of each run of chunks above the threshold.

    Gaps shorter than `SHORTEST` are closed, and what is shorter then is dropped.
    """
    found: list[tuple[float, float]] = []
    seconds = CHUNK / RATE
    for i in np.flatnonzero(likely > THRESHOLD):
        begin, end = float(i * seconds), float((i + 1) * seconds)
        if found and begin - found[-1][1] < SHORTEST:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return [(begin, end) for begin, end in found if end - begin >= SHORTEST]


def draw(samples: Array, likely: Array, path: Path) -> None:
    """Writes a plot: the waveform above, the probability below, speech shaded."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(page)
    scale = WIDTH / (len(samples) / RATE)
    for begin, end in stretches(likely):
        pen.rectangle((begin * scale, 0, end * scale, HEIGHT), fill=(222, 240, 222))
    loudness = np.abs(samples[: len(samples) // WIDTH * WIDTH].reshape(WIDTH, -1)).max(1)
    for x, loud in enumerate(loudness):
        pen.line((x, 100 - 90 * loud, x, 100 + 90 * loud), fill=(60, 90, 150))
    points = [((i + 0.5) * CHUNK / RATE * scale, 310 - 100 * p) for i, p in enumerate(likely)]
    pen.line((0, 260, WIDTH, 260), fill=(200, 200, 200))
    pen.line(points, fill=(190, 60, 40), width=2)
    pen.text((8, 180), "probability of speech", font=ImageFont.load_default(size=14), fill=(190, 60, 40))
    page.save(path)
