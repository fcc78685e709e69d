"""What an engine is to the suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Array = Any  # of NumPy, or what the engine makes of one
Arrays = dict[str, Array]


class Engine:
    environment = ""  # of set_up_peers.ENVIRONMENTS; the project's own if empty
    package = ""
    suffix = ".onnx"  # of the files that it loads
    variables: dict[str, str] = {}
    note = ""

    def start(self) -> None:
        """Imports what is needed."""
        raise NotImplementedError

    def load(self, model: Path, threads: int) -> None:
        raise NotImplementedError

    def bind(self, inputs: Arrays, outputs: Arrays) -> None:
        """Fixes the inputs, and the arrays to write where the engine can; both are in the model's order."""
        raise NotImplementedError

    def run(self) -> None:
        raise NotImplementedError

    def results(self) -> list[Array]:
        """The outputs of the last run, as many of the model's as the engine gives."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What else the engine knows of the loaded model."""
        return {}
