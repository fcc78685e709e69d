"""Files that are no ONNX models at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from broken_models import UNUSABLE, Broken, relu


def good() -> bytes:
    return relu(lambda _: None)().SerializeToString()


def truncated(part: float) -> Callable[[], bytes]:
    return lambda: good()[: int(len(good()) * part)]


def folder(path: Path) -> None:
    (path / "inner" / "model.onnx").mkdir(parents=True)


def nothing(path: Path) -> None:
    (path / "inner").mkdir()


def not_utf8() -> bytes:
    """The input's name, wherever it is, becomes a byte that begins no character."""
    return good().replace(b"\x0a\x01x", b"\x0a\x01\xff").replace(b"\x12\x01x", b"\x12\x01\xff")


FILES = [
    Broken("a picture", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ("model.onnx",)),
    Broken("a text", lambda: b"ir_version: 8 graph { }", ("model.onnx",)),
    Broken("json", lambda: b'{"irVersion": "8"}', ("model.onnx",)),
    Broken("empty file", lambda: b"", ("model.onnx", "no outputs")),
    Broken("zeros", lambda: bytes(1000), ("model.onnx",)),
    Broken("an .edge file's first bytes", lambda: b"EDGE" + bytes(60), ("model.onnx",)),
    Broken("a name that is no text", not_utf8, ()),
    *(
        Broken(f"first {part:.0%} of a model", truncated(part))
        for part in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
    ),
    Broken("a folder", folder, ("model.onnx", "not a file"), UNUSABLE, 0, in_folder=True),
    Broken("no file", nothing, ("model.onnx", "no such file"), UNUSABLE, 0, in_folder=True),
]
