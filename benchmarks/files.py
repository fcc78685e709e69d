"""The files that the engines load of a network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Union

from benchmarks import environments
from benchmarks.convert import CONVERTERS
from benchmarks.engines import ENGINES
from benchmarks.networks import Network, Unavailable


def models_for(network: Network, engines: Sequence[str]) -> dict[str, Union[Path, str]]:
    """Each engine's file, or why there is none. What is missing is converted."""
    made: dict[str, Union[Path, str]] = {}
    for suffix in dict.fromkeys(ENGINES[name].suffix for name in engines):
        try:
            made[suffix] = model_with(suffix, network)
        except Unavailable as error:
            made[suffix] = str(error)
    return {name: made[ENGINES[name].suffix] for name in engines}


def model_with(suffix: str, network: Network) -> Path:
    """Converts the network where that is needed. Raises Unavailable with the reason where it cannot be.

    What a peer's converter made, or why it did not, is kept, and edgec's file until the exporter changes.
    """
    path = network.folder / f"model{suffix}"
    reason = path.with_name(path.name + ".failed")
    if suffix not in CONVERTERS:
        return path
    environment, takes_onnx = CONVERTERS[suffix]
    if not takes_onnx and not network.is_defined_in_torch:
        raise Unavailable("its converter takes no ONNX file, and there is nothing else")
    if environment and reason.exists():
        raise Unavailable(reason.read_text())
    made_by = path.with_name(path.name + ".made_by")
    maker = "" if environment else exporter()
    if path.exists() and (environment or made_by.exists() and made_by.read_text() == maker):
        return path
    path.unlink(missing_ok=True)
    present = environments.python(environment).exists()
    try:
        environments.run(environment, "benchmarks.convert", suffix, network.name, network.folder)
    except environments.Failure as error:
        if present:
            reason.write_text(f"conversion: {error}")
        raise Unavailable(f"conversion: {error}") from None
    if maker:
        made_by.write_text(maker)
    return path


@cache
def exporter() -> str:
    """A hash of edgec's exporter."""
    found = hashlib.sha256()
    for source in sorted((environments.ROOT / "exporter").rglob("*.py")):
        found.update(source.read_bytes())
    return found.hexdigest()
