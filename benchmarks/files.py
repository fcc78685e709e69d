"""The file that an engine loads of a network."""

from __future__ import annotations

from pathlib import Path

from benchmarks import environments
from benchmarks.convert import CONVERTERS
from benchmarks.engines import ENGINES
from benchmarks.networks import Network, Unavailable


def model_for(engine: str, network: Network) -> Path:
    """Converts the network where that is needed. Raises Unavailable with the reason where it cannot be.

    What a peer's converter made, or why it did not, is kept; edgec's file is made anew each time.
    """
    suffix = ENGINES[engine].suffix
    path = network.folder / f"model{suffix}"
    reason = path.with_name(path.name + ".failed")
    if suffix not in CONVERTERS:
        return path
    environment, source = CONVERTERS[suffix]
    if source == "torch" and not network.is_defined_in_torch:
        raise Unavailable(f"{engine} is given PyTorch's definition, and there is only an ONNX file")
    if environment and reason.exists():
        raise Unavailable(reason.read_text())
    if not path.exists() or not environment:
        path.unlink(missing_ok=True)
        missing = environment and not environments.python(environment).exists()
        try:
            environments.run(environment, "benchmarks.convert", suffix, network.name, network.folder)
        except environments.Failure as error:
            if not missing:
                reason.write_text(f"conversion: {error}")
            raise Unavailable(f"conversion: {error}") from None
    return path
